"""What auth's endpoints take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.auth.passwords import MAX_LENGTH, MIN_LENGTH
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.models import CamelModel, QueryModel, ResponseModel
from services.kit.text.fields import Email, Line

Name = Annotated[str, Line(100)]
PasswordText = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role))]
OneTimeCode = Annotated[str, StringConstraints(min_length=6, max_length=20)]


class Login(CamelModel):
    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    totp: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    """A code of the authenticator, or a recovery code."""


class SecondStep(CamelModel):
    challenge: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    """From the answer `totp_required`; good for three minutes."""
    totp: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    """A code of the authenticator, or a recovery code."""


class Refresh(CamelModel):
    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class UserView(ResponseModel):
    id: UUID
    email: str
    name: str
    roles: list[Role]
    manager_id: UUID | None
    department_id: UUID | None
    state: UserState
    version: int
    created_at: datetime
    updated_at: datetime
    totp_enabled: bool
    process_id: UUID | None
    """The process that is deleting or restoring this user now."""


class Account(UserView):
    last_sign_in_at: datetime | None


class Colleague(ResponseModel):
    """What people see of each other, to choose and to name somebody: nothing about their account."""

    id: UUID
    name: str
    roles: list[Role]
    manager_id: UUID | None
    department_id: UUID | None
    active: bool
    """Whether work can be given to them."""


class Me(UserView):
    permissions: list[str]


class Tokens(ResponseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    """Seconds."""
    totp_enrolment_required: bool
    """The access token holds no role until a second factor is set up; refresh after that."""
    user: UserView


class NewUser(CamelModel):
    email: Email
    name: Name
    password: PasswordText
    roles: Roles
    manager_id: UUID | None = None
    department_id: UUID | None = None


class UserChange(CamelModel):
    """What is left out stays as it is; ``roles``, ``managerId``, ``departmentId`` and ``state`` need the right to
    manage users."""

    name: Name
    roles: Roles | None = None
    manager_id: UUID | None = None
    department_id: UUID | None = None
    state: Literal["ACTIVE", "SUSPENDED"] | None = None


class UserFilters(QueryModel):
    state: UserState | None = None
    """Deleted users are listed only when asked for. For administrators and auditors; others see who can be chosen."""
    role: Role | None = None
    manager_id: UUID | None = None
    department_id: UUID | None = None
    q: Annotated[str, Line(100)] | None = None
    """Words in the name, for administrators and auditors also in the e-mail address; one character suffices."""
    sort: Literal["name", "-name", "createdAt", "-createdAt"] = "name"


class Successors(QueryModel):
    """Who takes over a leaver's work: one for all, or one per kind."""

    successor_id: UUID | None = None
    customers_to: UUID | None = None
    activities_to: UUID | None = None
    approvals_to: UUID | None = None


class WorkItem(ResponseModel):
    kind: str
    count: int
    names: list[str] = Field(default_factory=list)
    """What the departments are called that the leaver heads; of other kinds nothing is named."""


class DeletionPreview(ResponseModel):
    user_id: UUID
    items: list[WorkItem]
    """What has to go to somebody else, per kind."""
    conflicts: list[dict[str, Any]]
    """Items for which not every successor will do."""
    complete: bool
    """False when a service did not answer: its items are missing."""


class PasswordChange(CamelModel):
    current_password: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    new_password: PasswordText


class PasswordResetLink(ResponseModel):
    token: str
    expires_at: datetime


class PasswordResetUse(CamelModel):
    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    new_password: PasswordText


class TotpEnrolment(ResponseModel):
    secret: str
    uri: str
    """``otpauth://`` for the QR code."""


class TotpCode(CamelModel):
    code: OneTimeCode


class RecoveryCodes(ResponseModel):
    recovery_codes: list[str]
    """Shown this once."""


class SessionView(ResponseModel):
    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None
    current: bool


class SessionList(ResponseModel):
    items: list[SessionView]


class RoleView(ResponseModel):
    role: Role
    permissions: list[str]
    scope: str


class RoleList(ResponseModel):
    items: list[RoleView]


class UserCopy(ResponseModel):
    """What other services keep of a user."""

    user_id: UUID
    name: str
    email: str
    state: UserState
    manager_id: UUID | None
    roles: list[Role]
    department_id: UUID | None
    aggregate_version: int


class UserCopies(ResponseModel):
    items: list[UserCopy]
