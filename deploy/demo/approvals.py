"""Chapters about requests: returned and approved by two people, two approvers racing, a recall."""

import asyncio
from itertools import pairwise
from typing import Any

from deploy.demo.client import User
from deploy.demo.playbill import Playbill
from deploy.demo.words import SUBMITTED

AMOUNT_YEN = 128_000_000


def stage(name: str, *approvers: User, mode: str = "ANY") -> dict[str, Any]:
    return {"name": name, "approverIds": [a.id for a in approvers], "mode": mode, "deadlineHours": 24}


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
            "stages": list(stages),
        },
    )
    return created


async def a_customer_of(rep: User) -> str:
    page = await rep.get("/customers", limit=1)
    return str(page["items"][0]["id"])


async def returned_then_approved_by_two(play: Playbill) -> None:
    cast = play.cast
    request = await submit(
        cast.rep,
        "特別手数料率の適用（投資信託 3口）",
        await a_customer_of(cast.rep),
        stage("課長承認", cast.approver),
        stage("部長承認", cast.approver2),
    )
    path = f"/approvals/{request['id']}"
    play.tell(SUBMITTED, name=cast.rep.name, number=request["number"])
    await cast.approver.patch(f"{path}/return", {"comment": "適合性確認書の添付をお願いします。"})
    await cast.rep.patch(f"{path}/resubmit", {"comment": "確認書を添付しました。"})
    await cast.approver.patch(f"{path}/approve", {"comment": "条件を確認しました。"})
    await cast.approver2.patch(f"{path}/approve", {"comment": "承認します。"})

    seen = await cast.rep.get(path)
    history = (await cast.rep.get(f"{path}/history"))["items"]
    play.check("approved", seen["state"] == "APPROVED", seen["state"])
    play.check("second-revision", seen["revision"] == 2, seen["revision"])
    actions = [entry["action"] for entry in history]
    play.check("history", actions == ["SUBMIT", "RETURN", "RESUBMIT", "APPROVE", "APPROVE"], actions)
    linked = all(later["previousHash"] == earlier["hash"] for earlier, later in pairwise(history))
    play.check("hash-chain", linked, history)


async def two_approvers_race(play: Playbill) -> None:
    cast = play.cast
    request = await submit(
        cast.rep,
        "大口定期 優遇金利 +0.15%",
        await a_customer_of(cast.rep),
        stage("承認", cast.approver, cast.approver2),
    )
    path = f"/approvals/{request['id']}/approve"
    answers = await asyncio.gather(
        cast.approver.send("PATCH", path, {"comment": "承認します。"}),
        cast.approver2.send("PATCH", path, {"comment": "承認します。"}),
    )
    statuses = sorted(status for status, _ in answers)
    play.check("one-winner", statuses == [200, 409], answers)
    winner = cast.approver if answers[0][0] == 200 else cast.approver2
    problem: dict[str, Any] = next((body for status, body in answers if status == 409), {})
    play.check("loser-told", winner.name in str(problem), problem)


async def recalled(play: Playbill) -> None:
    cast = play.cast
    request = await submit(
        cast.rep, "訪問頻度の見直しと担当変更", await a_customer_of(cast.rep), stage("承認", cast.approver)
    )
    path = f"/approvals/{request['id']}"
    seen = await cast.rep.patch(f"{path}/recall", {"comment": "条件を見直します。"})
    play.check("recalled", seen["state"] == "RECALLED", seen["state"])
    status, _ = await cast.approver.send("PATCH", f"{path}/approve", {"comment": "承認します。"})
    play.check("closed", status == 409, status)
