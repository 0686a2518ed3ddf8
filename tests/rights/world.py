"""People of every role with their teams, and what belongs to each of them, in a running system."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running import clock, zone
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from tests.rights.table import ROLES, Relation
from tests.support.http import Answer, new_key
from tests.support.kind_fields import filled_in
from tests.support.system import PASSWORD, Caller, System
from tests.support.waiting import eventually

HAVE_CUSTOMERS = (Role.REP, Role.MANAGER)
DECIDE = (Role.MANAGER, Role.APPROVER)
CUSTOMER_NAME = "照合対象"
"""Part of every customer's name: what the search looks for."""
OVERDUE_DAYS = 2
PATIENCE = 60.0
"""Seconds: a busy machine must not look like a missing right."""


def in_days(days: float) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


@dataclass
class World:
    system: System
    analytics: Database
    admin: Caller
    """Sets things up; no caller of the matrix."""
    callers: dict[Role, Caller] = field(default_factory=dict)
    reports: dict[Role, Caller] = field(default_factory=dict)
    """A rep who reports to the caller of this role."""
    named_reports: dict[Role, Caller] = field(default_factory=dict)
    """An approver who reports to the caller of this role."""
    stranger: Caller = field(init=False)
    named_stranger: Caller = field(init=False)
    asker: Caller = field(init=False)
    """Raises the requests that are about whom they name; nobody's report."""
    route_id: str = ""
    rate_id: str = ""
    department_id: str = ""
    belongings: dict[str, dict[UUID, Any]] = field(default_factory=dict)
    """Kind of thing → whose it is → its id."""

    def owner(self, role: Role, relation: Relation) -> Caller:
        return self._one_of(self.reports, self.stranger, role, relation)

    def approver(self, role: Role, relation: Relation) -> Caller:
        return self._one_of(self.named_reports, self.named_stranger, role, relation)

    def _one_of(self, reports: dict[Role, Caller], stranger: Caller, role: Role, relation: Relation) -> Caller:
        people = {Relation.OWN: self.callers[role], Relation.TEAM: reports[role], Relation.OTHER: stranger}
        return people[relation]

    def of(self, kind: str, owner: Caller) -> Any:
        return self.belongings[kind][owner.id]

    # People ----------------------------------------------------------------------------------------

    async def gather_people(self) -> None:
        callers = await asyncio.gather(*(self.system.person(f"the {role}".replace(" ", "-"), role) for role in ROLES))
        self.callers = dict(zip(ROLES, callers, strict=True))
        people = [self._report(role, Role.REP) for role in ROLES] + [
            self._report(role, Role.APPROVER) for role in ROLES
        ]
        everybody = await asyncio.gather(
            *people,
            self.system.person("asker", Role.REP),
            self.system.person("stranger", Role.REP),
            self.system.person("named-stranger", Role.APPROVER),
        )
        self.reports = dict(zip(ROLES, everybody, strict=False))
        self.named_reports = dict(zip(ROLES, everybody[len(ROLES) :], strict=False))
        self.asker, self.stranger, self.named_stranger = everybody[-3:]

    async def _report(self, role: Role, own_role: Role) -> Caller:
        return await self.system.person(f"{own_role}-below-{role}", own_role, manager=self.callers[role])

    async def sign_in(self, person: Caller) -> dict[str, Any]:
        """Another session of this person."""
        [email] = await self.system.rows("auth", "SELECT email FROM users WHERE id = %s", [person.id])
        answer = await person.ask("POST", "/auth/login", {"email": email["email"], "password": PASSWORD})
        return _made(answer)

    # Targets ----------------------------------------------------------------------------------------

    async def hand_out(self) -> None:
        """A thing of every kind for everybody who can have one."""
        owners = [self.stranger, *self.reports.values(), *(self.callers[role] for role in HAVE_CUSTOMERS)]
        requesters = [*owners, self.callers[Role.ADMIN]]
        approvers = [self.named_stranger, *self.named_reports.values(), *(self.callers[role] for role in DECIDE)]
        everybody = [*self.callers.values(), *self.reports.values(), self.stranger]
        self.belongings["customer"] = await self._each(owners, self._customer)
        self.route_id = await self._route()
        self.department_id = _id(await self.admin.ask("POST", "/departments", {"name": "照合部"}))
        self.rate_id = _id(await self.admin.ask("POST", "/currency-rates", rate_body()))
        for kind, people, make in (
            ("meeting", owners, self._meeting),
            ("task", owners, self._task),
            ("raised", requesters, self.raise_request),
            ("process", requesters, self._ended_process),
            ("named", approvers, self.name_in_request),
            ("open", approvers, self.open_to_superiors),
            ("named_customer", approvers, self._named_customer),
            ("named_meeting", approvers, self._named_meeting),
            ("named_task", approvers, self._named_task),
            ("proxy", approvers, self.give_proxy),
            ("batch", approvers, self._bulk_decision),
            ("view", approvers, self.save_view),
            ("notification", everybody, self.notify),
        ):
            self.belongings[kind] = await self._each(people, make)
        await eventually(self._is_told, within=PATIENCE, what="everything in reports and lists of processes")

    async def _is_told(self) -> bool:
        """Whether analytics has consumed all of it; what it never heard of would look hidden."""
        listed = (await self.admin.ask("GET", "/sagas?limit=200")).json["items"]
        report = await self.admin.ask(
            "GET", f"/reports/customer-statistics?by=rep&from={in_days(-1)[:10]}&to={in_days(2)[:10]}"
        )
        tasks = await self.admin.ask(
            "GET", f"/reports/task-completion?by=rep&from={in_days(-20)[:10]}&to={in_days(2)[:10]}"
        )
        owners = {str(owner) for owner in self.belongings["customer"]}
        named = {UUID(customer) for customer in self.belongings["named_customer"].values()}
        for service in ("customer", "sales_activity"):
            known = await self.system.rows(service, "SELECT customer_id FROM request_copies")
            if not named <= {row["customer_id"] for row in known}:
                return False
        return (
            set(self.belongings["process"].values()) <= {saga["id"] for saga in listed}
            and owners <= {group["key"]["id"] for group in report.json["groups"]}
            and owners <= {group["key"]["id"] for group in tasks.json["groups"]}
        )

    async def _each(self, people: Iterable[Caller], make: Any) -> dict[UUID, Any]:
        return {person.id: await make(person) for person in people}

    async def _customer(self, owner: Caller) -> str:
        body = {"name": f"{CUSTOMER_NAME} 商事", "assignedSalesId": str(owner.id)}
        return _id(await self.admin.ask("POST", "/customers", body))

    async def _meeting(self, owner: Caller) -> str:
        return await self._meeting_about(self.of("customer", owner), owner)

    async def _task(self, owner: Caller) -> str:
        return await self._task_about(self.of("customer", owner), owner)

    async def _named_meeting(self, approver: Caller) -> str:
        """One of the asker's, with the customer about whom a request names this approver."""
        return await self._meeting_about(self.of("named_customer", approver), self.asker)

    async def _named_task(self, approver: Caller) -> str:
        return await self._task_about(self.of("named_customer", approver), self.asker)

    async def _meeting_about(self, customer: str, owner: Caller) -> str:
        body = {"title": "面談", "customerId": customer, "userId": str(owner.id)}
        period = {"startsAt": in_days(1), "endsAt": in_days(2)}
        return _id(await self.admin.ask("POST", "/meetings", body | period))

    async def _task_about(self, customer: str, owner: Caller) -> str:
        body = {"title": "連絡", "customerId": customer, "userId": str(owner.id)}
        return _id(await self.admin.ask("POST", "/tasks", body | {"dueDate": in_days(-OVERDUE_DAYS)}))

    async def _request(self, requester: Caller, approver: Caller) -> dict[str, Any]:
        body = filled_in({"kind": "FEE_DISCOUNT", "title": "手数料の減額", "approverId": str(approver.id)})
        return _made(await requester.ask("POST", "/approvals", body))

    async def raise_request(self, requester: Caller) -> str:
        """One of this requester, before an approver who is nobody else's in the matrix."""
        request: str = (await self._request(requester, self.named_stranger))["id"]
        return request

    async def name_in_request(self, approver: Caller) -> str:
        """One that names this approver, by a requester who is nobody else's in the matrix."""
        request: str = (await self._request(self.asker, approver))["id"]
        return request

    async def open_to_superiors(self, approver: Caller) -> str:
        """The same, where the approver's superiors may step in."""
        stage = {"name": "承認", "approverIds": [str(approver.id)], "stepIn": "ALWAYS"}
        body = filled_in({"kind": "FEE_DISCOUNT", "title": "手数料の減額", "stages": [stage]})
        return _id(await self.asker.ask("POST", "/approvals", body))

    async def _named_customer(self, approver: Caller) -> str:
        """One of the asker's, about whom a request names this approver."""
        customer = await self._customer(self.asker)
        body = {"kind": "FEE_DISCOUNT", "title": "手数料の減額", "approverId": str(approver.id), "customerId": customer}
        _made(await self.asker.ask("POST", "/approvals", filled_in(body)))
        return customer

    async def _ended_process(self, requester: Caller) -> str:
        request = await self._request(requester, self.named_stranger)
        key = new_key()
        _made(await served(lambda: requester.ask("PATCH", f"/approvals/{request['id']}/recall", Idempotency_Key=key)))
        process: str = request["processId"]
        return process

    async def give_proxy(self, absent: Caller) -> str:
        period = {"startsAt": in_days(100), "endsAt": in_days(200)}
        body = {"fromId": str(absent.id), "toId": str(self.named_stranger.id), **period}
        if absent is self.named_stranger:
            body["toId"] = str(self.named_reports[Role.OPS].id)
        return _id(await self.admin.ask("POST", "/proxies", body))

    async def _bulk_decision(self, approver: Caller) -> str:
        """On a request that there is not."""
        body = {"decision": "APPROVE", "items": [{"id": str(new_id())}]}
        return _id(await approver.ask("POST", "/approvals/bulk-decisions", body))

    async def save_view(self, person: Caller) -> str:
        body = {"name": str(new_id()), "filter": {"kind": "EXPENSE"}}
        return _id(await person.ask("POST", "/approvals/views", body))

    async def notify(self, recipient: Caller) -> str:
        """As an event would make it: nobody can be sent one over HTTP."""
        notification_id = new_id()
        async with self.analytics.transaction(ActorContext.system()) as uow:
            await uow.execute(
                "INSERT INTO notifications (id, source_id, recipient_id, channel, type, params, resource_type,"
                " resource_id, created_at) VALUES (%(id)s, %(id)s, %(to)s, 'in_app', 'TASK_DUE_SOON',"
                " jsonb_build_object('title', '連絡', 'dueDate', now()), 'task', %(id)s, now())",
                {"id": notification_id, "to": recipient.id},
            )
        return str(notification_id)

    async def _route(self) -> str:
        return _id(await self.admin.ask("POST", "/approval-routes", route_body()))


async def served(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of a call that is repeated, with its key, while a server says 503: a machine can be busy."""

    async def answered() -> Answer | None:
        answer = await ask()
        return None if answer.status == 503 else answer

    answer = await eventually(answered, within=PATIENCE, what="an answer that is not 503")
    assert answer is not None
    return answer


def route_body() -> dict[str, Any]:
    """A route that is never taken."""
    return {"name": "照合", "active": False, "stages": [{"name": "承認", "resolvers": ["ROLE:approver"]}]}


def rate_body() -> dict[str, Any]:
    """A rate of a currency in which nobody asks for anything."""
    return {"currency": "ISK", "yenPerUnit": "1.1", "validFrom": zone.today().isoformat()}


def _made(answer: Answer) -> dict[str, Any]:
    assert answer.status in (200, 201, 202), answer.body
    made: dict[str, Any] = answer.json
    return made


def _id(answer: Answer) -> str:
    made: str = _made(answer)["id"]
    return made
