"""Two of everything on the same databases, as a rolling upgrade has it: one system to its users, and nothing twice."""

import asyncio
from dataclasses import replace
from typing import Any

from services.contracts.permissions import Role
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import ALIVE, GONE, asked, customer_with_work, ended, invariants_hold, living, request_to
from tests.faults.worker import WorkerProcesses
from tests.support.http import Answer, new_key
from tests.support.system import Caller, System, second_web
from tests.support.waiting import eventually

REQUESTS = 12


async def _at_both(first: Caller, second: Caller, method: str, path: str, body: Any) -> list[Answer]:
    """One request, sent to both gateways at once under one key, and repeated while it is in flight elsewhere."""
    key = new_key()

    async def sent(caller: Caller) -> Answer:
        async def answered() -> Answer | None:
            answer = await caller.ask(method, path, body, Idempotency_Key=key)
            in_flight = answer.status == 409 and answer.json["code"] == "idempotency_in_flight"
            return None if in_flight or answer.status in (429, 503) else answer

        answer = await eventually(answered, within=PATIENCE, what=f"{method} {path}")
        assert answer is not None
        return answer

    return list(await asyncio.gather(sent(first), sent(second)))


async def test_two_of_everything_are_one_system(system: System, workers: WorkerProcesses) -> None:
    workers.start()
    dies = workers.start()
    rep, manager, approver = (system.people[name] for name in ("rep", "manager", "approver"))
    leaver = await system.person("two-leaver", Role.REP, manager=manager)
    async with second_web(system) as url:

        def elsewhere(caller: Caller) -> Caller:
            return replace(caller, url=url)

        # One key at both gateways is one request, and one decision.
        for number in range(REQUESTS):
            made = await _at_both(rep, elsewhere(rep), "POST", "/approvals", request_to(approver))
            assert made[0].json["id"] == made[1].json["id"], number
            path = f"/approvals/{made[0].json['id']}/approve"
            decided = await _at_both(approver, elsewhere(approver), "PATCH", path, {"comment": "承認します"})
            assert [answer.status for answer in decided] == [200, 200], [answer.json for answer in decided]
        assert len(await system.rows("opportunity", "SELECT 1 FROM approval_votes")) == REQUESTS

        # A deletion asked for at both is one process; one of the workers dies while it and a handover run.
        customer = await customer_with_work(rep, approver)
        inherited = await customer_with_work(leaver, approver)
        path = f"/customers/{customer['id']}"
        started = await asyncio.gather(asked(manager, "DELETE", path), asked(elsewhere(manager), "DELETE", path))
        assert started[0]["sagaId"] == started[1]["sagaId"]
        left = await asked(elsewhere(system.people["admin"]), "DELETE", f"/auth/users/{leaver.id}?successorId={rep.id}")
        dies.kill()
        workers.start()
        for process in (started[0], left):
            assert await ended(elsewhere(system.people["admin"]), process) == "COMPLETED"
        assert await living(rep, customer) == (GONE, "CANCELLED")
        assert (await living(rep, inherited))[0] == ALIVE
        await invariants_hold(system)
