"""When a notice may reach somebody by mail: at once, in a digest, or after they are back. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Literal

from services.contracts.states import NotificationType
from services.kit.running import zone
from services.kit.running.business_days import is_business_day

Language = Literal["ja", "en"]


class Timing(StrEnum):
    IMMEDIATE = "IMMEDIATE"
    DIGEST = "DIGEST"
    OFF = "OFF"


class WhenAway(StrEnum):
    """HOLD: what comes meanwhile is told in one mail on return."""

    HOLD = "HOLD"
    SEND = "SEND"


@dataclass(frozen=True, slots=True)
class MailWishes:
    """``digest_at`` is on the user's clock (``zone``)."""

    timing: Timing = Timing.IMMEDIATE
    digest_at: time = time(8, 30)
    business_days_only: bool = True
    when_away: WhenAway = WhenAway.HOLD
    language: Language = "ja"


MAILED_BY_DEFAULT: Final = frozenset(
    {
        NotificationType.APPROVAL_WAITING,
        NotificationType.APPROVAL_RETURNED,
        NotificationType.APPROVAL_REASSIGNED,
        NotificationType.APPROVAL_DUE,
        NotificationType.APPROVAL_NUDGED,
        NotificationType.PROXY_WAITING,
        NotificationType.OPINION_ASKED,
        NotificationType.OPINION_GIVEN,
        NotificationType.OPINION_ENDED,
        NotificationType.APPROVAL_TO_REVIEW,
        NotificationType.APPROVAL_REVIEWED,
        NotificationType.APPROVAL_CONSULTED,
        NotificationType.APPROVAL_ADVISED,
        NotificationType.PROXY_GIVEN,
        NotificationType.PROCESS_NEEDS_ATTENTION,
        NotificationType.WEBHOOK_SWITCHED_OFF,
    }
)
"""What waits for the person who is told of it. The firm changes this for all, everybody for themselves."""
_LONGEST_BREAK: Final = 31
"""Days: no holidays last as long."""


def mailed(kind: NotificationType, firm: Mapping[str, bool]) -> bool:
    """Whether a kind goes by mail to who has not chosen."""
    return firm.get(kind, kind in MAILED_BY_DEFAULT)


def next_digest(since: datetime, wishes: MailWishes) -> datetime:
    """The first time for a digest at or after ``since``, in UTC."""
    day = zone.local(since).date()
    for _ in range(_LONGEST_BREAK + 1):
        moment = datetime.combine(day, wishes.digest_at, zone.USER_TIME_ZONE).astimezone(UTC)
        if moment >= since and (not wishes.business_days_only or is_business_day(day)):
            return moment
        day += timedelta(days=1)
    raise AssertionError(f"no business day within {_LONGEST_BREAK} days after {since}")


def due_at(wishes: MailWishes, made_at: datetime, away_until: datetime | None) -> datetime:
    """When a notice is to be told. ``away_until``: the end of the absence that lasts now, if one does."""
    held = away_until is not None and wishes.when_away is WhenAway.HOLD
    since = max(made_at, away_until) if held and away_until is not None else made_at
    return next_digest(since, wishes) if wishes.timing is Timing.DIGEST else since
