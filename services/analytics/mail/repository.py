"""Queries on what is to be told by mail, and on mails."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics.mail.wishes import MAILED_BY_DEFAULT, Timing
from services.contracts.states import UserState
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock

SWITCH: Final = 1
UNREACHABLE: Final = [UserState.SUSPENDED, UserState.DEACTIVATING, UserState.DELETED]


class MailState(StrEnum):
    """LEFT_OUT: everything in it was read or over before it went out, or the address takes no mail."""

    WAITING = "WAITING"
    SENT = "SENT"
    LEFT_OUT = "LEFT_OUT"
    GIVEN_UP = "GIVEN_UP"
    BOUNCED = "BOUNCED"


# Of a notice ``n``, whether its recipient can be reached and has the kind by mail.
_WANTED: Final = """
NOT EXISTS (SELECT FROM user_copies u WHERE u.id = n.recipient_id AND u.state = ANY(%(unreachable)s))
AND NOT EXISTS (SELECT FROM mail_preferences m WHERE m.user_id = n.recipient_id AND m.timing = %(off)s)
AND coalesce(
    (SELECT p.mail FROM notification_preferences p WHERE p.user_id = n.recipient_id AND p.type = n.type),
    (SELECT d.mail FROM notification_defaults d WHERE d.type = n.type),
    n.type = ANY(%(by_default)s))
"""
_WANTED_PARAMS: Final[dict[str, Any]] = {
    "unreachable": UNREACHABLE,
    "off": Timing.OFF,
    "by_default": sorted(MAILED_BY_DEFAULT),
}
_TWIN: Final = (
    "LEFT JOIN notifications t ON t.source_id = n.source_id AND t.recipient_id = n.recipient_id"
    " AND t.channel = 'in_app'"
)
"""The same notice in the app: what was read or deleted there is told."""
_TOLD: Final = "n.closed_at IS NOT NULL OR t.read_at IS NOT NULL OR t.deleted_at IS NOT NULL"

# One notice counts all records that a process gave to one person, until it is in a mail.
_INSERT: Final = f"""
INSERT INTO mail_notices AS old (id, source_id, recipient_id, type, params, resource_type, resource_id, customer_id,
    at, created_at, due_at)
SELECT n.id, n.source_id, n.recipient_id, n.type, n.params, n.resource_type, n.resource_id, n.customer_id,
    n.at, %(now)s, %(now)s
FROM json_to_recordset(%(rows)s::json) AS n (id uuid, source_id uuid, recipient_id uuid, type text, params jsonb,
    resource_type text, resource_id uuid, customer_id uuid, at timestamptz)
WHERE EXISTS (SELECT FROM mail_switch WHERE is_on) AND {_WANTED}
ORDER BY n.id
ON CONFLICT (source_id, recipient_id) DO UPDATE
    SET params = old.params || jsonb_build_object('count',
        (old.params ->> 'count')::int + (excluded.params ->> 'count')::int)
    WHERE old.params ? 'count' AND old.due_at IS NOT NULL
"""  # noqa: S608


async def add_notices(uow: UnitOfWork, rows: Sequence[Row]) -> None:
    """Those that their recipients want by mail, while a mail server is configured."""
    params = {"rows": orjson.dumps(rows).decode(), "now": clock.now(), **_WANTED_PARAMS}
    await uow.execute(_INSERT, params)


async def set_switch(uow: UnitOfWork, *, is_on: bool, sender: str) -> None:
    await uow.execute(
        "INSERT INTO mail_switch AS s (id, is_on, sender, changed_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET is_on = excluded.is_on, sender = excluded.sender,"
        " changed_at = excluded.changed_at"
        " WHERE (s.is_on, s.sender) IS DISTINCT FROM (excluded.is_on, excluded.sender)",
        [SWITCH, is_on, sender, clock.now()],
    )


async def switch(reader: Reader) -> tuple[bool, str]:
    """Whether mail goes out, and from whom."""
    row = await reader.one("SELECT is_on, sender FROM mail_switch WHERE id = %s", [SWITCH])
    return (False, "") if row is None else (row["is_on"], row["sender"])


async def recipients_due(reader: Reader, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT recipient_id FROM mail_notices WHERE due_at <= %s GROUP BY recipient_id ORDER BY min(due_at) LIMIT %s",
        [clock.now(), limit],
    )
    return [row["recipient_id"] for row in rows]


async def lock_due(uow: UnitOfWork, recipient: UUID, limit: int) -> list[Row]:
    """Notices that are due, oldest first, with what speaks against telling them; another process's are left out."""
    return await uow.all(
        "SELECT n.id, n.created_at, n.due_at,"  # noqa: S608
        f" ({_TOLD}) AS told, ({_WANTED}) AS wanted"
        f" FROM mail_notices n {_TWIN}"
        " WHERE n.recipient_id = %(recipient)s AND n.due_at <= %(now)s"
        " ORDER BY n.due_at, n.id LIMIT %(limit)s FOR UPDATE OF n SKIP LOCKED",
        {"recipient": recipient, "now": clock.now(), "limit": limit, **_WANTED_PARAMS},
    )


