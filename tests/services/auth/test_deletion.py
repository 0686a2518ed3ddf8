"""Asking for a deletion: what is refused at once, and what is shown beforehand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.permissions import Role
from services.kit.errors import Unavailable
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.trust.internal import InternalTokens
from tests.services.auth.conftest import AuthWorld, Person
from tests.services.opportunity.world import World as Opportunity
from tests.support.http import Answer, StartService, TestIssuer


async def delete(world: AuthWorld, by: Person, user_id: UUID, query: str = "", **options: Any) -> Answer:
    return await world.client.delete(f"/auth/users/{user_id}{query}", token=by.token, **options)


async def test_nobody_deletes_themselves_or_the_last_administrator(world: AuthWorld, admin: Person) -> None:
    own = await delete(world, admin, admin.id)
    assert (own.status, own.json["code"]) == (409, "self_deletion")
    other = await world.signed_in(Role.ADMIN)
    answers = await asyncio.gather(delete(world, admin, other.id), delete(world, other, admin.id))
    assert sorted(a.status for a in answers) == [202, 409]
    assert {a.json["code"] for a in answers if a.status == 409} == {"last_admin"}


async def test_a_stale_version_is_refused_and_none_is_needed(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    await world.client.put(f"/auth/users/{person.id}", {"name": "山田 次郎"}, token=admin.token, if_match=1)
    stale = await delete(world, admin, person.id, if_match=1)
    assert (stale.status, stale.json["currentVersion"], stale.json["changedBy"]) == (412, 2, str(admin.id))
    assert (await delete(world, admin, person.id)).status == 202


@pytest.mark.parametrize("kind", ["successorId", "customersTo", "activitiesTo", "approvalsTo"])
async def test_a_successor_has_to_be_somebody_who_stays(world: AuthWorld, admin: Person, kind: str) -> None:
    leaver, leaving = await world.person(), await world.person()
    await delete(world, admin, leaving.id)
    for unfit in (leaver.id, leaving.id, uuid4()):
        answer = await delete(world, admin, leaver.id, f"?{kind}={unfit}")
        assert answer.status == 422
        assert answer.json["errors"][0]["pointer"] == f"/{kind}"
    assert (await world.user(leaver))["state"] == "ACTIVE"


async def test_approvals_go_to_somebody_who_may_decide(world: AuthWorld, admin: Person) -> None:
    leaver, rep = await world.person(), await world.person(Role.REP)
    answer = await delete(world, admin, leaver.id, f"?approvalsTo={rep.id}")
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, "successor_lacks_permission")


async def test_a_leaving_user_can_not_be_changed_signed_in_or_given_reports(world: AuthWorld, admin: Person) -> None:
    leaver = await world.person(Role.MANAGER)
    report = await world.person()
    process = (await delete(world, admin, leaver.id)).json["sagaId"]
    changed = await world.client.put(f"/auth/users/{leaver.id}", {"name": "x"}, token=admin.token, if_match=1)
    assert (changed.status, changed.json["processId"]) == (409, process)
    assert (await world.login(leaver)).status == 403
    assigned = await world.client.put(
        f"/auth/users/{report.id}", {"name": "x", "managerId": str(leaver.id)}, token=admin.token, if_match=1
    )
    assert assigned.status == 422


async def test_the_request_and_its_process_are_one_transaction(world: AuthWorld, admin: Person) -> None:
    leaver, successor = await world.person(), await world.person(Role.MANAGER)
    process = (await delete(world, admin, leaver.id, f"?successorId={successor.id}")).json["sagaId"]
    async with world.client.kit.db.reader() as reader:
        intent = await reader.one("SELECT * FROM intents")
        ledger = await reader.one("SELECT * FROM processes")
    assert intent is not None
    assert ledger is not None
    assert intent["workflow_id"] == ledger["workflow_id"] == f"user-deletion:{leaver.id}:1"
    assert str(ledger["id"]) == process
    argument = intent["instruction"]["argument"]
    assert argument["customersTo"] == argument["approvalsTo"] == str(successor.id)
    assert "name" not in str(argument).lower()


async def test_the_preview_counts_what_every_service_keeps(
    world: AuthWorld, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = await world.person(Role.MANAGER)
    await world.person(manager=leaver)
    await world.department(admin, "法務部", headId=str(leaver.id))

    async def workload(service: str, _path: str, _params: object = None) -> dict[str, Any]:
        if service == "opportunity":
            raise Unavailable()
        return {"items": [{"kind": service, "count": 3}], "conflicts": []}

    monkeypatch.setattr(type(world.client.kit.internal), "get", staticmethod(workload))
    preview = await world.client.get(f"/auth/users/{leaver.id}/deletion-preview", token=admin.token)
    assert preview.json["items"] == [
        {"kind": "reports", "count": 1},
        {"kind": "departments_headed", "count": 1, "names": ["法務部"]},
        {"kind": "customer", "count": 3},
        {"kind": "sales_activity", "count": 3},
    ]
    assert preview.json["complete"] is False


async def test_the_preview_tells_what_the_chosen_successor_can_not_simply_take_over(
    world: AuthWorld, admin: Person, service_client: StartService, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real opportunity service, which answers as over the network."""
    opportunity = Opportunity(await service_client("opportunity"), issuer)
    leaver, successor = await world.person(Role.APPROVER), await world.person(Role.APPROVER)
    rep = await opportunity.person("rep")
    for person in (leaver, successor):
        await opportunity.know(person.id, "approver")
    stage = {"name": "合議", "approverIds": [leaver.id, successor.id], "mode": "ALL"}
    request = await opportunity.request(rep, stages=[stage])
    tokens = InternalTokens(world.client.kit.settings, "auth")

    async def ask(service: str, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        if service != "opportunity":
            raise Unavailable()
        answer = await opportunity.client.get(path, params=dict(params), token=tokens.token(service))
        assert answer.status == 200, answer.json
        return answer.json

    monkeypatch.setattr(world.client.kit.internal, "get", ask)
    path = f"/auth/users/{leaver.id}/deletion-preview"
    assert (await world.client.get(path, token=admin.token)).json["conflicts"] == []
    for kind in ("successorId", "approvalsTo"):
        preview = await world.client.get(path, token=admin.token, params={kind: str(successor.id)})
        [conflict] = preview.json["conflicts"]
        assert (conflict["number"], conflict["reason"]) == (request["number"], "already_approver")
    elsewhere = await world.client.get(path, token=admin.token, params={"customersTo": str(admin.id)})
    assert elsewhere.json["conflicts"] == []
    unfit = await world.client.get(path, token=admin.token, params={"approvalsTo": str(leaver.id)})
    assert (unfit.status, unfit.json["errors"][0]["pointer"]) == (422, "/approvalsTo")


async def test_after_the_recycle_bin_period_nobody_comes_back(world: AuthWorld, admin: Person) -> None:
    person = await world.person()
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "UPDATE users SET state = 'DELETED', deletion_process_id = %s, deleted_at = %s WHERE id = %s",
            [uuid4(), clock.now() - timedelta(days=30, minutes=1), person.id],
        )
    answer = await world.client.post(f"/auth/users/{person.id}/restore", token=admin.token)
    assert (answer.status, answer.json["code"]) == (409, "recycle_bin_over")


