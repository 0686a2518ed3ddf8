"""Facts about proxies 代理承認: who stands in for whom, and when that begins, changes or ends.

They go beside the requests that are decided by them, and carry no version: what a stand-in may read follows the newest
fact about a proxy (services/kit/events/facts.py).
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.contracts.topics import APPROVAL_EVENTS
from services.kit.events.envelope import EventPayload


class ProxyFact(EventPayload):
    """``to_id`` decides in the place of ``from_id`` in a half-open period, UTC."""

    topic: ClassVar[str] = APPROVAL_EVENTS

    proxy_id: UUID
    from_id: UUID
    to_id: UUID
    starts_at: datetime
    ends_at: datetime
    takes_waiting: bool


class ProxyGiven(ProxyFact):
    event_type: ClassVar[str] = "proxy.given"


class ProxyChanged(ProxyFact):
    event_type: ClassVar[str] = "proxy.changed"

    previous_to_id: UUID
    """Who stood in before the change; the same as ``to_id`` if it is about something else."""


class ProxyEnded(ProxyFact):
    """By somebody, before its time; nothing tells of a period that runs out."""

    event_type: ClassVar[str] = "proxy.ended"
