"""Events of notifications."""

from typing import ClassVar
from uuid import UUID

from services.contracts.states import NotificationType
from services.contracts.topics import NOTIFICATION_EVENTS
from services.kit.events.envelope import EventPayload


class NotificationCreated(EventPayload):
    topic: ClassVar[str] = NOTIFICATION_EVENTS
    event_type: ClassVar[str] = "notification.created"

    notification_id: UUID
    type: NotificationType
    recipient_id: UUID
    resource_type: str
    resource_id: UUID
