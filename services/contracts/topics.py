"""Kafka topics. The key of every record is the id of the aggregate that the event tells about."""

from services.kit.events.envelope import AUDIT_TOPIC, DEAD_LETTER_TOPIC
from services.kit.processes.events import PROCESS_TOPIC

USER_EVENTS = "user.events"
CUSTOMER_EVENTS = "customer.events"
SALES_EVENTS = "sales.events"
APPROVAL_EVENTS = "approval.events"
NOTIFICATION_EVENTS = "notification.events"
PROCESS_EVENTS = PROCESS_TOPIC
AUDIT_EVENTS = AUDIT_TOPIC
DEAD_LETTER = DEAD_LETTER_TOPIC

ALL_TOPICS = (
    USER_EVENTS,
    CUSTOMER_EVENTS,
    SALES_EVENTS,
    APPROVAL_EVENTS,
    NOTIFICATION_EVENTS,
    PROCESS_EVENTS,
    AUDIT_EVENTS,
    DEAD_LETTER,
)
