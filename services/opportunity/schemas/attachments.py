"""Files of a request as they are shown."""

from datetime import datetime
from uuid import UUID

from services.contracts.states import AttachmentState, PurgeRule
from services.kit.models import ResponseModel


class AttachmentOutput(ResponseModel):
    """``size`` in bytes, ``sha256`` in hexadecimal. ``revision``: the first one that it is part of;
    ``removedRevision``: the first one that it is no part of any more. ``found``: the scanner's name for a virus.

    ``purgedAt``: since when nobody is given the file, by ``purgeRule``; ``purgeTerm`` are the years or days that it was
    kept by that rule. Size and hash go on saying what was decided on.
    """

    id: UUID
    approval_id: UUID
    revision: int
    name: str
    media_type: str
    size: int
    sha256: str
    state: AttachmentState
    found: str | None
    uploaded_by: UUID
    uploaded_by_name: str | None
    uploaded_at: datetime
    removed_at: datetime | None
    removed_revision: int | None
    purged_at: datetime | None
    purge_rule: PurgeRule | None
    purge_term: int | None


class AttachmentList(ResponseModel):
    """``scanned``: whether a scanner looks at what is uploaded. ``maxBytes`` of one file, ``maxCount`` of them."""

    items: list[AttachmentOutput]
    next_cursor: str | None
    scanned: bool
    max_bytes: int
    max_count: int
