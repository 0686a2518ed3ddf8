"""An event is lost, told to the wrong program, or told in a way that its receiver can't trust. On a real receiver."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.analytics.settings import AnalyticsSettings
from services.analytics.webhooks.delivery import CLAIM, KEPT, RETRIES, SWITCHED_OFF_AFTER, Deliverer
from services.contracts.events import approval
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.analytics.conftest import consuming
from tests.services.analytics.test_notifications import ADMIN, PEOPLE, REP, Request
from tests.services.analytics.test_webhook_addresses import Names
from tests.support.http import Answer, ServiceClient, TestIssuer, new_key
from tests.support.webhook_receiver import Receiver, webhook_receiver

EVENTS = ["approval.requested", "approval.approved"]


class Firm:
    """An administrator, the worker's part, and the firm's receiver."""

    def __init__(self, client: ServiceClient, issuer: TestIssuer, receiver: Receiver) -> None:
        self.client, self.receiver = client, receiver
        self.settings = AnalyticsSettings(**client.kit.settings.model_dump())
        self.token = issuer.token(ADMIN, ["admin"])
        self.deliverer = Deliverer(client.kit.db, self.settings)
        self.consume = consuming(client)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if method == "POST":
            options.setdefault("key", new_key())
        call = getattr(self.client, method.lower())
        answer: Answer = await (
            call(path, token=self.token, **options)
            if method in ("GET", "DELETE")
            else call(path, body, token=self.token, **options)
        )
        return answer

    async def register(self, **members: Any) -> dict[str, Any]:
        body = {"url": self.receiver.url, "eventTypes": EVENTS} | members
        answer = await self.ask("POST", "/webhooks", body)
        assert answer.status == 201, answer.json
        found: dict[str, Any] = answer.json
        return found

    async def log(self, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/webhooks/{webhook['id']}/deliveries", params=query)
        assert answer.status == 200, answer.json
        found: list[dict[str, Any]] = answer.json["items"]
        return found

    async def work(self) -> int:
        """Delivers what is due now; returns how many tries that took."""
        tries = 0
        while count := await self.deliverer.deliver_due():
            tries += count
        return tries


@pytest.fixture
async def firm(
    service_client: Callable[..., Awaitable[ServiceClient]], issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Firm]:
    monkeypatch.setenv("RINGI_WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("RINGI_WEBHOOK_ALLOW_HTTP", "true")
    async with webhook_receiver() as receiver:
        started = Firm(await service_client("analytics"), issuer, receiver)
        await started.consume(PEOPLE)
        yield started


def requested() -> Any:
    return Request().emit(approval.ApprovalRequested, REP)


async def test_an_event_arrives_once_signed_and_without_what_people_typed(firm: Firm) -> None:
    webhook = await firm.register()
    event = requested()
    await firm.consume([event])
    await firm.consume([event])
    assert await firm.work() == 1
    (received,) = firm.receiver.received
    assert received.verifies(webhook["secret"])
    assert not received.verifies("whsec_" + "A" * 44)
    assert received.json["type"] == "approval.requested"
    assert received.json["data"]["number"] == "RNG-2026-000412"
    assert "特別手数料率" not in received.body.decode()
    assert abs(int(received.headers["webhook-timestamp"]) - clock.now().timestamp()) < 300
    (entry,) = await firm.log(webhook)
    assert (entry["state"], entry["status"], entry["attempts"]) == ("DELIVERED", 204, 1)
    assert entry["id"] == received.headers["webhook-id"]
    assert "seq" not in entry


async def test_only_what_was_chosen_is_told_and_nothing_while_it_is_off(firm: Firm) -> None:
    await firm.register(eventTypes=["approval.approved"])
    await firm.register(active=False)
    await firm.consume([requested()])
    assert await firm.work() == 0


async def test_a_receiver_that_fails_is_asked_again_under_the_same_id(firm: Firm) -> None:
    webhook = await firm.register()
    firm.receiver.answers.extend([500, (302, "", {"Location": f"{firm.receiver.url}/elsewhere"}), 200])
    await firm.consume([requested()])
    passed = timedelta()
    for step in (timedelta(), *RETRIES[:2]):
        passed += step + timedelta(seconds=1)
        with clock.travel(passed):
            assert await firm.work() == 1
    assert len(firm.receiver.received) == 3, "a redirection is a failure, and is not followed"
    assert len({one.headers["webhook-id"] for one in firm.receiver.received}) == 1
    assert all(one.verifies(webhook["secret"]) for one in firm.receiver.received)
    (entry,) = await firm.log(webhook)
    assert (entry["state"], entry["attempts"]) == ("DELIVERED", 3)


async def test_after_days_it_is_given_up_and_an_administrator_sends_it_again(firm: Firm) -> None:
    webhook = await firm.register()
    firm.receiver.answers.extend([(503, "整備中\0" + "x" * 10_000, {})] * (len(RETRIES) + 1))
    await firm.consume([requested()])
    passed = timedelta()
    for step in (timedelta(), *RETRIES):
        passed += step + timedelta(seconds=1)
        with clock.travel(passed):
            await firm.work()
    (entry,) = await firm.log(webhook, state="GIVEN_UP")
    assert entry["attempts"] == len(RETRIES) + 1
    assert entry["answer"].startswith("整備中")
    assert len(entry["answer"]) <= 500
    answer = await firm.ask("POST", f"/webhooks/{webhook['id']}/deliveries/{entry['id']}/redeliver")
    assert (answer.status, answer.json["state"]) == (200, "WAITING")
    assert await firm.work() == 1
    assert (await firm.log(webhook))[0]["state"] == "DELIVERED"
    assert firm.receiver.received[-1].headers["webhook-id"] == entry["id"]


@pytest.mark.parametrize("gone", [True, False])
async def test_an_endpoint_that_is_gone_or_fails_for_days_is_switched_off_with_an_alarm(firm: Firm, gone: bool) -> None:
    webhook = await firm.register()
    firm.receiver.answers.extend([410 if gone else 500] * 2)
    await firm.consume([requested()])
    await firm.work()
    if not gone:
        with clock.travel(SWITCHED_OFF_AFTER + timedelta(minutes=1)):
            await firm.work()
    shown = (await firm.ask("GET", f"/webhooks/{webhook['id']}")).json
    assert (shown["active"], shown["disabledReason"]) == (False, "gone" if gone else "failing")
    told = (await firm.ask("GET", "/notifications")).json["items"]
    assert [item["type"] for item in told] == ["WEBHOOK_SWITCHED_OFF"]
    assert told[0]["resourceId"] == webhook["id"]
    body = {"url": firm.receiver.url, "eventTypes": EVENTS, "active": True}
    version = {"if-match": f'"{shown["version"]}"'}
    again = await firm.ask("PUT", f"/webhooks/{webhook['id']}", body, headers=version)
    assert (again.json["active"], again.json["disabledReason"], again.json["failingSince"]) == (True, None, None)


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(firm: Firm) -> None:
    webhook = await firm.register()
    renewed = (await firm.ask("POST", f"/webhooks/{webhook['id']}/secret")).json
    assert renewed["secret"] != webhook["secret"]
    for later, old_holds in ((timedelta(), True), (timedelta(hours=25), False)):
        with clock.travel(later):
            await firm.consume([requested()])
            await firm.work()
        assert firm.receiver.received[-1].verifies(renewed["secret"])
        assert firm.receiver.received[-1].verifies(webhook["secret"]) == old_holds


async def test_a_name_that_comes_to_lead_inside_is_not_followed(firm: Firm) -> None:
    webhook = await firm.register(url=f"http://hooks.firm.example:{firm.receiver.port}/hook")
    inside = AnalyticsSettings(**firm.settings.model_dump() | {"webhook_allowed_networks": ""})
    rebinding = Deliverer(firm.client.kit.db, inside, resolver=Names(["127.0.0.1"]))
    await firm.consume([requested()])
    await rebinding.deliver_due()
    (entry,) = await firm.log(webhook)
    assert entry["status"] is None
    assert "not public" in entry["reason"]
    # Checked and connected to in one: the second answer of the name server is never asked for.
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    with clock.travel(RETRIES[0] + timedelta(seconds=1)):
        await Deliverer(firm.client.kit.db, firm.settings, resolver=names).deliver_due()
    assert len(firm.receiver.received) == 1
    assert names.answers == [["10.0.0.1"]]


async def test_an_address_that_operations_no_longer_allow_gets_nothing(firm: Firm) -> None:
    webhook = await firm.register()
    await firm.consume([requested()])
    strict = AnalyticsSettings(**firm.settings.model_dump() | {"webhook_allowed_networks": ""})
    await Deliverer(firm.client.kit.db, strict).deliver_due()
    assert firm.receiver.received == []
    assert (await firm.log(webhook))[0]["reason"] == "url_private"


async def test_two_workers_and_a_dead_one_lose_nothing_and_repeat_nothing(firm: Firm) -> None:
    await firm.register()
    await firm.consume([requested() for _ in range(20)])
    second = Deliverer(firm.client.kit.db, firm.settings)
    for _ in range(2):
        await asyncio.gather(firm.deliverer.deliver_due(), second.deliver_due())
    ids = [one.headers["webhook-id"] for one in firm.receiver.received]
    assert len(ids) == len(set(ids)) == 20
    await firm.consume([requested()])
    async with firm.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE webhook_deliveries SET next_at = %s WHERE next_at IS NOT NULL", [clock.now() + CLAIM])
    assert await firm.work() == 0
    with clock.travel(CLAIM + timedelta(seconds=1)):
        assert await firm.work() == 1


async def test_a_test_is_sent_on_request(firm: Firm) -> None:
    webhook = await firm.register()
    assert (await firm.ask("POST", f"/webhooks/{webhook['id']}/test")).status == 204
    await firm.work()
    assert firm.receiver.received[0].json["type"] == "webhook.test"


async def test_changes_are_audited_and_no_secret_is_kept_in_the_clear(firm: Firm) -> None:
    webhook = await firm.register(description="勤怠連携")
    path = f"/webhooks/{webhook['id']}"
    body = {"url": firm.receiver.url, "eventTypes": ["approval.approved"], "description": "勤怠連携"}
    assert (await firm.ask("PUT", path, body)).status == 428
    assert (await firm.ask("PUT", path, body, headers={"if-match": '"1"'})).status == 200
    assert (await firm.ask("PUT", path, body, headers={"if-match": '"1"'})).status == 412
    renewed = (await firm.ask("POST", f"{path}/secret")).json
    assert (await firm.ask("DELETE", path)).status == 204
    assert (await firm.ask("GET", path)).status == 404
    async with firm.client.kit.db.reader() as reader:
        entries = await reader.all("SELECT action, detail FROM audit_entries ORDER BY at, id")
        stored = str(await reader.all("SELECT * FROM outbox")) + str(entries)
    assert [entry["action"] for entry in entries] == [
        "webhook.create", "webhook.update", "webhook.secret", "webhook.delete",
    ]  # fmt: skip
    assert entries[1]["detail"]["changes"] == {"eventTypes": {"from": EVENTS, "to": ["approval.approved"]}}
    for secret in (webhook["secret"], renewed["secret"]):
        assert secret not in stored


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "https://10.0.0.1/"},
        {"url": "javascript:alert(1)"},
        {"url": "https://x.example/" + "a" * 10**5},
        {"url": "https://x.example/\0"},
        {"eventTypes": []},
        {"eventTypes": ["user.login"]},
        {"eventTypes": EVENTS * 10**4},
        {"description": "長" * 201},
        {"secret": "whsec_mine"},
    ],
)
async def test_what_can_be_no_webhook_is_refused(firm: Firm, changed: dict[str, Any]) -> None:
    answer = await firm.ask("POST", "/webhooks", {"url": firm.receiver.url, "eventTypes": EVENTS} | changed)
    assert answer.status in (413, 422), answer.json


async def test_there_are_only_so_many(firm: Firm) -> None:
    answers = await asyncio.gather(
        *(firm.ask("POST", "/webhooks", {"url": firm.receiver.url, "eventTypes": EVENTS}) for _ in range(25))
    )
    assert sorted(answer.status for answer in answers) == [201] * 20 + [409] * 5


async def test_the_log_ends_after_thirty_days(firm: Firm) -> None:
    webhook = await firm.register()
    await firm.consume([requested()])
    await firm.work()
    with clock.travel(KEPT + timedelta(hours=1)):
        await firm.deliverer.clean()
    assert await firm.log(webhook) == []
