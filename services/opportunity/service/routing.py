"""Which way a request takes: the stages that its author names, or those of the first route that fits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import ApprovalKind, CustomerKind, StageMode
from services.kit.db.database import Reader, Row
from services.kit.errors import ProblemError, Text, Unprocessable
from services.opportunity import suitability
from services.opportunity.business_time import TOKYO
from services.opportunity.errors import NoRoute, TooFewApprovers
from services.opportunity.matching import Asked, Candidate, Choice, candidate, choose
from services.opportunity.progress import Stage
from services.opportunity.repository import people, routes
from services.opportunity.schemas.approvals import ApprovalContent
from services.opportunity.schemas.fields import DEFAULT_CURRENCY
from services.opportunity.schemas.routes import Resolver, RouteStage
from services.opportunity.service import stages as rules
from services.opportunity.service.stages import stage_members
from services.opportunity.suitability import CustomerFacts

DEFAULT_DEADLINE_HOURS: Final = 72
SUPERIOR_STAGE_NAME: Final = "事前承認（適合性）"
LARGE_AMOUNT_YEN: Final = 1_000_000
"""From this amount on the built-in policy asks an approver beside the superior."""

_SUPERIOR = RouteStage(
    name="上長承認",
    resolvers=[Resolver.MANAGER_OF_REQUESTER],
    deadline_hours=48,
    escalate_to_resolver=Resolver.MANAGER_OF_MANAGER,
)
_APPROVER = RouteStage(name="最終承認", resolvers=[Resolver.ROLE_APPROVER], deadline_hours=DEFAULT_DEADLINE_HOURS)


class LeftOutFor(StrEnum):
    """Why somebody whom a stage names is not asked."""

    REQUESTER = "REQUESTER"
    GONE = "GONE"
    SUSPENDED = "SUSPENDED"
    BEING_REPLACED = "BEING_REPLACED"
    """A process is just giving their work to somebody else."""
    NO_PERMISSION = "NO_PERMISSION"


@dataclass(frozen=True, slots=True)
class LeftOut:
    user_id: UUID
    reason: LeftOutFor


@dataclass(frozen=True, slots=True)
class Resolved:
    """A stage with the people whom it finds, and what is the matter with it, if anything."""

    stage: Stage
    left_out: tuple[LeftOut, ...] = ()
    problem: ProblemError | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The way that a request would take, whether or not all of its stages can work."""

    resolved: tuple[Resolved, ...]
    flags: list[suitability.Flag]
    choice: Choice | None = None
    """None for named approvers; ``choice.taken`` is None for the built-in policy."""


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[Stage, ...]
    flags: list[suitability.Flag]
    route_id: UUID | None = None
    """The configured route that was taken; None for named approvers and for the built-in policy."""
    route_version: int | None = None


def customer_facts(customer: Row) -> CustomerFacts:
    return CustomerFacts(
        kind=CustomerKind(customer["kind"]),
        birth_date=customer["birth_date"],
        profile_complete=customer["profile_complete"],
        profile_reviewed_at=customer["profile_reviewed_at"],
    )


async def plan(reader: Reader, content: ApprovalContent, requester: Row, customer: Row | None, now: datetime) -> Plan:
    """Raises NoRoute or TooFewApprovers when a stage can't work, Unprocessable for named people who can't be asked."""
    drawn = await draw(Directory(reader), content, requester, customer, now)
    for resolved in drawn.resolved:
        if resolved.problem is not None:
            raise resolved.problem
    taken = None if drawn.choice is None or drawn.choice.taken is None else drawn.choice.taken.candidate
    return Plan(
        tuple(resolved.stage for resolved in drawn.resolved),
        drawn.flags,
        None if taken is None else taken.route_id,
        None if taken is None else taken.version,
    )


async def draw(
    directory: "Directory",
    content: ApprovalContent,
    requester: Row,
    customer: Row | None,
    at: datetime,
    candidates: Sequence[Candidate] | None = None,
) -> Drawn:
    """The way of a request that is submitted at ``at``: what ``plan`` takes, trials show and simulations compare.

    ``candidates``: the routes that there are, if not those that count then. Raises Unprocessable for named people who
    can't be asked.
    """
    found = [] if customer is None else suitability.flags(content.kind, customer_facts(customer), at)
    named, choice = await _named(directory.reader, content, requester), None
    if named is None:
        if candidates is None:
            candidates = await counting(directory.reader, at)
        choice = choose(candidates, asked_of(content, customer, at))
        people_of = await _People.load(directory, templates_of(choice, content), requester)
        resolved = tuple([await _resolve(people_of, template) for template in templates_of(choice, content)])
    else:
        resolved = tuple(Resolved(stage) for stage in named)
    if suitability.asks_for_superior(content.kind, found):
        resolved = await _with_superior(await _People.load(directory, [], requester), resolved)
    return Drawn(resolved, found, choice)


