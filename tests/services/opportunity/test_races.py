"""People who act on one request at the same instant: what each of them may do, and no more, is done."""

import asyncio

from tests.services.opportunity.world import World


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
