"""Records that the fuzzer can hit: with random ids alone, every route that names one would answer 404 only."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.contracts.permissions import Role
from tests.support.files import PDF, multipart
from tests.support.kind_fields import filled_in
from tests.support.system import Caller, System

PERIOD = {"startsAt": "2099-01-01T00:00:00Z", "endsAt": "2099-01-02T00:00:00Z"}


@dataclass(frozen=True)
class Targets:
    ids: dict[str, str]
    """Name of the path parameter → a record's id."""
    of_operations: dict[str, dict[str, str]]
    """Operation → ids of its own: what may end a record does not end the one that the others read."""

    def as_parameters(self) -> str:
        """The configuration file that makes schemathesis use them."""
        lines = ["[parameters]", *_path_parameters(self.ids)]
        for operation, ids in self.of_operations.items():
            lines += ["[[operations]]", f"include-name = {operation!r}"]
            lines += [f"parameters.{line}" for line in _path_parameters(ids)]
        return "\n".join([*lines, ""])


def _path_parameters(ids: dict[str, str]) -> list[str]:
    return [f'"path.{name}" = {record if record.isdecimal() else repr(record)}' for name, record in ids.items()]


def today_in_japan() -> str:
    return datetime.now(ZoneInfo("Asia/Tokyo")).date().isoformat()


async def attach(owner: Caller, approval: str) -> str:
    """A file that no fuzzer can remove: its request is submitted afterwards."""
    body, media_type = multipart("検査.pdf", PDF)
    headers = {"Authorization": f"Bearer {owner.token}", "Content-Type": media_type}
    url = f"{owner.url}/api/v1/approvals/{approval}/attachments"
    async with owner.session.post(url, data=body, headers=headers) as response:
        answer = await response.json()
        assert response.status == 201, answer
        attached: str = answer["id"]
        return attached


async def create_targets(system: System) -> Targets:
    owner = await system.person("owner", Role.ADMIN, Role.REP)
    approver = await system.person("approver", Role.APPROVER)
    stand_in = await system.person("stand-in", Role.APPROVER)
    auditor = await system.person("auditor", Role.AUDITOR)

    async def make(by: Caller, path: str, body: dict[str, object], field: str = "id") -> str:
        answer = await by.ask("POST", path, body)
        assert answer.status in (201, 202), answer.json
        made: str = answer.json[field]
        return made

    customer = await make(owner, "/customers", {"name": "検査 太郎"})
    request = {"title": "検査", "approverId": str(approver.id), "customerId": customer}
    request = filled_in(request | {"kind": "FEE_DISCOUNT"})
    route = {"name": "検査", "active": False, "stages": [{"name": "承認", "resolvers": ["ROLE:approver"]}]}
    approval = await make(owner, "/approvals", request | {"draft": True})
    attachment = await attach(owner, approval)
    submitted = await owner.ask("PATCH", f"/approvals/{approval}/submit")
    assert submitted.status == 200, submitted.json
    history = await owner.ask("GET", f"/approvals/{approval}/history")
    decided = await make(owner, "/approvals", request)
    approved = await approver.ask("PATCH", f"/approvals/{decided}/approve")
    assert approved.status == 200, approved.json
    rate = {"currency": "USD", "yenPerUnit": "150.25", "validFrom": today_in_japan()}
    webhook = {"url": "https://receiver.invalid/ringi", "eventTypes": ["approval.approved"]}
    kept_webhook = await make(owner, "/webhooks", webhook)
    told = await owner.ask("POST", f"/webhooks/{kept_webhook}/test")
    assert told.status == 204, told.json
    deliveries = await owner.ask("GET", f"/webhooks/{kept_webhook}/deliveries")
    hold = await make(owner, f"/approvals/{decided}/legal-holds", {"reason": "検査"})
    population = {"decidedFrom": "2020-01-01", "decidedTo": "2100-01-01"}
    return Targets(
        {
            "customer_id": customer,
            "task_id": await make(owner, "/tasks", {"title": "検査", "customerId": customer}),
            "meeting_id": await make(owner, "/meetings", {"title": "検査", "customerId": customer, **PERIOD}),
            "approval_id": approval,
            "view_id": await make(approver, "/approvals/views", {"name": "検査", "filter": {"kind": "EXPENSE"}}),
            "batch_id": await make(
                approver, "/approvals/bulk-decisions", {"decision": "APPROVE", "items": [{"id": approval}]}
            ),
            "entry_id": history.json["items"][0]["id"],
            "attachment_id": attachment,
            "process_id": await make(owner, "/approvals", request, "processId"),
            "route_id": await make(owner, "/approval-routes", route),
            "number": "1",
            "rate_id": await make(owner, "/currency-rates", rate),
            "webhook_id": kept_webhook,
            "delivery_id": deliveries.json["items"][0]["id"],
            "hold_id": hold,
            "sample_id": await make(auditor, "/audit-samples", {"title": "検査", "count": 1, "population": population}),
            "position": "1",
            "proxy_id": await make(approver, "/proxies", {"toId": str(stand_in.id), **PERIOD}),
            "user_id": str(stand_in.id),
            "department_id": await make(owner, "/departments", {"name": "検査部", "headId": str(approver.id)}),
            "sales_id": str(owner.id),
        },
        {
            "DELETE /api/v1/webhooks/{webhook_id}": {"webhook_id": await make(owner, "/webhooks", webhook)},
            "DELETE /api/v1/departments/{department_id}": {
                "department_id": await make(owner, "/departments", {"name": "検査課"})
            },
        },
    )
