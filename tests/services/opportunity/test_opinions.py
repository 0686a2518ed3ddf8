"""意見照会: an approver asks somebody for an opinion, and the decision waits for it or not."""

import asyncio
import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.processes import ApprovalInput, GiveOpinionCommand
from services.contracts.steps import ProcessStep, ReassignStep
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import dossier
from services.opportunity.dossier_check import check
from services.opportunity.opinions import MOST_AWAITED
from tests.services.opportunity.dossiers import take, written
from tests.services.opportunity.world import Person, World, plain, stage
from tests.support.http import Answer, new_key


async def ask(live: World, by: Person, request: dict[str, Any], whom: Person, **more: Any) -> Answer:
    return await live.act(by, request, "ask-opinion", **({"userId": whom.id, "question": "税務上の問題は"} | more))


async def wanted(live: World, person: Person) -> list[str]:
    """Numbers of the requests that await this person's opinion."""
    answer = await live.client.get("/approvals?wantsOpinion=true", token=person.token)
    counted = await live.client.get("/approvals/counts", token=person.token)
    assert counted.json["opinions"] == len(answer.json["items"])
    return [item["number"] for item in answer.json["items"]]


async def test_the_decision_waits_for_the_opinion_and_the_clock_with_it(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    assert (await live.client.get(f"/approvals/{request['id']}", token=expert.token)).status == 404
    asked = await ask(live, first, request, expert)
    assert asked.status == 200, asked.json
    assert (asked.json["state"], asked.json["deadlineAt"]) == ("PENDING", None), "its clock stands"
    [question] = asked.json["opinions"]
    assert (question["asked"]["id"], question["asker"]["id"]) == (str(expert.id), str(first.id))
    assert (question["blocks"], question["mayWithdraw"], question["question"]) == (True, True, "税務上の問題は")
    assert not {"APPROVE", "REJECT"} & set(asked.json["allowedActions"])
    assert {"RETURN", "WITHDRAW_OPINION", "REASSIGN"} <= set(asked.json["allowedActions"])
    for action in ("approve", "reject"):
        early = await live.act(first, request, action, comment="先に")
        assert (early.status, early.json["code"], early.json["awaited"]) == (409, "opinion_awaited", [str(expert.id)])
        assert expert.name in early.json["detail"]

    assert await wanted(live, expert) == [request["number"]]
    seen = await live.get(expert, request)
    assert {"GIVE_OPINION", "DECLINE_OPINION"} <= set(seen["allowedActions"])
    given = await live.act(expert, request, "give-opinion", opinion="問題ありません")
    assert given.status == 200, given.json
    assert given.json["opinions"] == []
    left = datetime.fromisoformat(given.json["deadlineAt"]) - clock.now()
    assert timedelta(hours=23, minutes=55) < left <= timedelta(hours=24)
    assert await wanted(live, expert) == []
    again = await live.act(expert, request, "give-opinion", opinion="追記")
    assert (again.status, again.json["code"]) == (403, "opinion_not_asked")

    assert (await live.act(first, request, "approve")).json["state"] == "APPROVED"
    assert (await live.get(expert, request))["state"] == "APPROVED", "whoever took part goes on seeing it"
    told = await live.history(rep, request)
    assert [entry["action"] for entry in told] == ["SUBMIT", "ASK_OPINION", "GIVE_OPINION", "APPROVE"]
    assert [(told[1][name]) for name in ("role", "comment", "askedName", "blocks")] == [
        *("APPROVER", "税務上の問題は", expert.name, True)
    ]
    assert (told[2]["role"], told[2]["comment"], told[2]["keepsEvidence"]) == ("ADVISER", "問題ありません", True)
    entry = await live.client.get(f"/approvals/{request['id']}/history/{told[3]['id']}", token=rep.token)
    [opinion] = entry.json["seen"]["opinions"]
    assert (opinion["askedName"], opinion["question"], opinion["answer"]) == (
        *(expert.name, "税務上の問題は", "問題ありません"),
    )
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []
    assert dossier.json["record"]["people"][str(expert.id)] == expert.name
    events = await live.rows(
        "SELECT event_type, data FROM outbox WHERE event_type LIKE 'approval.opinion%' ORDER BY seq"
    )
    assert [event["event_type"] for event in events] == ["approval.opinion_asked", "approval.opinion_given"]
    assert [event["data"]["opinionFrom"] for event in events] == [[str(expert.id)], []]
    assert events[0]["data"]["askedId"] == events[1]["data"]["askedId"] == str(expert.id)


async def test_a_dossier_in_which_somebody_answers_unasked_or_decides_too_early_is_found_out(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, first)
    assert (await ask(live, first, request, expert)).status == 200
    assert (await live.act(expert, request, "give-opinion", opinion="異存なし")).status == 200
    assert (await live.act(first, request, "approve")).status == 200
    document = (await take(live, rep, request)).json
    thief = dossier.Signer("evidence-20260101-00000000", Ed25519PrivateKey.generate())

    def forged(change: Callable[[list[dict[str, Any]]], Any]) -> list[tuple[str, str]]:
        record = copy.deepcopy(document["record"])
        change(record["history"])
        problems = check(written(dossier.sign(record, document["made"], thief))).problems
        return [(problem.pointer, problem.what) for problem in problems]

    early = ("/record/history/2/facts/action", "was done while an opinion was awaited")
    assert early in forged(lambda history: history.pop(2))
    unasked = ("/record/history/2/facts/actorId", "answers what nobody asked them")
    assert unasked in forged(lambda history: history[2]["facts"].update(actorId=str(rep.id)))
    assert unasked not in forged(lambda _: None)
    vain = ("/record/history/2/personal/opinion/askedId", "had not been asked")
    assert vain in forged(lambda history: history[2].update(_withdrawn(history[2], rep)))


def _withdrawn(entry: dict[str, Any], asked: Person) -> dict[str, Any]:
    """The entry as one that withdraws a question to somebody."""
    facts = entry["facts"] | {"action": "WITHDRAW_OPINION"}
    return {"facts": facts, "personal": entry["personal"] | {"opinion": {"askedId": str(asked.id)}}}


async def test_an_opinion_that_blocks_nothing_leaves_clock_and_decision_alone(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "manager")]
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    asked = await ask(live, first, request, expert, blocks=False)
    assert asked.json["deadlineAt"] == request["deadlineAt"]
    assert "APPROVE" in asked.json["allowedActions"]
    assert (await live.act(first, request, "approve")).json["state"] == "APPROVED"
    late = await live.act(expert, request, "give-opinion", opinion="遅れました")
    assert late.status == 404, "what was never answered is not seen any more"
    assert await wanted(live, expert) == []
    assert (await live.get(rep, request))["opinions"] == []


