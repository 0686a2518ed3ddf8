"""Every committed event reaches the present cluster, in the order of its aggregate, whatever dies meanwhile."""

import asyncio
from uuid import UUID, uuid4

import psycopg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.events.services import SERVICES
from services.contracts.topics import SHARED_TOPICS, WRITERS, own_partitions
from services.kit.db.database import Database
from services.kit.events.broker import PARTITIONS, TOPIC_SETTINGS, meet
from services.kit.events.envelope import Envelope
from services.kit.events.event_relay import EventRelay
from services.kit.events.outbox import record_created
from services.kit.running.context import ActorContext
from tests.support.broker import Broker
from tests.support.events import create_things, outbox_count, published, published_by_partition, rename_things, running
from tests.support.kit_tables import THINGS_TOPIC, ThingCreated, create_kit_tables, insert_thing
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually


async def _all_published(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NULL") == 0


def _versions(envelopes: list[Envelope], things: list[UUID]) -> dict[UUID, list[int | None]]:
    return {t: [e.aggregate_version for e in envelopes if e.aggregate_id == t] for t in things}


async def test_events_are_published_in_the_order_of_their_aggregate(database: Database, own_broker: Broker) -> None:
    things = await create_things(database, 200, renames=4)
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await eventually(lambda: _all_published(database))
        await rename_things(database, things, "while it runs")
        await eventually(lambda: _all_published(database))
    envelopes = await published(own_broker.bootstrap)
    assert _versions(envelopes, things) == {thing: [1, 2, 3, 4, 5, 6] for thing in things}
    assert await outbox_count(database, f"cluster_id = '{own_broker.cluster_id}'") == 1200


async def test_the_envelope_on_the_wire_says_what_the_row_said(database: Database, own_broker: Broker) -> None:
    actor, process = uuid4(), uuid4()
    context = ActorContext(actor_id=actor, process_id=process, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    async with database.transaction(context) as uow:
        thing = await insert_thing(uow, "山田太郎")
        await record_created(uow, aggregate_id=thing, event=ThingCreated(thing_id=thing, name="山田太郎"))
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await eventually(lambda: _all_published(database))
    (envelope,) = await published(own_broker.bootstrap)
    assert envelope.data == {"thingId": str(thing), "name": "山田太郎", "tags": []}
    assert (envelope.actor_id, envelope.process_id, envelope.traceparent) == (actor, process, context.traceparent)
    assert envelope.payload(ThingCreated).name == "山田太郎"


async def test_a_transaction_that_commits_late_is_not_passed_over(database: Database, own_broker: Broker) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run):
        async with database.transaction(ActorContext.system()) as late:
            thing = await insert_thing(late)
            await record_created(late, aggregate_id=thing, event=ThingCreated(thing_id=thing, name="late"))
            await create_things(database, 10)
            await eventually(lambda: _ten_published(own_broker))
        await eventually(lambda: _all_published(database))
    assert "late" in {envelope.data["name"] for envelope in await published(own_broker.bootstrap)}


async def _ten_published(broker: Broker) -> bool:
    return len(await published(broker.bootstrap)) == 10


async def test_two_relays_at_once_publish_each_event_once(database: Database, own_broker: Broker) -> None:
    first, second = (EventRelay(database, own_broker.bootstrap) for _ in range(2))
    async with running(first.run, second.run):
        await create_things(database, 300)
        await eventually(lambda: _all_published(database))
    assert len(await published(own_broker.bootstrap)) == 300


async def test_a_second_relay_takes_over_when_the_first_ends(database: Database, own_broker: Broker) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await create_things(database, 5)
        await eventually(lambda: _all_published(database))
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await create_things(database, 5)
        await eventually(lambda: _all_published(database))
    assert len(await published(own_broker.bootstrap)) == 10


async def test_a_broker_that_lost_everything_is_filled_again_in_order(database: Database, own_broker: Broker) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run):
        things = await create_things(database, 300, renames=2)
        await eventually(lambda: _all_published(database))
        own_broker.kill()
        await rename_things(database, things, "while it was away")
        own_broker.start()
        cluster = own_broker.cluster_id
        await eventually(lambda: _published_to(database, cluster, 1200))
    assert _versions(await published(own_broker.bootstrap), things) == {thing: [1, 2, 3, 4] for thing in things}


