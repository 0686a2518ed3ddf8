"""Bounces: the mail server hands mail for the return paths to this worker by LMTP (RFC 2033), and a permanent failure
of a mailbox ends mail to it.

The return path carries the mail's own token (VERP), so a bounce says which mail it is about however it is written; the
report inside (RFC 3464) says whether the failure is permanent. Anything else that comes is taken and forgotten.
"""

import asyncio
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Any, Final
from uuid import UUID

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter

from services.analytics.mail import failures, repository, smtp
from services.analytics.mail.tokens import bounced_mail
from services.analytics.settings import AnalyticsSettings
from services.kit.db.database import CONNECTION_ERRORS, Database
from services.kit.running.context import ActorContext
from services.kit.running.keyring import Keyring
from services.kit.running.logging import get_logger

BYTES_MAX: Final = 256 * 1024
"""Of one bounce; servers return the head of a mail, or little more."""
REPORT: Final = "message/delivery-status"
PARTS_READ: Final = 50
FAILED: Final = "failed"
TAKEN, LATER, NOT_OURS = "250 taken", "451 4.3.0 try again later", "550 5.1.1 no such return path"
BOUNCES = Counter("ringi_mail_bounces_total", "Bounces by what they said", ["said"])
_log = get_logger("mail")


@dataclass(frozen=True, slots=True)
class Report:
    """A permanent failure: its enhanced status code, and what the other server said, without addresses."""

    status: str
    reason: str


def permanent_failure(content: bytes) -> Report | None:
    """What a bounce reports; None for delays, receipts, answers of people, and what is no report."""
    try:
        message = message_from_bytes(content, policy=policy.compat32)
    except RecursionError:  # parts within parts within parts: nobody's mail server writes that
        return None
    for part, _ in zip(message.walk(), range(PARTS_READ), strict=False):
        if part.get_content_type() != REPORT:
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else ():
            report = _of_block(block) if isinstance(block, Message) else None
            if report is not None:
                return report
    return None


def _of_block(block: "Message[str, str]") -> Report | None:
    """The fields about one recipient. The first block is about the message, and has no action."""
    status = str(block.get("Status", "")).partition("(")[0].strip()
    if str(block.get("Action", "")).strip().lower() != FAILED or not status.startswith("5."):
        return None
    said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or status
    return Report(status, smtp.without_addresses(said))


async def take(db: Database, mail_id: UUID, content: bytes) -> None:
    """Notes what a bounce says of the mail whose return path it came to; a repeat changes nothing."""
    report = permanent_failure(content)
    BOUNCES.labels("nothing" if report is None else "failed").inc()
    if report is None:
        return
    async with db.transaction(ActorContext.system()) as uow:
        mail = await repository.bounced(uow, mail_id, report.reason)
        if mail is not None and mail["address_hash"] is not None and smtp.status_means_bad_address(report.status):
            await failures.remember(uow, mail["recipient_id"], mail["address_hash"], report.reason)
    _log.info("mail bounced", mail=str(mail_id), status=report.status)


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, db: Database, keys: Keyring) -> None:
        self._db = db
        self._keys = keys

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if bounced_mail(address, self._keys) is None:
            return NOT_OURS
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        try:
            for address in envelope.rcpt_tos:
                mail_id = bounced_mail(address, self._keys)
                assert mail_id is not None  # checked at RCPT
                await take(self._db, mail_id, content)
        except CONNECTION_ERRORS as error:
            _log.warning("bounce not taken", error=str(error))
            return LATER
        return TAKEN


class BounceListener:
    def __init__(self, db: Database, settings: AnalyticsSettings) -> None:
        self._db = db
        self._settings = settings

    async def run(self, stop: asyncio.Event) -> None:
        """Listens until ``stop`` is set; rests where no port is configured."""
        if self._settings.mail_bounce_port is None:
            await stop.wait()
            return
        handler = _Handler(self._db, self._settings.mail_keys)
        loop = asyncio.get_running_loop()

        def session() -> Any:
            return LMTP(handler, data_size_limit=BYTES_MAX, ident="Ringi", hostname="ringi", loop=loop)

        server = await loop.create_server(session, self._settings.mail_bounce_host, self._settings.mail_bounce_port)
        async with server:
            await stop.wait()