async def counting(reader: Reader, at: datetime) -> list[Candidate]:
    """The active routes in the versions that count at an instant."""
    return [candidate(row) for row in await routes.counting(reader, at)]


def asked_of(content: ApprovalContent, customer: Row | None, at: datetime) -> Asked:
    """What routes look at."""
    age = None
    if customer is not None and customer["birth_date"] is not None:
        age = suitability.age_on(at.astimezone(TOKYO).date(), customer["birth_date"])
    risk_tolerance = None if customer is None else customer["risk_tolerance"]
    return Asked(content.kind, content.amount, content.currency, age, risk_tolerance)


def templates_of(choice: Choice, content: ApprovalContent) -> list[RouteStage]:
    """The stages of the route that was taken, else those of the built-in policy."""
    if choice.taken is not None:
        return [_stored(stage) for stage in choice.taken.candidate.stages]
    # There are no rates: what is not in yen counts as large.
    large = content.amount is not None and (content.currency != DEFAULT_CURRENCY or content.amount >= LARGE_AMOUNT_YEN)
    if large or content.kind is ApprovalKind.SUITABILITY_EXCEPTION:
        return [_SUPERIOR, _APPROVER]
    return [_SUPERIOR]


async def _named(reader: Reader, content: ApprovalContent, requester: Row) -> tuple[Stage, ...] | None:
    if content.approver_id is not None:
        known = await people.users(reader, [content.approver_id])
        faults = rules.approver_faults(content.approver_id, known, "/approverId", requester["id"])
        if faults:
            raise Unprocessable(errors=faults)
        return (Stage("承認", (content.approver_id,), deadline_hours=DEFAULT_DEADLINE_HOURS),)
    if content.stages is None:
        return None
    rules.check_shape(content.stages)
    known = await people.users(reader, rules.named(content.stages))
    rules.check_people(content.stages, known, requester["id"])
    return tuple(
        Stage(
            name=stage.name,
            approver_ids=tuple(stage.approver_ids),
            mode=stage.mode,
            quorum=stage.quorum,
            deadline_hours=stage.deadline_hours,
            business_days=stage.business_days,
            escalate_to=stage.escalate_to,
            viewer_ids=tuple(stage.viewer_ids),
        )
        for stage in content.stages
    )


def _stored(stage: dict[str, Any]) -> RouteStage:
    """A stage as its route was saved, perhaps under rules that have become stricter since: it is not refused for its
    form, and says who can be asked like any other."""
    return RouteStage.model_construct(
        **stage_members(stage),
        resolvers=[Resolver(resolver) for resolver in dict.fromkeys(stage.get("resolvers") or [])],
        escalate_to_resolver=_resolver(stage.get("escalateToResolver")),
    )


def _resolver(value: str | None) -> Resolver | None:
    return None if value is None else Resolver(value)


class Directory:
    """People as the copies know them, each asked for once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._users: dict[UUID, Row | None] = {}
        self._by_role: dict[tuple[Role, UUID], list[UUID]] = {}

    async def users(self, user_ids: Iterable[UUID]) -> None:
        missing = [user_id for user_id in user_ids if user_id not in self._users]
        if missing:
            found = await people.users(self.reader, missing)
            self._users |= {user_id: found.get(user_id) for user_id in missing}

    async def user(self, user_id: UUID) -> Row | None:
        await self.users([user_id])
        return self._users[user_id]

    async def approvers_by_role(self, role: Role, requester_id: UUID) -> list[UUID]:
        if (role, requester_id) not in self._by_role:
            found = await people.approvers_by_role(self.reader, role, [requester_id])
            self._by_role[role, requester_id] = found
        return self._by_role[role, requester_id]


@dataclass(frozen=True, slots=True)
class _People:
    """Whom the stages of one request may name, and how resolvers find others."""

    directory: Directory
    requester: Row

    @classmethod
    async def load(cls, directory: Directory, templates: Sequence[RouteStage], requester: Row) -> Self:
        await directory.users(rules.deciding(templates))
        return cls(directory, requester)

    async def left_out(self, user_ids: Iterable[UUID]) -> tuple[LeftOut, ...]:
        reasons = [(user_id, await self._reason_against(user_id)) for user_id in user_ids]
        return tuple(LeftOut(user_id, reason) for user_id, reason in reasons if reason is not None)

    async def _reason_against(self, user_id: UUID) -> LeftOutFor | None:
        if user_id == self.requester["id"]:
            return LeftOutFor.REQUESTER
        return reason_against(await self.directory.user(user_id))

    async def can_be_asked(self, user_id: UUID) -> bool:
        return await self._reason_against(user_id) is None

    async def found_by(self, resolver: Resolver) -> list[UUID]:
        if resolver is Resolver.ROLE_APPROVER:
            return await self.directory.approvers_by_role(Role.APPROVER, self.requester["id"])
        if resolver is Resolver.ROLE_MANAGER:
            return await self.directory.approvers_by_role(Role.MANAGER, self.requester["id"])
        manager_id = self.requester["manager_id"]
        if resolver is Resolver.MANAGER_OF_MANAGER and manager_id is not None:
            manager = await self.directory.user(manager_id)
            manager_id = None if manager is None else manager["manager_id"]
        return [] if manager_id is None or not await self.can_be_asked(manager_id) else [manager_id]


def reason_against(known: Row | None) -> LeftOutFor | None:
    """Why somebody whom the copies know so can't be asked to approve anything; None if they can."""
    if known is None or known["state"] in people.LEAVING_STATES:
        return LeftOutFor.GONE
    if known["state"] in people.UNABLE_STATES:
        return LeftOutFor.SUSPENDED
    if known["blocked_by_process"] is not None:
        return LeftOutFor.BEING_REPLACED
    return None if people.can_decide(known) else LeftOutFor.NO_PERMISSION


