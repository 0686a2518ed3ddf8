"""What the sales activity worker hosts."""

from typing import Any

from temporalio import activity
from temporalio.client import Client

from activities.sales_activity import contract
from activities.sales_activity.handlers import SalesActivityActivities
from services.contracts.processes import RECONCILE_TASK_TIMERS, TaskQueue
from services.kit.running.ids import new_id
from tests.services.sales_activity.world import World
from workers.sales_activity import RECONCILE_EVERY
from workers.schedules import Periodic


def definitions(items: list[Any]) -> dict[str, Any]:
    found = [activity._Definition.from_callable(item) for item in items]
    return {definition.name: definition for definition in found if definition is not None and definition.name}


def test_every_step_of_the_contract_is_served_with_its_own_types(world: World) -> None:
    handlers = SalesActivityActivities(world.db, directory=None, temporal=None)  # type: ignore[arg-type]
    stubs = definitions(list(vars(contract).values()))
    served = definitions(handlers.all())
    assert served.keys() == stubs.keys()
    for name, stub in stubs.items():
        assert (served[name].arg_types, served[name].ret_type) == (stub.arg_types, stub.ret_type), name


async def test_the_schedule_is_created_once_and_follows_a_new_interval(temporal: Client) -> None:
    queue = f"{TaskQueue.SALES_ACTIVITY}-{new_id()}"
    for every in (2 * RECONCILE_EVERY, RECONCILE_EVERY):
        await Periodic(RECONCILE_TASK_TIMERS, RECONCILE_TASK_TIMERS, queue, every).ensure(temporal)
    handle = temporal.get_schedule_handle(RECONCILE_TASK_TIMERS)
    spec = (await handle.describe()).schedule.spec
    assert [interval.every for interval in spec.intervals] == [RECONCILE_EVERY]
    await handle.delete()
