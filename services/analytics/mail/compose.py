"""Puts what is due for one person into mails: one a notice, or one for all that has gathered."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.analytics.mail import repository
from services.analytics.mail.preferences import wishes_of
from services.analytics.mail.wishes import MailWishes, Timing, due_at
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id

RECIPIENTS_AT_ONCE: Final = 50
NOTICES_AT_ONCE: Final = 500
"""Of one person; the next look takes the rest."""
SINGLE: Final = 3
"""More that are due at once come in one mail, whatever was wished: nobody wants fifty."""


async def compose_due(db: Database) -> int:
    """Looks at everybody for whom something is due; returns for how many."""
    async with db.reader() as reader:
        recipients = await repository.recipients_due(reader, RECIPIENTS_AT_ONCE)
    for recipient in recipients:
        await _compose(db, recipient)
    return len(recipients)


async def _compose(db: Database, recipient: UUID) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        rows = await repository.lock_due(uow, recipient, NOTICES_AT_ONCE)
        wishes = await wishes_of(uow, recipient)
        away = await repository.away_until(uow, recipient)
        now = clock.now()
        await repository.leave_out(uow, [row["id"] for row in rows if row["told"] or not row["wanted"]])
        planned = [(row, due_at(wishes, row["created_at"], away)) for row in rows if row["wanted"] and not row["told"]]
        await repository.postpone(uow, [(row["id"], at) for row, at in planned if at > now])
        for notices in _mails([row for row, at in planned if at <= now], wishes):
            await repository.add_mail(uow, new_id(), recipient, notices)


def _mails(rows: list[Row], wishes: MailWishes) -> list[list[UUID]]:
    """The notices of each mail."""
    ids: list[UUID] = [row["id"] for row in rows]
    if not ids:
        return []
    if wishes.timing is Timing.DIGEST or len(ids) > SINGLE or any(_held(row) for row in rows):
        return [ids]
    return [[id_] for id_ in ids]


def _held(row: Row) -> bool:
    """Whether it was kept back: what an absence gathered comes in one mail."""
    made: datetime = row["created_at"]
    due: datetime = row["due_at"]
    return due > made
