"""The worker is killed (-9) around everything that an approval can do: one outcome stands, told alike everywhere."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from activities.opportunity.handlers import DECIDED
from services.contracts.permissions import Role
from services.kit.running import clock
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import (
    ALIVE,
    asked,
    change,
    customer_with_work,
    delete_customer,
    ended,
    invariants_hold,
    living,
    request_to,
    workflow_of,
)
from tests.faults.worker import WorkerProcesses
from tests.support.http import Answer, new_key
from tests.support.system import Caller, System
from tests.support.waiting import eventually

MOMENTS = ("begins", "committed")
ANSWERS = ("give_opinion", "decline_opinion", "withdraw_opinion")
BY_PEOPLE = (
    *("decide", "take_back", "add_approver", "recall", "resubmit", "reassign", "cancel", "ask_opinion"),
    *ANSWERS,
)
BY_PROCESSES = ("hold", "release")
BY_TIME = ("load_approval", "remind", "escalate")


@dataclass
class Order:
    """A command of somebody, which is repeated under its key until it is answered."""

    caller: Caller
    request: str
    action: str
    becomes: str
    body: dict[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=new_key)

    async def send(self) -> Answer:
        path = f"/approvals/{self.request}/{self.action}"
        return await self.caller.ask("PATCH", path, self.body, Idempotency_Key=self.key)

    async def answered(self) -> bool:
        answer = await self.send()
        assert answer.status in (200, 503), answer.json
        return answer.status == 200 and answer.json["state"] == self.becomes


async def _requests(system: System, count: int, *approvers: str) -> list[str]:
    """With a stage for each of these people."""
    stages = [stage for name in approvers or ("approver",) for stage in request_to(system.people[name])["stages"]]
    body = request_to(system.people["approver"]) | {"stages": stages}
    return [(await asked(system.people["rep"], "POST", "/approvals", body))["id"] for _ in range(count)]


async def _history(system: System, request: str) -> list[str]:
    statement = "SELECT action FROM approval_history WHERE approval_id = %s ORDER BY sequence"
    return [row["action"] for row in await system.rows("opportunity", statement, [request])]


async def _orders(system: System, workers: WorkerProcesses) -> dict[str, Order]:
    """A crash point each, with the command that leads to it, on a request of its own."""
    rep, approver, admin, manager = (system.people[name] for name in ("rep", "approver", "admin", "manager"))
    asked_of = {"userId": str(manager.id)}
    question = asked_of | {"question": "前例は"}
    reassigned = {"fromId": str(approver.id), "toId": str(system.people["manager"].id), "reason": "不在のため"}
    made = {
        "decide": lambda request: Order(approver, request, "approve", "APPROVED"),
        "take_back": lambda request: Order(approver, request, "take-back", "PENDING"),
        "add_approver": lambda request: Order(
            approver, request, "add-approver", "PENDING", {"userId": str(system.people["manager"].id), "before": True}
        ),
        "ask_opinion": lambda request: Order(approver, request, "ask-opinion", "PENDING", question),
        "give_opinion": lambda request: Order(manager, request, "give-opinion", "PENDING", {"opinion": "異存なし"}),
        "decline_opinion": lambda request: Order(manager, request, "decline-opinion", "PENDING", {"reason": "担当外"}),
        "withdraw_opinion": lambda request: Order(approver, request, "withdraw-opinion", "PENDING", asked_of),
        "recall": lambda request: Order(rep, request, "recall", "RECALLED"),
        "resubmit": lambda request: Order(rep, request, "resubmit", "PENDING"),
        "reassign": lambda request: Order(admin, request, "reassign", "PENDING", reassigned),
        "cancel": lambda request: Order(admin, request, "cancel", "CANCELLED", {"reason": "誤り"}),
    }
    points = [f"opportunity.{update}.{moment}" for update in BY_PEOPLE for moment in MOMENTS] + [DECIDED]
    requests = dict(zip(points, await _requests(system, len(points)), strict=True))
    taken = [f"opportunity.take_back.{moment}" for moment in MOMENTS]
    requests |= dict(zip(taken, await _requests(system, len(taken), "approver", "manager"), strict=True))
    first = workers.start()
    for point in taken:
        approved = Order(approver, requests[point], "approve", "PENDING")
        await eventually(approved.answered, within=PATIENCE, what="an approval to take back")
    for point in (f"opportunity.{answer}.{moment}" for answer in ANSWERS for moment in MOMENTS):
        put = Order(approver, requests[point], "ask-opinion", "PENDING", question)
        await eventually(put.answered, within=PATIENCE, what="a question")
    for moment in MOMENTS:
        returned = Order(
            approver, requests[f"opportunity.resubmit.{moment}"], "return", "RETURNED", {"comment": "不足"}
        )
        await eventually(returned.answered, within=PATIENCE, what="a returned request")
    first.kill()
    updates = {point: "decide" if point == DECIDED else point.split(".")[1] for point in points}
    return {point: made[updates[point]](request) for point, request in requests.items()}


async def test_whatever_people_do_with_a_request_happens_once_though_the_worker_dies_around_it(
    system: System, workers: WorkerProcesses
) -> None:
    orders = await _orders(system, workers)
    before = {order.request: await _history(system, order.request) for order in orders.values()}
    sent = []
    for point, order in orders.items():
        worker = workers.start(f"{point}:1")
        sent.append(asyncio.ensure_future(order.send()))
        await worker.dies(f"death at {point}")
    assert {answer.status for answer in await asyncio.gather(*sent)} <= {200, 503}
    workers.start()
    for point, order in orders.items():
        await eventually(order.answered, within=PATIENCE, what=f"the answer after {point}")
        assert len(await _history(system, order.request)) == len(before[order.request]) + 1, point
    await invariants_hold(system)


async def test_worker_and_temporal_killed_right_after_a_decision_committed_agree_with_the_row_everywhere(
    system: System, workers: WorkerProcesses
) -> None:
    [request] = await _requests(system, 1)
    order = Order(system.people["approver"], request, "approve", "APPROVED")
    worker = workers.start(f"{DECIDED}:1")
    sent = asyncio.ensure_future(order.send())
    await worker.dies("death right after the decision")
    system.temporal.kill()
    # Nobody could answer for Temporal, but the row tells that this very decision was made.
    assert (await sent).status == 200
    assert (await asked(order.caller, "GET", f"/approvals/{request}"))["state"] == "APPROVED"
    system.temporal.start()
    workers.start()
    await eventually(order.answered, within=PATIENCE, what="the answer to the repeated decision")
    assert await _history(system, request) == ["SUBMIT", "APPROVE"]
    await invariants_hold(system)


async def test_a_hold_and_its_release_happen_once_though_the_worker_dies_around_them(
    system: System, workers: WorkerProcesses
) -> None:
    customer = await customer_with_work(system.people["rep"], system.people["approver"])
    process = await delete_customer(system, customer)
    await workers.die_around("opportunity.hold")
    await workers.start_and_die("sales_activity.hide_activities.begins:1")
    await (await workflow_of(system, "customer", process)).cancel()
    await workers.die_around("opportunity.release")
    workers.start()
    assert await ended(system.people["manager"], process) == "COMPENSATED"
    assert await living(system.people["rep"], customer) == (ALIVE, "PENDING")
    assert await _history(system, customer["request"]) == ["SUBMIT", "HOLD", "RELEASE"]
    await invariants_hold(system)


async def test_each_reminder_and_escalation_happens_once_though_the_worker_dies_around_it(
    system: System, workers: WorkerProcesses
) -> None:
    """The deadlines of these requests are near, or over, before any worker has seen them."""
    rep, approver, manager = (system.people[name] for name in ("rep", "approver", "manager"))
    deadlines = {"load_approval": timedelta(hours=1), "remind": timedelta(minutes=10), "escalate": timedelta(0)}
    body = request_to(approver, deadlineHours=1, escalateTo=str(manager.id))
    requests = {}
    for step in BY_TIME:
        for moment in MOMENTS:
            made = await asked(rep, "POST", "/approvals", body)
            moved = "UPDATE approvals SET deadline_at = %s WHERE id = %s"
            await change(system, "opportunity", moved, [clock.now() + deadlines[step], made["id"]])
            requests[made["id"]] = step
            await workers.start_and_die(f"opportunity.{step}.{moment}:1")
    workers.start()
    expected = {"load_approval": ["SUBMIT"], "remind": ["SUBMIT", "REMIND"], "escalate": ["SUBMIT", "ESCALATE"]}
    for request, step in requests.items():

        async def told(request: str = request, step: str = step) -> bool:
            return await _history(system, request) == expected[step]

        await eventually(told, within=PATIENCE, what=step)
    for request, step in requests.items():
        decided = Order(approver, request, "approve", "APPROVED")
        await eventually(decided.answered, within=PATIENCE, what=f"a decision after {step}")
        assert await _history(system, request) == [*expected[step], "APPROVE"]
    await invariants_hold(system)


async def test_a_superior_steps_in_once_though_the_worker_dies_around_it(
    system: System, workers: WorkerProcesses
) -> None:
    manager = system.people["manager"]
    below = await system.person("below", Role.APPROVER, manager=manager)
    instead = {"insteadOf": str(below.id), "comment": "滞っているため"}
    body = request_to(below, stepIn="ALWAYS")
    for moment in MOMENTS:
        request = (await asked(system.people["rep"], "POST", "/approvals", body))["id"]
        order = Order(manager, request, "step-in", "APPROVED", instead)
        worker = workers.start(f"opportunity.decide.{moment}:1")
        sent = asyncio.ensure_future(order.send())
        await worker.dies(f"death as a superior steps in ({moment})")
        assert (await sent).status in (200, 503)
        restarted = workers.start()
        await eventually(order.answered, within=PATIENCE, what=f"the answer after {moment}")
        restarted.kill()
        assert await _history(system, request) == ["SUBMIT", "APPROVE"]
    workers.start()
    await invariants_hold(system)
