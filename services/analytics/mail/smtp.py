"""Handing mails to the mail server, and what its answers mean."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Final

import aiosmtplib

from services.analytics.settings import AnalyticsSettings, MailTls

_ENHANCED: Final = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS: Final = re.compile(r"\S+@\S+")
REASON_MAX: Final = 200
_NO_SUCH_MAILBOX: Final = ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
"""Enhanced status codes (RFC 3463) of an address that will take no mail tomorrow either."""
_MAILBOX_CODES: Final = frozenset({550, 551, 553})
"""What servers without enhanced codes say of such an address (RFC 5321, 4.2.3)."""


class Fate(StrEnum):
    RETRY = "retry"
    GIVE_UP = "give_up"
    BAD_ADDRESS = "bad_address"


@dataclass(frozen=True, slots=True)
class Refusal:
    fate: Fate
    reason: str
    """Codes and the server's words, without addresses."""


def status_means_bad_address(status: str) -> bool:
    """Of an enhanced status code, as bounces carry it."""
    return status in _NO_SUCH_MAILBOX


def without_addresses(text: str) -> str:
    """For what is stored and shown: a server's answer repeats the address, which is a person's."""
    return _ADDRESS.sub("…", " ".join(text.split()))[:REASON_MAX]


def judge(error: Exception) -> Refusal:
    """What to do after a failure of ``Connection.send``."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        refused = error.recipients[0]
        return _of_answer(refused.code, refused.message, of_address=True)
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _of_answer(error.code, error.message, of_address=False)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Refusal(Fate.GIVE_UP, without_addresses(str(error)))  # an address that this server has no way to write
    if isinstance(error, aiosmtplib.SMTPResponseException):
        # Refused as a sender or at sign-in: an administrator mends that, and then it goes out.
        return Refusal(Fate.RETRY, without_addresses(f"{error.code} {error.message}"))
    return Refusal(Fate.RETRY, without_addresses(f"{type(error).__name__}: {error}"))


def _of_answer(code: int, message: str, *, of_address: bool) -> Refusal:
    reason = without_addresses(f"{code} {message}")
    if code < 500:
        return Refusal(Fate.RETRY, reason)
    found = _ENHANCED.search(message)
    bad = status_means_bad_address(found[0]) if found else code in _MAILBOX_CODES
    return Refusal(Fate.BAD_ADDRESS if of_address and bad else Fate.GIVE_UP, reason)


@dataclass(frozen=True, slots=True)
class Connection:
    client: aiosmtplib.SMTP

    async def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Returns once the server has taken it. Raises what ``judge`` reads."""
        await self.client.send_message(message, sender=sender, recipients=[recipient])

    @property
    def is_open(self) -> bool:
        return self.client.is_connected


FAILURES: Final = (aiosmtplib.SMTPException, OSError)
"""Of a mail server, or of the way to it. A TimeoutError is an OSError."""


@asynccontextmanager
async def connection(settings: AnalyticsSettings) -> AsyncIterator[Connection]:
    """Raises FAILURES if the server can't be reached, lacks the TLS that is asked for, or refuses the sign-in."""
    username, password = settings.mail_username or None, settings.mail_password
    client = aiosmtplib.SMTP(
        hostname=settings.mail_host,
        port=settings.smtp_port,
        timeout=settings.mail_timeout_seconds,
        use_tls=settings.mail_tls is MailTls.TLS,
        start_tls=settings.mail_tls is MailTls.STARTTLS,
        tls_context=None if settings.mail_tls is MailTls.NONE else settings.tls_context(),
        username=username,
        password=None if username is None or password is None else password.get_secret_value(),
    )
    await client.connect()
    try:
        yield Connection(client)
    finally:
        if client.is_connected:
            try:
                await client.quit()
            except FAILURES:
                client.close()
