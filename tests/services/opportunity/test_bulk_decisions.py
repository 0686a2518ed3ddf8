"""One decision on many requests: every item ends once, and says truly how."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.contracts.processes import UPDATE_DECIDE, DecideCommand, Decision
from services.kit.errors import ProblemError, Unavailable
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import dispatch
from services.opportunity.service import commands, fan_out
from services.opportunity.service.command_sender import CommandDelivery, Order, Sender
from services.opportunity.service.reconcile import ANSWERS_KEPT
from tests.services.opportunity.batches import BATCHES, MANY, ask, batch_of, counts, finished, item, requests, results
from tests.services.opportunity.world import World
from tests.support.http import new_key

Delivery = Callable[[CommandDelivery, Order, Sender], Awaitable[None]]


def delivered_by(monkeypatch: pytest.MonkeyPatch, deliver: Callable[[Delivery, Order], Delivery | None]) -> None:
    """``deliver`` is asked before each item what to do in the product's place; items come one after the other."""
    product = CommandDelivery.deliver

    async def instead(self: CommandDelivery, order: Order, sender: Sender) -> None:
        await (deliver(product, order) or product)(self, order, sender)

    monkeypatch.setattr(CommandDelivery, "deliver", instead)
    monkeypatch.setattr(fan_out, "CONCURRENCY", 1)
    monkeypatch.setattr(dispatch, "RETRY_AFTER_SECONDS", 0)


