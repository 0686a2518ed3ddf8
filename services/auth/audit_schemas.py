"""What the audit log's endpoints take and give."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.auth.service.audit_verification import Fault
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.events.audit import Outcome
from services.kit.models import QueryModel, ResponseModel
from services.kit.running.zone import LocalTime

MAX_ACTIONS: Final = 50
NEWEST: Final = "-at"
_Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class AuditFilters(QueryModel):
    """All that are given must hold."""

    actor_id: UUID | None = None
    on_behalf_of_id: UUID | None = None
    """The person for whom a proxy acted."""
    action: Annotated[list[_Word], Field(max_length=MAX_ACTIONS)] | None = None
    """Any of these."""
    resource_type: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    resource_id: UUID | None = None
    number: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    """That of a request, RNG-2026-000123."""
    outcome: Outcome | None = None
    ip: Annotated[str, StringConstraints(min_length=1, max_length=45)] | None = None
    request_id: _Word | None = None
    process_id: UUID | None = None
    from_: Annotated[LocalTime | None, Field(alias="from")] = None
    to: LocalTime | None = None
    """Up to, but not including."""
    sort: Literal["-at", "at"] = NEWEST

    @property
    def conditions(self) -> dict[str, Any]:
        """By name, as the repository knows them."""
        return self.model_dump(exclude={"sort"})

    @property
    def descending(self) -> bool:
        return self.sort == NEWEST


class AuditEntry(ResponseModel):
    id: UUID
    at: datetime
    service: str
    actor_id: UUID | None
    actor_name: str | None
    on_behalf_of_id: UUID | None
    on_behalf_of_name: str | None
    action: str
    resource_type: str
    resource_id: UUID | None
    outcome: str
    ip: str | None
    request_id: str | None
    process_id: UUID | None
    detail: dict[str, Any] | None
    """``changes``: by field, its value before (``from``) and after (``to``)."""
    names: dict[str, str]
    """By id, the users whom the entry mentions."""
    names_kept: bool
    """Whether the names are those of then; else the entry is older than the keeping of names, and they are today's."""
    position: int | None
    """The link in the chain. Null until the sealer has chained the entry, usually within a second."""
    hash: str | None
    previous_hash: str | None


class FindingView(ResponseModel):
    position: int
    fault: Fault
    problem: str


class VerificationUnderWay(ResponseModel):
    id: UUID
    requested_at: datetime
    position: int
    """How far it has come."""
    total: int


class HeadStoreView(ResponseModel):
    name: str
    """``file``, ``bucket`` or ``webhook``."""
    position: int
    """The link whose head it got last; 0 for none yet."""
    kept_at: datetime | None
    """When it got that."""
    waits_since: datetime | None
    """When the oldest head was signed that it has not got."""
    failing_since: datetime | None
    read_at: datetime | None
    """When it was read back last and everything held; of a bucket only."""
    late: bool
    """It has waited, or failed, for so long that somebody should look."""


class VerificationView(ResponseModel):
    """Up to where the chain was recomputed and holds."""

    position: int
    """The last link that holds; as many were verified."""
    verified_to: datetime | None
    """When the entry of that link was made. Null if nothing was verified yet."""
    total: int
    """Links that the chain has now."""
    checked_at: datetime | None
    """When it was last recomputed; what is new, from where it held before."""
    whole_checked_at: datetime | None
    """When it was last recomputed from its beginning."""
    holds: bool | None
    """Null before the first verification."""
    heads_kept: bool | None
    """Whether signed heads outside of the database were compared as well."""
    stores: list[HeadStoreView]
    """Where signed heads are kept outside of the database."""
    findings: list[FindingView]
    finding_count: int
    """Of which ``findings`` has the first ones."""
    under_way: VerificationUnderWay | None


class Grant(ResponseModel):
    role: Role
    since: datetime | None
    """Null if it was not recorded when this role was given."""
    given_by_id: UUID | None
    given_by_name: str | None
    """Null if the system itself gave it, or if that was not recorded."""
    not_recorded_before: datetime | None
    """The first record from which the roles are known; set where ``since`` is not."""


class AccessReviewItem(ResponseModel):
    user_id: UUID
    name: str
    email: str
    state: UserState
    totp_enabled: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    roles: list[Grant]


class AccessFilters(QueryModel):
    role: Role | None = None
    state: UserState | None = None
    """Without it, everybody but deleted users."""
