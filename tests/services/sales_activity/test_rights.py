"""Who sees and changes which meetings and tasks: own, team, other, for every role."""

from collections.abc import Mapping

import pytest

from tests.services.sales_activity.world import Person, World
from tests.support.http import new_key

SEES, CHANGES, HIDDEN, NOT_NAMED, REFUSED = "sees", "changes", "hidden", "not named", "refused"

MATRIX = {
    "rep": {"own": CHANGES, "report": HIDDEN, "report_of_report": HIDDEN, "other": HIDDEN},
    "manager": {"own": CHANGES, "report": CHANGES, "report_of_report": CHANGES, "other": HIDDEN},
    "auditor": {"own": SEES, "report": SEES, "report_of_report": SEES, "other": SEES},
    "admin": {"own": CHANGES, "report": CHANGES, "report_of_report": CHANGES, "other": CHANGES},
    "approver": dict.fromkeys(("own", "report", "report_of_report", "other"), NOT_NAMED),
    "ops": dict.fromkeys(("own", "report", "report_of_report", "other"), REFUSED),
}


async def _people(world: World, role: str) -> dict[str, Person]:
    me = await world.person(role)
    report = await world.person("rep", manager=me)
    below = await world.person("rep", manager=report)
    return {"own": me, "report": report, "report_of_report": below, "other": await world.person("rep")}


async def _statuses(
    world: World, caller: Person, path: str, version: int, body: Mapping[str, object]
) -> tuple[int, int]:
    read = await world.client.get(path, token=caller.token)
    written = await world.client.put(path, body, token=caller.token, if_match=version)
    return read.status, written.status


EXPECTED = {
    CHANGES: (200, 200),
    SEES: (200, 403),
    HIDDEN: (404, 404),
    NOT_NAMED: (404, 403),
    REFUSED: (403, 403),
}


@pytest.mark.parametrize("role", MATRIX)
async def test_tasks_and_meetings_open_to_those_whom_they_concern(world: World, role: str) -> None:
    people = await _people(world, role)
    caller = people["own"]
    admin = await world.person("admin")
    for relation, owner in people.items():
        customer = await world.customer(owner)
        task = await world.task(admin, userId=owner.id, customerId=customer)
        meeting = await world.meeting(admin, customer, userId=owner.id)
        expected = EXPECTED[MATRIX[role][relation]]
        change = {"title": "新しい題名", "userId": str(owner.id)}
        assert await _statuses(world, caller, f"/tasks/{task['id']}", 1, change) == expected, relation
        change |= {"customerId": str(customer), "startsAt": meeting["startsAt"], "endsAt": meeting["endsAt"]}
        assert await _statuses(world, caller, f"/meetings/{meeting['id']}", 1, change) == expected, relation
        listed = await world.client.get("/tasks", token=caller.token, params={"userId": owner.id})
        of_customer = await world.client.get(f"/meetings/customer/{customer}", token=caller.token)
        if expected[0] == 200:
            assert [item["id"] for item in listed.json["items"]] == [task["id"]]
            assert [item["id"] for item in of_customer.json["items"]] == [meeting["id"]]
        elif expected[0] == 404:
            assert listed.json["items"] == []
            assert of_customer.status == 404
        else:
            assert (listed.status, of_customer.status) == (403, 403)


async def test_nobody_is_let_in_without_a_token(world: World) -> None:
    for path in (
        "/tasks",
        "/tasks/overdue",
        "/meetings",
        "/internal/users/0190b0b0-0000-7000-8000-000000000000/workload",
    ):
        assert (await world.client.get(path)).status == 401, path


async def test_a_users_token_opens_no_internal_route(world: World) -> None:
    admin = await world.person("admin")
    assert (await world.client.get(f"/internal/users/{admin.id}/workload", token=admin.token)).status == 401


async def test_an_auditor_who_also_is_a_rep_changes_only_their_own(world: World) -> None:
    both = await world.person("rep", "auditor")
    other = await world.person("rep")
    theirs = await world.task(other)
    assert (await world.client.get(f"/tasks/{theirs['id']}", token=both.token)).status == 200
    assert (await world.set_status(both, theirs, "COMPLETED")).status == 403
    assert (await world.set_status(both, await world.task(both), "COMPLETED")).status == 200


async def test_an_attendee_sees_the_meeting_but_does_not_change_it(world: World) -> None:
    owner, guest = await world.person("rep"), await world.person("rep")
    meeting = await world.meeting(owner, await world.customer(owner), attendeeIds=[str(guest.id)])
    path = f"/meetings/{meeting['id']}"
    assert (await world.client.get(path, token=guest.token)).json["attendeeIds"] == [str(guest.id)]
    assert (await world.client.delete(path, token=guest.token)).status == 403


async def test_a_rep_sees_what_others_do_for_their_customer(world: World) -> None:
    manager = await world.person("manager")
    rep = await world.person("rep", manager=manager)
    task = await world.task(manager, customerId=await world.customer(rep))
    assert (await world.client.get(f"/tasks/{task['id']}", token=rep.token)).status == 200
    assert (await world.set_status(rep, task, "COMPLETED")).status == 403


async def test_work_is_given_only_to_people_in_scope(world: World) -> None:
    manager = await world.person("manager")
    rep, stranger = await world.person("rep", manager=manager), await world.person("rep")
    assert (await world.create_task(rep, userId=manager.id)).status == 403
    assert (await world.create_task(manager, userId=rep.id)).status == 201
    assert (await world.create_task(manager, userId=stranger.id)).status == 403


async def test_no_task_for_a_customer_out_of_sight(world: World) -> None:
    rep, other = await world.person("rep"), await world.person("rep")
    answer = await world.create_task(rep, customerId=await world.customer(other))
    assert (answer.status, answer.json["errors"][0]["code"]) == (422, "unknown_customer")


async def test_a_completed_task_is_reopened_by_assignee_and_manager_only(world: World) -> None:
    manager = await world.person("manager")
    rep = await world.person("rep", manager=manager)
    customer_rep = await world.person("rep")
    task = await world.task(rep, customerId=await world.customer(rep))
    for who, status in ((customer_rep, 404), (manager, 200), (rep, 200)):
        await world.client.patch(f"/tasks/{task['id']}/status", {"status": "COMPLETED"}, token=rep.token, key=new_key())
        assert (await world.set_status(who, task, "OPEN")).status == status
