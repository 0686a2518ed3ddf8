"""A leaver's customers: all of them reach the successor, and the undo gives back only what nobody else took on."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.customer.handlers import CustomerActivities
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.contracts.steps import ProcessStep, ReassignStep, ReturnStep
from services.customer.references import UserDirectory
from tests.services.customer.conftest import Team
from tests.support.http import new_key


class Handover:
    """The calls of one process about `team.rep`."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.process_id = uuid4()
        self.handlers = CustomerActivities(team.db, UserDirectory(team.db, team.client.kit.internal))
        self.sequence = 0

    async def run(self, name: str, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "process_id": self.process_id,
            "resource_id": self.team.rep.id,
            "actor_id": self.team.admin.id,
            "sequence": self.sequence,
        } | changes
        kind = (
            ReassignStep if "successor_id" in values else ReturnStep if "deletion_process_id" in values else ProcessStep
        )
        return await ActivityEnvironment().run(getattr(self.handlers, name), kind(**values))

    async def reassign(self, successor: UUID | None) -> Any:
        answer = await self.run("reassign_customers", successor_id=successor)
        self.sequence += 1
        return answer

    async def give_back(self) -> Any:
        answer = await self.run("return_customers", deletion_process_id=self.process_id)
        self.sequence += 1
        return answer

    async def refusal(self, successor: UUID | None) -> str | None:
        with pytest.raises(ApplicationError) as refused:
            await self.reassign(successor)
        assert refused.value.non_retryable
        return refused.value.type


@pytest.fixture
async def handover(team: Team) -> Handover:
    handover = Handover(team)
    await handover.run("fence_user")
    return handover


async def owners(team: Team) -> dict[str, UUID]:
    rows = await team.rows("SELECT id, assigned_sales_id FROM customers")
    return {str(row["id"]): row["assigned_sales_id"] for row in rows}


async def _many(team: Team, count: int) -> None:
    await team.execute(
        "INSERT INTO customers (id, name, kind, relationship, assigned_sales_id, state, version, event_version,"
        " created_at, updated_at) SELECT gen_random_uuid(), '客' || i, 'INDIVIDUAL', 'CLIENT', %s, 'ACTIVE', 1, 1,"
        " now(), now() FROM generate_series(1, %s) AS i",
        [team.rep.id, count],
    )


async def test_all_customers_move_with_their_events_and_come_back(team: Team) -> None:
    await _many(team, 2600)
    handover = Handover(team)
    await handover.run("fence_user")
    first = await handover.reassign(team.rep2.id)
    assert (first.done, first.remaining) == (2000, 600)
    second = await handover.reassign(team.rep2.id)
    assert (second.done, second.remaining) == (600, 0)
    assert set((await owners(team)).values()) == {team.rep2.id}
    assert (await handover.run("sweep_user")).found == 0
    (events,) = await team.rows(
        "SELECT count(*) AS n, min(aggregate_version) AS low, max(aggregate_version) AS high FROM outbox"
        " WHERE event_type = 'customer.assigned'"
    )
    assert events == {"n": 2600, "low": 2, "high": 2}
    back = [await handover.give_back(), await handover.give_back()]
    assert [(answer.done, answer.remaining) for answer in back] == [(2000, 600), (600, 0)]
    assert set((await owners(team)).values()) == {team.rep.id}
    assert await team.rows("SELECT 1 FROM customers WHERE version <> 1") == []


async def test_a_repeated_call_moves_and_counts_nothing_twice(team: Team, handover: Handover) -> None:
    await _many(team, 700)
    answers = [await handover.run("reassign_customers", successor_id=team.rep2.id) for _ in range(3)]
    assert {(answer.done, answer.remaining) for answer in answers} == {(700, 0)}
    both = await asyncio.gather(*(handover.run("reassign_customers", successor_id=team.rep2.id) for _ in range(2)))
    assert {(answer.done, answer.remaining) for answer in both} == {(700, 0)}
    assert len(await team.rows("SELECT 1 FROM outbox WHERE event_type = 'customer.assigned'")) == 700


async def test_a_customer_that_another_process_holds_is_waited_for(team: Team, handover: Handover) -> None:
    await team.execute("UPDATE user_copies SET blocked_by_process = NULL")
    customer = await team.create()
    await handover.run("fence_user", process_id=handover.process_id, sequence=1)
    await team.client.delete(f"/customers/{customer['id']}", token=team.manager.token)
    waiting = await handover.reassign(team.rep2.id)
    assert (waiting.done, waiting.remaining) == (0, 1)
    assert (await handover.run("sweep_user")).found == 1
    await team.execute("UPDATE customers SET state = 'DELETED', deleted_at = now()")
    moved = await handover.reassign(team.rep2.id)
    assert (moved.done, moved.remaining) == (1, 0)


async def test_the_fence_keeps_new_customers_away_until_it_falls(team: Team, handover: Handover) -> None:
    refused = await team.client.post("/customers", {"name": "x"}, token=team.rep.token, key=new_key())
    assert (refused.status, refused.json["processId"]) == (409, str(handover.process_id))
    await handover.run("unfence_user", process_id=uuid4())
    assert (await team.client.post("/customers", {"name": "x"}, token=team.rep.token, key=new_key())).status == 409
    await handover.run("unfence_user")
    await team.create()


async def test_a_user_whom_another_process_holds_is_not_fenced_twice(team: Team, handover: Handover) -> None:
    with pytest.raises(ApplicationError) as refused:
        await Handover(team).run("fence_user")
    assert refused.value.type == "blocked_by_process"


async def test_who_cannot_take_over_customers(team: Team, handover: Handover) -> None:
    await _many(team, 1)
    left = await team.join("left", Role.REP, state=UserState.DELETED)
    leaving = await team.join("leaving", Role.REP)
    await team.execute("UPDATE user_copies SET blocked_by_process = %s WHERE id = %s", [uuid4(), leaving.id])
    assert await handover.refusal(None) == "successor_required"
    assert await handover.refusal(team.auditor.id) == "unprocessable"
    assert await handover.refusal(left.id) == "unprocessable"
    assert await handover.refusal(leaving.id) == "blocked_by_process"
    assert set((await owners(team)).values()) == {team.rep.id}


async def test_a_call_that_comes_after_the_undo_moves_nothing(team: Team, handover: Handover) -> None:
    await _many(team, 1)
    await handover.run("unfence_user")
    assert await handover.refusal(team.rep2.id) == "not_held_by_process"
    assert set((await owners(team)).values()) == {team.rep.id}


async def test_only_what_still_belongs_to_the_successor_comes_back(team: Team) -> None:
    kept, passed_on = await team.create(), await team.create()
    handover = Handover(team)
    await handover.run("fence_user")
    await handover.reassign(team.rep2.id)
    assigned = await team.client.post(
        f"/customers/{passed_on['id']}/assign",
        {"assignedSalesId": str(team.manager.id)},
        token=team.manager.token,
        key=new_key(),
    )
    assert assigned.status == 200, assigned.json
    answer = await handover.give_back()
    assert (answer.done, answer.remaining) == (2, 0)
    assert await owners(team) == {kept["id"]: team.rep.id, passed_on["id"]: team.manager.id}


async def test_the_workload_tells_what_a_leaver_hands_over(team: Team) -> None:
    await _many(team, 3)
    internal = team.client.kit.internal_tokens.token("customer")
    answer = await team.client.get(f"/internal/users/{team.rep.id}/workload", token=internal)
    assert answer.json == {"items": [{"kind": "customers", "count": 3}], "conflicts": []}
