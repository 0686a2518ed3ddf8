"""The stand-in for the gateway says what the gateway would: its routes and answers are held against the document."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.routing import Route

from tests.support.document import Checked, assert_kept, contract
from tests.support.fake_gateway import PASSWORD, TOTP_CODE, FakeGateway
from tests.support.http import ServiceClient
from tests.support.records import page, task
from tests.support.scripted_gateway import ScriptedGateway

SOMEBODY = "0190a7f4-0000-7000-8000-000000000001"
ACTIONS = {
    "approvals": (
        "approve",
        "reject",
        "return",
        "take-back",
        "nudge",
        "add-approver",
        *("ask-opinion", "give-opinion", "decline-opinion", "withdraw-opinion"),
        "recall",
        "resubmit",
        "submit",
        "reassign",
    ),
    "sagas": ("retry",),
}


def test_every_route_of_it_is_one_of_the_api() -> None:
    unknown = []
    for route in FakeGateway().app().routes:
        assert isinstance(route, Route)
        path = route.path.removeprefix("/api/v1")
        for action in ACTIONS.get(path.split("/")[1], ("",)) if "{action}" in path else ("",):
            concrete = path.replace("{action}", action).replace("{id}", SOMEBODY).replace("{entry}", SOMEBODY)
            unknown += [f"{m} {concrete}" for m in (route.methods or set()) - {"HEAD"} if not _known(m, concrete)]
    assert unknown == []


def _known(method: str, path: str) -> bool:
    return contract().operation(method, path) is not None


async def test_its_answers_are_such_as_the_api_gives() -> None:
    gateway = FakeGateway()
    checked = Checked(gateway.app())
    client = ServiceClient(checked)  # type: ignore[arg-type]
    api = "/api/v1"
    signed_in = await client.post(f"{api}/auth/login", {"email": "rep@ringi.example", "password": PASSWORD})
    rep = signed_in.json["accessToken"]
    await client.post(f"{api}/auth/refresh", {"refreshToken": signed_in.json["refreshToken"]})
    await client.post(f"{api}/auth/login", {"email": "rep@ringi.example", "password": "wrong"})
    gateway.totp_users.add("rep2@ringi.example")
    first = await client.post(f"{api}/auth/login", {"email": "rep2@ringi.example", "password": PASSWORD})
    for code in ("000000", TOTP_CODE):
        await client.post(f"{api}/auth/login/code", {"challenge": first.json["challenge"], "totp": code})
    approver = f"{next(user['id'] for user in gateway.users.values() if user['roles'] == ['approver'])}|9"
    customer, saga = next(iter(gateway.customers)), next(iter(gateway.processes))
    waiting = [item["id"] for item in gateway.approvals.values() if item["state"] == "PENDING"]
    reads = [
        "/auth/users", "/approvals", "/approvals?q=仕組債&state=PENDING", "/approvals/counts",
        "/approvals/pending?limit=2&sort=deadlineAt&dueBefore=2030-01-01T00:00:00Z",
        f"/approvals?requesterId={gateway.approvals[waiting[0]]['requesterId']}&flagged=true&minAmount=1",
        f"/approvals/{waiting[0]}", f"/approvals/{waiting[0]}/history", f"/approvals/{waiting[0]}/comments",
        f"/approvals/{waiting[0]}/dossier", "/approvals/evidence-keys",
        f"/approvals/{waiting[0]}/history/{gateway.history[waiting[0]][0]['id']}",
        f"/approvals/{waiting[0]}/attachments", "/customers/search?q=山田",
        f"/meetings/customer/{customer}?state=HELD&limit=3", f"/tasks?customerId={customer}&state=OPEN&limit=5",
        f"/approvals?customerId={customer}&limit=7",
        f"/customers/{customer}", "/reports/approval-statistics", "/notifications", "/notifications/unread", "/sagas",
        f"/sagas/{saga}", "/search?q=山田", "/approvals/nonsense", "/sagas/0190a7f4-0000-7000-8000-000000000001",
    ]  # fmt: skip
    for path in reads:
        await client.get(api + path, token=rep)
    await client.get(f"{api}/approvals", token="nobody")
    wish = {"title": "手数料", "kind": "FEE_DISCOUNT", "customerId": customer, "amount": 2_000_000}
    await client.post(f"{api}/approvals/preview", {"kind": "FEE_DISCOUNT", "amount": 2_000_000}, token=rep)
    created = await client.post(f"{api}/approvals", {**wish, "draft": True}, token=rep)
    changed = f"{api}/approvals/{created.json['id']}"
    await client.put(changed, wish, token=rep, if_match=1)
    await client.put(changed, wish, token=rep, if_match=99)
    await client.post(f"{changed}/comments", {"body": "確認しました"}, token=rep)
    await client.get(f"{changed}/comments", token=rep)
    await client.patch(f"{api}/approvals/{waiting[0]}/approve", {"revision": 1}, token=approver)
    await client.patch(f"{api}/approvals/{waiting[1]}/reject", {"revision": 1}, token=approver)
    await client.patch(f"{api}/approvals/{waiting[1]}/reject", {"revision": 1, "comment": "不足"}, token=approver)
    await client.patch(f"{api}/approvals/{waiting[1]}/reject", {"revision": 1, "comment": "不足"}, token=approver)
    auditor = f"{next(user['id'] for user in gateway.users.values() if user['roles'] == ['auditor'])}|9"
    audit = f"{api}/auth/audit-logs"
    for path in (audit, f"{audit}/export", f"{audit}/{gateway.audit_entries[0]['id']}", f"{audit}/{waiting[0]}"):
        await client.get(path, token=auditor)
    await client.post(f"{api}/auth/audit-verification", token=auditor)
    for path in ("audit-verification", "access-review", "access-review/export"):
        await client.get(f"{api}/auth/{path}", token=auditor)
    stand_in = next(user["id"] for user in gateway.users.values() if user["email"].startswith("approver2@"))
    period = {"toId": stand_in, "startsAt": "2098-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    given = await client.post(f"{api}/proxies", period, token=approver)
    absence = f"{api}/proxies/{given.json['id']}"
    await client.post(f"{api}/proxies", period | {"endsAt": "2020-01-01T00:00:00Z"}, token=approver)
    await client.get(absence, token=approver)
    await client.get(f"{api}/proxies?scope=TEAM&from=2098-01-01T00:00:00Z", token=approver)
    await client.put(absence, period | {"takesWaiting": False}, token=approver, if_match=1)
    await client.put(absence, period, token=approver, if_match=99)
    await client.delete(absence, token=approver)
    await client.get(absence, token=approver)
    notice = gateway.notifications[0]["id"]
    await client.patch(f"{api}/notifications/{notice}/read", {}, token=rep)
    await client.patch(f"{api}/notifications/read-all", {}, token=rep)
    await client.delete(f"{api}/notifications/{notice}", token=rep)
    await client.post(f"{api}/sagas/{saga}/retry", {}, token=rep)
    await client.post(f"{api}/auth/logout", token=rep)
    assert_kept(checked.faults)


async def test_a_lie_is_found() -> None:
    """The check can fail: on a member that is missing, a parameter and a route that do not exist."""
    gateway = FakeGateway()
    del gateway.notifications[0]["title"]
    del gateway.notifications[1:]
    checked = Checked(gateway.app())
    client, token = ServiceClient(checked), f"{next(iter(gateway.users))}|1"  # type: ignore[arg-type]
    await client.get("/api/v1/notifications?colour=red", token=token)
    await client.post("/api/v1/approvals/preview", {"kind": "NONE"}, token=token)
    assert checked.faults == {
        "GET /notifications asked 200: no parameter colour",
        'GET /notifications answered 200: items/0: "title" is a required property',
        *(fault for fault in checked.faults if fault.startswith("POST /approvals/preview asked 200: kind: ")),
    }
    assert len(checked.faults) == 3
    assert not _known("GET", "/nothing")


@pytest.mark.parametrize(
    ("method", "path", "given", "answer"),
    [
        ("GET", "/nothing", {}, {}),
        ("GET", "/tasks", {"params": {"colour": "red"}}, page(task())),
        ("GET", "/tasks", {}, page({"id": "t1"})),
        ("PUT", "/tasks/t1", {"body": {"leadHours": "soon"}}, task()),
    ],
)
async def test_a_lie_in_a_script_is_found(
    method: str, path: str, given: dict[str, Any], answer: dict[str, Any]
) -> None:
    gateway = ScriptedGateway()
    gateway.on(method, path, answer)
    with pytest.raises(AssertionError, match="API"):
        await gateway.exchange(method, path, headers={}, **given)
