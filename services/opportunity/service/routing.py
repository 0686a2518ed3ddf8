"""Which way a request takes: the stages that its author names, or those of the first route that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import ApprovalKind, CustomerKind, StageMode
from services.kit.db.database import Reader, Row
from services.kit.errors import Text, Unprocessable
from services.opportunity import business_time, suitability
from services.opportunity.business_time import TOKYO
from services.opportunity.errors import NoRoute, TooFewApprovers
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


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[Stage, ...]
    flags: list[suitability.Flag]
    route_id: UUID | None = None
    """The configured route that was taken; None for named approvers and for the built-in policy."""


def customer_facts(customer: Row) -> CustomerFacts:
    return CustomerFacts(
        kind=CustomerKind(customer["kind"]),
        birth_date=customer["birth_date"],
        profile_complete=customer["profile_complete"],
        profile_reviewed_at=customer["profile_reviewed_at"],
    )


async def plan(reader: Reader, content: ApprovalContent, requester: Row, customer: Row | None, now: datetime) -> Plan:
    """Raises NoRoute or TooFewApprovers when a stage can't work, Unprocessable for named people who can't be asked."""
    found = [] if customer is None else suitability.flags(content.kind, customer_facts(customer), now)
    stages, route_id = await _named(reader, content, requester), None
    if stages is None:
        templates, route_id = await _templates(reader, content, customer, now)
        people_of = await _People.load(reader, templates, requester)
        stages = tuple([await _resolve(people_of, template) for template in templates])
    if suitability.asks_for_superior(content.kind, found):
        stages = await _with_superior(await _People.load(reader, [], requester), stages)
    return Plan(stages, found, route_id)


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


async def _templates(
    reader: Reader, content: ApprovalContent, customer: Row | None, now: datetime
) -> tuple[list[RouteStage], UUID | None]:
    age = None
    if customer is not None and customer["birth_date"] is not None:
        age = suitability.age_on(now.astimezone(TOKYO).date(), customer["birth_date"])
    row = await routes.first_match(
        reader,
        kind=content.kind,
        amount=content.amount,
        currency=content.currency,
        age=age,
        risk_tolerance=None if customer is None else customer["risk_tolerance"],
    )
    if row is not None:
        return [_stored(stage) for stage in row["stages"]], row["id"]
    # There are no rates: what is not in yen counts as large.
    large = content.amount is not None and (content.currency != DEFAULT_CURRENCY or content.amount >= LARGE_AMOUNT_YEN)
    if large or content.kind is ApprovalKind.SUITABILITY_EXCEPTION:
        return [_SUPERIOR, _APPROVER], None
    return [_SUPERIOR], None


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


@dataclass(frozen=True, slots=True)
class _People:
    """Whom the stages of one request may name, and how resolvers find others."""

    reader: Reader
    requester: Row
    known: Mapping[UUID, Row]

    @classmethod
    async def load(cls, reader: Reader, templates: Sequence[RouteStage], requester: Row) -> Self:
        return cls(reader, requester, await people.users(reader, rules.deciding(templates)))

    def can_be_asked(self, user_id: UUID) -> bool:
        return user_id != self.requester["id"] and _is_free(self.known.get(user_id))

    async def found_by(self, resolver: Resolver) -> list[UUID]:
        if resolver is Resolver.ROLE_APPROVER:
            return await people.approvers_by_role(self.reader, Role.APPROVER, [self.requester["id"]])
        if resolver is Resolver.ROLE_MANAGER:
            return await people.approvers_by_role(self.reader, Role.MANAGER, [self.requester["id"]])
        manager_id = self.requester["manager_id"]
        if resolver is Resolver.MANAGER_OF_MANAGER and manager_id is not None:
            manager = await people.user(self.reader, manager_id)
            manager_id = None if manager is None else manager["manager_id"]
        if manager_id is None or manager_id == self.requester["id"]:
            return []
        return [manager_id] if _is_free(await people.user(self.reader, manager_id)) else []


def _is_free(known: Row | None) -> bool:
    return known is not None and known["blocked_by_process"] is None and people.can_decide(known)


async def _resolve(who: _People, template: RouteStage) -> Stage:
    # The requester's own place in a stage is left out: nobody decides their own request.
    named = [user_id for user_id in dict.fromkeys(template.approver_ids) if user_id != who.requester["id"]]
    approvers = [user_id for user_id in named if who.can_be_asked(user_id)]
    for resolver in template.resolvers:
        approvers += [user_id for user_id in await who.found_by(resolver) if user_id not in approvers]
    if not approvers and not template.approver_ids:
        # A superior who is missing is no reason to stop: any approver may answer in their place.
        approvers = await who.found_by(Resolver.ROLE_APPROVER)
    _require_enough(template, named, approvers)
    return Stage(
        name=template.name,
        approver_ids=tuple(approvers),
        mode=template.mode,
        quorum=template.quorum,
        deadline_hours=template.deadline_hours,
        business_days=template.business_days,
        escalate_to=await _escalation(who, template, approvers),
        viewer_ids=tuple(dict.fromkeys(template.viewer_ids)),
    )


def _require_enough(template: RouteStage, named: Sequence[UUID], approvers: Sequence[UUID]) -> None:
    """A control does not adapt to who is left: what the route asks for, or no submission."""
    if not approvers:
        name = template.name
        raise NoRoute(Text(f"「{name}」の承認者がいません", f"Nobody can approve the stage {name}"))
    missing = len(set(named) - set(approvers)) if template.mode is StageMode.ALL else 0
    needed = (template.quorum or 1) if template.mode is StageMode.QUORUM else len(approvers) + missing
    if template.mode is not StageMode.ANY and len(approvers) < needed:
        raise TooFewApprovers(template.name, needed=needed, available=len(approvers))


async def _escalation(who: _People, template: RouteStage, approvers: Sequence[UUID]) -> UUID | None:
    if template.escalate_to is not None and who.can_be_asked(template.escalate_to):
        return None if template.escalate_to in approvers else template.escalate_to
    if template.escalate_to_resolver is None:
        return None
    candidates = await who.found_by(template.escalate_to_resolver)
    return next((candidate for candidate in candidates if candidate not in approvers), None)


async def _with_superior(who: _People, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    superior = await who.found_by(Resolver.MANAGER_OF_REQUESTER)
    asked = superior or await who.found_by(Resolver.ROLE_APPROVER)
    if not asked or any(set(stage.approver_ids) <= set(asked) for stage in stages):
        return stages
    first = Stage(SUPERIOR_STAGE_NAME, tuple(asked), StageMode.ANY, deadline_hours=DEFAULT_DEADLINE_HOURS)
    return (first, *stages)


async def preview(reader: Reader, chosen: Plan, now: datetime) -> dict[str, Any]:
    """The route with names and absences: who is away, or will be before the stage is through, and who stands in."""
    involved = sorted({voter for stage in chosen.stages for voter in stage.voters})
    ends = _ends(chosen.stages, now)
    stand_ins = await people.proxies_of(reader, involved, now, until=max(ends, default=now))
    proxies = {stand_in.user_id for found in stand_ins.values() for stand_in in found}
    names = await people.names(reader, [*involved, *proxies])
    unable = await people.unable(reader, involved)

    def person(user_id: UUID, position: int) -> dict[str, Any]:
        end = ends[position]
        known = [stand_in for stand_in in stand_ins.get(user_id, []) if stand_in.starts_at <= end]
        now_away = [stand_in for stand_in in known if stand_in.starts_at <= now]
        first = min((stand_in.starts_at for stand_in in known), default=now)
        away = now_away or [stand_in for stand_in in known if stand_in.starts_at == first]
        # What waits already when an absence begins may be nobody's but the absent one's: of the first stage that is so.
        taking = [one.user_id for one in away if now_away or one.takes_waiting or position > 0]
        return {
            "id": user_id,
            "name": names.get(user_id),
            "absent": bool(now_away) or user_id in unable,
            "absentFrom": min((stand_in.starts_at for stand_in in away), default=None),
            "absentUntil": max((stand_in.ends_at for stand_in in away), default=None),
            "proxies": [{"id": who, "name": names.get(who)} for who in dict.fromkeys(taking)],
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
                "approvers": [person(approver, position) for approver in stage.approver_ids],
            }
            for position, stage in enumerate(chosen.stages)
        ],
    }


def _ends(stages: Sequence[Stage], now: datetime) -> list[datetime]:
    """When each stage's time is over at the latest, should those before it take all of theirs. One without a deadline
    is taken to begin and end as the one before it ends: nobody foresees more of it."""
    ends: list[datetime] = []
    for stage in stages:
        span = timedelta(hours=stage.deadline_hours or 0)
        ends.append(business_time.after(ends[-1] if ends else now, span, business_days=stage.business_days))
    return ends
