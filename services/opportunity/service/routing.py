"""Which way a request takes: the stages that its author names, or those of the first route that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts.states import ApprovalKind, CustomerKind, RiskTolerance, StageMode
from services.kit.db.database import Reader, Row
from services.kit.errors import Unprocessable
from services.opportunity import business_time, exchange, suitability, terms
from services.opportunity.business_calendar import Calendar
from services.opportunity.business_time import TOKYO
from services.opportunity.exchange import NO_RATES, Rate, Rates
from services.opportunity.matching import Asked, Candidate, Choice, candidate, choose, own_rate, reaches_yen
from services.opportunity.progress import Stage
from services.opportunity.repository import past, people, routes
from services.opportunity.schemas.approvals import ApprovalContent
from services.opportunity.schemas.routes import Resolver, RouteStage
from services.opportunity.service import firm_calendar
from services.opportunity.service import rates as rate_table
from services.opportunity.service import stages as rules
from services.opportunity.service.resolving import Directory, People, Resolved, resolve
from services.opportunity.service.stages import stage_members
from services.opportunity.suitability import CustomerFacts, Noted, Past, Proposal

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
class Drawn:
    """The way that a request would take, whether or not all of its stages can work."""

    resolved: tuple[Resolved, ...]
    noted: Noted
    rates: tuple[Rate, ...]
    """By which the amount is compared, and shown."""
    choice: Choice | None = None
    """None for named approvers; ``choice.taken`` is None for the built-in policy."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(resolved.stage for resolved in self.resolved)


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[Stage, ...]
    noted: Noted
    rates: tuple[Rate, ...]
    route_id: UUID | None = None
    """The configured route that was taken; None for named approvers and for the built-in policy."""
    route_version: int | None = None


def customer_facts(customer: Row) -> CustomerFacts:
    return CustomerFacts(
        kind=CustomerKind(customer["kind"]),
        birth_date=customer["birth_date"],
        profile_complete=customer["profile_complete"],
        profile_reviewed_at=customer["profile_reviewed_at"],
        risk_tolerance=None if customer["risk_tolerance"] is None else RiskTolerance(customer["risk_tolerance"]),
    )


def proposal(content: terms.Asked) -> Proposal:
    return Proposal.of(content.kind, content.amount, content.currency, content.fields)


async def approved_before(reader: Reader, content: terms.Asked, customer: Row | None, at: datetime) -> Past | None:
    """What the flags of a request of this instant compare it with."""
    return None if customer is None else await past.of_customer(reader, customer["id"], proposal(content), at)


async def plan(reader: Reader, content: ApprovalContent, requester: Row, customer: Row | None, now: datetime) -> Plan:
    """Raises NoRoute or TooFewApprovers when a stage can't work, Unprocessable for named people who can't be asked."""
    before = await approved_before(reader, content, customer, now)
    drawn = await draw(Directory(reader), content, requester, customer, now, before=before)
    for resolved in drawn.resolved:
        if resolved.problem is not None:
            raise resolved.problem
    taken = None if drawn.choice is None or drawn.choice.taken is None else drawn.choice.taken.candidate
    return Plan(
        drawn.stages,
        drawn.noted,
        drawn.rates,
        None if taken is None else taken.route_id,
        None if taken is None else taken.version,
    )


async def draw(
    directory: Directory,
    content: ApprovalContent,
    requester: Row,
    customer: Row | None,
    at: datetime,
    candidates: Sequence[Candidate] | None = None,
    rates: Rates | None = None,
    *,
    before: Past | None = None,
) -> Drawn:
    """The way of a request that is submitted at ``at``: what ``plan`` takes, trials show and simulations compare.

    ``candidates`` and ``rates``: those that there are, if not those that count then. ``before``: what was approved for
    the customer, for flags that rest on it; no way depends on these. Raises Unprocessable for named people who can't be
    asked.
    """
    found = Noted() if customer is None else suitability.noted(proposal(content), customer_facts(customer), before, at)
    named, choice = await _named(directory.reader, content, requester), None
    asked = asked_of(content, customer, at)
    if rates is None:
        rates = NO_RATES if asked.amount is None else await rate_table.counting(directory.reader, at)
    if named is None:
        if candidates is None:
            candidates = await counting(directory.reader, at)
        choice = choose(candidates, asked, rates)
        templates = _templates(choice, asked, rates)
        people_of = await People.load(directory, templates, requester)
        resolved = tuple([await resolve(people_of, template) for template in templates])
    else:
        resolved = tuple(Resolved(stage) for stage in named)
    if suitability.asks_for_superior(content.kind, found.flags):
        resolved = await _with_superior(await People.load(directory, [], requester), resolved)
    return Drawn(resolved, found, own_rate(asked, rates) if choice is None else choice.rates, choice)


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


