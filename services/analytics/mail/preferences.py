"""What somebody has chosen for their mail, and what holds for who has not."""

from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from services.analytics.mail import repository
from services.analytics.mail.wishes import MailWishes, Timing, WhenAway
from services.contracts.states import NotificationType
from services.kit.db.unit_of_work import Reader, UnitOfWork


async def wishes_of(reader: Reader, user_id: UUID) -> MailWishes:
    row = await repository.wishes_row(reader, user_id)
    if row is None:
        return MailWishes()
    return MailWishes(**row | {"timing": Timing(row["timing"]), "when_away": WhenAway(row["when_away"])})


async def change_wishes(uow: UnitOfWork, user_id: UUID, **changes: Any) -> None:
    """Members that are not named stay as they are."""
    unknown = changes.keys() - {field.name for field in fields(MailWishes)}
    assert not unknown, unknown
    await repository.set_wishes(uow, user_id, asdict(await wishes_of(uow, user_id)) | changes)
    await repository.look_again(uow, user_id)


async def switch_off(uow: UnitOfWork, user_id: UUID, kind: NotificationType | None) -> None:
    """No more mail of a kind, or None: none at all. The app goes on telling."""
    if kind is None:
        await change_wishes(uow, user_id, timing=Timing.OFF)
    else:
        await repository.set_mailed(uow, user_id, {kind: False})
