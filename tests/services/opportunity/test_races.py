"""Two people, one request, the same instant: one outcome, told alike by everybody who tells it."""

import asyncio
from typing import Any
from uuid import UUID

from temporalio.client import Client

from services.contracts.processes import approval_id
from tests.services.opportunity.world import World
from tests.support.http import Answer

PAIRS = 200
AT_ONCE = 8
"""Pairs under way at the same time: enough to mix them, few enough for two cores."""
ACTIONS = ("approve", "reject")
OUTCOMES = {"approve": "APPROVED", "reject": "REJECTED"}


async def test_of_200_pairs_of_approvers_each_has_one_winner_whom_the_other_is_told(
    live: World, temporal: Client
) -> None:
    rep = await live.person("rep")
    approvers = [await live.person("approver", name=name) for name in ("鈴木 一郎", "高橋 花子")]
    places = asyncio.Semaphore(AT_ONCE)

    async def pair(number: int) -> None:
        async with places:
            request = await live.request(rep, *approvers)
            chosen = [ACTIONS[number % 2], ACTIONS[(number // 2) % 2]]
            answers = await asyncio.gather(
                *(
                    live.act(who, request, action, comment="判断しました")
                    for who, action in zip(approvers, chosen, strict=True)
                )
            )
            assert sorted(answer.status for answer in answers) == [200, 409], [answer.json for answer in answers]
            won = 0 if answers[0].status == 200 else 1
            _check_loser(answers[1 - won], approvers[won].name)
            result: dict[str, Any] = await temporal.get_workflow_handle(approval_id(request["id"], 1)).result()
            assert result["state"] == answers[won].json["state"] == OUTCOMES[chosen[won]]

    await asyncio.gather(*(pair(number) for number in range(PAIRS)))
    await _check_rows_history_and_events_agree(live, {approver.id for approver in approvers})


def _check_loser(answer: Answer, winner: str) -> None:
    assert (answer.json["code"], answer.json["decidedBy"]) == ("already_decided", winner), answer.json
    assert answer.json["decidedAt"].endswith("Z")


async def _check_rows_history_and_events_agree(live: World, approvers: set[UUID]) -> None:
    rows = await live.rows("SELECT id, state, decided_by, event_version, history_length, history_head FROM approvals")
    assert len(rows) == PAIRS
    for row in rows:
        entries = await live.rows(
            "SELECT action, actor_id, state, hash FROM approval_history WHERE approval_id = %s ORDER BY sequence",
            [row["id"]],
        )
        assert [entry["action"] for entry in entries][:1] == ["SUBMIT"]
        assert len(entries) == row["history_length"] == 2
        assert (entries[1]["state"], entries[1]["actor_id"]) == (row["state"], row["decided_by"])
        assert entries[1]["hash"] == row["history_head"]
        assert row["decided_by"] in approvers
        events = await live.rows(
            "SELECT event_type, aggregate_version, data FROM outbox"
            " WHERE aggregate_id = %s AND topic = 'approval.events' ORDER BY seq",
            [row["id"]],
        )
        assert [event["aggregate_version"] for event in events] == [1, 2] == [1, row["event_version"]]
        assert events[1]["event_type"] == f"approval.{row['state'].lower()}"
        assert events[1]["data"]["actedBy"] == str(row["decided_by"])
        process = await live.rows("SELECT status, detail FROM processes WHERE resource_id = %s", [row["id"]])
        assert process == [{"status": "COMPLETED", "detail": row["state"]}]
    assert await live.rows("SELECT 1 FROM approval_waiting") == []


async def test_in_a_stage_of_all_two_votes_at_once_both_count(live: World) -> None:
    rep = await live.person("rep")
    approvers = [await live.person("approver") for _ in range(3)]
    stage = {"name": "合議", "approverIds": [person.id for person in approvers], "mode": "ALL"}
    request = await live.request(rep, stages=[stage])
    answers = await asyncio.gather(*(live.act(who, request, "approve", stage=0, revision=1) for who in approvers))
    assert [answer.status for answer in answers] == [200, 200, 200], [answer.json for answer in answers]
    assert (await live.get(rep, request))["state"] == "APPROVED"
    [votes] = await live.rows("SELECT count(*) AS n FROM approval_votes")
    assert votes["n"] == 3


async def test_a_recall_and_an_approval_at_once_leave_one_of_both(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    for _ in range(10):
        request = await live.request(rep, approver)
        answers = await asyncio.gather(live.act(rep, request, "recall"), live.act(approver, request, "approve"))
        assert sorted(answer.status for answer in answers) == [200, 409], [answer.json for answer in answers]
        state = (await live.get(rep, request))["state"]
        assert state == ("RECALLED" if answers[0].status == 200 else "APPROVED")
