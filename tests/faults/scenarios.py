"""What the fault tests share: people, a customer with work, how a process ends, and the invariants afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from temporalio.client import WorkflowHandle

from deploy.invariants import system as read_only
from deploy.invariants.catalogue import INVARIANTS
from deploy.invariants.run import verify
from services.contracts.permissions import Role
from services.kit.running import clock, temporal
from tests.faults.forks import PATIENCE
from tests.support.http import Answer, new_key
from tests.support.kind_fields import filled_in
from tests.support.system import Caller, System
from tests.support.waiting import eventually

TASKS = 3
ALIVE = (TASKS, 1)
"""Tasks and meetings of a customer that is there, as `living` counts them."""
GONE = (0, 0)
SETTLE_SECONDS = 120.0
DOWN = (502, 503, 504)
"""What a part that is away, or too busy, makes of a request; its sender repeats it under the same key."""
ENDED = ("COMPLETED", "COMPENSATED")


async def hire(system: System) -> None:
    """Those whom every test may call on."""
    await system.person("admin", Role.ADMIN)
    manager = await system.person("manager", Role.MANAGER)
    await system.person("rep", Role.REP, manager=manager)
    await system.person("approver", Role.APPROVER)


async def accepted(caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """The answer to a request that its sender repeats, with one key, while a part is away or too busy."""
    headers.setdefault("Idempotency_Key", new_key())

    async def answered() -> Answer | None:
        answer = await caller.ask(method, path, body, **headers)
        assert answer.status < 300 or answer.status in DOWN, answer.json
        return answer if answer.status < 300 else None

    answer = await eventually(answered, within=PATIENCE, what=f"{method} {path}")
    assert answer is not None
    return answer


async def asked(caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    """What a request is answered that must not be refused."""
    content: dict[str, Any] = (await accepted(caller, method, path, body, **headers)).json
    return content


async def customer_with_work(owner: Caller, approver: Caller) -> dict[str, Any]:
    """A customer with tasks, a meeting and a pending request, whose id is the customer's `request`."""
    customer = await asked(owner, "POST", "/customers", {"name": "山田 太郎", "kind": "INDIVIDUAL"})
    later = clock.now() + timedelta(days=30)
    about = {"customerId": customer["id"]}
    for number in range(TASKS):
        await asked(owner, "POST", "/tasks", about | {"title": f"仕事 {number}", "dueDate": later.isoformat()})
    times = {"startsAt": later.isoformat(), "endsAt": (later + timedelta(hours=1)).isoformat()}
    await asked(owner, "POST", "/meetings", about | {"title": "面談"} | times)
    customer["request"] = (await asked(owner, "POST", "/approvals", request_to(approver) | about))["id"]
    return customer


def request_to(*approvers: Caller, **stage: Any) -> dict[str, Any]:
    """The body of a request that any of these may decide."""
    stages = [{"name": "承認", "approverIds": [str(approver.id) for approver in approvers]} | stage]
    return filled_in({"kind": "FEE_DISCOUNT", "title": "手数料", "stages": stages})


async def living(owner: Caller, customer: dict[str, Any]) -> tuple[tuple[int, int], str]:
    """Live tasks and meetings, and the state of the request."""
    tasks = await asked(owner, "GET", f"/tasks?customerId={customer['id']}")
    meetings = await asked(owner, "GET", f"/meetings?customerId={customer['id']}")
    request = await asked(owner, "GET", f"/approvals/{customer['request']}")
    return (len(tasks["items"]), len(meetings["items"])), request["state"]


async def delete_customer(system: System, customer: dict[str, Any]) -> dict[str, Any]:
    return await asked(system.people["manager"], "DELETE", f"/customers/{customer['id']}")


async def stands_in(caller: Caller, process: dict[str, Any], step: str) -> None:
    """Waits until the process is in the midst of this step."""

    async def running() -> bool:
        steps = (await asked(caller, "GET", f"/sagas/{process['sagaId']}"))["steps"]
        return any((seen["name"], seen["status"]) == (step, "RUNNING") for seen in steps)

    await eventually(running, within=PATIENCE, what=f"the process in {step}")


async def ended(caller: Caller, process: dict[str, Any]) -> str:
    """The status with which the process ended."""

    async def status() -> str | None:
        seen: str = (await caller.get(f"/sagas/{process['sagaId']}")).json["status"]
        return seen if seen in ENDED else None

    seen = await eventually(status, within=PATIENCE, what="the end of the process")
    assert seen is not None
    return seen


async def workflow_of(system: System, service: str, process: dict[str, Any]) -> WorkflowHandle[Any, Any]:
    """The workflow of a process whose home is the service."""
    client = await temporal.connect(system.settings)
    rows = await system.rows(service, "SELECT workflow_id FROM processes WHERE id = %s", [process["sagaId"]])
    return client.get_workflow_handle(rows[0]["workflow_id"])


# What a user has --------------------------------------------------------------------------------------

_POSSESSIONS = (
    ("customer", "SELECT id, state FROM customers WHERE assigned_sales_id = %(user)s ORDER BY id"),
    ("sales_activity", "SELECT id, state FROM tasks WHERE user_id = %(user)s ORDER BY id"),
    ("sales_activity", "SELECT id, state FROM meetings WHERE user_id = %(user)s ORDER BY id"),
    ("opportunity", "SELECT id, state FROM approvals WHERE owner_id = %(user)s ORDER BY id"),
    ("opportunity", "SELECT approval_id FROM approval_waiting WHERE approver_id = %(user)s ORDER BY 1"),
    ("auth", "SELECT id, state FROM users WHERE manager_id = %(user)s ORDER BY id"),
)


async def possessions(system: System, user: UUID) -> list[list[dict[str, Any]]]:
    """All that a leaver hands over, kind by kind."""
    return [await system.rows(service, statement, {"user": user}) for service, statement in _POSSESSIONS]


async def change(system: System, service: str, statement: str, params: list[Any]) -> None:
    """What no request could change, such as how near a deadline is."""
    async with await psycopg.AsyncConnection.connect(system.databases[service], autocommit=True) as connection:
        changed = await connection.execute(statement, params)
        assert changed.rowcount > 0, "nothing was changed"


# The checker ------------------------------------------------------------------------------------------


async def violations(
    system: System, *, but: tuple[str, ...] = (), settle_seconds: float = SETTLE_SECONDS
) -> list[tuple[str, tuple[Any, ...]]]:
    """What `ringi verify` finds, by the invariant's key; without those in `but`."""
    chosen = tuple(invariant for invariant in INVARIANTS if invariant.key not in but)
    async with await read_only.System.open(system.settings) as running:
        findings = await verify(running, settle_seconds=settle_seconds, invariants=chosen)
    return [(finding.invariant.key, finding.violations) for finding in findings if not finding.holds]


async def invariants_hold(system: System) -> None:
    assert await violations(system) == []
