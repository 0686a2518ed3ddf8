"""Tasks over HTTP."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.kit.running.ids import new_id
from tests.services.sales_activity.world import SYSTEM, World, in_hours
from tests.support.http import new_key


async def test_a_created_task_is_read_back_with_its_etag_and_its_event(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    answer = await world.create_task(rep, customerId=customer, dueDate=in_hours(48), priority="HIGH")
    assert answer.status == 201
    task = answer.json
    assert answer.headers["location"] == f"/api/v1/tasks/{task['id']}"
    assert (task["state"], task["leadHours"], task["version"]) == ("OPEN", 24, 1)
    assert (task["userName"], task["customerName"]) == ("佐藤 健", "山田太郎")
    read = await world.client.get(f"/tasks/{task['id']}", token=rep.token)
    assert read.json == task
    assert read.version == 1
    assert await world.events(task["id"]) == ["task.created"]
    assert await world.intents(task["id"]) == ["start"]


async def test_a_due_date_alone_means_the_end_of_that_day_in_tokyo(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, dueDate="2031-03-31")
    assert datetime.fromisoformat(task["dueDate"]) == datetime(2031, 3, 31, 14, 59, 59, tzinfo=UTC)


async def test_due_soon_and_overdue_follow_from_the_due_date(world: World) -> None:
    rep = await world.person("rep")
    later = await world.task(rep, dueDate=in_hours(25))
    soon = await world.task(rep, dueDate=in_hours(23))
    over = await world.task(rep, dueDate=in_hours(-1))
    open_ended = await world.task(rep)
    flags = [(task["dueSoon"], task["overdue"]) for task in (later, soon, over, open_ended)]
    assert flags == [(False, False), (True, False), (False, True), (False, False)]
    done = (await world.set_status(rep, over, "COMPLETED")).json
    assert done["overdue"] is False
    overdue = await world.client.get("/tasks/overdue", token=rep.token)
    assert overdue.json["items"] == []


async def test_put_needs_the_version_that_the_caller_read(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep)
    body = {"title": "変更", "userId": str(rep.id)}
    path = f"/tasks/{task['id']}"
    assert (await world.client.put(path, body, token=rep.token)).status == 428
    changed = await world.client.put(path, body, token=rep.token, if_match=1)
    assert (changed.status, changed.json["version"]) == (200, 2)
    stale = await world.client.put(path, body, token=rep.token, if_match=1)
    assert (stale.status, stale.json["currentVersion"]) == (412, 2)
    assert stale.json["changedBy"] == str(rep.id), "who comes second learns who was first"
    assert stale.json["changedAt"].endswith("Z")


async def test_a_list_takes_several_states_and_leaves_out_the_others(world: World) -> None:
    rep = await world.person("rep")
    tasks = [await world.task(rep) for _ in range(3)]
    await world.set_status(rep, tasks[1], "IN_PROGRESS")
    await world.set_status(rep, tasks[2], "COMPLETED")
    live = await world.client.get("/tasks?state=OPEN&state=IN_PROGRESS", token=rep.token)
    assert {item["id"] for item in live.json["items"]} == {tasks[0]["id"], tasks[1]["id"]}
    every = await world.client.get("/tasks", token=rep.token)
    assert len(every.json["items"]) == 3
    assert (await world.client.get("/tasks?state=NONSENSE", token=rep.token)).status == 422


async def test_put_leaves_alone_what_it_does_not_name_and_clears_what_is_null(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, description="資料一式", dueDate=in_hours(48), priority="HIGH", leadHours=2)
    path = f"/tasks/{task['id']}"
    renamed = await world.client.put(path, {"title": "改題"}, token=rep.token, if_match=1)
    kept = ("description", "dueDate", "priority", "leadHours", "userId")
    assert {name: renamed.json[name] for name in kept} == {name: task[name] for name in kept}
    cleared = await world.client.put(path, {"description": None, "dueDate": None}, token=rep.token, if_match=2)
    assert (cleared.json["description"], cleared.json["dueDate"], cleared.json["title"]) == (None, None, "改題")
    for body in ({"title": None}, {"userId": None}, {"leadHours": None}):
        assert (await world.client.put(path, body, token=rep.token, if_match=3)).status == 422


async def test_two_writers_at_once_one_wins(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep)
    answers = await asyncio.gather(*(world.change_task(rep, task, title=f"{number}番") for number in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    assert await world.events(task["id"]) == ["task.created", "task.updated"]


async def test_one_idempotency_key_makes_one_task(world: World) -> None:
    rep = await world.person("rep")
    key = new_key()
    first = await world.client.post("/tasks", {"title": "電話する"}, token=rep.token, key=key)
    again = await world.client.post("/tasks", {"title": "電話する"}, token=rep.token, key=key)
    assert again.json == first.json
    other = await world.client.post("/tasks", {"title": "別件"}, token=rep.token, key=key)
    assert other.status == 422
    assert len(await world.rows("SELECT id FROM tasks")) == 1


async def test_completing_reopening_and_cancelling_leave_their_events(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, dueDate=in_hours(48))
    completed = await world.set_status(rep, task, "COMPLETED")
    assert completed.json["completedAt"] is not None
    reopened = await world.set_status(rep, task, "OPEN")
    assert (reopened.status, reopened.json["completedAt"]) == (200, None)
    cancelled = await world.set_status(rep, task, "CANCELLED")
    assert cancelled.json["state"] == "CANCELLED"
    refused = await world.set_status(rep, task, "OPEN")
    assert (refused.status, refused.json["code"], refused.json["state"]) == (409, "transition_refused", "CANCELLED")
    assert await world.events(task["id"]) == ["task.created", "task.completed", "task.updated", "task.updated"]
    assert await world.intents(task["id"]) == ["start", "terminate", "start", "terminate"]


async def test_setting_the_state_it_has_changes_nothing(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep)
    same = await world.set_status(rep, task, "OPEN")
    assert (same.status, same.json["version"]) == (200, 1)
    assert await world.events(task["id"]) == ["task.created"]


async def test_an_ended_task_is_not_edited(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep)
    done = (await world.set_status(rep, task, "COMPLETED")).json
    answer = await world.change_task(rep, done, title="後から変更")
    assert (answer.status, answer.json["code"]) == (409, "task_ended")


async def test_a_deleted_task_is_gone_and_its_timer_ends(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, dueDate=in_hours(48))
    path = f"/tasks/{task['id']}"
    assert (await world.client.delete(path, token=rep.token, if_match=9)).status == 412
    assert (await world.client.delete(path, token=rep.token)).status == 204
    assert (await world.client.get(path, token=rep.token)).status == 404
    assert (await world.client.delete(path, token=rep.token)).status == 404
    assert await world.events(task["id"]) == ["task.created", "task.deleted"]
    assert await world.intents(task["id"]) == ["start", "terminate"]


async def test_a_moved_due_date_replaces_the_timer_and_nothing_else_does(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, dueDate=in_hours(48))
    task = (await world.change_task(rep, task, title="題名だけ")).json
    assert await world.intents(task["id"]) == ["start"]
    task = (await world.change_task(rep, task, dueDate=in_hours(72))).json
    task = (await world.change_task(rep, task, leadHours=2)).json
    assert await world.intents(task["id"]) == ["start", "start", "start"]
    task = (await world.change_task(rep, task, dueDate=None)).json
    assert await world.intents(task["id"]) == ["start", "start", "start", "terminate"]


async def test_wrong_input_names_the_field(world: World) -> None:
    rep = await world.person("rep")
    cases: dict[str, dict[str, Any]] = {
        "/title": {"title": "  "},
        "/dueDate": {"dueDate": "2026-02-30"},
        "/leadHours": {"leadHours": -1},
        "/priority": {"priority": "SOON"},
        "/state": {"state": "COMPLETED"},
        "/customerId": {"customerId": new_id()},
        "/userId": {"userId": new_id()},
    }
    for pointer, fields in cases.items():
        answer = await world.create_task(rep, **fields)
        assert answer.status == 422, (pointer, answer.json)
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    for due_date in ("2026-10-08T10:00:00", "0001-01-01T00:00:00+09:00", "9999-12-31", "9999-12-31T23:59:59-12:00", 1):
        assert (await world.create_task(rep, dueDate=due_date)).status == 422, due_date
    assert await world.rows("SELECT id FROM tasks") == []


async def test_nothing_new_for_a_customer_that_a_process_holds_or_that_is_deleted(world: World) -> None:
    rep = await world.person("rep")
    customer = await world.customer(rep)
    task = await world.task(rep, customerId=customer)
    process = uuid4()
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute("UPDATE customer_copies SET blocked_by_process = %s", [process])
    for answer in (
        await world.create_task(rep, customerId=customer),
        await world.create_meeting(rep, customer),
        await world.change_task(rep, task, title="変更"),
        await world.set_status(rep, task, "COMPLETED"),
        await world.client.delete(f"/tasks/{task['id']}", token=rep.token),
    ):
        assert (answer.status, answer.json["code"]) == (409, "blocked_by_process")
        assert answer.json["processId"] == str(process)
    gone = await world.customer(rep, state="DELETED")
    assert (await world.create_task(rep, customerId=gone)).json["code"] == "customer_deleted"


async def test_nothing_new_for_a_user_who_is_leaving(world: World) -> None:
    manager = await world.person("manager")
    leaver = await world.person("rep", manager=manager)
    async with world.db.transaction(SYSTEM) as uow:
        await uow.execute("UPDATE user_copies SET blocked_by_process = id WHERE id = %s", [leaver.id])
    answer = await world.create_task(manager, userId=leaver.id)
    assert (answer.status, answer.json["processId"]) == (409, str(leaver.id))


async def test_lists_page_through_everything_once_in_order_of_due_date(world: World) -> None:
    rep = await world.person("rep")
    for hours in (30, 10, 20, None, None, 10):
        await world.task(rep, dueDate=None if hours is None else in_hours(hours))
    for sort in ("dueDate", "-dueDate", "createdAt", "-createdAt"):
        seen, cursor = [], None
        while True:
            params = {"limit": 2, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = await world.client.get("/tasks", token=rep.token, params=params)
            assert page.status == 200, page.json
            seen += page.json["items"]
            cursor = page.json["nextCursor"]
            if cursor is None:
                break
        assert len({task["id"] for task in seen}) == len(seen) == 6
        if "dueDate" in sort:
            keys = [task["dueDate"] or "9999" for task in seen]
            assert keys == sorted(keys, reverse=sort.startswith("-"))
    other = await world.client.get("/tasks", token=rep.token, params={"sort": "createdAt", "limit": 1})
    stolen = {"sort": "dueDate", "cursor": other.json["nextCursor"]}
    refused = await world.client.get("/tasks", token=rep.token, params=stolen)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/cursor")


async def test_filters_narrow_the_list(world: World) -> None:
    manager = await world.person("manager")
    rep = await world.person("rep", manager=manager)
    customer = await world.customer(rep)
    wanted = await world.task(
        rep, customerId=customer, title="山田様へ 100% 訪問", priority="URGENT", dueDate=in_hours(5)
    )
    late = await world.task(rep, title="遅れ", dueDate=in_hours(-5))
    await world.task(manager, title="別の人")
    await world.set_status(rep, await world.task(rep, title="済み"), "COMPLETED")
    expectations = [
        ({"customerId": customer}, [wanted]),
        ({"userId": rep.id, "state": "OPEN"}, [late, wanted]),
        ({"priority": "URGENT"}, [wanted]),
        ({"q": "山田"}, [wanted]),
        ({"q": "100%"}, [wanted]),
        ({"q": "%山田"}, []),
        ({"dueAfter": in_hours(0), "dueBefore": in_hours(6)}, [wanted]),
        ({"overdue": "true"}, [late]),
        ({"overdue": "false", "userId": rep.id, "state": "OPEN"}, [wanted]),
    ]
    for params, tasks in expectations:
        answer = await world.client.get("/tasks", token=manager.token, params=params)
        assert [item["id"] for item in answer.json["items"]] == [task["id"] for task in tasks], params
    assert (await world.client.get("/tasks?colour=red", token=rep.token)).status == 422


async def test_a_change_leaves_values_before_and_after_but_no_free_text(world: World) -> None:
    rep = await world.person("rep")
    task = await world.task(rep, priority="LOW")
    body = {"title": "内密の件", "userId": str(rep.id), "priority": "HIGH"}
    assert (await world.client.put(f"/tasks/{task['id']}", body, token=rep.token, if_match=1)).status == 200
    async with world.client.kit.db.reader() as reader:
        detail = await reader.scalar("SELECT detail FROM audit_entries WHERE action = 'task.update'")
    assert detail == {"changed": ["priority", "title"], "changes": {"priority": {"from": "LOW", "to": "HIGH"}}}
