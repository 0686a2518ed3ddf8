"""Auth's tables. Migrations create them; repositories turn rows into these records for the rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.contracts.states import UserState
from services.kit.http.paging import TEXT_KEY_MAX

TABLES = registry()


def _time(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=nullable)


class Base(SQLModel, registry=TABLES):
    """Own registry: SQLModel's global MetaData would mix the tables of all services in one process."""


class User(Base, table=True):
    """A person who can sign in. ``version`` is what they see and edit (ETag); ``event_version`` counts events."""

    __tablename__ = "users"

    id: UUID = Field(primary_key=True)
    email: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    password_hash: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    manager_id: UUID | None = Field(default=None, foreign_key="users.id", index=True)
    department_id: UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("departments.id", use_alter=True), nullable=True)
    )
    state: UserState = Field(sa_type=Text)
    state_before: str | None = Field(default=None, sa_type=Text)
    version: int = 1
    event_version: int = 1
    blocked_by_process: UUID | None = None
    deletion_process_id: UUID | None = None
    generation: int = 0
    created_at: datetime = _time()
    updated_at: datetime = _time()
    deleted_at: datetime | None = _time(nullable=True)
    totp_secret: bytes | None = Field(default=None, sa_type=LargeBinary)
    totp_confirmed_at: datetime | None = _time(nullable=True)
    totp_last_step: int | None = Field(default=None, sa_type=BigInteger)
    sort_name: str = Field(
        default="",
        sa_column=Column(
            Text(collation="C"), Computed(f"left(search_fold(name), {TEXT_KEY_MAX})", persisted=True), nullable=False
        ),
    )
    search_text: str = Field(
        default="", sa_column=Column(Text, Computed("user_search_text(name, email)", persisted=True), nullable=False)
    )
    search_grams: list[str] = Field(
        default_factory=list,
        sa_column=Column(
            ARRAY(Text), Computed("search_grams(user_search_text(name, email))", persisted=True), nullable=False
        ),
    )


class Department(Base, table=True):
    """A part of the firm. ``version`` is what people see and edit (ETag); ``event_version`` counts events."""

    __tablename__ = "departments"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    folded_name: str = Field(
        default="", sa_column=Column(Text(collation="C"), Computed("search_fold(name)", persisted=True), nullable=False)
    )
    code: str | None = Field(default=None, sa_type=Text)
    parent_id: UUID | None = Field(default=None, foreign_key="departments.id")
    head_id: UUID | None = Field(default=None, foreign_key="users.id")
    version: int = 1
    event_version: int = 1
    created_at: datetime = _time()
    updated_at: datetime = _time()
    deleted_at: datetime | None = _time(nullable=True)

    __table_args__ = (
        Index("departments_name", "folded_name", unique=True, postgresql_where=text("deleted_at IS NULL")),
        Index(
            "departments_code",
            "code",
            unique=True,
            postgresql_where=text("deleted_at IS NULL AND code IS NOT NULL"),
        ),
        Index("departments_parent", "parent_id"),
        Index("departments_head", "head_id"),
    )


class RecoveryCode(Base, table=True):
    __tablename__ = "recovery_codes"

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    code_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    used_at: datetime | None = _time(nullable=True)


class PasswordReset(Base, table=True):
    """A link that an administrator hands over; counts once."""

    __tablename__ = "password_resets"

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    user_id: UUID = Field(foreign_key="users.id", index=True)
    expires_at: datetime = _time()
    used_at: datetime | None = _time(nullable=True)


class Session(Base, table=True):
    """One sign-in: the family of all its refresh tokens."""

    __tablename__ = "sessions"

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", index=True)
    created_at: datetime = _time()
    last_used_at: datetime = _time()
    expires_at: datetime = _time()
    ended_at: datetime | None = _time(nullable=True)
    end_reason: str | None = Field(default=None, sa_type=Text)
    ip: str | None = Field(default=None, sa_type=Text)
    user_agent: str | None = Field(default=None, sa_type=Text)


class RefreshToken(Base, table=True):
    """Only the hash: whoever reads the table can't use a token."""

    __tablename__ = "refresh_tokens"

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    session_id: UUID = Field(foreign_key="sessions.id", index=True)
    parent_hash: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The token for which this one was given; None for that of the sign-in."""
    used_at: datetime | None = _time(nullable=True)
    """The first time; None while it is unspent."""
    expires_at: datetime = _time()

    __table_args__ = (Index("refresh_tokens_parent", "parent_hash"),)


class SigningKey(Base, table=True):
    __tablename__ = "signing_keys"

    kid: str = Field(primary_key=True, sa_type=Text)
    sealed_private_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    """Erased once the key is out of use; the public one stays, to verify what it signed."""
    public_key: bytes = Field(sa_type=LargeBinary)
    endorsement: str | None = Field(default=None, sa_type=Text)
    """This key's introduction (audit_heads.py), signed by the key before; by itself for the first one."""
    created_at: datetime = _time()
    retired_at: datetime | None = _time(nullable=True)
    """Signs nothing from then on; verifies until the overlap is over."""


class RevocationRow(Base, table=True):
    __tablename__ = "revocations"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    session_id: UUID | None = None
    user_id: UUID | None = None
    not_before: datetime | None = _time(nullable=True)
    created_at: datetime = _time()
    expires_at: datetime = _time()

    __table_args__ = (
        Index("revocations_expiry", "expires_at"),
        Index("revocations_user", "user_id", "not_before", postgresql_where=text("user_id IS NOT NULL")),
    )


class LoginAttempts(Base, table=True):
    """Failed sign-ins per account and address, per account, and per address, in a sliding window."""

    __tablename__ = "login_attempts"

    scope: str = Field(primary_key=True, sa_type=Text)
    key_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    failures: int
    window_ends_at: datetime = _time()


