"""What one run of the demo needs and leaves behind: its users, the checks, the processes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from deploy.demo.client import User, until
from deploy.demo.texts import CHECKS, SCENARIOS, LocalizedText

FINISHED = {"COMPLETED", "COMPENSATED"}


@dataclass(frozen=True, slots=True)
class Check:
    scenario: str
    key: str
    name: str
    """In the language of this run."""
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class DemoUsers:
    """The demo users, each signed in."""

    admin: User
    manager: User
    rep: User
    rep2: User
    approver: User
    approver2: User


@dataclass(slots=True)
class DemoRun:
    users: DemoUsers
    say: Callable[[str], None]
    progress: Callable[[str, int, int], None]
    language: str
    scenario: str = ""
    checks: list[Check] = field(default_factory=list)
    processes: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, scenario: str) -> None:
        self.scenario = scenario
        self.say(f"\n[bold]{SCENARIOS[scenario].for_(self.language)}[/]")

    def tell(self, words: LocalizedText, **names: str) -> None:
        self.say(f"  {words.for_(self.language).format(**names)}")

    def check(self, key: str, ok: bool, detail: object = "") -> None:
        """Record whether the system did as promised; a failed check is shown at once and fails the demo."""
        name = CHECKS[key].for_(self.language)
        self.checks.append(Check(self.scenario, key, name, bool(ok), "" if ok else str(detail)))
        self.say(f"  [green]✓[/] {name}" if ok else f"  [red]✗ {name}[/] — {escape(str(detail))}")

    async def follow(self, process: dict[str, Any], *, seconds: float = 180.0) -> dict[str, Any]:
        """Watch a process to its end, showing its progress; its ledger becomes part of the report."""
        identity = process["sagaId"] if "sagaId" in process else process["id"]

        async def look() -> dict[str, Any] | None:
            seen: dict[str, Any] = await self.users.admin.get(f"/sagas/{identity}")
            self.progress(seen["type"], seen["progress"]["done"], seen["progress"]["total"])
            return seen if seen["status"] in FINISHED else None

        ended = await until(f"the end of process {identity}", look, seconds=seconds)
        self.processes.append(ended)
        return ended
