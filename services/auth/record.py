"""Users, sessions and audit entries as rules see them: one row each, typed."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from services.contracts.states import UserState
from services.kit.db.record import members
from services.kit.db.unit_of_work import Row


@dataclass(slots=True)
class _Record:
    """One row, with a member for each column that rules need."""

    @classmethod
    def from_row(cls, row: Row) -> Self:
        """Columns that rules don't need are left out."""
        return cls(**members(cls, row))

    def values(self) -> dict[str, Any]:
        """Column → value, as parameters of a statement."""
        return asdict(self)


@dataclass(slots=True)
class User(_Record):
    """A person who can sign in. ``version`` is what they see and edit (ETag); ``event_version`` counts events."""

    id: UUID
    email: str
    """Lower case, NFKC: one person, one address."""
    name: str
    password_hash: str
    roles: list[str]
    manager_id: UUID | None
    state: UserState
    created_at: datetime
    updated_at: datetime
    state_before: str | None = None
    """What DEACTIVATING returns to when the deletion is undone."""
    version: int = 1
    event_version: int = 1
    blocked_by_process: UUID | None = None
    deletion_process_id: UUID | None = None
    """The last deletion, which a restoration takes back."""
    generation: int = 0
    """Counts deletions and restorations: part of their workflow ids."""
    deleted_at: datetime | None = None
    department_id: UUID | None = None
    totp_secret: bytes | None = None
    totp_confirmed_at: datetime | None = None
    totp_last_step: int | None = None
    """The last time step whose code was used: no code counts twice."""

    def __post_init__(self) -> None:
        self.state = UserState(self.state)


@dataclass(slots=True)
class Department(_Record):
    """A part of the firm, below ``parent_id`` or at the top."""

    id: UUID
    name: str
    code: str | None
    parent_id: UUID | None
    head_id: UUID | None
    """Who leads it, of whichever department they are; nobody for now without one."""
    created_at: datetime
    updated_at: datetime
    version: int = 1
    event_version: int = 1
    deleted_at: datetime | None = None


@dataclass(slots=True)
class Session(_Record):
    """One sign-in: the family of all its refresh tokens."""

    id: UUID
    user_id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    ip: str | None = None
    user_agent: str | None = None


@dataclass(slots=True)
class AuditLogEntry(_Record):
    """An audit entry of any service as it came."""

    id: UUID
    service: str
    at: datetime
    actor_id: UUID | None
    on_behalf_of: UUID | None
    action: str
    resource_type: str
    resource_id: UUID | None
    outcome: str
    ip: str | None
    request_id: str | None
    process_id: UUID | None
    detail: dict[str, Any] | None
    salt: bytes | None
    """Part of the commitment to ``detail``; both are erased together, and then nobody can guess the detail."""
    names: dict[str, str] | None = None
    """Users whom the entry mentions, by id, as they were called then; None in entries from before names were kept."""
