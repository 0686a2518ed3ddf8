"""The store of the Temporal server that the embedded run and the tests share their settings of."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from tests.support.temporal import TemporalServer

WAL = b"\x02\x02"
"""Read and write version of a database with a write-ahead log (SQLite file format, offsets 18 and 19)."""


async def test_the_store_writes_ahead_and_keeps_what_it_acknowledged_when_the_server_is_killed(
    own_temporal: TemporalServer,
) -> None:
    client = await own_temporal.client()
    for number in range(20):
        await client.start_workflow(
            "waits", id=f"kept-{number}", task_queue="nobody", execution_timeout=timedelta(hours=1)
        )
    own_temporal.kill()
    with (own_temporal.folder / "temporal.db").open("rb") as store:
        store.seek(18)
        assert store.read(2) == WAL

    own_temporal.start()
    client = await own_temporal.client()
    for number in range(20):
        description = await client.get_workflow_handle(f"kept-{number}").describe()
        assert description.status is WorkflowExecutionStatus.RUNNING
