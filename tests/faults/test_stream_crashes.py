"""Every service's relays and consumers are killed (-9) around what they do, on the whole system; then comes rubbish."""

import itertools
from collections import Counter
from typing import Any

from aiokafka import TopicPartition

from services.contracts.permissions import Role
from services.contracts.topics import APPROVAL_EVENTS, CUSTOMER_EVENTS, PROCESS_EVENTS, SALES_EVENTS, USER_EVENTS
from services.kit.events.broker import meet
from services.kit.events.stream import Stream
from services.kit.running.crashpoints import CONSUMER_APPLIED, CONSUMER_COMMITTED, INTENT_STARTED, RELAY_PUBLISHED
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import (
    GONE,
    asked,
    change,
    customer_with_work,
    delete_customer,
    ended,
    invariants_hold,
    living,
    violations,
)
from tests.faults.worker import WorkerProcesses
from tests.support.events import published
from tests.support.system import System
from tests.support.waiting import eventually

SOURCES = ("auth", "customer", "sales_activity", "opportunity")
"""Services whose changes are events and whose intents start workflows."""
CONSUMERS = (*SOURCES, "analytics")
TOPICS = (USER_EVENTS, CUSTOMER_EVENTS, SALES_EVENTS, APPROVAL_EVENTS, PROCESS_EVENTS)
_numbers = itertools.count()
POISON = b'{"eventId": "none", "data": '


async def _news_for(system: System, consumer: str) -> str:
    """An event that the service will consume; returns the service that publishes it."""
    if consumer != "auth":
        await system.person(f"newcomer-{next(_numbers)}", Role.REP)
        return "auth"
    await asked(system.people["rep"], "POST", "/customers", {"name": "便り 商会", "kind": "CORPORATE"})
    return "customer"


async def test_relays_and_consumers_killed_at_their_worst_moments_lose_nothing_and_repeat_nothing(
    system: System, workers: WorkerProcesses
) -> None:
    """Each death has something of its own to die of: what an earlier worker may have done already does not count."""
    admin, rep, approver = (system.people[name] for name in ("admin", "rep", "approver"))
    leaver = await system.person("leaver", Role.REP, manager=system.people["manager"])
    customer = await customer_with_work(rep, approver)
    deletion = await delete_customer(system, customer)
    handover = await asked(admin, "DELETE", f"/auth/users/{leaver.id}?successorId={rep.id}")
    for service in SOURCES:
        await workers.start_and_die(f"{INTENT_STARTED}:1", service=service)
    for service in CONSUMERS:
        for point in (CONSUMER_APPLIED, CONSUMER_COMMITTED):
            source = await _news_for(system, service)
            await workers.start_and_die(f"{RELAY_PUBLISHED}:1", service=source)
            await workers.start_and_die(f"{point}:1", service=service)
    await customer_with_work(rep, approver)
    for service in ("sales_activity", "opportunity", "analytics"):
        await workers.start_and_die(f"{RELAY_PUBLISHED}:1", service=service)
    workers.start()
    for process in (deletion, handover):
        assert await ended(admin, process) == "COMPLETED"
    assert await living(rep, customer) == (GONE, "CANCELLED")
    await invariants_hold(system)
    for topic in TOPICS:
        sent = Counter(envelope.event_id for envelope in await published(system.broker.bootstrap, topic))
        assert max(sent.values()) > 1, f"no event of {topic} was sent twice, so nothing was shown"


async def _ends(system: System) -> dict[TopicPartition, int]:
    """How far the consumers have come, once they have read all there is (tansu's own ends count batches)."""
    ends: Counter[TopicPartition] = Counter()
    for service in CONSUMERS:
        for row in await system.rows(service, "SELECT topic, partition, next_offset FROM consumer_positions"):
            partition = TopicPartition(row["topic"], row["partition"])
            ends[partition] = max(ends[partition], row["next_offset"])
    return {partition: ends[partition] for partition in ends if partition.topic in TOPICS}


async def _records(bootstrap: str, ends: dict[TopicPartition, int]) -> list[tuple[TopicPartition, Any]]:
    """Every record of the partitions up to their ends."""
    session = await meet(bootstrap)
    async with session.consumer(max_records=1000) as kafka:
        stream = await Stream.from_beginning(session, kafka, list(ends), reader="test")
        found: list[tuple[TopicPartition, Any]] = []
        while any(stream.positions[partition] < end for partition, end in ends.items()):
            for partition, records in (await stream.read(timeout_ms=500, max_records=1000)).items():
                found += [(partition, record) for record in records]
    return found


async def test_events_that_come_twice_and_backwards_change_nothing_and_poison_is_put_aside(
    system: System, workers: WorkerProcesses
) -> None:
    customer = await customer_with_work(system.people["rep"], system.people["approver"])
    workers.start()
    assert await ended(system.people["admin"], await delete_customer(system, customer)) == "COMPLETED"
    await invariants_hold(system)
    ends = await _ends(system)
    records = await _records(system.broker.bootstrap, ends)
    session = await meet(system.broker.bootstrap)
    async with session.producer() as producer:
        for partition, record in reversed(records):
            await producer.send(partition.topic, record.value, key=record.key, partition=partition.partition)
        for partition in ends:
            await producer.send_and_wait(partition.topic, POISON, partition=partition.partition)

    async def all_put_aside() -> bool:
        """What stands at the end of each partition, by each that reads it."""
        for service in CONSUMERS:
            poisoned = "SELECT consumer, topic, partition FROM dead_letters"
            read = "SELECT consumer, topic, partition FROM consumer_positions WHERE topic = ANY(%s)"
            if await system.rows(service, f"{read} EXCEPT {poisoned}", [list(TOPICS)]):
                return False
        return True

    await eventually(all_put_aside, within=PATIENCE, what="consumers at the end of the stream")
    assert await violations(system, but=("at-rest",)) == []
    [(key, letters)] = await violations(system, settle_seconds=0)
    assert key == "at-rest"
    assert all("no event envelope" in letter.detail for letter in letters), letters
    for service in {letter.subject.partition(":")[0] for letter in letters}:
        # As somebody does who has looked at them: there is nothing in them to apply.
        await change(system, service, "UPDATE dead_letters SET redriven_at = now() WHERE redriven_at IS NULL", [])
    await invariants_hold(system)
