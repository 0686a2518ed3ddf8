"""Inputs and results that the steps of all processes share."""

from uuid import UUID

from pydantic import ConfigDict

from services.kit.models import CamelModel


class ProcessStep(CamelModel):
    """One call of a step. `sequence` counts the slices of a step that is too large for one call.

    The idempotency key of the call is (process id, step name, sequence): a repeat is answered with
    what the first call recorded. A step that takes less than what the process knows ignores the rest.
    """

    model_config = ConfigDict(extra="ignore")

    process_id: UUID
    resource_id: UUID
    actor_id: UUID
    sequence: int = 0


class SliceResult(CamelModel):
    """What one slice did, and what is left for the next ones (0: the step has ended)."""

    done: int
    remaining: int


class SweepResult(CamelModel):
    """Live rows that still refer to the resource; the pivot asks for none."""

    found: int


class Acknowledged(CamelModel):
    """The step has taken effect, now or in an earlier try."""


class ReassignStep(ProcessStep):
    """Moves work of `resource_id` (a user) to the successor; each move is recorded for the undo."""

    successor_id: UUID | None


class ReturnStep(ProcessStep):
    """Gives back what `deletion_process_id` moved and what still belongs to whom it was given."""

    deletion_process_id: UUID


class RestoreStep(ProcessStep):
    """Brings back what `deletion_process_id` hid or cancelled of the customer `resource_id`."""

    deletion_process_id: UUID
