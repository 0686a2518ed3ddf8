"""引上げ承認: a superior decides in the place of an approver below them, where the stage lets them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from deploy.invariants.approvals import decided_with_right, one_place_each
from services.kit.running import clock
from services.opportunity.dossier_check import check
from services.opportunity.dossier_story import contradictions
from services.opportunity.schemas.dossier import DossierRecord
from tests.services.opportunity.world import Person, World, stage
from tests.support.http import new_key

if TYPE_CHECKING:
    from deploy.invariants.system import System

WHY = "担当者不在のため、私が確認しました"


class _Undone(Exception):
    """Rolls a transaction back."""


def _system(rows: Callable[..., Awaitable[list[dict[str, Any]]]]) -> "System":
    """The part of a System that invariants of approvals read."""

    async def read(_service: str, statement: Any, params: Any = ()) -> list[dict[str, Any]]:
        return await rows(statement, params)

    return cast("System", SimpleNamespace(all=read))


async def _line(live: World) -> tuple[Person, Person, Person, Person]:
    """A requester, who has nothing to do with the others: an approver, their superior, and the superior's."""
    rep = await live.person("rep")
    head = await live.person("manager", name="高橋 部長")
    chief = await live.person("manager", name="田中 課長", manager=head)
    return rep, await live.person("approver", name="鈴木 係長", manager=chief), chief, head


async def _stuck(live: World, person: Person, **query: str) -> list[str]:
    answer = await live.client.get(f"/approvals/pending?{urlencode({'stuck': 'true'} | query)}", token=person.token)
    assert answer.status == 200, answer.json
    return [item["number"] for item in answer.json["items"]]


async def _counted(live: World, person: Person) -> int:
    counted: int = (await live.client.get("/approvals/counts", token=person.token)).json["stuck"]
    return counted


async def test_a_superior_steps_in_and_everything_names_both(live: World) -> None:
    rep, approver, chief, head = await _line(live)
    second = await live.person("approver")
    request = await live.request(rep, stages=[stage("一次", approver, stepIn="ALWAYS"), stage("二次", second)])
    assert request["stages"][0]["stepIn"] == "ALWAYS"
    for superior in (chief, head):
        assert (await _stuck(live, superior), await _counted(live, superior)) == ([request["number"]], 1)
        shown = await live.get(superior, request)
        assert shown["stepsInFor"] == [{"id": str(approver.id), "name": "鈴木 係長"}]
        assert {"APPROVE", "RETURN", "REJECT"}.isdisjoint(shown["allowedActions"])
    assert await _counted(live, second) == 0
    quiet = await live.act(head, request, "approve", comment=WHY)
    assert (quiet.status, quiet.json["code"]) == (403, "not_an_approver"), "nobody steps in without saying so"
    unsaid = await live.act(head, request, "step-in", insteadOf=approver.id)
    assert unsaid.status == 422
    done = await live.act(head, request, "step-in", insteadOf=approver.id, comment=WHY, stage=0, revision=1)
    assert (done.status, done.json["stage"]) == (200, 1), done.json
    entry = (await live.history(rep, request))[-1]
    assert (entry["action"], entry["role"], entry["comment"]) == ("APPROVE", "SUPERIOR", WHY)
    assert (entry["actorName"], entry["onBehalfOfName"]) == ("高橋 部長", "鈴木 係長")
    [event] = await live.rows("SELECT data FROM outbox WHERE event_type = 'approval.stage_completed'")
    told = event["data"]
    assert (told["actedBy"], told["onBehalfOf"], told["steppedIn"]) == (str(head.id), str(approver.id), True)
    [audited] = await live.rows("SELECT on_behalf_of, detail FROM audit_entries WHERE action = 'approval.approve'")
    assert (audited["on_behalf_of"], audited["detail"]["role"]) == (approver.id, "SUPERIOR")
    late = await live.act(approver, request, "approve")
    assert (late.status, late.json["code"]) == (403, "not_an_approver")
    assert (await _stuck(live, chief), await _counted(live, chief)) == ([], 0)
    assert (await live.client.get(f"/approvals/{request['id']}", token=chief.token)).status == 404
    assert (await live.get(head, request))["allowedActions"] == ["TAKE_BACK"]
    auditor = await live.person("auditor")
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=auditor.token)
    assert check(dossier.body).problems == []
    kept = dossier.json["record"]["history"][-1]
    assert kept["facts"]["role"] == "SUPERIOR"
    assert kept["personal"]["line"] == [str(chief.id), str(head.id)]
    assert await decided_with_right(_system(live.rows)) == []


