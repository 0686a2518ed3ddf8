"""The worker's loop that delivers: signed, within deadlines, again and again over days, and to nobody it may not.

As with mail, a claim is a time in the future: several workers share the work, and what a crash cuts short is sent
again under the same id. Order is not promised.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from prometheus_client import Counter

from services.analytics.notifications import make
from services.analytics.notifications.notice import Notice, Resource
from services.analytics.rounds import clean_up, in_rounds
from services.analytics.settings import AnalyticsSettings
from services.analytics.webhooks import repository, signing
from services.analytics.webhooks.addresses import AddressRules, CheckedResolver
from services.analytics.webhooks.repository import DeliveryState
from services.contracts.permissions import Role
from services.contracts.states import NotificationType
from services.kit.db.database import CONNECTION_ERRORS, Database, Row, UnitOfWork
from services.kit.events import audit
from services.kit.running import clock, crashpoints
from services.kit.running.context import ActorContext
from services.kit.running.http_client import outbound_client
from services.kit.running.ids import new_id
from services.kit.running.logging import get_logger

LOOK_SECONDS: Final = 2.0
AT_ONCE: Final = 16
TIMEOUT_SECONDS: Final = 15.0
CLAIM: Final = timedelta(minutes=2)
"""Longer than a batch takes, whose deliveries go out side by side."""
RETRIES: Final = (
    timedelta(seconds=5),
    *(timedelta(minutes=minutes) for minutes in (5, 30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""After each failed try: over three days together, as Standard Webhooks recommends."""
SWITCHED_OFF_AFTER: Final = timedelta(days=5)
"""Of failures without one success between them."""
ANSWER_KEPT: Final = 500
KEPT: Final = timedelta(days=30)
GONE: Final = 410
CRASH_ANSWERED: Final = "webhook.answered"
DELIVERIES = Counter("ringi_webhook_deliveries_total", "Webhook deliveries by outcome of a try", ["outcome"])
_log = get_logger("webhooks")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status``: of HTTP; None where no answer came, and ``reason`` says why."""

    status: int | None
    answer: str
    reason: str
    duration_ms: int

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Deliverer:
    def __init__(self, db: Database, settings: AnalyticsSettings, *, resolver: AbstractResolver | None = None) -> None:
        self._db = db
        self._keys = settings.webhook_keys
        self._rules = AddressRules.of(settings)
        self._resolver = resolver

    async def run(self, stop: asyncio.Event) -> None:
        await in_rounds(
            "webhooks", stop, self.deliver_due, self.clean, rest_seconds=LOOK_SECONDS, away=CONNECTION_ERRORS
        )

    async def deliver_due(self) -> int:
        """Tries a batch of what is due; returns how many."""
        async with self._db.transaction(ActorContext.system()) as uow:
            rows = await repository.claim(uow, AT_ONCE, clock.now() + CLAIM)
        if rows:
            async with self._client() as client:
                await asyncio.gather(*(self._deliver(client, row) for row in rows))
        return len(rows)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A connection a delivery, to an address that was checked; no cookies, no proxies, nothing decompressed."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        resolver = CheckedResolver(self._rules, self._resolver)
        async with outbound_client(resolver, connections=AT_ONCE, timeout=timeout, auto_decompress=False) as client:
            yield client

    async def _deliver(self, client: aiohttp.ClientSession, row: Row) -> None:
        outcome = await self._send(client, row)
        crashpoints.reach(CRASH_ANSWERED)
        async with self._db.transaction(ActorContext.system()) as uow:
            retry = not outcome.is_good and outcome.status != GONE and row["attempts"] <= len(RETRIES)
            state = (
                DeliveryState.DELIVERED
                if outcome.is_good
                else DeliveryState.WAITING
                if retry
                else DeliveryState.GIVEN_UP
            )
            await repository.note_try(
                uow,
                row["id"],
                {
                    "state": state,
                    "next_at": clock.now() + RETRIES[row["attempts"] - 1] if retry else None,
                    "duration_ms": outcome.duration_ms,
                    "status": outcome.status,
                    "answer": outcome.answer,
                    "reason": outcome.reason,
                },
            )
            if outcome.is_good:
                await repository.note_success(uow, row["endpoint_id"])
            else:
                since = await repository.note_failure(uow, row["endpoint_id"])
                if since is not None and (outcome.status == GONE or clock.now() - since > SWITCHED_OFF_AFTER):
                    await _switch_off(uow, row, "gone" if outcome.status == GONE else "failing")
        DELIVERIES.labels(state.lower()).inc()

    async def _send(self, client: aiohttp.ClientSession, row: Row) -> Outcome:
        began = time.monotonic()

        def outcome(status: int | None, answer: str, reason: str) -> Outcome:
            return Outcome(status, answer, reason, round((time.monotonic() - began) * 1000))

        refused = self._rules.refuses(row["url"])
        if refused is not None:  # what operations allow has changed since it was registered
            return outcome(None, "", refused)
        body = row["body"].encode()
        signed = signing.headers(row["id"], int(clock.now().timestamp()), body, self._secrets(row))
        sent = {"Content-Type": "application/json", "User-Agent": "Ringi-Webhooks/1", "Accept-Encoding": "identity"}
        try:
            async with client.post(row["url"], data=body, headers={**sent, **signed}, allow_redirects=False) as answer:
                return outcome(answer.status, _text(await answer.content.read(ANSWER_KEPT)), "")
        except TimeoutError:
            return outcome(None, "", f"no answer within {TIMEOUT_SECONDS:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            return outcome(None, "", (str(cause) or type(cause).__name__)[:ANSWER_KEPT])

    def _secrets(self, row: Row) -> list[str]:
        stored = [row["secret"]]
        if row["previous_until"] is not None and row["previous_until"] > clock.now():
            stored.append(row["previous_secret"])
        return [signing.opened(one, self._keys, row["endpoint_id"]) for one in stored]

    async def clean(self) -> None:
        await clean_up(self._db, repository.clean, clock.now() - KEPT)


def _text(answer: bytes) -> str:
    """For the log: what a stranger sent, without what no database stores."""
    return answer.decode("utf-8", "replace").replace("\0", "\ufffd")


async def _switch_off(uow: UnitOfWork, row: Row, reason: str) -> None:
    """With an alarm to those who can mend it."""
    endpoint_id = row["endpoint_id"]
    await repository.switch_off(uow, endpoint_id, reason)
    await audit.record_audit(
        uow, action="webhook.switched_off", resource_type="webhook", resource_id=endpoint_id, detail={"reason": reason}
    )
    source, at = new_id(), clock.now()
    people = await make.on_call(uow)
    params = {"host": _host(row["url"])}
    kind = NotificationType.WEBHOOK_SWITCHED_OFF
    await make.tell(
        uow,
        [Notice(source, kind, admin, Resource.WEBHOOK, endpoint_id, None, params, at) for admin in people[Role.ADMIN]],
    )


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
