"""Refusals that a running process and its home service give alike; apart from the ledger, so that workflows need no
database driver."""

from typing import Final

from services.kit.errors import Conflict, Text

COMPENSATION_REQUESTED: Final = "compensation_requested"
"""Why a process turned back: an operator asked for it."""


class PastPivot(Conflict):
    """Refuses to undo what has been decided."""

    code = "past_pivot"
    title = Text("確定済みのため取り消せません", "The process has passed the point of no return")