async def test_what_is_stepped_into_is_returned_rejected_and_taken_back_as_by_the_approver(live: World) -> None:
    rep, approver, chief, _ = await _line(live)
    route = [stage("一次", approver, stepIn="ALWAYS"), stage("二次", await live.person("approver"))]
    step_in = {"insteadOf": approver.id, "comment": WHY}
    request = await live.request(rep, stages=route)
    returned = await live.act(chief, request, "step-in", decision="RETURN", **step_in)
    assert (returned.status, returned.json["state"]) == (200, "RETURNED"), returned.json
    assert (await live.act(rep, request, "resubmit")).status == 200
    assert (await live.act(chief, request, "step-in", **step_in)).json["stage"] == 1
    back = await live.act(chief, request, "take-back", comment="金額を見直します")
    assert (back.status, [person["id"] for person in back.json["waitingFor"]]) == (200, [str(approver.id)])
    entry = (await live.history(rep, request))[-1]
    assert (entry["action"], entry["role"], entry["onBehalfOfId"]) == ("TAKE_BACK", "SUPERIOR", str(approver.id))
    ended = await live.act(chief, request, "step-in", decision="REJECT", **step_in)
    assert (ended.status, ended.json["state"]) == (200, "REJECTED")
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    assert check(dossier.body).problems == []
    assert await decided_with_right(_system(live.rows)) == []


async def test_a_stage_that_lets_superiors_in_when_late_opens_with_its_deadline(live: World) -> None:
    rep, approver, chief, _ = await _line(live)
    endless = await live.create(rep, stages=[stage("承認", approver, stepIn="WHEN_LATE")])
    assert (endless.status, endless.json["errors"][0]["code"]) == (422, "step_in_without_deadline")
    late = stage("承認", approver, stepIn="WHEN_LATE", deadlineHours=48)
    request = await live.request(rep, stages=[late])
    assert (await _stuck(live, chief), await _counted(live, chief)) == ([], 0)
    assert (await live.client.get(f"/approvals/{request['id']}", token=chief.token)).status == 404
    early = await live.act(chief, request, "step-in", insteadOf=approver.id, comment=WHY)
    assert early.status == 404
    with clock.travel(timedelta(hours=49)):
        chief = live.renewed(chief, "manager")
        assert await _stuck(live, chief, sort="deadlineAt") == [request["number"]]
        assert await _stuck(live, chief, kind="EXPENSE") == []
        files = await live.client.get(f"/approvals/{request['id']}/attachments", token=chief.token)
        assert files.status == 200
        done = await live.act(chief, request, "step-in", insteadOf=approver.id, comment=WHY)
        assert (done.status, done.json["state"]) == (200, "APPROVED"), done.json


async def test_who_may_not_step_in(live: World) -> None:
    rep, approver, chief, head = await _line(live)
    colleague = await live.person("manager")
    request = await live.request(rep, stages=[stage("合議", approver, chief, mode="ALL", stepIn="ALWAYS")])
    step_in = {"insteadOf": approver.id, "comment": WHY}
    own_place = await live.act(chief, request, "step-in", **step_in)
    assert (own_place.status, own_place.json["code"]) == (409, "cannot_step_in")
    assert (await live.act(colleague, request, "step-in", **step_in)).status == 404
    assert await _stuck(live, chief) == []
    assert (await live.act(head, request, "step-in", **step_in)).status == 200
    for taken, code in ((approver, "cannot_step_in"), (chief, "already_voted")):
        again = await live.act(head, request, "step-in", **(step_in | {"insteadOf": taken.id}))
        assert (again.status, again.json["code"]) == (409, code)
    assert await _stuck(live, head) == []
    assert await one_place_each(_system(live.rows)) == []

    theirs = await live.request(await live.person("rep", manager=chief), stages=[stage("承認", approver)])
    shut = await live.act(chief, theirs, "step-in", **step_in)
    assert (shut.status, shut.json["code"]) == (409, "cannot_step_in"), "seen through the team, and not let in"
    own = await live.request(chief, stages=[stage("承認", approver, stepIn="ALWAYS")])
    assert (await live.act(chief, own, "step-in", **step_in)).json["code"] == "own_request"
    assert await _stuck(live, chief) == []

    appointed = await live.person("manager", "admin")
    below = await live.person("approver", manager=appointed)
    ours = await live.request(rep, stages=[stage("承認", below, stepIn="ALWAYS")])
    by_admin = await live.act(appointed, ours, "step-in", insteadOf=below.id, comment=WHY)
    assert (by_admin.status, await _counted(live, appointed)) == (403, 0)
    async with live.db.transaction(live.system) as uow:
        await uow.execute("UPDATE user_copies SET state = 'SUSPENDED' WHERE id = %s", [chief.id])
    open_one = await live.request(rep, stages=[stage("承認", approver, stepIn="ALWAYS")])
    assert (await live.act(chief, open_one, "step-in", **step_in)).status == 403


