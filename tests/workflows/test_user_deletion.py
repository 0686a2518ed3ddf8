"""A leaver's work goes to successors and can come back; whatever fails, nothing is left half moved."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client

from services.contracts.permissions import Role
from services.contracts.processes import UserDeletionStep, UserRestorationStep
from tests.services.auth.conftest import AuthWorld, Person
from tests.support.http import Answer, StartService, new_key
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually
from tests.workflows.user_world import WORK, FakeServices, running_processes

ENDED = ("COMPLETED", "COMPENSATED", "NEEDS_ATTENTION")


@pytest.fixture
def fakes() -> FakeServices:
    return FakeServices()


@pytest.fixture
async def world(
    service_client: StartService, temporal_server: TemporalServer, temporal: Client, fakes: FakeServices
) -> AsyncIterator[AuthWorld]:
    client = await service_client(
        "auth", temporal_address=temporal_server.address, temporal_ui_url="http://temporal.example"
    )
    async with running_processes(temporal, client.kit.db, fakes):
        yield AuthWorld(client)


@pytest.fixture
async def admin(world: AuthWorld) -> Person:
    return await world.signed_in(Role.ADMIN)


@pytest.fixture
async def successor(world: AuthWorld) -> Person:
    return await world.person(Role.MANAGER, name="後任 課長")


async def delete(world: AuthWorld, admin: Person, leaver: Person, successor: Person, **headers: str) -> Answer:
    return await world.client.delete(
        f"/auth/users/{leaver.id}?successorId={successor.id}", token=admin.token, headers=headers
    )


async def ended(world: AuthWorld, admin: Person, process_id: str) -> dict[str, Any]:
    async def probe() -> dict[str, Any] | None:
        saga = await world.client.get(f"/processes/{process_id}", token=admin.token)
        return saga.json if saga.json["status"] in ENDED else None

    saga: dict[str, Any] | None = await eventually(probe, what="the process's end")
    assert saga is not None
    return saga


def steps(saga: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in saga["steps"]}


async def manager_of(world: AuthWorld, person: Person) -> UUID | None:
    manager: UUID | None = (await world.user(person))["manager_id"]
    return manager


async def test_the_work_goes_to_the_successor_and_the_leaver_goes(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.signed_in(Role.MANAGER)
    report = await world.person(manager=leaver)
    fakes.give(leaver.id, 5)
    answer = await delete(world, admin, leaver, successor)
    assert answer.status == 202
    assert answer.headers["location"] == f"/api/v1/sagas/{answer.json['sagaId']}"
    assert answer.json["status"] == "REQUESTED"
    assert (await world.client.get("/auth/me", token=leaver.token)).status == 401
    saga = await ended(world, admin, answer.json["sagaId"])
    assert saga["status"] == "COMPLETED"
    assert steps(saga) == {str(step): "DONE" for step in UserDeletionStep}
    assert saga["temporalUrl"].startswith("http://temporal.example/namespaces/default/workflows/user-deletion")
    assert (await world.user(leaver))["state"] == "DELETED"
    assert await manager_of(world, report) == successor.id
    assert all(fakes.owned(service, successor.id) == 5 and not fakes.owned(service, leaver.id) for service in WORK)
    assert await world.events(leaver) == ["user.created", "user.login", "user.deletion_started", "user.deleted"]


async def test_whoever_prefers_to_wait_gets_the_end(world: AuthWorld, admin: Person, successor: Person) -> None:
    leaver = await world.person()
    answer = await delete(world, admin, leaver, successor, prefer="wait=20")
    assert (answer.status, answer.json["status"]) == (200, "COMPLETED")
    assert answer.headers["preference-applied"] == "wait"


async def test_asked_again_it_is_the_same_process(world: AuthWorld, admin: Person, successor: Person) -> None:
    leaver = await world.person()
    first = await delete(world, admin, leaver, successor)
    second = await delete(world, admin, leaver, successor)
    assert second.status == 202
    assert second.json["sagaId"] == first.json["sagaId"]
    await ended(world, admin, first.json["sagaId"])
    third = await delete(world, admin, leaver, successor)
    assert (third.json["sagaId"], third.json["status"]) == (first.json["sagaId"], "COMPLETED")


@pytest.mark.parametrize(
    "refused",
    [
        *(f"{service}.fence_user" for service in WORK),
        *(f"{service}.reassign_{work}" for service, work in WORK.items()),
        *(f"{service}.sweep_user" for service in WORK),
    ],
)
async def test_a_refusal_in_any_step_leaves_everything_as_it_was(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices, refused: str
) -> None:
    leaver = await world.person(Role.MANAGER)
    report = await world.person(manager=leaver)
    fakes.give(leaver.id, 3)
    fakes.refuses.add(refused)
    answer = await delete(world, admin, leaver, successor)
    saga = await ended(world, admin, answer.json["sagaId"])
    assert (saga["status"], saga["detail"]) == ("COMPENSATED", "conflict")
    user = await world.user(leaver)
    assert (user["state"], user["blocked_by_process"]) == ("ACTIVE", None)
    assert await manager_of(world, report) == leaver.id
    assert all(fakes.owned(service, leaver.id) == 3 for service in WORK)
    assert not fakes.fenced
    assert (await world.events(leaver))[-1] == "user.deletion_undone"
    assert (await world.login(leaver)).status == 200


async def test_deleting_again_after_an_undo_is_a_new_process(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.person()
    fakes.refuses.add("customer.fence_user")
    first = await delete(world, admin, leaver, successor)
    await ended(world, admin, first.json["sagaId"])
    fakes.refuses.clear()
    second = await delete(world, admin, leaver, successor)
    assert second.json["sagaId"] != first.json["sagaId"]
    assert (await ended(world, admin, second.json["sagaId"]))["status"] == "COMPLETED"


async def test_operators_undo_a_deletion_that_stands_still(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.person()
    fakes.give(leaver.id, 1)
    fakes.stalls.add("opportunity.reassign_approvals")
    process_id = (await delete(world, admin, leaver, successor)).json["sagaId"]
    await eventually(lambda: fakes.calls["opportunity.reassign_approvals"] > 0)
    ops = await world.signed_in(Role.OPS)
    path = f"/processes/{process_id}/compensate"
    # Who may not see the process learns nothing of it; who sees it, but operates nothing, is refused.
    for role, status in ((Role.REP, 404), (Role.AUDITOR, 403)):
        assert (await world.client.post(path, token=(await world.signed_in(role)).token)).status == status
    assert (await world.client.post(path, {"reason": "wrong person"}, token=ops.token)).status == 200
    fakes.stalls.clear()
    saga = await ended(world, admin, process_id)
    assert saga["status"] == "COMPENSATED"
    assert all(fakes.owned(service, leaver.id) == 1 for service in WORK)
    assert (await world.audit("process.compensate"))[0]["detail"]["reason"] == "wrong person"
    assert (await world.client.post(path, token=ops.token)).status == 409


async def test_a_process_is_shown_to_who_started_it_and_who_watches_processes(
    world: AuthWorld, admin: Person, successor: Person
) -> None:
    leaver = await world.person()
    path = f"/processes/{(await delete(world, admin, leaver, successor)).json['sagaId']}"
    for role, status in ((Role.REP, 404), (Role.OPS, 200), (Role.AUDITOR, 200)):
        person = await world.signed_in(role)
        assert (await world.client.get(path, token=person.token)).status == status


async def test_a_restored_user_gets_back_what_still_lies_with_the_successor(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.person(Role.MANAGER)
    stays, moves_on = await world.person(manager=leaver), await world.person(manager=leaver)
    fakes.give(leaver.id, 3)
    deletion = (await delete(world, admin, leaver, successor)).json["sagaId"]
    await ended(world, admin, deletion)
    other = await world.person(Role.MANAGER)
    body = {"name": "x", "managerId": str(other.id)}
    await world.client.put(f"/auth/users/{moves_on.id}", body, token=admin.token, if_match=1)

    path = f"/auth/users/{leaver.id}/restore"
    answer = await world.client.post(path, token=admin.token, key=new_key())
    assert answer.status == 202
    saga = await ended(world, admin, answer.json["sagaId"])
    assert saga["status"] == "COMPLETED"
    assert list(steps(saga)) == [str(step) for step in UserRestorationStep]
    assert (await world.user(leaver))["state"] == "ACTIVE"
    assert await manager_of(world, stays) == leaver.id
    assert await manager_of(world, moves_on) == other.id
    assert all(fakes.owned(service, leaver.id) == 3 for service in WORK)
    assert not fakes.fenced
    assert (await world.events(leaver))[-1] == "user.restored"
    again = await world.client.post(path, token=admin.token)
    assert (again.status, again.json["code"]) == (409, "wrong_state")


async def test_delete_restore_and_delete_again(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.person()
    fakes.give(leaver.id, 2)
    for _ in range(2):
        await ended(world, admin, (await delete(world, admin, leaver, successor)).json["sagaId"])
        assert (await world.user(leaver))["state"] == "DELETED"
        restored = await world.client.post(f"/auth/users/{leaver.id}/restore", token=admin.token)
        assert (await ended(world, admin, restored.json["sagaId"]))["status"] == "COMPLETED"
        assert all(fakes.owned(service, leaver.id) == 2 for service in WORK)
    async with world.client.kit.db.reader() as reader:
        rows = await reader.all(
            "SELECT aggregate_version FROM outbox WHERE aggregate_id = %s AND aggregate_version IS NOT NULL"
            " ORDER BY aggregate_version",
            [leaver.id],
        )
    assert [row["aggregate_version"] for row in rows] == list(range(1, len(rows) + 1))


async def test_nobody_is_deleted_while_a_restoration_still_gives_their_work_back(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices
) -> None:
    leaver = await world.person()
    fakes.give(leaver.id, 3)
    await ended(world, admin, (await delete(world, admin, leaver, successor)).json["sagaId"])
    fakes.stalls.add("customer.return_customers")
    answer = await world.client.post(
        f"/auth/users/{leaver.id}/restore", token=admin.token, json={}, headers={"idempotency-key": new_key()}
    )

    async def giving_back() -> bool:
        return fakes.calls["customer.return_customers"] > 0

    await eventually(giving_back)
    refused = await delete(world, admin, leaver, successor)
    assert (refused.status, refused.json["processId"]) == (409, answer.json["sagaId"])
    fakes.stalls.clear()
    assert (await ended(world, admin, answer.json["sagaId"]))["status"] == "COMPLETED"
    assert all(fakes.owned(service, leaver.id) == 3 for service in WORK)
