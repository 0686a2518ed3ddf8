"""What one performance of the story needs and leaves behind: the cast, the checks, the processes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape

from deploy.demo.client import User, until
from deploy.demo.words import CHAPTERS, CHECKS, Words

FINISHED = {"COMPLETED", "COMPENSATED"}


@dataclass(frozen=True, slots=True)
class Check:
    chapter: str
    key: str
    name: str
    """In the language of this performance."""
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
    language: str
    chapter: str = ""
    checks: list[Check] = field(default_factory=list)
    processes: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, chapter: str) -> None:
        self.chapter = chapter
        self.say(f"\n[bold]{CHAPTERS[chapter].for_(self.language)}[/]")

    def tell(self, words: Words, **names: str) -> None:
        self.say(f"  {words.for_(self.language).format(**names)}")

    def check(self, key: str, ok: bool, detail: object = "") -> None:
        """Note whether the story went as promised; a failed check is shown at once and fails the demo."""
        name = CHECKS[key].for_(self.language)
        self.checks.append(Check(self.chapter, key, name, bool(ok), "" if ok else str(detail)))
        self.say(f"  [green]✓[/] {name}" if ok else f"  [red]✗ {name}[/] — {escape(str(detail))}")

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
