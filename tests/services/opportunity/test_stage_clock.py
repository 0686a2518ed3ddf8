"""Reminders, escalation and the reconciliation on real rows, with a clock that the test moves."""

from datetime import timedelta
from typing import Any

from temporalio.client import Client

from services.contracts.processes import ApprovalInput, ResubmitCommand, approval_id
from services.kit.running import clock
from tests.services.opportunity.world import Person, World
from tests.support.waiting import eventually


async def _with_deadline(live: World, approver: Person, superior: Person | None = None) -> dict[str, Any]:
    rep = await live.person("rep")
    stage = {
        "name": "承認",
        "approverIds": [approver.id],
        "deadlineHours": 48,
        "escalateTo": None if superior is None else superior.id,
    }
    return await live.request(rep, stages=[stage])


async def test_one_reminder_before_the_deadline_then_the_superior_is_asked_and_nothing_is_decided(live: World) -> None:
    approver, superior = await live.person("approver"), await live.person("manager")
    request = await _with_deadline(live, approver, superior)
    call = ApprovalInput(approval_id=request["id"], generation=1)
    early = await live.run(live.steps.remind, call)
    assert early.remind_at is not None
    with clock.travel(timedelta(hours=25)):
        assert (await live.run(live.steps.remind, call)).remind_at is None
        await live.run(live.steps.remind, call)
    [due] = await live.rows("SELECT count(*) AS n FROM outbox WHERE event_type = 'approval.due'")
    assert due["n"] == 1
    with clock.travel(timedelta(hours=49)):
        assert (await live.run(live.steps.escalate, call)).escalated
        await live.run(live.steps.escalate, call)
    shown = await live.get(superior, request)
    assert (shown["state"], [person["id"] for person in shown["waitingFor"]]) == (
        "PENDING",
        [str(approver.id), str(superior.id)],
    )
    actions = [entry["action"] for entry in await live.history(superior, request)]
    assert actions == ["SUBMIT", "REMIND", "ESCALATE"]
    assert (await live.act(superior, request, "approve")).json["state"] == "APPROVED"
    assert (await live.history(superior, request))[-1]["role"] == "ESCALATION"


async def test_the_time_that_a_request_is_returned_does_not_count(live: World) -> None:
    approver = await live.person("approver")
    request = await _with_deadline(live, approver)
    [before] = await live.rows("SELECT deadline_at, requester_id FROM approvals")
    await live.act(approver, request, "return", comment="不足")
    [stopped] = await live.rows("SELECT deadline_at, clock_left_seconds FROM approvals")
    assert stopped["deadline_at"] is None
    assert 47 * 3600 < stopped["clock_left_seconds"] <= 48 * 3600
    resubmit = ResubmitCommand(
        approval_id=request["id"], actor_id=before["requester_id"], actor_roles=["rep"], command_key="resubmit"
    )
    with clock.travel(timedelta(hours=10)):
        await live.run(live.steps.resubmit, resubmit)
    [resumed] = await live.rows("SELECT deadline_at FROM approvals")
    assert resumed["deadline_at"] - before["deadline_at"] >= timedelta(hours=10)


async def test_the_reconciliation_starts_what_is_missing_and_revives_what_was_ended_by_hand(
    live: World, temporal: Client
) -> None:
    approver = await live.person("approver")
    request = await _with_deadline(live, approver)
    handle = temporal.get_workflow_handle(approval_id(request["id"], 1))

    async def started() -> bool:
        return await live.rows("SELECT 1 FROM intents WHERE delivered_at IS NULL") == []

    await eventually(started)
    await handle.terminate("by hand")
    with clock.travel(timedelta(minutes=10)):

        async def revived() -> bool:
            return (await live.reconcile()).found > 0

        await eventually(revived)
    shown = await live.get(approver, request)
    assert (shown["state"], shown["generation"]) == ("PENDING", 1)
    assert (await live.act(approver, request, "approve")).json["state"] == "APPROVED"
    result = await temporal.get_workflow_handle(approval_id(request["id"], 1)).result()
    assert result["state"] == "APPROVED"
