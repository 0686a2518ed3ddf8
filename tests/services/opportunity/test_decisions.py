"""Decisions over HTTP, carried out by the workflow on a real Temporal server."""

import asyncio
from datetime import date

from services.contracts.processes import approval_id
from tests.services.opportunity.world import World
from tests.support.http import new_key


async def test_an_approver_approves_and_everything_says_so(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver", name="鈴木 一郎")
    request = await live.request(rep, approver)
    answer = await live.act(approver, request, "approve", comment="問題ありません")
    assert answer.status == 200, answer.json
    assert answer.json["state"] == "APPROVED"
    assert answer.json["decidedByName"] == "鈴木 一郎"
    [event] = await live.rows("SELECT data FROM outbox WHERE event_type = 'approval.approved'")
    assert event["data"]["comment"] == "問題ありません"
    assert event["data"]["actedBy"] == str(approver.id)
    waiting = await live.client.get("/approvals/pending", token=approver.token)
    assert waiting.json["items"] == []


async def test_of_two_approvers_at_once_one_wins_and_the_other_learns_who(live: World) -> None:
    rep = await live.person("rep")
    first, second = await live.person("approver", name="鈴木"), await live.person("approver", name="高橋")
    request = await live.request(rep, first, second)
    answers = await asyncio.gather(live.act(first, request, "approve"), live.act(second, request, "approve"))
    assert sorted(answer.status for answer in answers) == [200, 409]
    winner = first if answers[0].status == 200 else second
    lost = next(answer.json for answer in answers if answer.status == 409)
    assert (lost["code"], lost["decidedBy"]) == ("already_decided", winner.name)
    assert lost["decidedAt"].endswith("Z")


async def test_a_repeat_with_the_same_key_gets_the_same_answer(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    key = new_key()
    once = await live.act(approver, request, "approve", key=key, comment="可")
    again = await live.act(approver, request, "approve", key=key, comment="可")
    other = await live.act(approver, request, "approve", key=key, comment="別の内容")
    assert (once.status, again.status, other.status) == (200, 200, 422), (once.json, again.json, other.json)
    assert once.json == again.json
    [count] = await live.rows("SELECT count(*) AS n FROM approval_history WHERE action = 'APPROVE'")
    assert count["n"] == 1


async def test_one_rejection_sent_several_times_at_once_is_one_rejection_with_one_comment(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    key = new_key()
    answers = await asyncio.gather(
        *(live.act(approver, request, "reject", key=key, comment="根拠が足りません") for _ in range(4))
    )
    assert [answer.status for answer in answers] == [200] * 4, [answer.json for answer in answers]
    assert [row["body"] for row in await live.rows("SELECT body FROM approval_comments")] == ["根拠が足りません"]


async def test_returned_and_resubmitted_it_goes_on_at_the_same_stage(live: World) -> None:
    rep = await live.person("rep")
    first, second = await live.person("manager"), await live.person("approver")
    stages = [{"name": "一次", "approverIds": [first.id]}, {"name": "二次", "approverIds": [second.id]}]
    request = await live.request(rep, stages=stages)
    assert (await live.act(first, request, "approve")).json["stage"] == 1
    returned = await live.act(second, request, "return", comment="金額を見直してください")
    assert (returned.status, returned.json["state"]) == (200, "RETURNED")
    again = await live.act(rep, request, "resubmit")
    assert (again.json["state"], again.json["stage"], again.json["revision"]) == ("PENDING", 1, 2)
    done = await live.act(second, request, "approve")
    assert done.json["state"] == "APPROVED"


async def test_the_workflow_ends_with_the_row(live: World, temporal) -> None:  # type: ignore[no-untyped-def]
    rep, approver = await live.person("rep"), await live.person("approver")
    request = await live.request(rep, approver)
    assert (await live.act(rep, request, "recall")).json["state"] == "RECALLED"
    result = await temporal.get_workflow_handle(approval_id(request["id"], 1)).result()
    assert result["state"] == "RECALLED"
    late = await live.act(approver, request, "approve")
    assert (late.status, late.json["code"]) == (409, "wrong_state")


async def test_who_approves_many_takes_note_of_what_each_asks_to_note_and_that_is_kept(live: World) -> None:
    rep, approver = await live.person("rep"), await live.person("approver")
    elderly = await live.customer(rep, born=date(1940, 1, 1))
    plain = await live.request(rep, approver)
    flagged = [await live.request(rep, approver, customerId=elderly) for _ in range(3)]
    noted = {"id": flagged[0]["id"], "acknowledgedFlags": ["SENIOR_80", "SENIOR_75"]}
    half = {"id": flagged[1]["id"], "acknowledgedFlags": ["SENIOR_75"]}
    items = [{"id": plain["id"]}, noted, half, {"id": flagged[2]["id"]}]
    answer = await live.client.post(
        "/approvals/bulk-decide", {"decision": "APPROVE", "items": items}, token=approver.token, key=new_key()
    )
    results = answer.json["results"]
    assert [result["status"] for result in results] == [200, 200, 409, 409], answer.json
    told = [(result["problem"]["code"], result["problem"]["flags"]) for result in results[2:]]
    assert told == [
        ("flags_not_acknowledged", ["SENIOR_80"]),
        ("flags_not_acknowledged", ["SENIOR_75", "SENIOR_80"]),
    ]
    kept = [(await live.history(rep, request))[-1]["acknowledgedFlags"] for request in (plain, flagged[0])]
    assert kept == [[], ["SENIOR_80", "SENIOR_75"]]
    by_itself = await live.act(approver, flagged[1], "approve")
    assert by_itself.status == 200, "opened and decided by itself it needs no more words"
    assert (await live.history(rep, flagged[1]))[-1]["acknowledgedFlags"] is None
    refused = await live.act(approver, flagged[2], "approve", acknowledgedFlags=[])
    assert (refused.status, refused.json["code"]) == (409, "flags_not_acknowledged")
    returned = {"decision": "RETURN", "comment": "確認", "items": [{"id": flagged[2]["id"]}]}
    answer = await live.client.post("/approvals/bulk-decide", returned, token=approver.token, key=new_key())
    assert [result["status"] for result in answer.json["results"]] == [200]
