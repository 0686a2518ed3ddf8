"""A mail that came back goes on being sent, or somebody ends another's mail with a forged bounce. Over real LMTP."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from services.analytics.mail import failures
from services.analytics.mail.bounces import BYTES_MAX, BounceListener, permanent_failure
from services.kit.db.database import Database
from services.kit.running import clock
from tests.services.analytics.test_mail import MONDAY, Post, submitted
from tests.services.analytics.test_notifications import APPROVER, PEOPLE
from tests.support.mail_server import mail_server
from tests.support.ports import free_port
from tests.support.waiting import eventually

NO_SUCH_USER = "smtp; 550 5.1.1 <approver@firm.example> User unknown"


def report(action: str = "failed", status: str = "5.1.1", said: str = NO_SUCH_USER) -> bytes:
    """As Postfix writes one (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: bounces@firm.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\nArrival-Date: Mon, 30 Nov 2026 10:00:00 +0900\r\n\r\n"
        f"Final-Recipient: rfc822; approver@firm.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {said}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


@pytest.fixture
async def post(db: Database) -> AsyncIterator[Post]:
    with clock.travel(at=MONDAY), mail_server() as server:
        port = free_port()
        post = Post(db, server, mail_bounces_to="bounces@firm.example", mail_bounce_port=port)
        await post.mailer.announce()
        await post.consume(*PEOPLE)
        stop = asyncio.Event()
        listening = asyncio.create_task(BounceListener(db, post.settings).run(stop))
        yield post
        stop.set()
        await listening


async def deliver(post: Post, return_path: str, content: bytes) -> None:
    """As the mail server does it."""

    def session() -> None:
        with smtplib.LMTP("127.0.0.1", post.settings.mail_bounce_port or 0, timeout=10) as client:
            client.sendmail("", [return_path], content)

    async def connected() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", post.settings.mail_bounce_port)
        except OSError:
            return False
        writer.close()
        return True

    await eventually(connected)
    await asyncio.to_thread(session)


async def sent(post: Post) -> str:
    """A mail goes out; its return path."""
    await post.consume(submitted(waiting_for=[APPROVER]))
    (mail,) = await post.work()
    return mail.sender


async def failing(post: Post) -> list[UUID]:
    async with post.db.reader() as reader:
        return [row["userId"] for row in await failures.everybody(reader)]


async def test_a_mail_that_came_back_ends_mail_to_its_address(post: Post) -> None:
    return_path = await sent(post)
    assert return_path.startswith("bounces+")
    for _ in range(2):
        await deliver(post, return_path, report())
    assert await failing(post) == [APPROVER]
    (mail,) = await post.rows("mails")
    assert mail["state"] == "BOUNCED"
    assert "User unknown" in mail["reason"]
    assert "@" not in mail["reason"]
    await post.consume(submitted(waiting_for=[APPROVER]))
    assert await post.work() == []


@pytest.mark.parametrize(
    "content",
    [
        report("delayed", "4.4.1"),
        report("delivered", "2.0.0"),
        report("failed", "4.2.2"),
        b"Subject: Out of office\r\n\r\nI am away",
        b"\x00\xff\r\n" * 1000,
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"",
    ],
)
async def test_what_is_no_permanent_failure_changes_nothing(post: Post, content: bytes) -> None:
    return_path = await sent(post)
    await deliver(post, return_path, content)
    assert await failing(post) == []
    assert (await post.rows("mails"))[0]["state"] == "SENT"


async def test_a_full_mailbox_is_noted_and_gets_mail_again(post: Post) -> None:
    return_path = await sent(post)
    await deliver(post, return_path, report("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full"))
    assert (await post.rows("mails"))[0]["state"] == "BOUNCED"
    assert await failing(post) == []


async def test_a_return_path_that_we_did_not_give_is_refused(post: Post) -> None:
    return_path = await sent(post)
    token = return_path.partition("+")[2].partition("@")[0]
    forged = (token[:-1] + ("0" if token[-1] != "0" else "1"), uuid4().hex + token[32:], "", "x" * 48)
    for local in forged:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            await deliver(post, f"bounces+{local}@firm.example", report())
    assert await failing(post) == []


async def test_a_huge_bounce_is_refused(post: Post) -> None:
    return_path = await sent(post)
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused)):
        await deliver(post, return_path, report() + b"x" * (2 * BYTES_MAX))


def test_many_parts_are_not_all_read() -> None:
    assert permanent_failure(report()) is not None
    for depth in (90, 5_000):
        deep = (b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(depth))
        assert permanent_failure(b"".join(deep) + report()) is None