async def test_neither_reminder_nor_escalation_comes_while_the_decision_waits(live: World) -> None:
    rep, first, expert, superior = [await live.person(role) for role in ("rep", "approver", "rep", "manager")]
    one = stage("決裁", first, deadlineHours=48, escalateTo=superior.id)
    request = await live.request(rep, stages=[one])
    assert (await ask(live, first, request, expert)).status == 200
    call = ApprovalInput(approval_id=request["id"], generation=1)
    answer = {"approval_id": request["id"], "actor_id": expert.id, "actor_roles": ["rep"], "command_key": "given"}
    with clock.travel(timedelta(hours=100)):
        for step in (live.steps.remind, live.steps.escalate):
            outcome = await live.run(step, call)
            assert (outcome.remind_at, outcome.deadline_at, outcome.escalated) == (None, None, False)
        given = await live.run(live.steps.give_opinion, GiveOpinionCommand(**answer, comment_ref=new_id()))
        assert timedelta(hours=47) < given.deadline_at - clock.now() <= timedelta(hours=48)
    [row] = await live.rows("SELECT reminded_at, escalated_at FROM approvals")
    assert (row["reminded_at"], row["escalated_at"]) == (None, None)


async def test_of_many_the_one_that_waits_for_an_opinion_is_left_alone(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    waits, free = [await live.request(rep, first) for _ in range(2)]
    assert (await ask(live, first, waits, expert)).status == 200
    items = [{"id": request["id"], "revision": 1, "stage": 0} for request in (waits, free)]
    body = {"decision": "APPROVE", "items": items}
    answer = await live.client.post("/approvals/bulk-decide", body, token=first.token, key=new_key())
    assert [row["status"] for row in answer.json["results"]] == [409, 200]
    assert answer.json["results"][0]["problem"]["code"] == "opinion_awaited"


async def test_each_ending_of_the_stage_ends_its_questions(live: World) -> None:
    rep, admin = await live.person("rep"), await live.person("admin")
    first, second, expert = [await live.person("approver") for _ in range(3)]
    ends: dict[str, tuple[Person, dict[str, Any], str]] = {
        "return": (first, {"comment": "見直し"}, "RETURNED"),
        "recall": (rep, {}, "RECALLED"),
        "cancel": (admin, {"reason": "誤り"}, "CANCELLED"),
        "add-approver": (first, {"userId": second.id, "before": True}, "PENDING"),
        "reassign": (first, {"fromId": first.id, "toId": expert.id, "reason": "休暇"}, "PENDING"),
    }
    for action, (by, body, becomes) in ends.items():
        request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
        assert (await ask(live, first, request, expert)).status == 200
        ended = await live.act(by, request, action, **body)
        assert (ended.status, ended.json["state"]) == (200, becomes), ended.json
        assert (ended.json["opinions"], await wanted(live, expert)) == ([], []), action
        assert (ended.json["deadlineAt"] is not None) == (becomes == "PENDING"), action
    returned = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    assert (await ask(live, first, returned, expert)).status == 200
    assert (await live.act(first, returned, "return", comment="見直し")).status == 200
    assert (await live.act(rep, returned, "resubmit")).json["deadlineAt"] is not None
    assert (await live.act(first, returned, "approve")).json["state"] == "APPROVED"


async def test_a_question_is_declined_or_withdrawn_and_the_decision_goes_on(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    other = await live.person("approver")
    request = await live.request(rep, stages=[stage("合議", first, other, mode="ALL", deadlineHours=24)])
    assert (await ask(live, first, request, expert)).status == 200
    declined = await live.act(expert, request, "decline-opinion", reason="担当外です")
    assert (declined.status, declined.json["opinions"]) == (200, [])
    assert (await ask(live, first, request, expert)).status == 200, "somebody who declined can be asked anew"
    stranger = await live.act(other, request, "withdraw-opinion", userId=expert.id)
    assert (stranger.status, stranger.json["code"]) == (403, "not_an_approver"), "it is the asker's question"
    back = await live.act(first, request, "withdraw-opinion", userId=expert.id, reason="解決しました")
    assert (back.status, back.json["opinions"]) == (200, [])
    assert back.json["deadlineAt"] is not None
    twice = await live.act(first, request, "withdraw-opinion", userId=expert.id)
    assert (twice.status, twice.json["code"]) == (409, "nothing_to_withdraw")
    told = [entry["action"] for entry in await live.history(rep, request)]
    assert told == ["SUBMIT", "ASK_OPINION", "DECLINE_OPINION", "ASK_OPINION", "WITHDRAW_OPINION"]
    for person in (first, other):
        assert (await live.act(person, request, "approve")).status == 200
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []


async def test_who_can_not_be_asked_and_by_whom_nobody_is(live: World) -> None:
    rep, first, second, expert = [await live.person(role) for role in ("rep", "approver", "approver", "rep")]
    gone, auditor = await live.person("approver", state="SUSPENDED"), await live.person("auditor")
    request = await live.request(rep, stages=[stage("合議", first, second, mode="ALL")])

    async def code(by: Person, whom: Person, **more: Any) -> tuple[int, str]:
        answer = await ask(live, by, request, whom, **more)
        return answer.status, answer.json.get("code", "")

    for unfit in (rep, first, second, gone, auditor):
        assert await code(first, unfit) == (409, "cannot_be_asked"), unfit
    assert await code(expert, second) == (403, "forbidden")
    assert (await code(rep, expert))[0] == 403
    assert (await code(first, expert, question=" "))[0] == 422
    assert (await code(second, expert, blocks=False))[0] == 200
    assert await code(first, expert) == (409, "cannot_be_asked"), "nobody is asked twice at a time"
    for _ in range(MOST_AWAITED - 1):
        assert (await code(second, await live.person("rep"), blocks=False))[0] == 200
    assert await code(first, await live.person("rep")) == (409, "cannot_be_asked"), "and not everybody"
    assert (await live.act(second, request, "approve")).status == 200
    assert await code(second, gone) == (409, "already_voted")


async def test_asking_counts_as_acting_and_a_repeated_question_is_put_once(live: World) -> None:
    rep, first, second, expert = [await live.person(role) for role in ("rep", "approver", "approver", "rep")]
    request = await live.request(rep, stages=[stage("一次", first), stage("二次", second)])
    assert (await live.act(first, request, "approve")).status == 200
    key = new_key()
    body = {"userId": expert.id, "question": "前例は", "blocks": True}
    answers = await asyncio.gather(*(live.act(second, request, "ask-opinion", key=key, **body) for _ in range(3)))
    assert [answer.status for answer in answers] == [200] * 3
    assert [entry["action"] for entry in await live.history(rep, request)].count("ASK_OPINION") == 1
    late = await live.act(first, request, "take-back")
    assert (late.status, late.json["code"]) == (409, "nothing_to_take_back"), "somebody has acted after it"


async def test_whoever_is_asked_does_not_decide_in_the_askers_place_as_well(live: World) -> None:
    rep, absent, stand_in = [await live.person(role) for role in ("rep", "approver", "approver")]
    request = await live.request(rep, absent)
    now = clock.now()
    proxy = {"fromId": absent.id, "toId": stand_in.id, "startsAt": now, "endsAt": now + timedelta(days=1)}
    given = await live.client.post("/proxies", plain(proxy), token=absent.token, key=new_key())
    assert given.status == 201, given.json
    assert await live.inbox(stand_in) == [request["number"]]
    assert (await ask(live, absent, request, stand_in, blocks=False)).status == 200
    assert await live.inbox(stand_in) == []
    refused = await live.act(stand_in, request, "approve")
    assert (refused.status, refused.json["code"]) == (403, "advises")
    assert (await live.act(stand_in, request, "give-opinion", opinion="可")).status == 200
    assert (await live.act(stand_in, request, "approve")).json["code"] == "advises"
    assert (await live.act(absent, request, "approve")).json["state"] == "APPROVED"


async def test_a_hold_keeps_the_question_and_the_clock_stands_after_it_too(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    customer = await live.customer(rep)
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)], customerId=customer)
    assert (await ask(live, first, request, expert)).status == 200
    step = ProcessStep(process_id=new_id(), resource_id=customer, actor_id=rep.id, sequence=0)
    await live.run(live.steps.fence_customer, step)
    await live.run(live.steps.hold_approvals, step)
    held = await live.act(expert, request, "give-opinion", opinion="可")
    assert (held.status, held.json["code"]) == (409, "blocked_by_process"), held.json
    await live.run(live.steps.release_approvals, step)
    released = await live.get(first, request)
    assert (released["state"], released["deadlineAt"], len(released["opinions"])) == ("PENDING", None, 1)
    assert (await live.act(expert, request, "give-opinion", opinion="可")).json["deadlineAt"] is not None


