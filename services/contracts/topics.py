"""Kafka topics. The key of every record is the id of the aggregate that the event tells about.

A topic has one service that writes it, but for those that all of them write to: there each has a partition of its own.
"""

from typing import Final

from services.kit.events.envelope import AUDIT_TOPIC, DEAD_LETTER_TOPIC
from services.kit.processes.events import PROCESS_TOPIC

USER_EVENTS = "user.events"
CUSTOMER_EVENTS = "customer.events"
DEPARTMENT_EVENTS = "department.events"
SALES_EVENTS = "sales.events"
APPROVAL_EVENTS = "approval.events"
NOTIFICATION_EVENTS = "notification.events"
PROCESS_EVENTS = PROCESS_TOPIC
AUDIT_EVENTS = AUDIT_TOPIC
DEAD_LETTER = DEAD_LETTER_TOPIC

ALL_TOPICS = (
    USER_EVENTS,
    CUSTOMER_EVENTS,
    DEPARTMENT_EVENTS,
    SALES_EVENTS,
    APPROVAL_EVENTS,
    NOTIFICATION_EVENTS,
    PROCESS_EVENTS,
    AUDIT_EVENTS,
    DEAD_LETTER,
)

SHARED_TOPICS: Final = (PROCESS_EVENTS, AUDIT_EVENTS, DEAD_LETTER)
WRITERS: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")
"""The place of a service is the number of its partition: add at the end."""


def own_partitions(service: str) -> dict[str, int]:
    """By topic, the partition that no other service writes to; empty for who is no service."""
    return {topic: WRITERS.index(service) for topic in SHARED_TOPICS} if service in WRITERS else {}