async def test_each_item_is_told_apart_and_history_and_audit_name_the_process_of_the_batch(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    other = await live.person("approver")
    elderly = await live.customer(rep, born=date(1940, 1, 1))
    usual, foreign = await live.request(rep, approver), await live.request(rep, other)
    flagged = [await live.request(rep, approver, customerId=elderly) for _ in range(2)]
    noted = item(flagged[0], acknowledgedFlags=["SENIOR_75", "SENIOR_80"])
    stale = await live.request(rep, approver)
    items = [item(usual), item(foreign), noted, item(flagged[1]), {"id": str(new_id())}, item(stale, revision=7)]
    batch = (await ask(live, approver, items, comment="可")).json
    shown = await finished(live, approver, batch)
    assert (shown["counts"], shown["comment"]) == (counts(decided=2, refused=4), "可")
    told = await results(live, approver, batch)
    assert [result["id"] for result in told] == [asked["id"] for asked in items]
    codes = [result["problem"] and result["problem"]["code"] for result in told]
    assert codes == [None, "not_found", None, "flags_not_acknowledged", "not_found", "already_decided"]
    assert told[3]["problem"]["flags"] == ["SENIOR_75", "SENIOR_80"]
    assert (told[0]["number"], told[1]["number"], told[4]["number"]) == (usual["number"], None, None), "not theirs"
    assert [result["id"] for result in await results(live, approver, batch, "DECIDED")] == [
        usual["id"],
        flagged[0]["id"],
    ]
    last = (await live.history(rep, flagged[0]))[-1]
    assert (last["processId"], last["acknowledgedFlags"]) == (batch["processId"], ["SENIOR_75", "SENIOR_80"])
    assert (last["actorId"], last["role"], last["comment"]) == (str(approver.id), "APPROVER", "可")
    [entry] = await live.rows(
        "SELECT actor_id, process_id FROM audit_entries WHERE action = 'approval.approve' AND resource_id = %s",
        [usual["id"]],
    )
    assert (entry["actor_id"], str(entry["process_id"])) == (approver.id, batch["processId"])
    started = await live.rows("SELECT resource_id, detail FROM audit_entries WHERE action = 'bulk_decision.start'")
    assert [(str(row["resource_id"]), row["detail"]["items"]) for row in started] == [(batch["id"], 6)]


async def test_the_same_key_is_the_same_batch_and_with_another_body_a_mistake(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    first, second = await live.request(rep, approver), await live.request(rep, approver)
    key = new_key()
    once = await ask(live, approver, [item(first)], key=key)
    again = await ask(live, approver, [item(first)], key=key)
    assert (once.status, again.status) == (202, 202)
    assert once.json["id"] == again.json["id"]
    assert once.headers["location"].endswith(f"{BATCHES}/{once.json['id']}")
    other = await ask(live, approver, [item(first), item(second)], key=key)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    await finished(live, approver, once.json)
    assert (await live.get(rep, second))["state"] == "PENDING"
    assert await live.rows("SELECT count(*) AS n FROM bulk_decisions") == [{"n": 1}]


async def test_what_a_batch_may_be(world: World) -> None:
    approver = await world.person("approver")
    one = {"id": str(new_id())}
    for items in ([], [one, one], [{"id": str(new_id())} for _ in range(MANY + 1)], [one | {"stage": 10}]):
        assert (await ask(world, approver, items)).status == 422
    silent = await ask(world, approver, [one], decision="REJECT")
    assert (silent.status, silent.json["errors"][0]["code"]) == (422, "comment_required")
    assert (await ask(world, approver, [one], comment="a\0b")).status == 422
    opened = [await ask(world, approver, [one]) for _ in range(4)]
    assert [answer.status for answer in opened] == [202, 202, 202, 409]
    assert opened[-1].json["code"] == "too_many_bulk_decisions"


async def test_only_who_asked_and_auditors_see_a_batch_and_only_who_asked_moves_it(live: World) -> None:
    rep, approver, other = await live.person("rep"), await live.person("approver"), await live.person("approver")
    auditor = await live.person("auditor")
    request = await live.request(rep, approver)
    batch = (await ask(live, approver, [item(request)])).json
    await finished(live, approver, batch)
    assert (await ask(live, rep, [item(request)])).status == 403
    for path in ("", "/items"):
        answers = [
            await live.client.get(f"{BATCHES}/{batch['id']}{path}", token=who.token)
            for who in (approver, auditor, other, rep)
        ]
        assert [answer.status for answer in answers] == [200, 200, 404, 404]
    assert [row["number"] for row in await results(live, auditor, batch)] == [request["number"]]
    for command in ("retry", "cancel"):
        answers = [
            await live.client.post(f"{BATCHES}/{batch['id']}/{command}", None, token=who.token)
            for who in (other, rep, auditor)
        ]
        assert [answer.status for answer in answers] == [404, 403, 403]
    listed = [(await live.client.get(BATCHES, token=who.token)).json["items"] for who in (approver, auditor, other)]
    assert [[row["id"] for row in rows] for rows in listed] == [[batch["id"]], [batch["id"]], []]


async def test_who_is_suspended_half_way_decides_no_more(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    made = await requests(live, rep, 6, approver)

    async def suspend_first(self: CommandDelivery, order: Order, sender: Sender) -> None:
        async with live.db.transaction(live.system) as uow:
            await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [approver.id])
        await CommandDelivery.deliver(self, order, sender)

    fourth = UUID(made[3]["id"])
    reached: list[UUID] = []

    def deliver(_product: Delivery, order: Order) -> Delivery | None:
        reached.append(order.approval_id)
        return suspend_first if order.approval_id == fourth and reached.count(fourth) == 1 else None

    delivered_by(monkeypatch, deliver)
    batch = (await ask(live, approver, [item(request) for request in made])).json
    shown = await finished(live, approver, batch)
    assert shown["counts"] == counts(decided=3, refused=3)
    told = await results(live, approver, batch, "REFUSED")
    assert [(result["id"], result["problem"]["code"]) for result in told] == [
        (request["id"], "forbidden") for request in made[3:]
    ]


async def test_who_lost_the_role_half_way_decides_no_more(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    made = await requests(live, rep, 3, approver)
    batch: dict[str, Any] = {}

    def deliver(product: Delivery, order: Order) -> Delivery | None:
        async def demote_after(self: CommandDelivery, order: Order, sender: Sender) -> None:
            await product(self, order, sender)
            async with live.db.transaction(live.system) as uow:
                await uow.execute("UPDATE user_copies SET roles = '{rep}' WHERE id = %s", [approver.id])

        return demote_after if str(order.approval_id) == made[0]["id"] else None

    delivered_by(monkeypatch, deliver)
    batch = (await ask(live, approver, [item(request) for request in made])).json
    assert (await finished(live, approver, batch))["counts"] == counts(decided=1, refused=2)


async def test_the_rest_is_called_off_and_what_is_decided_stays(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    made = await requests(live, rep, 5, approver)
    reached, go_on = asyncio.Event(), asyncio.Event()

    def deliver(product: Delivery, order: Order) -> Delivery | None:
        async def wait_first(self: CommandDelivery, order: Order, sender: Sender) -> None:
            reached.set()
            await go_on.wait()
            await product(self, order, sender)

        return wait_first if str(order.approval_id) == made[2]["id"] else None

    delivered_by(monkeypatch, deliver)
    batch = (await ask(live, approver, [item(request) for request in made])).json
    await reached.wait()
    early = await live.client.post(f"{BATCHES}/{batch['id']}/retry", None, token=approver.token)
    assert (early.status, early.json["code"]) == (409, "bulk_decision_runs")
    cancelled = await live.client.post(f"{BATCHES}/{batch['id']}/cancel", None, token=approver.token)
    assert cancelled.json["counts"] == counts(decided=2, cancelled=3)
    go_on.set()
    shown = await finished(live, approver, batch)
    assert shown["counts"] == counts(decided=2, cancelled=3), "also what was about to be decided"
    assert shown["cancelledAt"] is not None
    assert [(await live.get(rep, request))["state"] for request in made] == ["APPROVED"] * 2 + ["PENDING"] * 3
    again = await live.client.post(f"{BATCHES}/{batch['id']}/retry", None, token=approver.token)
    assert (again.status, again.json["code"]) == (409, "nothing_to_retry")


async def test_what_failed_is_tried_again_and_what_was_refused_for_flags_once_they_are_noted(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    elderly = await live.customer(rep, born=date(1950, 1, 1))
    made = await requests(live, rep, 3, approver)
    flagged = [await live.request(rep, approver, customerId=elderly) for _ in range(2)]
    away = {made[0]["id"], made[1]["id"]}

    async def unreachable(_self: CommandDelivery, _order: Order, _sender: Sender) -> None:
        raise Unavailable()

    def deliver(_product: Delivery, order: Order) -> Delivery | None:
        return unreachable if str(order.approval_id) in away else None

    delivered_by(monkeypatch, deliver)
    batch = (await ask(live, approver, [item(request) for request in [*made, *flagged]])).json
    assert (await finished(live, approver, batch))["counts"] == counts(decided=1, refused=2, failed=2)
    failed = await results(live, approver, batch, "FAILED")
    assert {result["problem"]["code"] for result in failed} == {"unavailable"}
    away.remove(made[0]["id"])
    key, noted = new_key(), [{"id": flagged[0]["id"], "acknowledgedFlags": ["SENIOR_75"]}]
    path = f"{BATCHES}/{batch['id']}/retry"
    tried = [await live.client.post(path, {"noted": noted}, token=approver.token, key=key) for _ in range(2)]
    assert [(answer.status, answer.json["attempt"]) for answer in tried] == [(202, 2)] * 2
    assert tried[0].json["processId"] != batch["processId"]
    assert (await finished(live, approver, batch))["counts"] == counts(decided=3, refused=1, failed=1)
    attempts = {result["id"]: result["attempt"] for result in await results(live, approver, batch)}
    assert [attempts[request["id"]] for request in [*made, *flagged]] == [2, 2, 1, 2, 1]
    away.clear()
    await live.client.post(path, None, token=approver.token)
    shown = await finished(live, approver, batch)
    assert (shown["attempt"], shown["counts"]) == (3, counts(decided=4, refused=1))
    kept = [(await live.history(rep, request))[-1] for request in (made[0], made[2], flagged[0])]
    assert len({entry["processId"] for entry in kept}) == 2, "each attempt is a process of its own"


async def test_a_command_that_was_given_up_and_commits_late_is_what_its_item_tells(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    stages = [{"name": "一次", "approverIds": [approver.id]}, {"name": "二次", "approverIds": [approver.id]}]
    request = await live.request(rep, stages=stages)
    unanswered: list[ProblemError] = [Unavailable()] * 3

    async def unreachable(_self: CommandDelivery, _order: Order, _sender: Sender) -> None:
        raise unanswered.pop()

    delivered_by(monkeypatch, lambda _product, _order: unreachable if unanswered else None)
    batch = (await ask(live, approver, [{"id": request["id"]}])).json
    assert (await finished(live, approver, batch))["counts"] == counts(failed=1)

    def late(key: str) -> DecideCommand:
        return DecideCommand(
            approval_id=UUID(request["id"]),
            actor_id=approver.id,
            actor_roles=["approver"],
            command_key=key,
            decision=Decision.APPROVE,
            revision=1,
            stage=0,
            batch_id=UUID(batch["id"]),
        )

    await commands.once(live.db, UPDATE_DECIDE, late("first"))
    assert (await batch_of(live, approver, batch))["counts"] == counts(decided=1)
    again = await live.client.post(f"{BATCHES}/{batch['id']}/retry", None, token=approver.token)
    assert (again.status, again.json["code"]) == (409, "nothing_to_retry")
    outcome = await commands.once(live.db, UPDATE_DECIDE, late("second"))
    assert outcome.stage == 1, "another sending of it is answered, and does not decide the next stage"
    assert [entry["action"] for entry in await live.history(rep, request)] == ["SUBMIT", "APPROVE"]


async def test_batches_are_forgotten_a_month_after_their_last_attempt(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    old, new = [
        (await ask(live, approver, [item(await live.request(rep, approver))], comment="可")).json for _ in range(2)
    ]
    for batch in (old, new):
        await finished(live, approver, batch)
    long_ago = clock.now() - ANSWERS_KEPT - timedelta(hours=1)
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE bulk_decisions SET changed_at = %s WHERE id = %s", [long_ago, old["id"]])
        await uow.execute("UPDATE processes SET finished_at = %s WHERE id = %s", [long_ago, old["processId"]])
    await live.reconcile()
    assert [str(row["id"]) for row in await live.rows("SELECT id FROM bulk_decisions")] == [new["id"]]
    assert [str(row["batch_id"]) for row in await live.rows("SELECT batch_id FROM bulk_decision_items")] == [new["id"]]
