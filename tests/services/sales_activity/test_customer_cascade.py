"""Hiding and revealing a customer's meetings and tasks, step by step as the workflows call them."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError

from services.contracts.steps import ProcessStep
from tests.services.sales_activity.steps import Steps, deletion, restoration
from tests.services.sales_activity.world import SYSTEM, World, in_hours

STATE = "id, user_id, state, version, deleted_at, hidden_by_process, due_date"


async def tasks_of(world: World, customer: UUID) -> list[dict[str, Any]]:
    return await world.rows(f"SELECT {STATE} FROM tasks WHERE customer_id = %s ORDER BY id", [customer])  # noqa: S608


async def versions_have_no_gaps(world: World) -> None:
    gaps = await world.rows(
        "SELECT aggregate_id FROM outbox WHERE aggregate_version IS NOT NULL GROUP BY aggregate_id"
        " HAVING max(aggregate_version) <> count(*)"
    )
    assert gaps == []


async def test_a_compensated_deletion_leaves_every_row_as_it_was(world: World) -> None:
    steps = Steps(world)
    rep = await world.person("rep")
    customer, other = await world.customer(rep), await world.customer(rep)
    task = await world.task(rep, customerId=customer, dueDate=in_hours(48))
    removed = await world.task(rep, customerId=customer)
    await world.client.delete(f"/tasks/{removed['id']}", token=rep.token)
    await world.meeting(rep, customer)
    untouched = await world.task(rep, customerId=other)
    before = await tasks_of(world, customer)

    call = deletion(customer)
    assert (await steps.run("fence_customer", call)).remaining == 2
    assert (await world.create_task(rep, customerId=customer)).json["processId"] == str(call.process_id)
    assert await steps.slices("hide_activities", call, twice=True) == 2
    assert (await steps.run("sweep_customer", call)).found == 0
    assert (await world.client.get(f"/tasks/{task['id']}", token=rep.token)).status == 404
    assert await world.intents(task["id"]) == ["start", "terminate"]
    assert (await world.client.get(f"/tasks/{untouched['id']}", token=rep.token)).status == 200

    assert await steps.slices("reveal_activities", call, twice=True) == 2
    await steps.run("unfence_customer", call)
    assert await tasks_of(world, customer) == before
    assert (await world.client.get(f"/tasks/{task['id']}", token=rep.token)).version == 1
    assert await world.intents(task["id"]) == ["start", "terminate", "start"]
    assert await world.events(task["id"]) == ["task.created", "task.deleted", "task.restored"]
    assert (await world.create_task(rep, customerId=customer)).status == 201
    await versions_have_no_gaps(world)


async def test_a_restoration_brings_back_what_that_deletion_hid_and_can_be_undone(world: World) -> None:
    steps = Steps(world)
    rep = await world.person("rep")
    customer = await world.customer(rep)
    for _ in range(3):
        await world.task(rep, customerId=customer)
    before = await tasks_of(world, customer)
    call = deletion(customer)
    await steps.run("fence_customer", call)
    await steps.slices("hide_activities", call)
    hidden = await tasks_of(world, customer)

    undone = restoration(call)
    assert await steps.slices("restore_activities", undone) == 3
    assert (await world.create_task(rep, customerId=customer)).status == 409
    assert await steps.slices("rehide_activities", undone, twice=True) == 3
    marks = [(row["id"], row["hidden_by_process"]) for row in await tasks_of(world, customer)]
    assert marks == [(row["id"], row["hidden_by_process"]) for row in hidden]

    again = restoration(call)
    assert await steps.slices("restore_activities", again) == 3
    await steps.run("unfence_customer", call)
    assert await tasks_of(world, customer) == before
    await versions_have_no_gaps(world)


async def test_a_second_deletion_does_not_touch_what_somebody_deleted_in_between(world: World) -> None:
    steps = Steps(world)
    rep = await world.person("rep")
    customer = await world.customer(rep)
    keep, drop = await world.task(rep, customerId=customer), await world.task(rep, customerId=customer)
    for _ in range(2):
        call = deletion(customer)
        await steps.run("fence_customer", call)
        await steps.slices("hide_activities", call)
        await steps.slices("restore_activities", restoration(call))
        await steps.run("unfence_customer", call)
        await world.client.delete(f"/tasks/{drop['id']}", token=rep.token)
    assert (await world.client.get(f"/tasks/{keep['id']}", token=rep.token)).status == 200
    assert (await world.client.get(f"/tasks/{drop['id']}", token=rep.token)).status == 404


async def test_a_customer_with_thousands_of_rows_goes_in_slices(world: World) -> None:
    steps = Steps(world)
    rep = await world.person("rep")
    customer = await world.customer(rep)
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute(
            "INSERT INTO tasks (id, customer_id, user_id, title, priority, due_date, state, version, event_version,"
            " created_at, updated_at) SELECT gen_random_uuid(), %s, %s, '連絡', 'NORMAL', now() + interval '9 days',"
            " 'OPEN', 1, 1, now(), now() FROM generate_series(1, 4100)",
            [customer, rep.id],
        )
    call = deletion(customer)
    assert (await steps.run("fence_customer", call)).remaining == 4100
    first = await steps.run("hide_activities", call)
    assert (first.done, first.remaining) == (2000, 2100)
    second = call.model_copy(update={"sequence": 1})
    assert await steps.slices("hide_activities", second) == 2100
    counts = await world.rows("SELECT kind, lane, count(*) FROM intents GROUP BY 1, 2")
    assert [tuple(row.values()) for row in counts] == [("terminate", "timer", 4100)]
    assert await steps.slices("reveal_activities", call) == 4100
    assert (await world.rows("SELECT count(*) FROM outbox WHERE event_type = 'task.restored'"))[0]["count"] == 4100


async def test_a_fence_of_another_process_refuses_and_is_not_lowered(world: World) -> None:
    steps = Steps(world)
    customer = await world.customer(await world.person("rep"))
    first, second = deletion(customer), deletion(customer)
    await steps.run("fence_customer", first)
    with pytest.raises(ApplicationError) as refused:
        await steps.run("fence_customer", second)
    assert (refused.value.type, refused.value.non_retryable) == ("blocked_by_process", True)
    await steps.run("unfence_customer", second)
    rows = await world.rows("SELECT blocked_by_process FROM customer_copies")
    assert rows[0]["blocked_by_process"] == first.process_id


async def test_a_task_that_races_with_the_fence_is_refused_or_hidden(world: World) -> None:
    steps = Steps(world)
    rep = await world.person("rep")
    for _ in range(5):
        customer = await world.customer(rep)
        call = deletion(customer)

        async def cascade(call: ProcessStep = call) -> None:
            await steps.run("fence_customer", call)
            await steps.slices("hide_activities", call)

        creations = [world.create_task(rep, customerId=customer) for _ in range(12)]
        *answers, _ = await asyncio.gather(*creations, cascade())
        assert {answer.status for answer in answers} <= {201, 409}
        assert (await steps.run("sweep_customer", call)).found == 0
        created = sum(answer.status == 201 for answer in answers)
        hidden = await world.rows("SELECT count(*) FROM tasks WHERE hidden_by_process = %s", [call.process_id])
        assert hidden[0]["count"] == created