async def test_a_deletion_is_accepted_while_temporal_is_away_and_operators_are_told_to_come_back(
    world: AuthWorld, admin: Person
) -> None:
    leaver = await world.person()
    accepted = await delete(world, admin, leaver.id)
    assert accepted.status == 202
    ops = await world.signed_in(Role.OPS)
    answer = await world.client.post(f"/processes/{accepted.json['sagaId']}/retry", token=ops.token)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    shown = await world.client.get(f"/processes/{accepted.json['sagaId']}", token=ops.token)
    assert shown.json["status"] == "REQUESTED"


async def test_a_users_process_is_followed_by_who_leads_them_and_by_nobody_beside_them(
    world: AuthWorld, admin: Person
) -> None:
    director = await world.signed_in(Role.MANAGER)
    manager = await world.signed_in(Role.MANAGER, manager=director)
    leaver = await world.person(manager=manager)
    expected = {
        "the manager": (manager, 200),
        "their manager": (director, 200),
        "another manager": (await world.signed_in(Role.MANAGER), 404),
        "a colleague": (await world.signed_in(manager=manager), 404),
        "an approver": (await world.signed_in(Role.APPROVER), 404),
        "an auditor": (await world.signed_in(Role.AUDITOR), 200),
    }
    process = (await delete(world, admin, leaver.id)).json["sagaId"]
    for who, (person, status) in expected.items():
        assert (await world.client.get(f"/processes/{process}", token=person.token)).status == status, who


async def test_a_revocation_that_can_not_be_read_back_does_not_fail_the_request(
    world: AuthWorld, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = await world.person()

    async def broken(_since: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(world.client.kit.revocations, "_fetch", broken)
    assert (await delete(world, admin, leaver.id)).status == 202
