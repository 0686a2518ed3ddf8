"""What one performance of the story needs and leaves behind: the cast, the checks, the processes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.demo.client import User, until

FINISHED = {"COMPLETED", "COMPENSATED"}


@dataclass(frozen=True, slots=True)
class Check:
    chapter: str
    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Cast:
    """The demo users, each signed in."""

    admin: User
    manager: User
    rep: User
    rep2: User
    approver: User
    approver2: User


@dataclass(slots=True)
class Playbill:
    cast: Cast
    say: Callable[[str], None]
    progress: Callable[[str, int, int], None]
    chapter: str = ""
    checks: list[Check] = field(default_factory=list)
    processes: list[dict[str, Any]] = field(default_factory=list)

    def check(self, name: str, ok: bool, detail: object = "") -> None:
        """Note whether the story went as promised; a failed check is shown at once and fails the demo."""
        self.checks.append(Check(self.chapter, name, bool(ok), "" if ok else str(detail)))
        self.say(f"  [green]✓[/] {name}" if ok else f"  [red]✗ {name}[/] — {detail}")

    async def follow(self, process: dict[str, Any], *, seconds: float = 180.0) -> dict[str, Any]:
        """Watch a process to its end, showing its progress; its ledger becomes part of the programme."""
        identity = process["sagaId"] if "sagaId" in process else process["id"]

        async def look() -> dict[str, Any] | None:
            seen: dict[str, Any] = await self.cast.admin.get(f"/sagas/{identity}")
            self.progress(seen["type"], seen["progress"]["done"], seen["progress"]["total"])
            return seen if seen["status"] in FINISHED else None

        ended = await until(f"the end of process {identity}", look, seconds=seconds)
        self.processes.append(ended)
        return ended