async def _published_to(db: Database, cluster: str, count: int) -> bool:
    return await outbox_count(db, f"cluster_id = '{cluster}'") == count


async def test_a_broker_killed_while_events_are_sent_loses_none(database: Database, own_broker: Broker) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run):
        for round_ in range(3):
            writing = asyncio.create_task(create_things(database, 400))
            await eventually(lambda: _some_published(database))
            own_broker.restart()
            await writing
            cluster, total = own_broker.cluster_id, 400 * (round_ + 1)
            await eventually(lambda c=cluster, t=total: _published_to(database, c, t))
    assert len({envelope.event_id for envelope in await published(own_broker.bootstrap)}) == 1200


async def _some_published(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NOT NULL") > 0


async def test_a_restarted_database_is_only_a_pause(durable_postgres: PostgresServer, own_broker: Broker) -> None:
    url = durable_postgres.database_from("kit", create_kit_tables)
    async with Database(url, name="kit") as database, running(EventRelay(database, own_broker.bootstrap).run):
        await create_things(database, 20)
        await eventually(lambda: _all_published(database))
        durable_postgres.kill()
        durable_postgres.start()
        await eventually(lambda: _written(database))
        await eventually(lambda: _all_published(database))
    assert len({envelope.event_id for envelope in await published(own_broker.bootstrap)}) == 40


async def _written(database: Database) -> bool:
    try:
        await create_things(database, 20)
    except psycopg.OperationalError:
        return False
    return True


async def test_on_a_topic_of_many_writers_each_writes_to_a_partition_of_its_own(
    postgres: PostgresServer, own_broker: Broker
) -> None:
    urls = [postgres.database_from("kit", create_kit_tables) for _ in range(2)]
    async with Database(urls[0], name="kit") as one, Database(urls[1], name="kit") as other:
        relays = [
            EventRelay(db, own_broker.bootstrap, own_partitions={THINGS_TOPIC: number})
            for db, number in ((one, 1), (other, 4))
        ]
        things = [await create_things(db, 30) for db in (one, other)]
        async with running(*(relay.run for relay in relays)):
            await eventually(lambda: _all_published(one))
            await eventually(lambda: _all_published(other))
    found = await published_by_partition(own_broker.bootstrap)
    assert {p.partition: {e.aggregate_id for e in events} for p, events in found.items() if events} == {
        1: set(things[0]),
        4: set(things[1]),
    }
    for url in urls:
        postgres.drop(url)


async def test_a_topic_with_fewer_partitions_than_writers_is_still_written(
    database: Database, own_broker: Broker
) -> None:
    await (await meet(own_broker.bootstrap, partitions=2)).ensure_topics([THINGS_TOPIC])
    await create_things(database, 10)
    async with running(EventRelay(database, own_broker.bootstrap, own_partitions={THINGS_TOPIC: 3}).run):
        await eventually(lambda: _all_published(database))
    found = await published_by_partition(own_broker.bootstrap)
    assert {p.partition: len(events) for p, events in found.items()} == {0: 0, 1: 10}


def test_every_writer_of_a_shared_topic_has_a_number_and_topics_have_as_many_partitions() -> None:
    assert sorted(WRITERS) == sorted(SERVICES)
    numbers = [own_partitions(service)[topic] for service in WRITERS for topic in SHARED_TOPICS]
    assert set(numbers) == set(range(len(WRITERS)))
    assert len(WRITERS) <= PARTITIONS
    assert own_partitions("kit") == {}


async def test_topics_say_how_long_they_keep_events(own_broker: Broker) -> None:
    """For ever: without these settings a broker keeps them for a week, and a rebuild after that finds no beginning."""
    await (await meet(own_broker.bootstrap)).ensure_topics([THINGS_TOPIC])
    admin = AIOKafkaAdminClient(bootstrap_servers=own_broker.bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, THINGS_TOPIC)])
    finally:
        await admin.close()
    (resource,) = answer.resources
    told = {entry[0]: entry[1] for entry in resource[-1]}
    assert {name: told[name] for name in TOPIC_SETTINGS} == TOPIC_SETTINGS
