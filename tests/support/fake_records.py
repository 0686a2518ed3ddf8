"""Records for the fake gateway: people, customers and requests like those of a real branch."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support.kind_fields import COMPLETE

Json = dict[str, Any]

_PEOPLE = (
    ("admin", "山田 管理", ["admin"]),
    ("manager", "加藤 健一", ["manager"]),
    ("rep", "佐藤 美咲", ["rep"]),
    ("rep2", "鈴木 一郎", ["rep"]),
    ("approver", "高橋 直樹", ["approver"]),
    ("approver2", "伊藤 さくら", ["approver"]),
    ("auditor", "中村 翔", ["auditor"]),
    ("ops", "小林 大輔", ["ops"]),
)
_CUSTOMERS = (
    "株式会社山田製作所",
    "田中 恵子",
    "医療法人 青葉会",
    "北海フーズ株式会社",
    "渡辺 健",
    "小林 ハナ",
    "株式会社みなと商会",
    "Acme Japan K.K.",
)
_REQUESTS: tuple[tuple[str, int | None, float], ...] = (
    ("特別手数料率の適用（投資信託 3口）", 128_000_000, 3),
    ("仕組債の勧誘可否（適合性例外）", 45_000_000, 26),
    ("大口定期 優遇金利 +0.15%", 300_000_000, 74),
    ("訪問頻度の見直しと担当変更", None, 98),
    ("NISA口座移管キャンペーン適用", 3_600_000, 122),
    ("外貨建保険 高齢者取引の事前承認", 22_000_000, 170),
    ("法人口座の住所変更に伴う再審査", None, 194),
    ("Global Bond Fund subscription", 86_500_000, 218),
    ("退職金プランの特別提案", 64_000_000, 240),
    ("ラップ口座の手数料割引", 18_000_000, 264),
    ("株式移管に伴う優遇手数料", 9_800_000, 288),
    ("相続資金の投資一任契約", 152_000_000, 312),
)


def iso(hours: float = 0) -> str:
    moment = datetime.now(UTC) + timedelta(hours=hours)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def uuid_of(text: str) -> str:
    return str(UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def users() -> dict[str, Json]:
    return {
        uuid_of(name): {
            "id": uuid_of(name),
            "email": f"{name}@ringi.example",
            "name": full,
            "roles": roles,
            "managerId": uuid_of("manager"),
            "departmentId": None,
            "state": "ACTIVE",
            "version": 1,
            "createdAt": iso(-9000),
            "updatedAt": iso(-9000),
            "totpEnabled": False,
            "processId": None,
        }
        for name, full, roles in _PEOPLE
    }


def by_email(people: dict[str, Json], name: str) -> Json:
    return people[uuid_of(name)]


def customers() -> dict[str, Json]:
    return {uuid_of(name): _customer(name) for name in _CUSTOMERS}


def _customer(name: str) -> Json:
    profile = {"riskTolerance": "BALANCED", "assetsBand": "M100_500", "incomeBand": "M10_30", "horizon": "Y5_10"}
    profile |= {"objectives": ["INCOME", "GROWTH"], "experience": {"FUNDS": "Y3_5", "DERIVATIVES": "NONE"}}
    profile |= {"fundSource": "SURPLUS", "investorClass": "GENERAL"}
    profile |= {"reviewedAt": iso(-900), "reviewedBy": uuid_of("rep"), "version": 1}
    empty = ("nameKana", "email", "phone", "birthDate", "occupation", "notes", "processId", "deletedAt")
    return {
        "id": uuid_of(name),
        "name": name,
        "kind": "CORPORATE" if "会" in name else "INDIVIDUAL",
        "relationship": "CLIENT",
        "assignedSalesId": uuid_of("rep"),
        "tags": [],
        "state": "ACTIVE",
        "profile": profile,
        "version": 1,
        "createdAt": iso(-8000),
        "updatedAt": iso(-900),
        **dict.fromkeys(empty),
    }


def person(user: Json) -> Json:
    return {"id": user["id"], "name": user["name"]}


def stage(name: str, approvers: list[Json], hours: int) -> Json:
    return {
        "name": name,
        "approverIds": [user["id"] for user in approvers],
        "approvers": [person(user) for user in approvers],
        "mode": "ANY",
        "quorum": None,
        "deadlineHours": hours,
        "businessDays": False,
        "escalateTo": None,
        "approvedBy": [],
    }


def approval(
    number: int,
    title: str,
    requester: Json,
    customer: Json | None,
    amount: int | None,
    stages: list[Json],
    due: float = 72,
) -> Json:
    return {
        "id": uuid_of(f"approval {number}"),
        "number": f"RNG-2026-{number:06}",
        "title": title,
        "description": "過去実績と今後の取引見込みを踏まえ、下記の条件での対応をお願いいたします。",
        "kind": "FEE_DISCOUNT",
        "customerId": customer and customer["id"],
        "customerName": customer and customer["name"],
        "requesterId": requester["id"],
        "requesterName": requester["name"],
        "ownerId": requester["id"],
        "amount": amount,
        "currency": "JPY",
        "yenAmount": None,
        "rates": [],
        "fields": COMPLETE["FEE_DISCOUNT"],
        "generation": 1,
        "state": "PENDING",
        "stage": 0,
        "stages": stages,
        "revision": 1,
        "flags": [],
        "flagGrounds": {},
        "routeId": None,
        "routeVersion": None,
        "opinions": [],
        "deadlineAt": iso(due),
        "businessDaysLeft": None,
        "previousId": None,
        "processId": None,
        "submittedAt": iso(-50),
        "decidedAt": None,
        "decidedBy": None,
        "decidedByName": None,
        "heldBy": None,
        "shortSince": None,
        "termsChanged": False,
        "attachmentCount": 0,
        "version": 1,
        "createdAt": iso(-51),
        "updatedAt": iso(-50),
    }


def approvals(people: dict[str, Json], clients: dict[str, Json]) -> list[Json]:
    """Twelve that wait for both approvers, and a few of the first rep's own in other states."""
    deciders = [by_email(people, "approver"), by_email(people, "approver2")]
    manager, rep, rep2 = (by_email(people, name) for name in ("manager", "rep", "rep2"))
    by_name = list(clients.values())
    items = []
    for index, (title, amount, due) in enumerate(_REQUESTS):
        route = [stage("上長承認", [manager], 48), stage("審査", deciders, 72)]
        item = approval(412 - index, title, (rep, rep2)[index % 2], by_name[index % len(by_name)], amount, route, due)
        items.append(item | {"stage": 1})
    items[5]["flags"] = ["SENIOR_75", "PROFILE_STALE"]
    ground = {"number": "RNG-2026-000391", "amount": 5_000_000, "currency": "JPY", "decidedAt": iso(-2000)}
    items[1] |= {"kind": "SUITABILITY_EXCEPTION", "flags": ["FIRST_IN_PRODUCT", "AMOUNT_RISE"]}
    items[1] |= {"fields": COMPLETE["SUITABILITY_EXCEPTION"] | {"riskClass": "BALANCED"}}
    items[1]["flagGrounds"] = {"FIRST_IN_PRODUCT": {"product": "DERIVATIVES"}, "AMOUNT_RISE": ground}
    ends = (("RETURNED", "差戻しの確認用案件"), ("APPROVED", "承認済みの案件"), ("REJECTED", "却下された案件"))
    for offset, (state, title) in enumerate(ends):
        item = approval(390 - offset, title, rep, by_name[offset], 5_000_000, [stage("上長承認", [manager], 48)])
        items.append(item | {"state": state, "decidedAt": iso(-3), "decidedByName": manager["name"]})
    return items