def _templates(choice: Choice, asked: Asked, rates: Rates) -> list[RouteStage]:
    """The stages of the route that was taken, else those of the built-in policy."""
    if choice.taken is not None:
        return [stored(stage) for stage in choice.taken.candidate.stages]
    if asked.kind is ApprovalKind.SUITABILITY_EXCEPTION or reaches_yen(asked, LARGE_AMOUNT_YEN, rates):
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
            step_in=stage.step_in,
            viewer_ids=tuple(stage.viewer_ids),
            view_when=stage.view_when,
            reviewer_ids=tuple(stage.reviewer_ids),
        )
        for stage in content.stages
    )


def stored(stage: dict[str, Any]) -> RouteStage:
    """A stage as its route was saved, perhaps under rules that have become stricter since: it is not refused for its
    form, and says who can be asked like any other."""
    return RouteStage.model_construct(
        **stage_members(stage),
        resolvers=list(dict.fromkeys(stage.get("resolvers") or [])),
        escalate_to_resolver=stage.get("escalateToResolver"),
    )


async def _with_superior(who: People, resolved: tuple[Resolved, ...]) -> tuple[Resolved, ...]:
    superior = await who.found_by(Resolver.MANAGER_OF_REQUESTER)
    asked = superior or await who.found_by(Resolver.ROLE_APPROVER)
    if not asked or any(set(one.stage.approver_ids) <= set(asked) for one in resolved):
        return resolved
    first = Stage(SUPERIOR_STAGE_NAME, tuple(asked), StageMode.ANY, deadline_hours=DEFAULT_DEADLINE_HOURS)
    return (Resolved(first), *resolved)


async def preview(reader: Reader, chosen: Plan, now: datetime) -> dict[str, Any]:
    """The route with names and absences: who is away, or will be before the stage is through, and who stands in."""
    involved = sorted({voter for stage in chosen.stages for voter in stage.voters})
    ends = _ends(chosen.stages, now, await firm_calendar.counting(reader, chosen.stages))
    stand_ins = await people.proxies_of(reader, involved, now, until=max(ends, default=now))
    proxies = {stand_in.user_id for found in stand_ins.values() for stand_in in found}
    shown = {who for stage in chosen.stages for who in (*stage.viewer_ids, *stage.reviewer_ids)}
    names = await people.names(reader, [*involved, *proxies, *shown])
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
            "proxies": [_person(who, names) for who in dict.fromkeys(taking)],
        }

    return {
        "routeId": chosen.route_id,
        "flags": chosen.noted.flags,
        "flagGrounds": chosen.noted.grounds,
        "rates": exchange.to_json(chosen.rates),
        "stages": [
            {
                "name": stage.name,
                "mode": stage.mode,
                "quorum": stage.quorum,
                "deadlineHours": stage.deadline_hours,
                "businessDays": stage.business_days,
                "escalateTo": stage.escalate_to,
                "stepIn": stage.step_in,
                "approverIds": list(stage.approver_ids),
                "viewers": [_person(viewer, names) for viewer in stage.viewer_ids],
                "viewWhen": stage.view_when,
                "reviewers": [_person(reviewer, names) for reviewer in stage.reviewer_ids],
                "approvers": [person(approver, position) for approver in stage.approver_ids],
            }
            for position, stage in enumerate(chosen.stages)
        ],
    }


def _person(user_id: UUID, names: Mapping[UUID, str | None]) -> dict[str, Any]:
    return {"id": user_id, "name": names.get(user_id)}


def _ends(stages: Sequence[Stage], now: datetime, calendar: Calendar) -> list[datetime]:
    """When each stage's time is over at the latest, should those before it take all of theirs. One without a deadline
    is taken to begin and end as the one before it ends: nobody foresees more of it."""
    ends: list[datetime] = []
    for stage in stages:
        span = timedelta(hours=stage.deadline_hours or 0)
        days = calendar if stage.business_days else None
        ends.append(business_time.after(ends[-1] if ends else now, span, days))
    return ends
