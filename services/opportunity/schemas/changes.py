"""What is different in a request since an earlier look at it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalAction, ApprovalKind
from services.kit.models import QueryModel, ResponseModel
from services.kit.text.differences import Edit
from services.opportunity.schemas.evidence import AttachmentSeen
from services.opportunity.schemas.fields import Revision


class ChangesQuery(QueryModel):
    """``since``: a revision. Without it: what the caller decided on last, or else the content that was submitted
    before the present one."""

    since: Revision | None = None


class TextPiece(ResponseModel):
    """``SAME`` and ``REMOVED`` pieces make up the old text, ``SAME`` and ``ADDED`` ones the new one."""

    edit: Edit
    text: str


class Change(ResponseModel):
    """``pointer`` (RFC 6901) names the value as the answer for the request does; of a customer, ``/customer/…``.

    ``before`` and ``after`` are null for what was not given. Amounts are in the currency of their side.
    """

    pointer: str
    before: Any
    after: Any


class ComparedWith(ResponseModel):
    """The entry of the history whose content was compared. ``own``: what the caller decided on."""

    entry_id: UUID
    revision: int
    at: datetime
    action: ApprovalAction
    actor_name: str | None
    own: bool


class AttachmentChanges(ResponseModel):
    added: list[AttachmentSeen]
    removed: list[AttachmentSeen]


class Side(ResponseModel):
    """What the values of one side are to be read with."""

    kind: ApprovalKind
    currency: str


class ContentChanges(ResponseModel):
    before: Side
    after: Side
    changes: list[Change]
    """In the order of the form: kind, amount, title, fields; then the customer's facts."""
    description: list[TextPiece]
    """Empty where it is the same."""
    attachments: AttachmentChanges
    changed: bool
    """Whether anything of this is different."""


class Changes(ResponseModel):
    """``since`` is null where there is nothing earlier to compare with. ``content`` is null then, and where what was
    seen has been erased."""

    revision: int
    revisions: list[int]
    """Which may be asked for, the oldest first."""
    since: ComparedWith | None
    content: ContentChanges | None
