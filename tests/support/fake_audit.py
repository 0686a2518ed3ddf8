"""What the stand-in for the gateway answers about the audit log and the access review."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.support import fake_records as records
from tests.support.fake_answers import Ask, Json, problem

_READERS = {"auditor", "admin"}


def audit_entry(name: str, **members: Any) -> Json:
    """A whole entry; `name` makes its id."""
    return {
        "id": records.uuid_of(f"entry {name}"),
        "at": "2026-11-26T00:20:11Z",
        "service": "auth",
        "actorId": None,
        "actorName": None,
        "onBehalfOfId": None,
        "onBehalfOfName": None,
        "action": "user.login",
        "resourceType": "user",
        "resourceId": None,
        "outcome": "SUCCESS",
        "ip": "192.0.2.7",
        "requestId": f"request-{name}",
        "processId": None,
        "detail": None,
        "names": {},
        "namesKept": True,
        "position": 9,
        "hash": "ab" * 32,
        "previousHash": "cd" * 32,
    } | members


def audit_entries() -> list[Json]:
    """Newest first: a changed user, a decision by a proxy, a refused sign-in, and what the system did."""
    admin, rep, approver, approver2 = (records.uuid_of(name) for name in ("admin", "rep", "approver", "approver2"))
    return [
        audit_entry(
            "changed",
            at="2026-11-27T03:04:05Z",
            actorId=admin,
            actorName="山田 管理",
            action="user.updated",
            resourceId=rep,
            names={admin: "山田 管理", rep: "佐藤 美咲", approver: "高橋 直樹"},
            detail={
                "changed": ["roles", "manager_id"],
                "changes": {
                    "roles": {"from": ["rep"], "to": ["manager", "rep"]},
                    "manager_id": {"from": None, "to": approver},
                },
            },
        ),
        audit_entry(
            "approved",
            actorId=approver2,
            actorName="伊藤 さくら",
            onBehalfOfId=approver,
            onBehalfOfName="高橋 直樹",
            service="opportunity",
            action="approval.approve",
            resourceType="approval",
            resourceId=records.uuid_of("request"),
            names={approver: "高橋 直樹", approver2: "伊藤 さくら"},
            detail={"number": "RNG-2026-000412", "from": "PENDING", "to": "APPROVED", "stage": 0, "revision": 1},
        ),
        audit_entry("refused", outcome="DENIED", resourceId=rep, detail={"reason": "password"}, namesKept=False),
        audit_entry(
            "deleted", service="customer", action="customer.deleted", resourceType="customer", hash=None,
            resourceId=records.uuid_of("customer"), position=None, previousHash=None, ip=None,
        ),
    ]  # fmt: skip


def head_store(name: str, **members: Any) -> Json:
    """One that got the last head."""
    nothing = dict.fromkeys(("waitsSince", "failingSince", "readAt"))
    return {"name": name, "position": 9, "keptAt": "2026-11-26T23:47:20Z", "late": False} | nothing | members


def verification(**members: Any) -> Json:
    """Nine entries that hold."""
    return {
        "position": 9,
        "verifiedTo": "2026-11-26T23:47:12Z",
        "total": 9,
        "checkedAt": "2026-11-27T03:00:00Z",
        "wholeCheckedAt": "2026-11-26T18:00:00Z",
        "holds": True,
        "headsKept": True,
        "stores": [head_store("file"), head_store("bucket", readAt="2026-11-27T03:00:00Z")],
        "findings": [],
        "findingCount": 0,
        "underWay": None,
    } | members


class AuditAnswers:
    """Searches by person, day and action, as far as pages ask for it."""

    users: dict[str, Json]

    def audit_routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Method, path and handler."""
        return [
            ("GET", "/auth/audit-logs", self._audit_log),
            ("GET", "/auth/audit-logs/export", self._audit_file),
            ("GET", "/auth/audit-logs/{id}", self._audit_entry),
            ("GET", "/auth/audit-verification", self._verification),
            ("POST", "/auth/audit-verification", self._verify),
            ("GET", "/auth/access-review", self._access),
            ("GET", "/auth/access-review/export", self._access_file),
        ]

    def reset_audit(self) -> None:
        self.audit_entries = audit_entries()
        self.verification = verification()

    def broken_audit(self) -> None:
        finding = {"position": 5, "fault": "changed_entry", "problem": "changed entry"}
        self.verification = verification(position=4, holds=False, findings=[finding], findingCount=1)

    def _audit_log(self, ask: Ask) -> Any:
        return _refused(ask) or {"items": self._found(ask), "nextCursor": None}

    def _audit_entry(self, ask: Ask) -> Any:
        wanted = ask.request.path_params["id"]
        found = next((entry for entry in self.audit_entries if entry["id"] == wanted), None)
        return _refused(ask) or found or problem(404, "not_found", "見つかりません")

    def _audit_file(self, ask: Ask) -> Any:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(["at", "action", "id"])
        for entry in self._found(ask):
            writer.writerow([entry["at"], entry["action"], entry["id"]])
        return _refused(ask) or _file(buffer.getvalue(), "audit-log.csv")

    def _found(self, ask: Ask) -> list[Json]:
        asked = ask.request.query_params
        return [
            entry
            for entry in self.audit_entries
            if asked.get("actorId", entry["actorId"]) == entry["actorId"]
            and (not asked.getlist("action") or entry["action"] in asked.getlist("action"))
            and asked.get("from", "") <= entry["at"] < asked.get("to", "9999")
        ]

    def _verification(self, ask: Ask) -> Any:
        """The second look after the button was pressed finds it done."""
        shown = self.verification
        if shown["underWay"] is not None:
            self.verification = verification(checkedAt=records.iso(), wholeCheckedAt=records.iso())
        return _refused(ask) or shown

    def _verify(self, ask: Ask) -> Any:
        refused = _refused(ask)
        if refused is not None:
            return refused
        under_way = {"id": records.uuid_of("verification"), "requestedAt": records.iso(), "position": 4, "total": 9}
        self.verification = verification(underWay=under_way)
        return JSONResponse(self.verification, status_code=202)

    def _access(self, ask: Ask) -> Any:
        role = ask.request.query_params.get("role")
        return _refused(ask) or {
            "items": [self._account(user) for user in self.users.values() if role is None or role in user["roles"]],
            "nextCursor": None,
        }

    def _access_file(self, ask: Ask) -> Any:
        return _refused(ask) or _file("userId,name\r\n1,佐藤 美咲\r\n", "access-review.csv")

    def _account(self, user: Json) -> Json:
        recorded = user["email"] != "ops@ringi.example"
        return {
            "userId": user["id"],
            "name": user["name"],
            "email": user["email"],
            "state": user["state"],
            "totpEnabled": False,
            "createdAt": user["createdAt"],
            "lastSignInAt": "2026-11-26T00:20:11Z" if recorded else None,
            "roles": [
                {
                    "role": role,
                    "since": "2026-04-01T00:00:00Z" if recorded else None,
                    "givenById": records.uuid_of("admin") if recorded else None,
                    "givenByName": "山田 管理" if recorded else None,
                    "notRecordedBefore": None,
                }
                for role in user["roles"]
            ],
        }


def _refused(ask: Ask) -> Response | None:
    if _READERS & set(ask.user["roles"]):
        return None
    return problem(403, "forbidden", "権限がありません")


def _file(lines: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(f"\ufeff{lines}".encode(), media_type="text/csv", headers=headers)
