"""A mail is lost, comes twice, reaches the wrong person, or tells more than the firm allows. On a real SMTP server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.analytics import consumer
from services.analytics.mail import failures, repository
from services.analytics.mail.compose import compose_due
from services.analytics.mail.preferences import change_wishes
from services.analytics.mail.sending import CLAIM, RETRIES, Mailer
from services.analytics.settings import AnalyticsSettings
from services.contracts.events import approval, proxy
from services.kit.db.database import Database
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.trust.internal import InternalClient, InternalTokens
from tests.services.analytics.test_notifications import APPROVER, OTHER, PEOPLE, REP, Request
from tests.services.analytics.world import envelope
from tests.support.http import settings_for
from tests.support.mail_server import Delivered, MailServer, mail_server, self_signed

MONDAY = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
"""10:00 in Tokyo."""
ADDRESSES = {REP: "rep@firm.example", APPROVER: "approver@firm.example", OTHER: "other@firm.example"}


class Directory(InternalClient):
    """auth, as far as mail asks it."""

    def __init__(self, settings: AnalyticsSettings) -> None:
        super().__init__(settings, InternalTokens(settings, "analytics"))
        self.addresses = dict(ADDRESSES)
        self.states: dict[UUID, str] = {}

    async def get(self, service: str, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        assert (service, path) == ("auth", "/internal/users")
        wanted = [UUID(value) for _, value in params]
        items = [
            {"userId": str(id_), "name": "田中 一郎", "email": address, "state": self.states.get(id_, "ACTIVE")}
            for id_, address in self.addresses.items()
            if id_ in wanted
        ]
        return {"items": items}


class Post:
    """The worker's part: consumes events, composes, sends, and looks at what arrived."""

    def __init__(self, db: Database, server: MailServer, **settings: Any) -> None:
        self.db, self.server = db, server
        self.settings = AnalyticsSettings(**settings_for("analytics", db.url).model_dump() | server.settings | settings)
        self.directory = Directory(self.settings)
        self.mailer = Mailer(db, self.directory, self.settings)

    async def consume(self, *events: Envelope) -> None:
        async with self.db.transaction(ActorContext.system()) as uow:
            await consumer.apply(uow, list(events))

    async def work(self) -> list[Delivered]:
        """Everything that is due now; what arrived by it."""
        before = len(self.server.delivered)
        while await compose_due(self.db) or await self.mailer.send_due():
            pass
        return self.server.delivered[before:]

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.db.reader() as reader:
            return await reader.all(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608

    async def wish(self, user_id: UUID, **wishes: Any) -> None:
        async with self.db.transaction(ActorContext.system()) as uow:
            await change_wishes(uow, user_id, **wishes)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as started:
        yield started


@pytest.fixture
async def post(db: Database, server: MailServer) -> AsyncIterator[Post]:
    with clock.travel(at=MONDAY):
        started = Post(db, server)
        await started.mailer.announce()
        await started.consume(*PEOPLE)
        yield started


def submitted(**changes: Any) -> Envelope:
    return Request().emit(approval.ApprovalRequested, REP, **changes)


def away(user_id: UUID, ends: datetime, *, event: type[proxy.ProxyFact] = proxy.ProxyGiven, proxy_id: UUID) -> Envelope:
    values = {"proxy_id": proxy_id, "from_id": user_id, "to_id": OTHER, "takes_waiting": True}
    if event is proxy.ProxyChanged:
        values["previous_to_id"] = OTHER
    fact = event.model_validate(values | {"starts_at": MONDAY - timedelta(hours=1), "ends_at": ends})
    return envelope(fact, proxy_id, None, clock.now(), actor_id=OTHER)


async def test_one_mail_for_each_person_an_event_concerns(post: Post) -> None:
    event = submitted()
    await post.consume(event)
    await post.consume(event)  # the broker has started anew, say
    arrived = await post.work()
    assert sorted(mail.recipient for mail in arrived) == ["approver@firm.example", "other@firm.example"]
    assert await post.work() == []
    assert {row["state"] for row in await post.rows("mails")} == {"SENT"}
    assert all(row["params"] == {} for row in await post.rows("mail_notices"))


async def test_a_mail_says_in_two_forms_what_it_is_about_and_how_to_end_it(post: Post) -> None:
    await post.consume(submitted(waiting_for=[APPROVER]))
    (mail,) = await post.work()
    message = mail.message
    assert message["Subject"] == "【Ringi】承認のお願い RNG-2026-000412"
    assert str(message["From"]) == "Ringi CRM <ringi@firm.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].startswith("<https://ringi.firm.example/api/v1/notifications/unsubscribe?token=")
    for subtype in ("plain", "html"):
        text = mail.part(subtype)
        assert "特別手数料率の適用" in text
        assert "https://ringi.firm.example/approvals/" in text
        assert "https://ringi.firm.example/notification-settings" in text


async def test_english_for_who_reads_english(post: Post) -> None:
    await post.wish(APPROVER, language="en")
    await post.consume(submitted(waiting_for=[APPROVER]))
    (mail,) = await post.work()
    assert mail.message["Subject"] == "[Ringi] Waiting for your approval RNG-2026-000412"
    assert "Waiting for your approval: 特別手数料率の適用" in mail.part("plain")
    assert 'lang="en"' in mail.part("html")


@pytest.mark.parametrize(("details", "in_subject", "in_body"), [("number", 0, 0), ("body", 0, 1), ("subject", 1, 1)])
async def test_a_mail_tells_no_more_than_the_firm_allows(
    db: Database, server: MailServer, details: str, in_subject: bool, in_body: bool
) -> None:
    with clock.travel(at=MONDAY):
        post = Post(db, server, mail_details=details)
        await post.mailer.announce()
        await post.consume(*PEOPLE, submitted(waiting_for=[APPROVER], title="山田様のご依頼"))
        (mail,) = await post.work()
    assert ("山田様" in mail.message["Subject"]) == in_subject
    assert ("山田様" in mail.part("plain")) == ("山田様" in mail.part("html")) == in_body
    assert "RNG-2026-000412" in mail.part("plain")


async def test_nothing_that_people_type_gets_into_the_head_or_the_markup(post: Post) -> None:
    hostile = "請求\r\nBcc: everyone@evil.example\u202e <script>alert(1)</script>" + "長" * 500
    post.settings = post.settings.model_copy(update={"mail_details": "subject"})
    mailer = Mailer(post.db, post.directory, post.settings)
    await post.consume(submitted(waiting_for=[APPROVER], title=hostile))
    await compose_due(post.db)
    assert await mailer.send_due() == 1
    (mail,) = post.server.delivered
    assert mail.message["Bcc"] is None
    assert "\n" not in mail.message["Subject"]
    assert "<script>" not in mail.part("html")


async def test_a_server_that_asks_to_come_back_later_is_asked_again(post: Post) -> None:
    post.server.rcpt.extend(["450 4.2.0 <approver@firm.example> try later", "451 4.3.0 still busy"])
    await post.consume(submitted(waiting_for=[APPROVER]))
    assert await post.work() == []
    (mail,) = await post.rows("mails")
    assert (mail["state"], mail["attempts"]) == ("WAITING", 1)
    assert "approver@firm.example" not in mail["reason"]
    with clock.travel(RETRIES[0] + timedelta(seconds=1)):
        assert await post.work() == []
    with clock.travel(RETRIES[0] + RETRIES[1] + timedelta(seconds=5)):
        (arrived,) = await post.work()
    assert arrived.recipient == "approver@firm.example"
    assert arrived.message["Message-ID"] == f"<{mail['id']}@firm.example>"


async def test_after_two_days_of_trying_a_mail_is_given_up_with_the_reason(post: Post) -> None:
    post.server.rcpt.extend(["450 4.2.0 try later"] * 20)
    await post.consume(submitted(waiting_for=[APPROVER]))
    await post.work()
    passed = timedelta()
    for step in RETRIES:
        passed += step + timedelta(seconds=1)
        with clock.travel(passed):
            assert await post.work() == []
    (mail,) = await post.rows("mails")
    assert (mail["state"], mail["attempts"], mail["next_at"]) == ("GIVEN_UP", len(RETRIES) + 1, None)
    assert "4.2.0" in mail["reason"]


async def test_an_address_that_does_not_exist_gets_no_more_mail_until_it_changes(post: Post) -> None:
    post.server.rcpt.append("550 5.1.1 <approver@firm.example>: user unknown")
    await post.consume(submitted(waiting_for=[APPROVER]))
    await post.work()
    assert (await post.rows("mails"))[0]["state"] == "GIVEN_UP"
    async with post.db.reader() as reader:
        (failing,) = await failures.everybody(reader)
    assert failing["userId"] == APPROVER
    assert "approver@firm.example" not in failing["reason"]

    await post.consume(submitted(waiting_for=[APPROVER]))
    assert await post.work() == []
    assert [row["state"] for row in await post.rows("mails")] == ["GIVEN_UP", "LEFT_OUT"]

    post.directory.addresses[APPROVER] = "new@firm.example"
    await post.consume(submitted(waiting_for=[APPROVER]))
    assert [mail.recipient for mail in await post.work()] == ["new@firm.example"]
    async with post.db.reader() as reader:
        assert await failures.everybody(reader) == []


async def test_a_refused_content_is_given_up_and_the_address_stays_good(post: Post) -> None:
    post.server.data.append("554 5.7.1 looks like spam")
    await post.consume(submitted(waiting_for=[APPROVER]))
    await post.work()
    assert (await post.rows("mails"))[0]["state"] == "GIVEN_UP"
    async with post.db.reader() as reader:
        assert await failures.everybody(reader) == []


async def test_a_server_that_is_away_costs_no_mail(db: Database) -> None:
    with clock.travel(at=MONDAY):
        with mail_server() as gone:
            pass
        post = Post(db, gone)
        await post.mailer.announce()
        await post.consume(*PEOPLE, submitted(waiting_for=[APPROVER]))
        assert await post.work() == []
        with mail_server(port=gone.port) as back:
            post.server = back
            with clock.travel(RETRIES[0] + timedelta(seconds=1)):
                assert len(await post.work()) == 1


async def test_what_a_dead_worker_had_claimed_is_sent_by_the_next(post: Post) -> None:
    await post.consume(submitted(waiting_for=[APPROVER]))
    await compose_due(post.db)
    async with post.db.transaction(ActorContext.system()) as uow:
        assert len(await repository.claim(uow, 20, clock.now() + CLAIM)) == 1
    assert await post.work() == []
    with clock.travel(CLAIM + timedelta(seconds=1)):
        assert len(await post.work()) == 1


async def test_two_workers_at_once_send_each_mail_once(post: Post) -> None:
    await post.consume(*(submitted(waiting_for=[APPROVER, OTHER]) for _ in range(3)))
    second = Mailer(post.db, post.directory, post.settings)
    await asyncio.gather(*(compose_due(post.db) for _ in range(4)))
    for _ in range(3):
        await asyncio.gather(post.mailer.send_due(), second.send_due())
    ids = [mail.message["Message-ID"] for mail in post.server.delivered]
    assert len(ids) == len(set(ids)) == 6


async def test_a_digest_tells_at_its_time_what_is_unread_and_not_over(post: Post) -> None:
    await post.wish(APPROVER, timing="DIGEST")
    read, over, open_ = Request(), Request(), Request()
    await post.consume(
        *(
            request.emit(approval.ApprovalRequested, REP, title=title, waiting_for=[APPROVER])
            for request, title in ((read, "読んだ申請"), (over, "終わった申請"), (open_, "残る申請"))
        ),
        Request().emit(approval.ApprovalDue, None, title="期限の申請", waiting_for=[APPROVER]),
    )
    assert await post.work() == []
    async with post.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE notifications SET read_at = %s WHERE resource_id = %s", [clock.now(), read.id])
    await post.consume(over.emit(approval.ApprovalRejected, OTHER, state="REJECTED", waiting_for=[]))
    with clock.travel(timedelta(hours=22, minutes=29)):
        assert [mail for mail in await post.work() if mail.recipient == ADDRESSES[APPROVER]] == []
    with clock.travel(timedelta(hours=22, minutes=31)):
        (mail,) = [mail for mail in await post.work() if mail.recipient == ADDRESSES[APPROVER]]
    text = mail.part("plain")
    assert mail.message["Subject"] == "【Ringi】お知らせ 2件"
    assert "残る申請" in text
    assert "期限の申請" in text
    assert "読んだ申請" not in text
    assert "終わった申請" not in text
    assert text.index("■ 承認のお願い") < text.index("■ 承認期限のお知らせ")


async def test_who_is_away_gets_one_mail_on_return(post: Post) -> None:
    holiday = uuid4()
    await post.consume(away(APPROVER, MONDAY + timedelta(days=3), proxy_id=holiday))
    await post.work()
    await post.consume(*(submitted(waiting_for=[APPROVER]) for _ in range(2)))
    with clock.travel(timedelta(days=2)):
        assert await post.work() == []
    with clock.travel(timedelta(days=3, minutes=1)):
        (mail,) = await post.work()
    assert mail.message["Subject"] == "【Ringi】お知らせ 2件"


async def test_who_comes_back_early_gets_it_then(post: Post) -> None:
    holiday = uuid4()
    await post.consume(away(APPROVER, MONDAY + timedelta(days=3), proxy_id=holiday))
    await post.consume(submitted(waiting_for=[APPROVER]))
    assert [mail.recipient for mail in await post.work() if mail.recipient == ADDRESSES[APPROVER]] == []
    with clock.travel(timedelta(hours=2)):
        await post.consume(away(APPROVER, MONDAY + timedelta(days=3), event=proxy.ProxyEnded, proxy_id=holiday))
        assert ADDRESSES[APPROVER] in [mail.recipient for mail in await post.work()]


async def test_who_asked_for_mail_all_the_same_gets_it_while_away(post: Post) -> None:
    await post.wish(APPROVER, when_away="SEND")
    await post.consume(away(APPROVER, MONDAY + timedelta(days=3), proxy_id=uuid4()), submitted(waiting_for=[APPROVER]))
    assert ADDRESSES[APPROVER] in [mail.recipient for mail in await post.work()]


async def test_many_at_once_come_in_one_mail(post: Post) -> None:
    await post.consume(*(submitted(waiting_for=[APPROVER], title=f"申請{n}") for n in range(120)))
    (mail,) = await post.work()
    assert mail.message["Subject"] == "【Ringi】お知らせ 120件"
    assert "ほか20件" in mail.part("plain")


async def test_nobody_who_has_left_or_is_suspended_gets_mail(post: Post) -> None:
    await post.consume(submitted())
    await compose_due(post.db)
    post.directory.states[APPROVER] = "SUSPENDED"
    del post.directory.addresses[OTHER]
    assert await post.work() == []
    assert [row["state"] for row in await post.rows("mails")] == ["LEFT_OUT", "LEFT_OUT"]


async def test_nothing_is_kept_for_mail_without_a_mail_server(db: Database) -> None:
    with clock.travel(at=MONDAY), mail_server() as unused:
        post = Post(db, unused, mail_host=None)
        await post.mailer.announce()
        await post.consume(*PEOPLE, submitted())
        assert await post.rows("mail_notices") == []


async def test_a_kind_that_is_off_in_the_app_still_goes_by_mail(post: Post) -> None:
    async with post.db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO notification_preferences (user_id, type, in_app, updated_at) VALUES (%s, %s, false, %s)",
            [APPROVER, "APPROVAL_WAITING", clock.now()],
        )
    await post.consume(submitted(waiting_for=[APPROVER]))
    assert len(await post.work()) == 1


