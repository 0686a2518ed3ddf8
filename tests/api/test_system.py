"""The whole of Ringi behind its gateway: services, workers, Temporal, broker."""

from datetime import timedelta
from typing import Any

from services.contracts.permissions import Role
from services.kit.running import clock
from tests.support.system import Caller, System
from tests.support.waiting import eventually

LONG = 120.0


async def customer_of(rep: Caller, name: str) -> str:
    created = await rep.ask("POST", "/customers", {"name": name, "kind": "INDIVIDUAL"})
    assert created.status == 201, created.json
    customer_id: str = created.json["id"]
    return customer_id


async def ended(caller: Caller, saga: str) -> dict[str, Any]:
    async def probe() -> dict[str, Any] | None:
        view: dict[str, Any] = (await caller.get(f"/sagas/{saga}")).json
        return view if view["status"] in ("COMPLETED", "COMPENSATED", "NEEDS_ATTENTION") else None

    view = await eventually(probe, within=LONG, what="the end of the process")
    assert view is not None
    return view


def in_days(days: float) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


async def test_a_customer_goes_and_comes_back_with_meetings_and_tasks(system: System) -> None:
    rep, manager, admin = (system.people[name] for name in ("rep", "manager", "admin"))
    customer = await customer_of(rep, "山田太郎")
    task = (await rep.ask("POST", "/tasks", {"title": "連絡", "customerId": customer, "dueDate": in_days(9)})).json
    period = {"startsAt": in_days(1), "endsAt": in_days(2)}
    meeting = (await rep.ask("POST", "/meetings", {"title": "面談", "customerId": customer, **period})).json

    accepted = await manager.ask("DELETE", f"/customers/{customer}")
    assert accepted.status == 202, accepted.json
    saga = accepted.json["sagaId"]
    assert accepted.headers["location"] == f"/api/v1/sagas/{saga}"
    assert (await ended(manager, saga))["status"] == "COMPLETED"
    assert (await rep.get(f"/tasks/{task['id']}")).status == 404
    assert (await rep.get(f"/meetings/{meeting['id']}")).status == 404
    late = await rep.ask("POST", "/tasks", {"title": "遅れて", "customerId": customer})
    assert late.status in (409, 422), late.json

    restored = await admin.ask("POST", f"/customers/{customer}/restore")
    assert restored.status == 202, restored.json
    assert (await ended(admin, restored.json["sagaId"]))["status"] == "COMPLETED"
    back = await rep.get(f"/tasks/{task['id']}")
    assert (back.status, back.json) == (200, task)
    assert (await rep.get(f"/meetings/{meeting['id']}")).json == meeting
    timers = await system.rows(
        "sales_activity", "SELECT kind FROM intents WHERE workflow_id = %s ORDER BY seq", [f"task-due:{task['id']}"]
    )
    assert [row["kind"] for row in timers] == ["start", "terminate", "start"]

    async def listed() -> bool:
        answer = await system.people["ops"].get("/sagas?type=customer_deletion")
        return saga in {item["id"] for item in answer.json["items"]}

    await eventually(listed, within=LONG, what="the saga in the list")


async def test_a_leavers_work_goes_to_the_successor_and_comes_back(system: System) -> None:
    admin, manager, successor = (system.people[name] for name in ("admin", "manager", "rep2"))
    leaver = await system.person("leaver", Role.REP, manager=manager)
    customer = await customer_of(leaver, "鈴木花子")
    task = (await leaver.ask("POST", "/tasks", {"title": "引継ぎ", "customerId": customer})).json
    deleted = await admin.ask("DELETE", f"/auth/users/{leaver.id}?successorId={successor.id}")
    assert deleted.status == 202, deleted.json
    assert (await ended(admin, deleted.json["sagaId"]))["status"] == "COMPLETED"
    assert (await successor.get(f"/tasks/{task['id']}")).json["userId"] == str(successor.id)

    async def shut_out() -> bool:
        return (await leaver.get("/tasks")).status == 401

    await eventually(shut_out, what="the end of the leaver's session")
    restored = await admin.ask("POST", f"/auth/users/{leaver.id}/restore")
    assert restored.status == 202, restored.json
    assert (await ended(admin, restored.json["sagaId"]))["status"] == "COMPLETED"
    assert (await successor.get(f"/tasks/{task['id']}")).status == 404
    given = await manager.ask("POST", "/tasks", {"title": "復帰後", "userId": str(leaver.id)})
    assert given.status == 201, given.json


async def test_search_finds_over_all_services_what_each_may_see(system: System) -> None:
    rep, other = system.people["rep"], system.people["rep2"]
    customer = await customer_of(rep, "検索対象 株式会社")
    await rep.ask("POST", "/tasks", {"title": "検索対象へ電話", "customerId": customer})

    async def found() -> set[str]:
        answer = await rep.get("/search?q=%E6%A4%9C%E7%B4%A2%E5%AF%BE%E8%B1%A1")
        assert answer.json["partial"] is False, answer.json
        return {item["type"] for item in answer.json["items"]}

    async def both() -> bool:
        return await found() == {"customer", "task"}

    await eventually(both, what="customer and task")
    assert (await other.get("/search?q=%E6%A4%9C%E7%B4%A2%E5%AF%BE%E8%B1%A1")).json["items"] == []
