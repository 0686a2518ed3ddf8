"""Commands that can never succeed end with a refusal, and the request stays open to everything else."""

import asyncio
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from services.contracts.processes import (
    SIGNAL_ROW_CHANGED,
    ApprovalCommand,
    ApprovalInput,
    ApprovalOutcome,
    RowChanged,
    approval_id,
)
from services.kit.db.database import UnitOfWork
from services.kit.processes import intents
from services.opportunity.actions import Action
from services.opportunity.service import commands
from tests.services.opportunity.world import World


@pytest.mark.parametrize(
    "defect", [KeyError("approverIds"), TypeError("a defect")], ids=lambda error: type(error).__name__
)
async def test_a_decision_that_meets_a_defect_is_refused_and_blocks_nothing(
    live: World, monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    carry_out = commands.carry_out

    async def failing(uow: UnitOfWork, action: Action, command: ApprovalCommand) -> ApprovalOutcome:
        if action.decision is not None:
            raise defect
        return await carry_out(uow, action, command)

    monkeypatch.setattr(commands, "carry_out", failing)
    refused = await live.act(approver, request, "approve")
    assert (refused.status, refused.json["code"]) == (409, "cannot_be_done"), refused.json
    recalled = await live.act(rep, request, "recall")
    assert (recalled.status, recalled.json["state"]) == (200, "RECALLED"), recalled.json


async def test_a_decision_that_the_database_refuses_for_ever_blocks_nothing(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    carry_out = commands.carry_out

    async def failing(uow: UnitOfWork, action: Action, command: ApprovalCommand) -> ApprovalOutcome:
        if action.decision is not None:
            await uow.execute("INSERT INTO approval_waiting (approver_id, approval_id) VALUES (NULL, NULL)")
        return await carry_out(uow, action, command)

    monkeypatch.setattr(commands, "carry_out", failing)
    refused = await live.act(approver, request, "approve")
    assert (refused.status, refused.json["error"]) == (409, "NotNullViolation 23502"), refused.json
    assert (await live.act(rep, request, "recall")).status == 200


async def test_a_stage_that_names_somebody_twice_is_decided_like_any_other(live: World) -> None:
    """However it came into the row: an import, a route, a hand-over."""
    rep, first, second = await live.person("rep"), await live.person("approver"), await live.person("approver")
    stages = [{"name": "一次", "approverIds": [first.id]}, {"name": "合議", "approverIds": [second.id], "mode": "ALL"}]
    request = await live.request(rep, stages=stages)
    [row] = await live.rows("SELECT stages FROM approvals")
    row["stages"][1]["approverIds"] *= 2
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE approvals SET stages = %s WHERE id = %s", [Jsonb(row["stages"]), UUID(request["id"])])
    entered = await live.act(first, request, "approve")
    assert (entered.status, entered.json["stage"]) == (200, 1), entered.json
    assert [person["id"] for person in entered.json["waitingFor"]] == [str(second.id)]
    done = await live.act(second, request, "approve")
    assert (done.status, done.json["state"]) == (200, "APPROVED"), done.json


async def test_an_escalation_that_meets_a_defect_leaves_the_request_open_to_its_people(
    live: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    met = asyncio.Event()

    async def failing(uow: UnitOfWork, request: ApprovalInput) -> ApprovalOutcome:
        met.set()
        raise LookupError("a defect")

    monkeypatch.setattr(commands, "escalate", failing)
    stage = {"name": "承認", "approverIds": [approver.id], "deadlineHours": 1}
    request = await live.request(rep, stages=[stage])
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE approvals SET deadline_at = now() - interval '1 minute', reminded_at = now()")
        change = RowChanged(version=99)
        workflow_id = approval_id(UUID(request["id"]), 1)
        await intents.signal_workflow(uow, workflow_id=workflow_id, signal=SIGNAL_ROW_CHANGED, argument=change)
    await asyncio.wait_for(met.wait(), 30)
    done = await live.act(approver, request, "approve")
    assert (done.status, done.json["state"]) == (200, "APPROVED"), done.json