def entry(
    action: str, user: Json, comment: str, item: Json, previous: str, hours: float = 0, *, sequence: int = 1
) -> Json:
    digest = hashlib.sha256(f"{previous}{action}{user['id']}{item['id']}".encode()).hexdigest()
    return {
        "id": uuid_of(digest),
        "sequence": sequence,
        "at": iso(hours),
        "action": action,
        "actorId": user["id"],
        "actorName": user["name"],
        "onBehalfOfId": None,
        "onBehalfOfName": None,
        "role": "REQUESTER" if user["id"] == item["requesterId"] else "APPROVER",
        "generation": item["generation"],
        "stage": item["stage"],
        "revision": item["revision"],
        "state": item["state"],
        "processId": None,
        "comment": comment or None,
        "erased": False,
        "keepsEvidence": action in ("SUBMIT", "APPROVE", "REJECT", "RETURN", "RESUBMIT"),
        "commitment": digest,
        "hash": digest,
        "previousHash": previous,
    }


def seen(item: Json, client: Json | None, people: dict[str, Json]) -> Json:
    """A request and its customer's facts as somebody sees them."""
    names = (
        *("title", "description", "kind", "amount", "currency", "yenAmount", "rates", "fields", "customerId"),
        *("flags", "revision", "stages"),
    )
    request: Json = {name: item[name] for name in names} | {"opinions": [], "attachments": []}
    if client is None:
        return request | {"customer": None}
    facts = {name: client[name] for name in ("name", "kind", "relationship", "state", "assignedSalesId", "birthDate")}
    facts |= {name: client["profile"][name] for name in ("riskTolerance", "assetsBand")} | {"assetsShare": None}
    facts |= {"assignedSalesName": people[client["assignedSalesId"]]["name"], "profileComplete": False}
    return request | {"customer": facts | {"profileReviewedAt": client["profile"]["reviewedAt"]}}


