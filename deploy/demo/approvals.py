"""Scenarios of requests: returned and approved by two people, two approvers racing, a recall."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from deploy.demo.client import User
from deploy.demo.demo_run import DemoRun
from deploy.demo.observed import TOKYO
from deploy.demo.texts import SUBMITTED

AMOUNT_YEN = 128_000_000


def stage(name: str, *approvers: User) -> dict[str, Any]:
    return {"name": name, "approverIds": [a.id for a in approvers], "mode": "ANY", "deadlineHours": 24}


def _discount() -> dict[str, Any]:
    today = datetime.now(UTC).astimezone(TOKYO).date()
    return {
        "product": "FUNDS",
        "feeRateBefore": "1.65",
        "feeRateAfter": "1.1",
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=364)).isoformat(),
        "discountReason": "ASSETS_HELD",
    }


async def submit(by: User, title: str, customer_id: str | None, *stages: dict[str, Any]) -> dict[str, Any]:
    created: dict[str, Any] = await by.post(
        "/approvals",
        {
            "customerId": customer_id,
            "kind": "FEE_DISCOUNT",
            "title": title,
            "description": "残高に応じた手数料率の引下げを申請します。",
            "amount": AMOUNT_YEN,
            "currency": "JPY",
            "fields": _discount(),
            "stages": list(stages),
        },
    )
    return created


async def a_customer_of(rep: User) -> str:
    page = await rep.get("/customers", limit=1)
    return str(page["items"][0]["id"])


async def returned_then_approved_by_two(run: DemoRun) -> None:
    users = run.users
    request = await submit(
        users.rep,
        "特別手数料率の適用（投資信託 3口）",
        await a_customer_of(users.rep),
        stage("課長承認", users.approver),
        stage("部長承認", users.approver2),
    )
    path = f"/approvals/{request['id']}"
    run.tell(SUBMITTED, name=users.rep.name, number=request["number"])
    await users.approver.patch(f"{path}/return", {"comment": "適合性確認書の添付をお願いします。"})
    await users.rep.patch(f"{path}/resubmit", {"comment": "確認書を添付しました。"})
    await users.approver.patch(f"{path}/approve", {"comment": "条件を確認しました。"})
    await users.approver2.patch(f"{path}/approve", {"comment": "承認します。"})

    seen = await users.rep.get(path)
    history = (await users.rep.get(f"{path}/history"))["items"]
    run.check("approved", seen["state"] == "APPROVED", seen["state"])
    run.check("second-revision", seen["revision"] == 2, seen["revision"])
    actions = [entry["action"] for entry in history]
    run.check("history", actions == ["SUBMIT", "RETURN", "RESUBMIT", "APPROVE", "APPROVE"], actions)
    linked = all(later["previousHash"] == earlier["hash"] for earlier, later in pairwise(history))
    run.check("hash-chain", linked, history)


async def two_approvers_race(run: DemoRun) -> None:
    users = run.users
    request = await submit(
        users.rep,
        "外国株式 大口注文の手数料優遇",
        await a_customer_of(users.rep),
        stage("承認", users.approver, users.approver2),
    )
    path = f"/approvals/{request['id']}/approve"
    answers = await asyncio.gather(
        users.approver.send("PATCH", path, {"comment": "承認します。"}),
        users.approver2.send("PATCH", path, {"comment": "承認します。"}),
    )
    statuses = sorted(status for status, _ in answers)
    run.check("one-winner", statuses == [200, 409], answers)
    winner = users.approver if answers[0][0] == 200 else users.approver2
    problem: dict[str, Any] = next((body for status, body in answers if status == 409), {})
    run.check("loser-told", winner.name in str(problem), problem)


async def recalled(run: DemoRun) -> None:
    users = run.users
    request = await submit(
        users.rep, "債券の店頭購入 単価優遇", await a_customer_of(users.rep), stage("承認", users.approver)
    )
    path = f"/approvals/{request['id']}"
    seen = await users.rep.patch(f"{path}/recall", {"comment": "条件を見直します。"})
    run.check("recalled", seen["state"] == "RECALLED", seen["state"])
    status, _ = await users.approver.send("PATCH", f"{path}/approve", {"comment": "承認します。"})
    run.check("closed", status == 409, status)