async def test_what_is_finished_goes_after_its_time(post: Post) -> None:
    await post.consume(submitted(waiting_for=[APPROVER]))
    await post.work()
    with clock.travel(timedelta(days=91)):
        await post.mailer._clean()
    assert await post.rows("mails") == []
    assert await post.rows("mail_notices") == []


async def test_mail_goes_over_tls_with_a_name_and_a_password_or_not_at_all(db: Database, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    secure = {"mail_tls": "starttls", "mail_username": "ringi", "mail_password": "p4ss", "mail_host": "localhost"}
    with clock.travel(at=MONDAY), mail_server(tls=context, login=("ringi", "p4ss")) as server:
        for wrong in ({"mail_password": "wrong"}, {"mail_ca_file": None}):
            post = Post(db, server, **secure | {"mail_ca_file": certificate} | wrong)
            await post.mailer.announce()
            await post.consume(*PEOPLE, submitted(waiting_for=[APPROVER]))
            assert await post.work() == []
        right = Post(db, server, **secure, mail_ca_file=certificate)
        with clock.travel(RETRIES[0] + timedelta(seconds=1)):
            assert len(await right.work()) == 2


async def test_a_server_without_tls_gets_nothing(db: Database, server: MailServer) -> None:
    with clock.travel(at=MONDAY):
        post = Post(db, server, mail_tls="starttls")
        await post.mailer.announce()
        await post.consume(*PEOPLE, submitted(waiting_for=[APPROVER]))
        assert await post.work() == []
        assert (await post.rows("mails"))[0]["state"] == "WAITING"
