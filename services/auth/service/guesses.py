"""Guesses of somebody who is signed in already: who took over a session must not find password or code by trying.

A refusal is returned, not raised: what was counted has to be committed.
"""

import math
from datetime import datetime
from uuid import UUID

from services.auth.errors import LoginThrottled
from services.auth.repository import throttle
from services.auth.service.sign_in import PAIR_LIMIT, PAIR_WINDOW
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.running import clock

PASSWORD = "password"  # noqa: S105
CODE = "totp"


async def count(uow: UnitOfWork, what: str, user_id: UUID) -> LoginThrottled | None:
    """Before the guess is looked at, so that parallel ones can't slip through together."""
    counted = await throttle.count_attempt(uow, what, throttle.key_hash(what, str(user_id)), PAIR_WINDOW)
    if counted["failures"] <= PAIR_LIMIT:
        return None
    return LoginThrottled(_seconds_until(counted["window_ends_at"]))


async def was_right(uow: UnitOfWork, what: str, user_id: UUID) -> None:
    await throttle.reset(uow, what, throttle.key_hash(what, str(user_id)))


def _seconds_until(moment: datetime) -> int:
    return math.ceil((moment - clock.now()).total_seconds())
