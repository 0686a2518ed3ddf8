"""Complete records as the API answers them; a test names only what it is about."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_DATES: Json = {"createdAt": "2026-11-19T01:00:00Z", "updatedAt": "2026-11-19T01:00:00Z"}
_COLLEAGUE: Json = {
    "id": "u1",
    "name": "佐藤 美咲",
    "roles": ["rep"],
    "managerId": None,
    "departmentId": None,
    "active": True,
}
_CUSTOMER: Json = _DATES | {
    "id": "c1", "name": "山田 太郎", "nameKana": None, "kind": "INDIVIDUAL", "email": None, "phone": None,
    "birthDate": None, "occupation": None, "relationship": "CLIENT", "assignedSalesId": "rep", "tags": [],
    "notes": None, "profile": None, "state": "ACTIVE", "processId": None, "deletedAt": None, "version": 1,
    "allowedActions": [],
}  # fmt: skip
_MEETING: Json = _DATES | {
    "id": "m1", "customerId": "c1", "customerName": "山田 太郎", "userId": "me", "userName": None, "attendeeIds": [],
    "title": "定例面談", "startsAt": "2026-11-20T05:00:00Z", "endsAt": "2026-11-20T06:00:00Z", "place": None,
    "agenda": None, "outcome": None, "nextStep": None, "state": "PLANNED", "allowedActions": ["CHANGE"], "version": 1,
}  # fmt: skip
_TASK: Json = _DATES | {
    "id": "t1", "customerId": None, "customerName": None, "userId": "me", "userName": None, "title": "資料送付",
    "description": None, "priority": "NORMAL", "dueDate": None, "leadHours": 24, "state": "OPEN",
    "completedAt": None, "dueSoon": False, "overdue": False, "allowedActions": ["CHANGE"], "version": 1,
}  # fmt: skip
_APPROVAL: Json = _DATES | {
    "id": "r1", "number": "RNG-2026-000001", "customerId": None, "customerName": None, "requesterId": "me",
    "requesterName": None, "ownerId": "me", "kind": "FEE_DISCOUNT", "title": "手数料の特別適用", "description": "",
    "amount": None, "currency": "JPY", "generation": 1, "state": "DRAFT", "stage": 0, "stages": [], "revision": 1,
    "routeId": None, "routeVersion": None,
    "fields": {}, "flags": [], "flagGrounds": {}, "opinions": [],
    "waitingFor": [], "deadlineAt": None, "previousId": None, "processId": None, "submittedAt": None,
    "decidedAt": None, "decidedBy": None, "decidedByName": None, "heldBy": None, "termsChanged": False,
    "attachmentCount": 0, "businessDaysLeft": None, "shortSince": None, "version": 1, "allowedActions": [],
    "standsInFor": None, "stepsInFor": [], "waitingSince": None,
}  # fmt: skip
_ABSENCE: Json = {
    "id": "p1", "fromId": "me", "fromName": "加藤 浩二", "toId": "u2", "toName": "佐藤 美咲",
    "startsAt": "2099-01-05T00:00:00Z", "endsAt": "2099-01-09T09:00:00Z", "takesWaiting": True, "ended": False,
    "version": 1, "createdAt": "2026-11-19T01:00:00Z",
}  # fmt: skip
_STAGE: Json = {
    "name": "承認", "approverIds": [], "mode": "ANY", "quorum": None, "deadlineHours": None, "escalateTo": None,
}  # fmt: skip
_ENTRY: Json = {
    "id": "h1", "sequence": 1, "at": "2026-11-20T01:00:05Z", "action": "SUBMIT", "actorId": "me", "actorName": None,
    "onBehalfOfId": None, "onBehalfOfName": None, "role": "REQUESTER", "generation": 1, "stage": 0, "revision": 1,
    "state": "PENDING", "processId": None, "comment": None, "erased": False, "keepsEvidence": True,
    "commitment": "c" * 64, "previousHash": "0" * 64, "hash": "a" * 64,
}  # fmt: skip
_ROUTE_STAGE: Json = _STAGE | {
    "resolvers": [], "businessDays": False, "escalateToResolver": None, "viewerIds": [],
    "viewWhen": "STAGE", "reviewerIds": [], "stepIn": "NEVER",
}  # fmt: skip
_ROUTE: Json = _DATES | {
    "id": "r9", "name": "手数料", "kind": None, "minAmount": None, "maxAmount": None, "currency": "JPY", "minAge": None,
    "riskTolerances": [], "priority": 0, "stages": [], "active": True, "version": 1, "note": "", "createdBy": None,
    "validFrom": "2026-11-01T00:00:00Z", "createdByName": None, "processId": None, "state": "CURRENT", "planned": [],
}  # fmt: skip
_SAGA: Json = {
    "id": "s1", "sagaId": "s1", "type": "customer_deletion", "resourceId": "c1", "actorId": "me",
    "status": "REQUESTED", "detail": None, "steps": [], "progress": {"done": 0, "total": 0},
    "startedAt": "2026-11-19T01:00:00Z", "finishedAt": None,
}  # fmt: skip


def page(*items: Json, more: str | None = None) -> Json:
    """One page of a list; `more` is the cursor of the next one."""
    return {"items": list(items), "nextCursor": more}


def colleague(**members: Any) -> Json:
    """A user as everybody sees colleagues."""
    return _COLLEAGUE | members


def customer(**members: Any) -> Json:
    return _CUSTOMER | members


def meeting(**members: Any) -> Json:
    return _MEETING | members


def task(**members: Any) -> Json:
    return _TASK | members


def approval(**members: Any) -> Json:
    return _APPROVAL | members


def absence(**members: Any) -> Json:
    return _ABSENCE | members


def stage(**members: Any) -> Json:
    """One stage of a request's route."""
    return _STAGE | members


def history_entry(**members: Any) -> Json:
    """One entry of a request's history."""
    return _ENTRY | members


def route_stage(**members: Any) -> Json:
    """One stage as a route is written."""
    return _ROUTE_STAGE | members


def approval_route(**members: Any) -> Json:
    return _ROUTE | members


def route_version(**members: Any) -> Json:
    """A version of the same; its state is one of versions."""
    shared = {name: value for name, value in _ROUTE.items() if name not in {"id", "planned", "updatedAt"}}
    return shared | {"routeId": "r9", "withdrawnAt": None} | members


def saga(**members: Any) -> Json:
    """A process as it answers what started it."""
    return _SAGA | members


_NOT_ASKED = {"toRead": 0, "toReview": 0, "consulted": 0}


def counts(**members: int) -> Json:
    """The numbers on the tabs of the approvals."""
    return (
        {"waiting": 0, "snoozed": 0, "stuck": 0, "opinions": 0, "requested": 0, "returned": 0, "drafts": 0}
        | _NOT_ASKED
        | members
    )
