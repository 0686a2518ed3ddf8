"""Makes notifications of a batch of events, in the transaction that applies the batch to the read models."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics.mail import repository as mail
from services.analytics.notifications import rules
from services.analytics.notifications.notice import Channel, Notice
from services.analytics.notifications.rules import Before
from services.contracts.events.notification import NotificationCreated
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope
from services.kit.events.outbox import record_created_many
from services.kit.running import clock
from services.kit.running.ids import new_id

NEWS_FOR: Final = timedelta(days=7)
"""Older events tell nothing: a history that is consumed for the first time must not flood anyone."""
NOTIFICATIONS_CHANNEL: Final = "notifications"
"""PostgreSQL's LISTEN/NOTIFY channel that wakes the streams."""

# Of a process that moves many records to one person, one notification counts them all.
_INSERT: Final = """
INSERT INTO notifications AS n (id, source_id, recipient_id, channel, type, params, resource_type, resource_id,
    customer_id, created_at)
SELECT r.id, r.source_id, r.recipient_id, %(channel)s, r.type, r.params, r.resource_type, r.resource_id, r.customer_id,
    r.at
FROM json_to_recordset(%(rows)s::json) AS r (id uuid, source_id uuid, recipient_id uuid, type text, params jsonb,
    resource_type text, resource_id uuid, customer_id uuid, at timestamptz)
WHERE NOT EXISTS (SELECT FROM user_copies u WHERE u.id = r.recipient_id AND u.state = %(deleted)s)
    AND NOT EXISTS (SELECT FROM notification_preferences p
        WHERE p.user_id = r.recipient_id AND p.type = r.type AND NOT p.in_app)
ORDER BY r.id
ON CONFLICT (source_id, recipient_id, channel) DO UPDATE
    SET params = n.params || jsonb_build_object('count',
        (n.params ->> 'count')::int + (excluded.params ->> 'count')::int)
    WHERE n.params ? 'count'
RETURNING id, type, recipient_id, resource_type, resource_id
"""


async def apply(uow: UnitOfWork, events: Sequence[Envelope]) -> None:
    """The read models must have been applied before: what is news depends on the version before each event."""
    since = clock.now() - NEWS_FOR
    telling = [event for event in events if event.event_type in rules.TELLING and event.timestamp >= since]
    if not telling:
        return
    before = await _before(uow, telling)
    people = await on_call(uow)
    found: list[Notice] = []
    for event in telling:
        found.extend(rules.notices(event, before.get(event.event_id, Before()), people))
    if found:
        await tell(uow, found)


async def _before(uow: UnitOfWork, events: Iterable[Envelope]) -> dict[UUID, Before]:
    """By event: the version before it of the request or task that it is about."""
    versioned = [event for event in events if event.aggregate_version is not None]
    params = {
        "events": [event.event_id for event in versioned],
        "aggregates": [event.aggregate_id for event in versioned],
        "versions": [event.aggregate_version for event in versioned],
    }
    asked = (
        "(SELECT * FROM unnest(%(events)s::uuid[], %(aggregates)s::uuid[], %(versions)s::int[])"
        " AS e (event_id, id, version)) AS e"
    )
    requests = await uow.all(
        "SELECT e.event_id, h.waiting_for, h.generation, h.revision, h.stage, h.state"  # noqa: S608
        f" FROM {asked} CROSS JOIN LATERAL (SELECT * FROM read_model.approval_history a"
        " WHERE a.approval_id = e.id AND a.version < e.version ORDER BY a.version DESC LIMIT 1) AS h",
        params,
    )
    tasks = await uow.all(
        "SELECT e.event_id, h.user_id, h.state"  # noqa: S608
        f" FROM {asked} CROSS JOIN LATERAL (SELECT * FROM read_model.task_history t"
        " WHERE t.task_id = e.id AND t.version < e.version ORDER BY t.version DESC LIMIT 1) AS h",
        params,
    )
    known = {
        row["event_id"]: Before(
            frozenset(row["waiting_for"]), (row["generation"], row["revision"], row["stage"]), row["state"]
        )
        for row in requests
    }
    return known | {row["event_id"]: Before(user_id=row["user_id"], state=row["state"]) for row in tasks}


async def on_call(uow: UnitOfWork) -> dict[Role, list[UUID]]:
    """The active operators and administrators."""
    found: dict[Role, list[UUID]] = {}
    for role in (Role.OPS, Role.ADMIN):
        rows = await uow.all(
            "SELECT id FROM user_copies WHERE %s = ANY(roles) AND state = %s ORDER BY id", [role, UserState.ACTIVE]
        )
        found[role] = [row["id"] for row in rows]
    return found


async def tell(uow: UnitOfWork, found: Iterable[Notice]) -> None:
    """Makes the notices that their recipients want, in the app and by mail."""
    rows: dict[tuple[UUID, UUID], dict[str, Any]] = {}
    for notice in found:
        key = (notice.source_id, notice.recipient_id)
        if key in rows:  # one statement can't touch a row twice: what belongs together is counted here already
            rows[key]["params"]["count"] += 1
            continue
        rows[key] = {
            "id": new_id(),
            "source_id": notice.source_id,
            "recipient_id": notice.recipient_id,
            "type": notice.type,
            "params": dict(notice.params),
            "resource_type": notice.resource,
            "resource_id": notice.resource_id,
            "customer_id": notice.customer_id,
            "at": notice.at,
        }
    ids = {row["id"] for row in rows.values()}
    await mail.add_notices(uow, list(rows.values()))
    written = await uow.all(
        _INSERT,
        {
            "rows": orjson.dumps(list(rows.values())).decode(),
            "channel": Channel.IN_APP,
            "deleted": UserState.DELETED,
        },
    )
    created = [
        (
            row["id"],
            NotificationCreated(
                notification_id=row["id"],
                type=row["type"],
                recipient_id=row["recipient_id"],
                resource_type=row["resource_type"],
                resource_id=row["resource_id"],
            ),
        )
        for row in written
        if row["id"] in ids
    ]
    await record_created_many(uow, events=created)
    uow.wakes.add(NOTIFICATIONS_CHANNEL)
