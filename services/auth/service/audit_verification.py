"""Recomputing the audit chain and comparing it with its signed heads, from its beginning or where it held before."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from services.auth import audit_heads
from services.auth.audit_chain import GENESIS, commitment, is_erased, link_hash
from services.auth.record import AuditLogEntry
from services.auth.repository import audit, keys
from services.kit.db.unit_of_work import Reader, Row
from services.kit.running import clock

BATCH: Final = 500
HEAD_LAG: Final = timedelta(minutes=2)
"""A link that is older has had its head written, or the store has lost it."""


class Fault(StrEnum):
    """Kinds of findings, for who words them in another language."""

    MISSING_LINK = "missing_link"
    OUT_OF_ORDER = "out_of_order"
    MISSING_ENTRY = "missing_entry"
    CHANGED_ENTRY = "changed_entry"
    OUTSIDE = "outside"
    HEAD_DIFFERS = "head_differs"
    HEAD_BROKEN = "head_broken"
    HEADS_MISSING = "heads_missing"
    CHAIN_CUT = "chain_cut"
    KEY_HISTORY = "key_history"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the chain, and where."""

    position: int
    problem: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Up to here everything held: the last link, when its entry was made, and how far the signed heads were read."""

    position: int = 0
    hash: str = GENESIS.hex()
    at: datetime | None = None
    heads: audit_heads.Place = field(default_factory=audit_heads.Place)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> Self:
        """None: the beginning of the chain."""
        if stored is None:
            return cls()
        at = None if stored["at"] is None else datetime.fromisoformat(stored["at"])
        return cls(stored["position"], stored["hash"], at, audit_heads.Place(**stored["heads"]))

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"at": None if self.at is None else self.at.isoformat()}


async def verify(reader: Reader, head_file: Path | None = None) -> list[Finding]:
    """Recompute the whole chain; finds an edit, a deletion, a swap, and with signed heads a truncation of either."""
    run = Verification(await keys.history(reader), head_file)
    while rows := await audit.links(reader, after=run.position, limit=BATCH):
        run.take(rows)
    run.finish(await audit.unlinked(reader, run.start.at, clock.now()))
    return run.findings


class Verification:
    """One recomputation: ``take`` what follows ``position`` until there is no more, then ``finish``.

    ``good`` moves on while nothing was found: what it says can be believed, and the next one starts there. With signed
    heads it only stops at links whose head was compared.
    """

    def __init__(
        self, history: list[audit_heads.KeyOfHistory], head_file: Path | None, start: Checkpoint | None = None
    ) -> None:
        self.start = start or Checkpoint()
        self.good = self.start
        self.position = self.start.position
        self._previous = bytes.fromhex(self.start.hash)
        known, problems = audit_heads.trusted(history)
        self.findings = [Finding(self.position, problem, Fault.KEY_HISTORY) for problem in problems]
        self._heads = None if head_file is None else _Heads(audit_heads.read(head_file, known, self.start.heads))
        if self._heads is not None:
            self._heads.last = self._heads.due = self.start.heads.position
            self.findings += self._heads.taken()

    def take(self, rows: list[Row]) -> None:
        for row in rows:
            if row["position"] != self.position + 1:
                self._found(self.position + 1, "missing link", Fault.MISSING_LINK)
            self.position = row["position"]
            if row["previous_hash"] != self._previous:
                self._found(self.position, "does not follow the link before", Fault.OUT_OF_ORDER)
            if (wrong := _wrong_with(row)) is not None:
                self._found(self.position, *wrong)
            self._previous = row["hash"]
            self._compare(row)

    def finish(self, unlinked: int) -> None:
        """``unlinked``: entries that neither the chain nor the sealer's queue knows."""
        if self._heads is not None:
            self.findings += self._heads.rest(self.position)
        if unlinked:
            self._found(self.position, f"{unlinked} entries outside of the chain", Fault.OUTSIDE)

    def _compare(self, row: Row) -> None:
        if self._heads is not None:
            self.findings += self._heads.compare(self.position, row["hash"].hex())
            if row["at"] is not None and row["at"] < clock.now() - HEAD_LAG:
                self._heads.due = self.position
        if self.findings:
            return
        held = Checkpoint(self.position, row["hash"].hex(), row["at"], self.good.heads)
        if self._heads is None:
            self.good = held
        elif self._heads.last == self.position:
            self.good = replace(held, heads=self._heads.place)

    def _found(self, position: int, problem: str, fault: Fault) -> None:
        self.findings.append(Finding(position, problem, fault))


class _Heads:
    """The store of heads, read along with the chain."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self._next: audit_heads.Head | None = None
        self._findings: list[Finding] = []
        self.last = 0
        """The position of the last head that was passed."""
        self.place = audit_heads.Place()
        """The file up to that head."""
        self.due = 0
        """The last link that is old enough for its head to have been written."""
        self._advance()

    def _advance(self) -> None:
        self._next = None
        for line in self._lines:
            if isinstance(line, audit_heads.Broken):
                problem = f"line {line.line} of the signed heads: {line.problem}"
                self._findings.append(Finding(self.last, problem, Fault.HEAD_BROKEN))
                continue
            self._next = line
            return

    def compare(self, position: int, digest: str) -> list[Finding]:
        while self._next is not None and self._next.position <= position:
            if self._next.position < self.last:
                problem = f"line {self._next.line} of the signed heads goes back"
                self._findings.append(Finding(position, problem, Fault.HEAD_BROKEN))
            elif self._next.position == position and self._next.hash != digest:
                self._findings.append(Finding(position, "differs from the signed head", Fault.HEAD_DIFFERS))
            self.last, self.place = self._next.position, self._next.end
            self._advance()
        return self.taken()

    def rest(self, position: int) -> list[Finding]:
        last = self.last
        while self._next is not None:
            last = max(last, self._next.position)
            self._advance()
        if last > position:
            self._findings.append(Finding(position, f"truncated: a signed head stands at {last}", Fault.CHAIN_CUT))
        elif last < self.due:
            problem = f"the signed heads end at {last}, the chain at {position}"
            self._findings.append(Finding(last, problem, Fault.HEADS_MISSING))
        return self.taken()

    def taken(self) -> list[Finding]:
        taken, self._findings = self._findings, []
        return taken


def _wrong_with(row: Row) -> tuple[str, Fault] | None:
    """What is wrong with one link and its entry. An erased detail has neither salt nor content, and that is right."""
    if row["id"] is None:
        return "missing entry", Fault.MISSING_ENTRY
    entry = AuditLogEntry.from_row(row)
    if not is_erased(entry) and commitment(entry, row["form"]) != row["detail_commitment"]:
        return "changed entry", Fault.CHANGED_ENTRY
    if link_hash(row["previous_hash"], row["position"], entry, row["detail_commitment"]) != row["hash"]:
        return "changed entry", Fault.CHANGED_ENTRY
    return None
