"""Audit entries as they come from any service, and somebody who changes them behind everybody's back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg

from services.auth.service.audit import take_over
from services.kit.db.database import Database
from services.kit.events.envelope import AuditRecorded, Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.support.postgres import as_owner


def entry(service: str = "customer", **more: Any) -> Envelope:
    audit_id = uuid4()
    values: dict[str, Any] = {
        "audit_id": audit_id,
        "service": service,
        "at": clock.now(),
        "actor_id": uuid4(),
        "on_behalf_of": None,
        "action": "customer.updated",
        "resource_type": "customer",
        "resource_id": uuid4(),
        "outcome": "SUCCESS",
        "ip": "192.0.2.1",
        "request_id": "r-1",
        "process_id": None,
        "detail": {"changed": ["name"], "amount": 12},
    }
    payload = AuditRecorded(**(values | more))
    return Envelope(
        event_id=uuid4(),
        event_type=AuditRecorded.event_type,
        timestamp=clock.now(),
        data=payload.model_dump(mode="json", by_alias=True),
        aggregate_id=audit_id,
    )


async def receive(db: Database, *envelopes: Envelope) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        await take_over(uow, list(envelopes))


@asynccontextmanager
async def as_an_intruder(db: Database) -> AsyncIterator[psycopg.AsyncConnection]:
    """Somebody with all rights on the database, who switches the protection off first."""
    async with await psycopg.AsyncConnection.connect(as_owner(db.url), autocommit=True) as connection:
        for table in ("audit_log", "audit_chain"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield connection