class KnownAddress(Base, table=True):
    """From here this user has signed in before: an attack from elsewhere does not lock them out."""

    __tablename__ = "known_addresses"

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    address_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    last_success_at: datetime = _time()

    __table_args__ = (Index("known_addresses_address", "address_hash", "last_success_at"),)


class ReportMove(Base, table=True):
    """Who reported to a user that was deleted, and to whom they went: what the undo gives back."""

    __tablename__ = "report_moves"

    process_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    from_id: UUID
    to_id: UUID | None = None


class HeadshipMove(Base, table=True):
    """Who headed a department before a user was deleted, and who after: what the undo gives back."""

    __tablename__ = "headship_moves"

    process_id: UUID = Field(primary_key=True)
    department_id: UUID = Field(primary_key=True, foreign_key="departments.id")
    from_id: UUID
    to_id: UUID | None = None


class AuditLogEntry(Base, table=True):
    """The audit entries of all services as they came. Takes INSERT and SELECT only."""

    __tablename__ = "audit_log"

    id: UUID = Field(primary_key=True)
    service: str = Field(sa_type=Text)
    at: datetime = _time()
    actor_id: UUID | None = None
    on_behalf_of: UUID | None = None
    action: str = Field(sa_type=Text)
    resource_type: str = Field(sa_type=Text)
    resource_id: UUID | None = None
    outcome: str = Field(sa_type=Text)
    ip: str | None = Field(default=None, sa_type=Text)
    request_id: str | None = Field(default=None, sa_type=Text)
    process_id: UUID | None = None
    detail: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    names: dict[str, str] | None = Field(default=None, sa_type=JSONB)
    """Users whom the entry mentions, by id, as they were called then."""

    __table_args__ = (
        Index("audit_log_at", "at", "id"),
        Index("audit_log_actor", "actor_id", "at"),
        Index("audit_log_resource", "resource_type", "resource_id", "at"),
        Index("audit_log_action", "action", "at"),
        Index("audit_log_on_behalf_of", "on_behalf_of", "at", "id", postgresql_where=text("on_behalf_of IS NOT NULL")),
        Index("audit_log_resource_id", "resource_id", "at", "id", postgresql_where=text("resource_id IS NOT NULL")),
        Index("audit_log_resource_type", "resource_type", "at", "id"),
        Index(
            "audit_log_number",
            text("(detail ->> 'number')"),
            "at",
            "id",
            postgresql_where=text("detail ->> 'number' IS NOT NULL"),
        ),
        Index("audit_log_outcome", "outcome", "at", "id"),
        Index("audit_log_ip", "ip", "at", "id", postgresql_where=text("ip IS NOT NULL")),
        Index("audit_log_request", "request_id", "at", "id", postgresql_where=text("request_id IS NOT NULL")),
        Index("audit_log_process", "process_id", "at", "id", postgresql_where=text("process_id IS NOT NULL")),
    )


class AuditLink(Base, table=True):
    """The chain over the log, one link an entry, in the order of sealing. Takes INSERT and SELECT only."""

    __tablename__ = "audit_chain"

    position: int = Field(primary_key=True, sa_type=BigInteger)
    audit_id: UUID = Field(foreign_key="audit_log.id", unique=True)
    detail_commitment: bytes = Field(sa_type=LargeBinary)
    previous_hash: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)
    form: int = Field(default=1, sa_column=Column(SmallInteger, nullable=False, server_default="1"))
    """What the commitment covers (audit_chain.py)."""


class AuditUnsealed(Base, table=True):
    """Entries that the sealer has not chained yet."""

    __tablename__ = "audit_unsealed"

    audit_id: UUID = Field(primary_key=True, foreign_key="audit_log.id")


class AuditVerification(Base, table=True):
    """One recomputation of the chain, from a checkpoint or from its beginning; ``finished_at`` None is under way."""

    __tablename__ = "audit_verifications"

    id: UUID = Field(primary_key=True)
    whole: bool
    requested_by: UUID | None = None
    """None: by itself."""
    requested_at: datetime = _time()
    finished_at: datetime | None = _time(nullable=True)
    position: int = Field(sa_type=BigInteger)
    """How far it has come; once finished, the last link that holds."""
    total: int = Field(sa_type=BigInteger)
    checkpoint: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """What the next one starts from."""
    findings: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    finding_count: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    heads_kept: bool | None = None
    """Whether signed heads were compared as well."""

    __table_args__ = (
        Index("audit_verifications_under_way", "whole", unique=True, postgresql_where=text("finished_at IS NULL")),
        Index("audit_verifications_finished", "finished_at", "id"),
    )


class AuditHeadLine(Base, table=True):
    """A signed head, or the introduction of the key that signs the next one, as stores get it. Takes INSERT only."""

    __tablename__ = "audit_head_lines"

    number: int = Field(primary_key=True, sa_type=BigInteger)
    """Without gaps, from 1."""
    position: int = Field(sa_type=BigInteger)
    """The head's; of an introduction that of the head behind it."""
    line: str = Field(sa_type=Text)
    at: datetime = _time()


class AuditHeadStore(Base, table=True):
    """How far a store has got the heads. That of the file has no ``number``: the sealer writes it by itself."""

    __tablename__ = "audit_head_stores"

    name: str = Field(primary_key=True, sa_type=Text)
    active: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    """Whether the worker that started last keeps it."""
    number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    position: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    kept_at: datetime | None = _time(nullable=True)
    failing_since: datetime | None = _time(nullable=True)
    error: str | None = Field(default=None, sa_type=Text)
    read_place: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """Up to where it was read back and everything held."""
    read_at: datetime | None = _time(nullable=True)
