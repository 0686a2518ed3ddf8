"""Legal holds, and what the next purge would delete."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from services.contracts.states import ApprovalState, HoldOffice
from services.kit.models import CamelModel, ResponseModel
from services.kit.text.fields import Lines

Reason = Annotated[str, Lines(1_000, minimum=1, trimmed=True)]


class HoldInput(CamelModel):
    """Why; told to administrators and auditors only."""

    reason: Reason


class HoldShown(ResponseModel):
    """A hold as everybody sees it who sees the request. Who set it and why is null for all but administrators and
    auditors."""

    id: UUID
    office: HoldOffice
    set_at: datetime
    set_by: UUID | None
    set_by_name: str | None
    reason: str | None
    may_release: bool


class HoldOutput(ResponseModel):
    id: UUID
    approval_id: UUID
    number: str
    title: str
    state: ApprovalState
    office: HoldOffice
    reason: str
    set_by: UUID
    set_by_name: str | None
    set_at: datetime
    released_by: UUID | None
    released_by_name: str | None
    released_at: datetime | None
    release_reason: str | None


class HoldPage(ResponseModel):
    items: list[HoldOutput]
    next_cursor: str | None


class PurgeDue(ResponseModel):
    """What a run at this moment would delete; ``heldFiles`` are those that it would if nothing were held."""

    requests: int
    files: int
    bytes: int
    held_files: int


class PurgeRunOutput(ResponseModel):
    """``finishedAt`` is null while it runs, and for one that was cut off: the next one goes on where it stood."""

    started_at: datetime
    finished_at: datetime | None
    requests: int
    files: int
    bytes: int


class RetentionOutput(ResponseModel):
    """``due`` is counted now, by what is set now; more may have come due until ``nextRunAt``."""

    next_run_at: datetime
    due: PurgeDue
    held_requests: int
    last_run: PurgeRunOutput | None
