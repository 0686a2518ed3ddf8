"""Events of users. Each state change carries the full state that copies keep."""

from typing import ClassVar
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.contracts.topics import USER_EVENTS
from services.kit.events.envelope import EventPayload


class UserSnapshot(EventPayload):
    topic: ClassVar[str] = USER_EVENTS

    user_id: UUID
    name: str
    email: str
    state: UserState
    manager_id: UUID | None
    roles: list[Role]
    department_id: UUID | None = None


class UserCreated(UserSnapshot):
    event_type: ClassVar[str] = "user.created"


class UserUpdated(UserSnapshot):
    event_type: ClassVar[str] = "user.updated"


class UserDeletionStarted(UserSnapshot):
    event_type: ClassVar[str] = "user.deletion_started"


class UserDeletionUndone(UserSnapshot):
    event_type: ClassVar[str] = "user.deletion_undone"


class UserDeleted(UserSnapshot):
    event_type: ClassVar[str] = "user.deleted"


class UserRestored(UserSnapshot):
    event_type: ClassVar[str] = "user.restored"


class UserLogin(EventPayload):
    """A fact: it changes no state of the user and carries no aggregate version."""

    topic: ClassVar[str] = USER_EVENTS
    event_type: ClassVar[str] = "user.login"

    user_id: UUID
    session_id: UUID


class UserLogout(EventPayload):
    topic: ClassVar[str] = USER_EVENTS
    event_type: ClassVar[str] = "user.logout"

    user_id: UUID
    session_id: UUID