def history(item: Json, people: dict[str, Json]) -> list[Json]:
    requester, manager = people[item["requesterId"]], by_email(people, "manager")
    waiting = item | {"state": "PENDING", "stage": 0}
    entries = [entry("SUBMIT", requester, "", waiting, "0" * 64, -50)]
    told = {
        "PENDING": ("APPROVE", "過去実績に照らし妥当。条件は四半期ごとに見直し。"),
        "RETURNED": ("RETURN", "適合性確認書の添付をお願いします。"),
        "APPROVED": ("APPROVE", ""),
        "REJECTED": ("REJECT", "手数料率の根拠が不足しています。"),
    }
    if item["state"] in told:
        action, comment = told[item["state"]]
        decided = item | {"stage": 0}
        entries.append(entry(action, manager, comment, decided, entries[-1]["hash"], -28, sequence=2))
    return entries


def notifications(items: list[Json]) -> list[Json]:
    return [
        {
            "id": uuid_of(f"notice {index}"),
            "type": "APPROVAL_WAITING",
            "title": f"承認をお願いします: {item['title']}",
            "body": f"{item['number']} {item['customerName']}",
            "resourceType": "approval",
            "resourceId": item["id"],
            "readAt": None if index < 2 else iso(-5),
            "createdAt": iso(-index - 1),
        }
        for index, item in enumerate(items[:6])
    ]


def processes() -> list[Json]:
    names = ("request", "hold_approvals", "hide_activities", "confirm", "cancel_approvals")

    def one(name: str, status: str, reached: int, done: int) -> Json:
        states = ["DONE"] * reached + (["RUNNING"] if status == "RUNNING" else []) + ["PLANNED"] * len(names)
        steps = [
            {
                "name": step,
                "status": states[index],
                "done": done if step == "hide_activities" and states[index] != "PLANNED" else None,
                "total": 1000 if step == "hide_activities" else None,
                "startedAt": iso(-0.1) if states[index] != "PLANNED" else None,
                "finishedAt": iso(-0.05) if states[index] == "DONE" else None,
                "detail": None,
            }
            for index, step in enumerate(names)
        ]
        return {
            "id": uuid_of(f"process {name}"),
            "sagaId": uuid_of(f"process {name}"),
            "type": "customer_deletion",
            "workflowId": f"customer-deletion:{name}:1",
            "resourceId": uuid_of("株式会社山田製作所"),
            "actorId": uuid_of("manager"),
            "status": status,
            "detail": None,
            "steps": steps,
            "progress": {"done": done, "total": 1002},
            "startedAt": iso(-0.1),
            "finishedAt": iso() if status == "COMPLETED" else None,
            "temporalUrl": "http://127.0.0.1:8233/namespaces/default/workflows/x",
        }

    return [
        one("running", "RUNNING", 2, 420),
        one("done", "COMPLETED", 5, 1002),
        one("stuck", "NEEDS_ATTENTION", 2, 12),
    ]


def statistics() -> Json:
    approved, rejected = (18, 22, 17, 25, 21, 28, 24, 9), (2, 3, 1, 4, 2, 3, 5, 1)
    monday = datetime.now(UTC).date() - timedelta(days=datetime.now(UTC).weekday())
    weeks = [
        {
            "week": {
                "from": str(monday - timedelta(weeks=7 - index)),
                "to": str(monday - timedelta(weeks=6 - index)),
            },
            "approved": float(approved[index]),
            "rejected": float(rejected[index]),
        }
        for index in range(8)
    ]
    return {
        "report": "approval-statistics",
        "period": {"from": str(monday - timedelta(weeks=7)), "to": str(monday + timedelta(days=6))}
        | {"timeZone": "Asia/Tokyo", "groupBy": None, "by": None},
        "asOf": iso(),
        "dataThrough": iso(),
        "figures": {"medianDecisionSeconds": {"value": 15120.0, "unit": "seconds", "link": None}},
        "weekly": weeks,
        "groups": [],
        "breakdowns": {},
    }