async def away_until(reader: Reader, user_id: UUID) -> datetime | None:
    """The end of the absence that lasts now; of several the latest."""
    ends: datetime | None = await reader.scalar(
        "SELECT max(ends_at) FROM absences WHERE user_id = %(user)s AND starts_at <= %(now)s AND ends_at > %(now)s",
        {"user": user_id, "now": clock.now()},
    )
    return ends


async def postpone(uow: UnitOfWork, until: Iterable[tuple[UUID, datetime]]) -> None:
    pairs = list(until)
    await uow.execute(
        "UPDATE mail_notices AS n SET due_at = u.at FROM unnest(%s::uuid[], %s::timestamptz[]) AS u (id, at)"
        " WHERE n.id = u.id",
        [[id_ for id_, _ in pairs], [at for _, at in pairs]],
    )


async def look_again(uow: UnitOfWork, user_id: UUID) -> None:
    """What was planned for somebody is planned anew: wishes or absences have changed."""
    await uow.execute(
        "UPDATE mail_notices SET due_at = %s WHERE recipient_id = %s AND due_at IS NOT NULL", [clock.now(), user_id]
    )


async def leave_out(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    await uow.execute(
        "UPDATE mail_notices SET due_at = NULL, closed_at = coalesce(closed_at, %s), params = '{}' WHERE id = ANY(%s)",
        [clock.now(), ids],
    )


async def add_mail(uow: UnitOfWork, mail_id: UUID, recipient: UUID, notices: Sequence[UUID]) -> None:
    now = clock.now()
    await uow.execute(
        "INSERT INTO mails (id, recipient_id, state, created_at, next_at) VALUES (%s, %s, %s, %s, %s)",
        [mail_id, recipient, MailState.WAITING, now, now],
    )
    await uow.execute(
        "UPDATE mail_notices SET due_at = NULL, mail_id = %s WHERE id = ANY(%s)", [mail_id, list(notices)]
    )


async def claim(uow: UnitOfWork, limit: int, until: datetime) -> list[Row]:
    """Mails whose time has come; nobody else takes them before ``until``, when whoever took them must have died."""
    return await uow.all(
        "UPDATE mails SET attempts = attempts + 1, next_at = %(until)s WHERE id IN (SELECT id FROM mails"
        " WHERE next_at <= %(now)s ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)"
        " RETURNING id, recipient_id, attempts, created_at",
        {"now": clock.now(), "until": until, "limit": limit},
    )


async def contents(reader: Reader, mail_id: UUID) -> list[Row]:
    """What a mail tells, oldest first, without what has been read or is over by now."""
    return await reader.all(
        "SELECT n.type, n.params, n.resource_type, n.resource_id, n.at, c.name AS customer,"  # noqa: S608
        " absent.name AS absent, stand_in.name AS proxy"
        f" FROM mail_notices n {_TWIN}"
        " LEFT JOIN customer_copies c ON c.id = n.customer_id AND c.state <> 'PURGED'"
        " LEFT JOIN user_copies absent ON absent.id = (n.params ->> 'fromId')::uuid"
        " LEFT JOIN user_copies stand_in ON stand_in.id = (n.params ->> 'toId')::uuid"
        f" WHERE n.mail_id = %s AND NOT ({_TOLD}) ORDER BY n.at, n.id",
        [mail_id],
    )


async def try_again(uow: UnitOfWork, mail_id: UUID, at: datetime, reason: str) -> None:
    await uow.execute(
        "UPDATE mails SET next_at = %s, reason = %s WHERE id = %s AND state = %s",
        [at, reason, mail_id, MailState.WAITING],
    )


async def finish(
    uow: UnitOfWork, mail_id: UUID, state: MailState, *, reason: str | None = None, address_hash: bytes | None = None
) -> bool:
    """False if somebody else has finished it. What it told is forgotten, but for that it was told."""
    now = clock.now()
    changed = await uow.execute(
        "UPDATE mails SET state = %s, next_at = NULL, finished_at = %s, reason = %s, address_hash = %s"
        " WHERE id = %s AND state = %s",
        [state, now, reason, address_hash, mail_id, MailState.WAITING],
    )
    await uow.execute(
        "UPDATE mail_notices SET closed_at = coalesce(closed_at, %s), params = '{}' WHERE mail_id = %s", [now, mail_id]
    )
    return changed > 0


async def wishes_row(reader: Reader, user_id: UUID) -> Row | None:
    return await reader.one(
        "SELECT timing, digest_at, business_days_only, when_away, language FROM mail_preferences WHERE user_id = %s",
        [user_id],
    )


async def set_wishes(uow: UnitOfWork, user_id: UUID, wishes: Row) -> None:
    await uow.execute(
        "INSERT INTO mail_preferences (user_id, timing, digest_at, business_days_only, when_away, language, updated_at)"
        " VALUES (%(user)s, %(timing)s, %(digest_at)s, %(business_days_only)s, %(when_away)s, %(language)s, %(now)s)"
        " ON CONFLICT (user_id) DO UPDATE SET timing = excluded.timing, digest_at = excluded.digest_at,"
        " business_days_only = excluded.business_days_only, when_away = excluded.when_away,"
        " language = excluded.language, updated_at = excluded.updated_at",
        {"user": user_id, "now": clock.now(), **wishes},
    )


async def firm_defaults(reader: Reader) -> dict[str, bool]:
    """By type, those that an administrator set."""
    return {row["type"]: row["mail"] for row in await reader.all("SELECT type, mail FROM notification_defaults")}


async def set_firm_defaults(uow: UnitOfWork, chosen: dict[str, bool]) -> None:
    await uow.execute(
        "INSERT INTO notification_defaults (type, mail, updated_at)"
        " SELECT type, mail, %s FROM unnest(%s::text[], %s::boolean[]) AS chosen (type, mail)"
        " ON CONFLICT (type) DO UPDATE SET mail = excluded.mail, updated_at = excluded.updated_at",
        [clock.now(), list(chosen), list(chosen.values())],
    )


async def clean(uow: UnitOfWork, before: datetime, limit: int) -> int:
    """Deletes a batch of what was finished before, absences that ended before included; returns the number of rows."""
    deleted = 0
    for table, column in (("mails", "finished_at"), ("mail_notices", "closed_at"), ("absences", "ends_at")):
        deleted += await uow.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} < %s LIMIT %s)",  # noqa: S608
            [before, limit],
        )
    return deleted


async def set_mailed(uow: UnitOfWork, user_id: UUID, chosen: dict[str, bool]) -> None:
    """By type; what is told in the app stays as it is."""
    await uow.execute(
        "INSERT INTO notification_preferences (user_id, type, in_app, mail, updated_at)"
        " SELECT %(user)s, type, true, mail, %(now)s FROM unnest(%(types)s::text[], %(mail)s::boolean[])"
        " AS chosen (type, mail) ON CONFLICT (user_id, type) DO UPDATE"
        " SET mail = excluded.mail, updated_at = excluded.updated_at",
        {"user": user_id, "now": clock.now(), "types": list(chosen), "mail": list(chosen.values())},
    )


async def bounced(uow: UnitOfWork, mail_id: UUID, reason: str) -> Row | None:
    """The mail that came back, marked as such; None for one that is not known any more, or came back before."""
    return await uow.one(
        "UPDATE mails SET state = %s, reason = %s WHERE id = %s AND state = %s RETURNING recipient_id, address_hash",
        [MailState.BOUNCED, reason, mail_id, MailState.SENT],
    )
