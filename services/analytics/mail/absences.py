"""Who is away until when, from the events of proxies: mail for them may have to wait."""

from collections.abc import Sequence
from uuid import UUID

from services.analytics.mail import repository
from services.analytics.notifications.rules import PROXY_EVENTS
from services.contracts.events import proxy
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope


async def apply(uow: UnitOfWork, events: Sequence[Envelope]) -> None:
    """The newest event about an absence counts, in whatever order they come."""
    touched: set[UUID] = set()
    for event in events:
        if event.event_type not in PROXY_EVENTS:
            continue
        fact = event.payload(proxy.ProxyFact)
        over = event.event_type == proxy.ProxyEnded.event_type
        touched.add(fact.from_id)
        await uow.execute(
            "INSERT INTO absences AS a (id, user_id, starts_at, ends_at, told_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, starts_at = excluded.starts_at,"
            " ends_at = excluded.ends_at, told_at = excluded.told_at WHERE a.told_at <= excluded.told_at",
            [
                fact.proxy_id,
                fact.from_id,
                fact.starts_at,
                min(fact.ends_at, event.timestamp) if over else fact.ends_at,
                event.timestamp,
            ],
        )
    for user_id in sorted(touched):
        await repository.look_again(uow, user_id)
