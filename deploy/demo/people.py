"""The chapter in which a colleague leaves and the work is handed over."""

import secrets
from collections.abc import Awaitable, Callable

from deploy.demo.approvals import a_customer_of, stage, submit
from deploy.demo.client import User, until
from deploy.demo.playbill import Playbill

CUSTOMERS = 5

SignIn = Callable[[str, str], Awaitable[User]]


async def _hire(play: Playbill, sign_in: SignIn) -> User:
    email = f"leaver-{secrets.token_hex(4)}@ringi.example"
    password = secrets.token_urlsafe(16)
    body = {
        "email": email,
        "name": "退職 予定",
        "password": password,
        "roles": ["rep", "approver"],
        "managerId": play.cast.manager.id,
    }
    await play.cast.admin.post("/auth/users", body)
    return await sign_in(email, password)


async def leaver_hands_over(play: Playbill, sign_in: SignIn) -> None:
    cast = play.cast
    leaver = await _hire(play, sign_in)

    async def first_customer() -> str | None:
        status, body = await leaver.send("POST", "/customers", {"name": "小林 ハナ", "kind": "INDIVIDUAL"})
        return str(body["id"]) if status == 201 else None

    # The new colleague is known to the customer service as soon as their event, or a look-up, has arrived.
    customers = [await until("a customer of the new colleague", first_customer)]
    for n in range(CUSTOMERS - 1):
        created = await leaver.post("/customers", {"name": f"引継ぎ商事 {n + 1}", "kind": "CORPORATE"})
        customers.append(created["id"])
    task = await leaver.post("/tasks", {"customerId": customers[0], "title": "引継ぎ資料の作成"})
    title = "外貨建保険 高齢者取引の事前承認"
    waiting = await submit(cast.rep, title, await a_customer_of(cast.rep), stage("承認", leaver))

    successors = {"customersTo": cast.rep2.id, "activitiesTo": cast.rep2.id, "approvalsTo": cast.approver2.id}
    ended = await play.follow(await cast.admin.delete(f"/auth/users/{leaver.id}", **successors))
    play.check("left", ended["status"] == "COMPLETED", ended)
    owners = {(await cast.admin.get(f"/customers/{c}"))["assignedSalesId"] for c in customers}
    play.check("customers-moved", owners == {cast.rep2.id}, owners)
    owner = (await cast.admin.get(f"/tasks/{task['id']}"))["userId"]
    play.check("tasks-moved", owner == cast.rep2.id, owner)
    decided = await cast.approver2.patch(f"/approvals/{waiting['id']}/approve", {"comment": "後任として承認します。"})
    play.check("successor-approved", decided["state"] == "APPROVED", decided["state"])
    status, _ = await leaver.send("GET", "/auth/me")
    play.check("tokens-dead", status == 401, status)
