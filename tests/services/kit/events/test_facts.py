"""What facts tell of a record: the newest that was applied counts, and an end is final."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.events.envelope import Envelope
from services.kit.events.facts import FactTable
from services.kit.running import clock
from services.kit.running.context import ActorContext

LOANS = FactTable(
    table="loan_copies", prefix="loan.", columns={"holder": "holder"}, ended_by=frozenset({"loan.returned"})
)


def fact(loan: UUID, event_type: str, **data: Any) -> Envelope:
    return Envelope(event_id=uuid4(), event_type=event_type, timestamp=clock.now(), data=data, aggregate_id=loan)


@pytest.fixture
async def loans(database: Database) -> Database:
    async with database.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "CREATE TABLE loan_copies (id uuid PRIMARY KEY, holder text NOT NULL, ended boolean NOT NULL)"
        )
    return database


async def _apply(db: Database, *envelopes: Envelope) -> list[Row]:
    async with db.transaction(ActorContext.system()) as uow:
        await LOANS.apply(uow, envelopes)
        return await uow.all("SELECT holder, ended FROM loan_copies ORDER BY holder")


@pytest.mark.parametrize("together", [True, False])
async def test_the_last_fact_counts(loans: Database, *, together: bool) -> None:
    loan = uuid4()
    facts = [fact(loan, "loan.made", holder="a"), fact(loan, "loan.passed_on", holder="b")]
    for batch in [facts] if together else [[one] for one in facts]:
        found = await _apply(loans, *batch)
    assert found == [{"holder": "b", "ended": False}]


@pytest.mark.parametrize("together", [True, False])
async def test_nothing_brings_back_what_ended(loans: Database, *, together: bool) -> None:
    loan = uuid4()
    facts = [fact(loan, "loan.returned", holder="a"), fact(loan, "loan.made", holder="b")]
    for batch in [facts] if together else [[one] for one in facts]:
        found = await _apply(loans, *batch)
    assert found == [{"holder": "a", "ended": True}]


async def test_other_facts_of_the_topic_change_nothing(loans: Database) -> None:
    assert await _apply(loans, fact(uuid4(), "loaned.made", holder="a"), fact(uuid4(), "book.made")) == []
