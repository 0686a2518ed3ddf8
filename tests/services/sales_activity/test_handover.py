"""A leaver's work goes to a successor and comes back, step by step as the workflows call it."""

from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError

from tests.services.sales_activity.steps import Steps, deletion, give_back, handover, restoration
from tests.services.sales_activity.world import World


async def owners(world: World) -> list[UUID]:
    return [row["user_id"] for row in await world.rows("SELECT user_id FROM tasks ORDER BY id")]


async def test_open_work_moves_and_what_ended_keeps_its_name(world: World) -> None:
    steps = Steps(world)
    leaver, successor = await world.person("rep"), await world.person("rep")
    customer = await world.customer(leaver)
    task = await world.task(leaver)
    done = await world.task(leaver)
    await world.set_status(leaver, done, "COMPLETED")
    own = await world.meeting(leaver, customer, attendeeIds=[str(leaver.id)])
    admin = await world.person("admin")
    both = [str(successor.id), str(leaver.id)]
    guest = await world.meeting(admin, customer, userId=str(admin.id), attendeeIds=both)

    call = deletion(leaver.id)
    await steps.run("fence_user", call)
    assert (await world.create_task(admin, userId=leaver.id)).json["processId"] == str(call.process_id)
    # The meeting that the leaver owns and attends counts twice.
    assert await steps.slices("reassign_activities", handover(call, successor.id), twice=True) == 4
    assert (await steps.run("sweep_user", call)).found == 0
    assert await owners(world) == [successor.id, leaver.id]
    meetings = await world.rows("SELECT id, user_id, attendee_ids, version FROM meetings ORDER BY id")
    assert [str(row["id"]) for row in meetings] == [own["id"], guest["id"]]
    assert [row["attendee_ids"] for row in meetings] == [[successor.id], [successor.id]]
    assert {row["version"] for row in meetings} == {1}
    assert await world.events(task["id"]) == ["task.created", "task.updated"]

    back = give_back(call)
    await steps.slices("return_activities", back, twice=True)
    assert await owners(world) == [leaver.id, leaver.id]
    meetings = await world.rows("SELECT user_id, attendee_ids FROM meetings ORDER BY id")
    assert [(row["user_id"], row["attendee_ids"]) for row in meetings] == [
        (leaver.id, [leaver.id]),
        (admin.id, [successor.id, leaver.id]),
    ]


async def test_only_what_still_belongs_to_the_successor_goes_back(world: World) -> None:
    steps = Steps(world)
    manager = await world.person("manager")
    leaver, successor, third = [await world.person("rep", manager=manager) for _ in range(3)]
    kept, passed_on, finished = [await world.task(leaver) for _ in range(3)]
    call = deletion(leaver.id)
    await steps.slices("reassign_activities", handover(call, successor.id))
    await world.change_task(manager, passed_on, userId=third.id)
    await world.set_status(successor, finished, "COMPLETED")
    await steps.slices("return_activities", give_back(call))
    expected = {kept["id"]: leaver.id, passed_on["id"]: third.id, finished["id"]: successor.id}
    found = {str(row["id"]): row["user_id"] for row in await world.rows("SELECT id, user_id FROM tasks")}
    assert found == expected


async def test_without_a_successor_the_manager_takes_over(world: World) -> None:
    steps = Steps(world)
    manager = await world.person("manager")
    leaver = await world.person("rep", manager=manager)
    await world.task(leaver)
    assert await steps.slices("reassign_activities", handover(deletion(leaver.id), None)) == 1
    assert await owners(world) == [manager.id]
    lonely = await world.person("rep")
    assert await steps.slices("reassign_activities", handover(deletion(lonely.id), None)) == 0
    await world.task(lonely)
    with pytest.raises(ApplicationError) as refused:
        await steps.run("reassign_activities", handover(deletion(lonely.id), None))
    assert refused.value.type == "successor_refused"


async def test_hidden_work_finds_the_successors_of_those_who_left_meanwhile(world: World) -> None:
    steps = Steps(world)
    admin = await world.person("admin")
    first, second, third = [await world.person("rep") for _ in range(3)]
    customer = await world.customer(admin)
    await world.task(admin, userId=first.id, customerId=customer)
    attended = [str(first.id), str(third.id)]
    await world.meeting(admin, customer, attendeeIds=attended)
    hiding = deletion(customer)
    await steps.run("fence_customer", hiding)
    await steps.slices("hide_activities", hiding)

    leaving = deletion(first.id)
    assert await steps.slices("reassign_activities", handover(leaving, second.id)) == 0
    leaving_too = deletion(second.id)
    assert await steps.slices("reassign_activities", handover(leaving_too, third.id)) == 0

    await steps.slices("restore_activities", restoration(hiding))
    await steps.run("unfence_customer", hiding)
    assert await owners(world) == [third.id]
    assert (await world.rows("SELECT attendee_ids FROM meetings"))[0]["attendee_ids"] == [third.id]

    await steps.slices("return_activities", give_back(leaving_too))
    assert await owners(world) == [second.id]
    await steps.slices("return_activities", give_back(leaving))
    assert await owners(world) == [first.id]
    assert set((await world.rows("SELECT attendee_ids FROM meetings"))[0]["attendee_ids"]) == {first.id, third.id}


async def test_previews_count_open_work(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    await world.task(rep, customerId=customer)
    await world.meeting(rep, customer, attendeeIds=[str(rep.id)])
    token = world.client.kit.internal_tokens.token("sales_activity")
    of_user = await world.client.get(f"/internal/users/{rep.id}/workload", token=token)
    assert {item["kind"]: item["count"] for item in of_user.json["items"]} == {
        "tasks": 1,
        "meetings": 1,
        "attendances": 1,
    }
    of_customer = await world.client.get(f"/internal/customers/{customer}/workload", token=token)
    assert {item["kind"]: item["count"] for item in of_customer.json["items"]} == {"meetings": 1, "tasks": 1}