async def _resolve(who: _People, template: RouteStage) -> Resolved:
    left_out = await who.left_out(dict.fromkeys(template.approver_ids))
    # The requester's own place in a stage is left out: nobody decides their own request.
    named = [user_id for user_id in dict.fromkeys(template.approver_ids) if user_id != who.requester["id"]]
    approvers = [user_id for user_id in named if user_id not in {one.user_id for one in left_out}]
    for resolver in template.resolvers:
        approvers += [user_id for user_id in await who.found_by(resolver) if user_id not in approvers]
    if not approvers and not template.approver_ids:
        # A superior who is missing is no reason to stop: any approver may answer in their place.
        approvers = await who.found_by(Resolver.ROLE_APPROVER)
    stage = Stage(
        name=template.name,
        approver_ids=tuple(approvers),
        mode=template.mode,
        quorum=template.quorum,
        deadline_hours=template.deadline_hours,
        business_days=template.business_days,
        escalate_to=await _escalation(who, template, approvers),
        viewer_ids=tuple(dict.fromkeys(template.viewer_ids)),
    )
    return Resolved(stage, left_out, _shortage(template, named, approvers))


def _shortage(template: RouteStage, named: Sequence[UUID], approvers: Sequence[UUID]) -> ProblemError | None:
    """A control does not adapt to who is left: what the route asks for, or no submission."""
    if not approvers:
        name = template.name
        return NoRoute(Text(f"「{name}」の承認者がいません", f"Nobody can approve the stage {name}"))
    missing = len(set(named) - set(approvers)) if template.mode is StageMode.ALL else 0
    needed = (template.quorum or 1) if template.mode is StageMode.QUORUM else len(approvers) + missing
    if template.mode is not StageMode.ANY and len(approvers) < needed:
        return TooFewApprovers(template.name, needed=needed, available=len(approvers))
    return None


async def _escalation(who: _People, template: RouteStage, approvers: Sequence[UUID]) -> UUID | None:
    if template.escalate_to is not None and await who.can_be_asked(template.escalate_to):
        return None if template.escalate_to in approvers else template.escalate_to
    if template.escalate_to_resolver is None:
        return None
    candidates = await who.found_by(template.escalate_to_resolver)
    return next((one for one in candidates if one not in approvers), None)


async def _with_superior(who: _People, resolved: tuple[Resolved, ...]) -> tuple[Resolved, ...]:
    superior = await who.found_by(Resolver.MANAGER_OF_REQUESTER)
    asked = superior or await who.found_by(Resolver.ROLE_APPROVER)
    if not asked or any(set(one.stage.approver_ids) <= set(asked) for one in resolved):
        return resolved
    first = Stage(SUPERIOR_STAGE_NAME, tuple(asked), StageMode.ANY, deadline_hours=DEFAULT_DEADLINE_HOURS)
    return (Resolved(first), *resolved)


async def preview(reader: Reader, chosen: Plan, now: datetime) -> dict[str, Any]:
    """The route with names and absences: who is away and who stands in."""
    involved = sorted({voter for stage in chosen.stages for voter in stage.voters})
    stand_ins = await people.proxies_of(reader, involved, now)
    names = await people.names(reader, [*involved, *(proxy for found in stand_ins.values() for proxy in found)])
    unable = await people.unable(reader, involved)

    def person(user_id: UUID) -> dict[str, Any]:
        proxies = stand_ins.get(user_id, [])
        return {
            "id": user_id,
            "name": names.get(user_id),
            "absent": bool(proxies) or user_id in unable,
            "proxies": [{"id": proxy, "name": names.get(proxy)} for proxy in proxies],
        }

    return {
        "routeId": chosen.route_id,
        "flags": chosen.flags,
        "stages": [
            {
                "name": stage.name,
                "mode": stage.mode,
                "quorum": stage.quorum,
                "deadlineHours": stage.deadline_hours,
                "businessDays": stage.business_days,
                "escalateTo": stage.escalate_to,
                "approverIds": list(stage.approver_ids),
                "approvers": [person(approver) for approver in stage.approver_ids],
            }
            for stage in chosen.stages
        ],
    }
