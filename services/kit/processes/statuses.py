"""States of a process and of its steps; apart from the ledger, so that workflows need no database driver."""

from enum import StrEnum


class ProcessStatus(StrEnum):
    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    COMPENSATED = "COMPENSATED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"


TERMINAL_PROCESS_STATUSES = frozenset({ProcessStatus.COMPLETED, ProcessStatus.COMPENSATED})


class StepStatus(StrEnum):
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    UNDONE = "UNDONE"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"
