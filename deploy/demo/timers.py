"""The scenario in which a task falls due within seconds."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.client import until
from deploy.demo.demo_run import DemoRun

DUE_IN = timedelta(seconds=6)


async def falls_due(run: DemoRun) -> None:
    rep = run.users.rep
    due = datetime.now(UTC) + DUE_IN
    task = await rep.post("/tasks", {"title": "目論見書の交付", "dueDate": due.isoformat(), "leadHours": 1})

    async def told() -> list[Any] | None:
        notices = [n for n in (await rep.get("/notifications", limit=100))["items"] if n["resourceId"] == task["id"]]
        return notices if {n["type"] for n in notices} >= {"TASK_DUE_SOON", "TASK_OVERDUE"} else None

    notices = await until("the notices of a task that falls due", told, seconds=60)
    kinds = sorted(n["type"] for n in notices)
    run.check("told-once", kinds == ["TASK_DUE_SOON", "TASK_OVERDUE"], kinds)
    await rep.patch(f"/tasks/{task['id']}/status", {"status": "COMPLETED"})