async def test_of_two_superiors_one_wins_and_a_repeat_steps_in_once(live: World) -> None:
    rep, approver, chief, head = await _line(live)
    other = await live.person("approver")
    request = await live.request(rep, stages=[stage("合議", approver, other, mode="ALL", stepIn="ALWAYS")])
    step_in = {"insteadOf": approver.id, "comment": WHY, "stage": 0, "revision": 1}
    key = new_key()
    answers = await asyncio.gather(
        *(live.act(chief, request, "step-in", key=key, **step_in) for _ in range(2)),
        live.act(head, request, "step-in", **step_in),
    )
    statuses = [answer.status for answer in answers]
    assert statuses in ([200, 200, 409], [409, 409, 200]), [answer.json for answer in answers]
    assert [entry["action"] for entry in await live.history(rep, request)] == ["SUBMIT", "APPROVE"]


async def test_a_step_in_without_the_right_is_found(live: World) -> None:
    rep, approver, chief, _ = await _line(live)
    request = await live.request(rep, stages=[stage("承認", approver, stepIn="ALWAYS")])
    assert (await live.act(chief, request, "step-in", insteadOf=approver.id, comment=WHY)).status == 200
    assert await decided_with_right(_system(live.rows)) == []
    seeded = (
        "UPDATE approval_votes SET step_in_from = at + interval '1 hour'",
        "UPDATE approval_votes SET step_in_from = NULL",
        "UPDATE approval_history_personal SET content = content - 'line'",
        "UPDATE approval_history_personal SET content = jsonb_set(content, '{line}', '[]') WHERE content ? 'line'",
        "UPDATE approval_history_personal SET content = jsonb_set(content, '{snapshot,stages,0,stepIn}', '\"NEVER\"')"
        " WHERE content ? 'line'",
    )
    for statement in seeded:
        with suppress(_Undone):
            async with live.db.transaction(live.system) as uow:
                assert await uow.execute(statement) > 0
                [found] = await decided_with_right(_system(uow.all))
                assert str(chief.id) in found.detail, statement
                raise _Undone


async def test_a_dossier_that_tells_of_a_step_in_without_the_right_is_found(live: World) -> None:
    rep, approver, chief, _ = await _line(live)
    request = await live.request(rep, stages=[stage("承認", approver, stepIn="ALWAYS")])
    assert (await live.act(chief, request, "step-in", insteadOf=approver.id, comment=WHY)).status == 200
    dossier = await live.client.get(f"/approvals/{request['id']}/dossier", token=rep.token)
    record = DossierRecord.model_validate_json(json.dumps(dossier.json["record"]))
    assert list(contradictions(record)) == []
    decision = record.history[-1]
    assert decision.personal is not None
    stages = decision.personal["snapshot"]["stages"]
    for personal, pointer in (
        (decision.personal | {"line": [str(rep.id)]}, "/record/history/1/personal/line"),
        (
            decision.personal
            | {"snapshot": decision.personal["snapshot"] | {"stages": [stages[0] | {"stepIn": "NEVER"}]}},
            "/record/history/1/personal/snapshot/stages",
        ),
    ):
        told = record.model_copy(
            update={"history": [record.history[0], decision.model_copy(update={"personal": personal})]}
        )
        assert [place for place, _ in contradictions(told)] == [pointer]
