"""Reads matrix.txt: which routes there are, and what each role may do by each of them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.contracts.permissions import Role

MATRIX = Path(__file__).with_name("matrix.txt")
ROLES = (Role.REP, Role.MANAGER, Role.APPROVER, Role.AUDITOR, Role.OPS, Role.ADMIN)
PUBLIC = "public"


class Relation(StrEnum):
    OWN = "own"
    TEAM = "team"
    OTHER = "other"


class Outcome(StrEnum):
    LET_IN = "y"
    HIDDEN = "h"
    FORBIDDEN = "f"
    NOBODY = "-"


RELATIONS = tuple(Relation)


@dataclass(frozen=True)
class Entry:
    section: str
    """The section's first words, without what stands in brackets behind a colon."""
    method: str
    path: str
    cells: dict[Role, tuple[Outcome, ...]]

    @property
    def operation(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def name(self) -> str:
        return f"{self.section}: {self.method} {self.path}"

    def expected(self, role: Role, relation: Relation) -> Outcome:
        """A cell of one letter says the same of every relation."""
        cell = self.cells[role]
        return cell[RELATIONS.index(relation)] if len(cell) > 1 else cell[0]

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Those that the entry tells apart."""
        return RELATIONS if any(len(cell) > 1 for cell in self.cells.values()) else (Relation.OTHER,)


def entries(text: str) -> list[Entry]:
    """Raises ValueError for a line that is no entry: a cell too few, a letter that means nothing."""
    found, section = [], ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1 : line.index("]")].partition(":")[0]
        elif line and not line.startswith("#"):
            method, path, *cells = line.split()
            if len(cells) != len(ROLES) or any(len(cell) not in (1, len(RELATIONS)) for cell in cells):
                raise ValueError(f"not a cell for each role: {line}")
            outcomes = [tuple(Outcome(letter) for letter in cell) for cell in cells]
            found.append(Entry(section, method, path, dict(zip(ROLES, outcomes, strict=True))))
    return found


ENTRIES = entries(MATRIX.read_text())