async def test_the_question_to_a_leaver_is_withdrawn_by_the_process(live: World) -> None:
    rep, first, leaver = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    assert (await ask(live, first, request, leaver)).status == 200
    process = new_id()
    fence = ProcessStep(process_id=process, resource_id=leaver.id, actor_id=rep.id, sequence=0)
    await live.run(live.steps.fence_user, fence)
    assert (await live.run(live.steps.sweep_user, fence)).found == 1
    step = ReassignStep(process_id=process, resource_id=leaver.id, actor_id=rep.id, sequence=0, successor_id=None)
    assert (await live.run(live.steps.reassign_approvals, step)).remaining == 0
    assert (await live.run(live.steps.sweep_user, fence)).found == 0
    shown = await live.get(first, request)
    assert (shown["opinions"], shown["deadlineAt"] is not None) == ([], True)
    [*_, entry] = await live.history(rep, request)
    assert (entry["action"], entry["role"], entry["processId"]) == ("WITHDRAW_OPINION", "PROCESS", str(process))


async def test_the_question_to_somebody_who_is_suspended_is_withdrawn_by_itself(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, stages=[stage("決裁", first, deadlineHours=24)])
    assert (await ask(live, first, request, expert)).status == 200
    await live.reconcile()
    assert len((await live.get(first, request))["opinions"]) == 1
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [expert.id])
    await live.reconcile()
    shown = await live.get(first, request)
    assert (shown["opinions"], shown["deadlineAt"] is not None) == ([], True)
    [*_, entry] = await live.history(rep, request)
    assert (entry["action"], entry["role"], entry["actorId"]) == ("WITHDRAW_OPINION", "SYSTEM", None)


async def test_answer_and_withdrawal_at_the_same_instant_have_one_winner(live: World) -> None:
    rep, first, expert = [await live.person(role) for role in ("rep", "approver", "rep")]
    request = await live.request(rep, first)
    assert (await ask(live, first, request, expert)).status == 200
    answers = await asyncio.gather(
        live.act(expert, request, "give-opinion", opinion="可"),
        live.act(first, request, "withdraw-opinion", userId=expert.id),
    )
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 404], [200, 409])
    told = [entry["action"] for entry in await live.history(rep, request)]
    assert len(told) == 3
