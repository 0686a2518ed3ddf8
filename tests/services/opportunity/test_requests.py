"""Raising a request: who may, which way it takes, and what stands in the database afterwards."""

import asyncio
from datetime import date

from tests.services.opportunity.world import World


async def test_a_submitted_request_waits_for_its_approver_and_carries_a_number(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver", name="鈴木 一郎")
    customer_id = await world.customer(rep)
    request = await world.request(rep, approver, customerId=customer_id, amount=500_000)
    assert request["state"] == "PENDING"
    assert request["number"].startswith("RNG-")
    assert request["customerName"] == "山田太郎"
    assert request["waitingFor"] == [{"id": str(approver.id), "name": "鈴木 一郎"}]
    assert request["allowedActions"] == ["NUDGE", "RECALL"]
    inbox = await world.client.get("/approvals/pending", token=approver.token)
    assert [item["id"] for item in inbox.json["items"]] == [request["id"]]
    assert inbox.json["items"][0]["allowedActions"] == [
        "APPROVE",
        "REJECT",
        "RETURN",
        "ADD_APPROVER",
        "ASK_OPINION",
        "REASSIGN",
    ]
    [intent] = await world.rows("SELECT workflow_id, lane FROM intents")
    assert intent == {"workflow_id": f"approval:{request['id']}:1", "lane": "process"}
    [event] = await world.rows("SELECT event_type, aggregate_version FROM outbox WHERE topic = 'approval.events'")
    assert event == {"event_type": "approval.requested", "aggregate_version": 1}


async def test_policy_asks_the_superior_and_for_large_amounts_an_approver_too(world: World) -> None:
    manager = await world.person("manager")
    rep, approver = await world.person("rep", manager=manager), await world.person("approver")
    request = await world.request(rep, amount=5_000_000)
    assert [stage["approverIds"] for stage in request["stages"]] == [[str(manager.id)], [str(approver.id)]]


async def test_an_old_customer_is_flagged_and_the_superior_is_asked_first(world: World) -> None:
    manager = await world.person("manager")
    rep, approver = await world.person("rep", manager=manager), await world.person("approver")
    customer_id = await world.customer(rep, born=date(1940, 1, 1))
    request = await world.request(rep, approver, customerId=customer_id, kind="PRODUCT_PROPOSAL")
    assert request["flags"] == ["SENIOR_75", "SENIOR_80", "FIRST_IN_PRODUCT"]
    assert [stage["approverIds"] for stage in request["stages"]] == [[str(manager.id)], [str(approver.id)]]


async def ended(world: World, approval_id: str, state: str) -> None:
    async with world.db.transaction(world.system) as uow:
        await uow.execute("UPDATE approvals SET state = %s WHERE id = %s", [state, approval_id])


async def test_what_was_rejected_or_recalled_is_asked_again_once_at_a_time(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    for end in ("REJECTED", "RECALLED"):
        first = (await world.create(rep, approverId=approver.id)).json
        await ended(world, first["id"], end)
        again = {"approverId": approver.id, "previousId": first["id"]}
        answers = await asyncio.gather(*(world.create(rep, **again, draft=number % 2 == 0) for number in range(6)))
        assert sorted(answer.status for answer in answers) == [201, *[409] * 5]
        second = next(answer.json for answer in answers if answer.status == 201)
        refused = next(answer.json for answer in answers if answer.status == 409)
        assert (refused["code"], refused["approvalId"]) == ("asked_again_already", second["id"])
        await ended(world, second["id"], "REJECTED")
        assert (await world.create(rep, **again)).status == 201
