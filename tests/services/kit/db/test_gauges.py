"""What operators are alerted by: waiting intents, open processes, dead letters."""

from uuid import uuid4

from prometheus_client import REGISTRY

from services.kit.db.database import Database
from services.kit.db.gauges import DatabaseGauges
from services.kit.processes.intents import terminate_workflows
from services.kit.processes.ledger import finish_process, open_process
from services.kit.processes.statuses import ProcessStatus
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id


def _value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"database": "kit", **labels})


async def test_gauges_follow_the_database_up_and_down(database: Database, system: ActorContext) -> None:
    gauges, process_id = DatabaseGauges(database), new_id()
    async with database.transaction(system) as uow:
        await terminate_workflows(uow, ["a", "b"], reason="a test")
        await open_process(
            uow,
            process_id=process_id,
            workflow_id="thing-removal:1",
            type="thing_removal",
            resource_id=uuid4(),
            actor_id=None,
            steps=["hold"],
        )
    await gauges.read()
    assert _value("ringi_intents_waiting", lane="timer") == 2
    assert _value("ringi_intents_waiting", lane="process") == 0
    assert _value("ringi_processes_open", type="thing_removal", status="REQUESTED") == 1
    async with database.transaction(system) as uow:
        await finish_process(uow, process_id=process_id, status=ProcessStatus.COMPLETED)
    await gauges.read()
    assert _value("ringi_processes_open", type="thing_removal", status="REQUESTED") == 0
    assert _value("ringi_pool_connections", pool="read", state="used") is not None
