"""The worker's loop that plans, composes and sends mail.

What is to be sent stands in the table with the time of its next try; a claim is a time in the future. So several
workers share the work, and what a crash cuts short is done again by whoever comes next: a mail that the server took in
the moment before the crash goes out twice, with one Message-ID.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from services.analytics.mail import failures, message, repository, smtp
from services.analytics.mail.compose import compose_due
from services.analytics.mail.failures import AddressHashes
from services.analytics.mail.preferences import wishes_of
from services.analytics.mail.repository import MailState
from services.analytics.mail.smtp import Fate, Refusal
from services.analytics.mail.tokens import return_path
from services.analytics.rounds import clean_up, in_rounds
from services.analytics.settings import AnalyticsSettings
from services.kit.db.database import CONNECTION_ERRORS, Database, Row
from services.kit.errors import Unavailable
from services.kit.running import clock, crashpoints
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger
from services.kit.trust.internal import InternalClient

LOOK_SECONDS: Final = 2.0
AT_ONCE: Final = 20
"""Mails over one connection."""
CLAIM: Final = timedelta(minutes=15)
"""Longer than ``AT_ONCE`` mails take."""
RETRIES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720, 1200))
"""After each failed try; over two days together, as mail servers do it (RFC 5321, 4.5.4.1)."""
KEPT: Final = timedelta(days=90)
CRASH_ACCEPTED: Final = "mail.accepted"
MAILS = Counter("ringi_mails_total", "Mails by outcome of a try", ["outcome"])
_log = get_logger("mail")


class Mailer:
    def __init__(self, db: Database, internal: InternalClient, settings: AnalyticsSettings) -> None:
        self._db = db
        self._internal = internal
        self._settings = settings
        self._hashes = AddressHashes(settings.mail_keys)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. Without a mail server it says so to the other processes, and rests."""
        announced = False

        async def work() -> int:
            nonlocal announced
            if not announced:
                await self.announce()
                announced = True
            if not self._settings.sends_mail:
                await stop.wait()
                return 0
            return await compose_due(self._db) + await self.send_due()

        away = (*CONNECTION_ERRORS, Unavailable)
        await in_rounds("mail", stop, work, self._clean, rest_seconds=LOOK_SECONDS, away=away)

    async def announce(self) -> None:
        async with self._db.transaction(ActorContext.system()) as uow:
            is_on = self._settings.sends_mail
            await repository.set_switch(uow, is_on=is_on, sender=self._settings.sender[1] if is_on else "")

    async def send_due(self) -> int:
        """Tries a batch of the mails whose time has come; returns how many."""
        async with self._db.transaction(ActorContext.system()) as uow:
            mails = await repository.claim(uow, AT_ONCE, clock.now() + CLAIM)
        if not mails:
            return 0
        people = await self._people({mail["recipient_id"] for mail in mails})
        left = list(mails)
        try:
            async with smtp.connection(self._settings) as connection:
                while left and connection.is_open:
                    await self._send(connection, left[0], people.get(left[0]["recipient_id"]))
                    left.pop(0)
        except smtp.FAILURES as error:
            reason = smtp.judge(error).reason
            _log.warning("mail server can't be used", reason=reason)
            for mail in left:
                await self._refused(mail, Refusal(Fate.RETRY, reason), None)
            return 0
        for mail in left:  # the server has closed the connection in between
            await self._refused(mail, Refusal(Fate.RETRY, "connection closed"), None)
        return len(mails) - len(left)

    async def _people(self, ids: set[UUID]) -> dict[UUID, Row]:
        """Names and addresses, as auth has them now; it alone keeps them. Raises Unavailable."""
        answer = await self._internal.get("auth", "/internal/users", [("ids", str(id_)) for id_ in sorted(ids)])
        return {UUID(item["userId"]): item for item in (answer or {"items": []})["items"]}

    async def _send(self, connection: smtp.Connection, mail: Row, person: Row | None) -> None:
        async with self._db.reader() as reader:
            notices = await repository.contents(reader, mail["id"])
            wishes = await wishes_of(reader, mail["recipient_id"])
            failing = await failures.of(reader, mail["recipient_id"])
        if person is None or person["state"] in repository.UNREACHABLE or not notices:
            await self._finish(mail, MailState.LEFT_OUT)
            return
        address_hash, *earlier = self._hashes.of(person["email"])
        if failing is not None and failing["address_hash"] in (address_hash, *earlier):
            await self._finish(mail, MailState.LEFT_OUT, reason=failing["reason"], address_hash=address_hash)
            return
        addressee = message.Addressee(mail["recipient_id"], person["name"], person["email"], wishes.language)
        try:
            content = message.build(self._settings, mail["id"], addressee, notices)
        except Exception:  # a defect that one mail shows must not hold up all others
            _log.exception("mail can't be written", mail=str(mail["id"]))
            await self._finish(mail, MailState.GIVEN_UP, reason="can't be written")
            return
        bounces_to = self._settings.mail_bounces_to
        sender = (
            return_path(bounces_to, mail["id"], self._settings.mail_keys) if bounces_to else self._settings.sender[1]
        )
        try:
            await connection.send(content, sender=sender, recipient=person["email"])
        except smtp.FAILURES as error:
            await self._refused(mail, smtp.judge(error), address_hash)
            return
        crashpoints.reach(CRASH_ACCEPTED)
        await self._finish(mail, MailState.SENT, address_hash=address_hash, forget=failing is not None)

    async def _finish(
        self,
        mail: Row,
        state: MailState,
        *,
        reason: str | None = None,
        address_hash: bytes | None = None,
        forget: bool = False,
    ) -> None:
        """``forget``: what was known of another address of the same person."""
        async with self._db.transaction(ActorContext.system()) as uow:
            await repository.finish(uow, mail["id"], state, reason=reason, address_hash=address_hash)
            if forget:
                await failures.forget(uow, mail["recipient_id"])
        MAILS.labels(state.lower()).inc()

    async def _refused(self, mail: Row, refusal: Refusal, address_hash: bytes | None) -> None:
        tries: int = mail["attempts"]
        _log.warning("mail not taken", mail=str(mail["id"]), tries=tries, fate=refusal.fate, reason=refusal.reason)
        async with self._db.transaction(ActorContext.system()) as uow:
            if refusal.fate is Fate.RETRY and tries <= len(RETRIES):
                await repository.try_again(uow, mail["id"], clock.now() + RETRIES[tries - 1], refusal.reason)
                MAILS.labels("retried").inc()
                return
            await repository.finish(
                uow, mail["id"], MailState.GIVEN_UP, reason=refusal.reason, address_hash=address_hash
            )
            if refusal.fate is Fate.BAD_ADDRESS and address_hash is not None:
                await failures.remember(uow, mail["recipient_id"], address_hash, refusal.reason)
        MAILS.labels("given_up").inc()

    async def _clean(self) -> None:
        await clean_up(self._db, repository.clean, clock.now() - KEPT)
