"""Tables with which the kit is tested: its own, and an aggregate, a copy and an effect without business meaning."""

import uuid
from typing import ClassVar
from uuid import UUID

import psycopg

from services.kit.db.schema import KIT_SCHEMA, RESTARTS
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import EventPayload

THINGS_TOPIC = "thing.events"
TABLES = """
CREATE TABLE things (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    version int NOT NULL DEFAULT 1,
    event_version int NOT NULL DEFAULT 1,
    blocked_by_process uuid
);
CREATE TABLE thing_copies (
    id uuid PRIMARY KEY,
    name text,
    tags text[],
    state text,
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
CREATE TABLE effects (event_id uuid NOT NULL, name text NOT NULL, at_position bigint GENERATED ALWAYS AS IDENTITY);
"""


def create_kit_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(KIT_SCHEMA)
        connection.execute(RESTARTS)
        connection.execute(TABLES)
        connection.execute("SELECT ensure_outbox_partitions(current_date, 3)")


class ThingPayload(EventPayload):
    topic: ClassVar[str] = THINGS_TOPIC
    thing_id: UUID
    name: str
    tags: tuple[str, ...] = ()


class ThingCreated(ThingPayload):
    event_type: ClassVar[str] = "thing.created"


class ThingRenamed(ThingPayload):
    event_type: ClassVar[str] = "thing.renamed"


class ThingDeleted(ThingPayload):
    event_type: ClassVar[str] = "thing.deleted"


class ThingSeen(EventPayload):
    topic: ClassVar[str] = THINGS_TOPIC
    event_type: ClassVar[str] = "thing.seen"
    thing_id: UUID


async def insert_thing(uow: UnitOfWork, name: str = "a thing") -> UUID:
    thing_id = uuid.uuid4()
    await uow.execute("INSERT INTO things (id, name) VALUES (%s, %s)", [thing_id, name])
    return thing_id
