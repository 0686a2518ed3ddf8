"""A notice: what one event tells one person, before preferences and duplicates are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from services.contracts.states import NotificationType


class Channel(StrEnum):
    IN_APP = "in_app"


class Resource(StrEnum):
    """What a notification leads to."""

    APPROVAL = "approval"
    PROXY = "proxy"
    TASK = "task"
    CUSTOMER = "customer"
    SAGA = "saga"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Notice:
    """``source_id``: there is at most one notification for it, the recipient and the channel.

    It is the event, or where a process assigns many records to one person, that process and type: then one
    notification counts them all.
    """

    source_id: UUID
    type: NotificationType
    recipient_id: UUID
    resource: Resource
    resource_id: UUID
    customer_id: UUID | None
    params: Mapping[str, Any]
    at: datetime


def of_process(process_id: UUID, kind: NotificationType) -> UUID:
    """The source of all notices of one type that one process causes."""
    return uuid5(process_id, kind)
