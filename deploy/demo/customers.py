"""The scenario in which a customer with many related rows is deleted while a request is pending, and restored."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.approvals import stage, submit
from deploy.demo.demo_run import DemoRun

RELATED_ROWS = 1_000
MEETINGS = 100
WRITERS = 12
GONE = 410  # told to whoever could see the customer before; to everybody else it was never there


async def _fill(run: DemoRun, customer_id: str) -> None:
    start = datetime.now(UTC) + timedelta(days=7)
    written = 0

    async def write(numbers: range) -> None:
        nonlocal written
        for n in numbers:
            begin = start + timedelta(hours=n)
            if n < MEETINGS:
                body: dict[str, Any] = {
                    "customerId": customer_id,
                    "title": f"定例面談 第{n + 1}回",
                    "startsAt": begin.isoformat(),
                    "endsAt": (begin + timedelta(hours=1)).isoformat(),
                    "place": "本店応接室",
                }
                await run.users.rep.post("/meetings", body)
            else:
                body = {"customerId": customer_id, "title": f"資料送付 {n + 1}", "dueDate": begin.isoformat()}
                await run.users.rep.post("/tasks", body)
            written += 1
            run.progress("rows", written, RELATED_ROWS)

    await asyncio.gather(*(write(range(first, RELATED_ROWS, WRITERS)) for first in range(WRITERS)))


async def _live_rows(run: DemoRun, customer_id: str) -> int:
    tasks = await run.users.rep.items("/tasks", customerId=customer_id)
    meetings = await run.users.rep.items("/meetings", customerId=customer_id)
    return len(tasks) + len(meetings)


async def deleted_then_restored(run: DemoRun) -> None:
    users = run.users
    customer = await users.rep.post(
        "/customers",
        {"name": "株式会社みなと商会", "nameKana": "カブシキガイシャミナトショウカイ", "kind": "CORPORATE"},
    )
    customer_id = customer["id"]
    await _fill(run, customer_id)
    request = await submit(users.rep, "NISA口座移管キャンペーン適用", customer_id, stage("承認", users.approver))
    run.check("thousand-rows", await _live_rows(run, customer_id) == RELATED_ROWS)

    started = await users.manager.delete(f"/customers/{customer_id}")
    again = await users.manager.delete(f"/customers/{customer_id}")
    run.check("same-process", again["sagaId"] == started["sagaId"], again)
    ended = await run.follow(started)
    run.check("deleted", ended["status"] == "COMPLETED", ended)
    status, _ = await users.rep.send("GET", f"/customers/{customer_id}")
    run.check("gone", status == GONE, status)
    run.check("rows-gone", await _live_rows(run, customer_id) == 0)
    seen = await users.rep.get(f"/approvals/{request['id']}")
    run.check("cancelled", seen["state"] == "CANCELLED", seen["state"])

    restored = await run.follow(await users.admin.post(f"/customers/{customer_id}/restore", {}))
    run.check("restored", restored["status"] == "COMPLETED", restored)
    run.check("rows-back", await _live_rows(run, customer_id) == RELATED_ROWS)
    seen = await users.rep.get(f"/approvals/{request['id']}")
    run.check("request-back", seen["state"] == "RETURNED", seen["state"])

    # A newcomer opens the lists next: they should find the firm's work there, not a thousand rows of this scenario.
    cleared = await run.follow(await users.manager.delete(f"/customers/{customer_id}"))
    run.check("cleared", cleared["status"] == "COMPLETED", cleared)
