"""The scenario in which a colleague leaves and the work is handed over."""

import secrets
from collections.abc import Awaitable, Callable

from deploy.demo.approvals import a_customer_of, stage, submit
from deploy.demo.client import User, until
from deploy.demo.demo_run import DemoRun

CUSTOMERS = 5

SignIn = Callable[[str, str], Awaitable[User]]


async def _hire(run: DemoRun, sign_in: SignIn) -> User:
    email = f"leaver-{secrets.token_hex(4)}@ringi.example"
    password = secrets.token_urlsafe(16)
    body = {
        "email": email,
        "name": "退職 予定",
        "password": password,
        "roles": ["rep", "approver"],
        "managerId": run.users.manager.id,
    }
    await run.users.admin.post("/auth/users", body)
    return await sign_in(email, password)


async def leaver_hands_over(run: DemoRun, sign_in: SignIn) -> None:
    users = run.users
    leaver = await _hire(run, sign_in)

    async def first_customer() -> str | None:
        status, body = await leaver.send("POST", "/customers", {"name": "小林 ハナ", "kind": "INDIVIDUAL"})
        return str(body["id"]) if status == 201 else None

    # The new colleague is known to the customer service as soon as their event, or a look-up, has arrived.
    customers = [await until("a customer of the new colleague", first_customer)]
    for n in range(CUSTOMERS - 1):
        created = await leaver.post("/customers", {"name": f"引継ぎ商事 {n + 1}", "kind": "CORPORATE"})
        customers.append(created["id"])
    task = await leaver.post("/tasks", {"customerId": customers[0], "title": "引継ぎ資料の作成"})
    title = "NISA口座移管キャンペーン適用"
    waiting = await submit(users.rep, title, await a_customer_of(users.rep), stage("承認", leaver))

    successors = {"customersTo": users.rep2.id, "activitiesTo": users.rep2.id, "approvalsTo": users.approver2.id}
    ended = await run.follow(await users.admin.delete(f"/auth/users/{leaver.id}", **successors))
    run.check("left", ended["status"] == "COMPLETED", ended)
    owners = {(await users.admin.get(f"/customers/{c}"))["assignedSalesId"] for c in customers}
    run.check("customers-moved", owners == {users.rep2.id}, owners)
    owner = (await users.admin.get(f"/tasks/{task['id']}"))["userId"]
    run.check("tasks-moved", owner == users.rep2.id, owner)
    decided = await users.approver2.patch(f"/approvals/{waiting['id']}/approve", {"comment": "後任として承認します。"})
    run.check("successor-approved", decided["state"] == "APPROVED", decided["state"])
    status, _ = await leaver.send("GET", "/auth/me")
    run.check("tokens-dead", status == 401, status)
