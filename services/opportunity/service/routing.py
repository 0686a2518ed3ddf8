"""Which way a request takes: the stages that its author names, or those of the first route that fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import ApprovalKind, CustomerKind, StageMode
from services.kit.db.database import Reader, Row
from services.kit.errors import Text, Unprocessable
from services.opportunity import suitability
from services.opportunity.business_time import TOKYO
from services.opportunity.errors import NoRoute
from services.opportunity.machine import Stage
from services.opportunity.repository import people, routes
from services.opportunity.schemas.approvals import ApprovalContent
from services.opportunity.schemas.routes import Resolver, RouteStage
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
    """Raises NoRoute when nobody can be asked, Unprocessable with pointers for approvers who can't be."""
    found = [] if customer is None else suitability.flags(content.kind, customer_facts(customer), now)
    stages, route_id = await _named(reader, content, requester), None
    if stages is None:
        templates, route_id = await _templates(reader, content, customer, now)
        stages = tuple([await _resolve(reader, template, requester) for template in templates])
    if suitability.asks_for_superior(content.kind, found):
        stages = await _with_superior(reader, stages, requester)
    return Plan(stages, found, route_id)


async def _named(reader: Reader, content: ApprovalContent, requester: Row) -> tuple[Stage, ...] | None:
    if content.approver_id is not None:
        await _check(reader, [content.approver_id], requester, "/approverId")
        return (Stage("承認", (content.approver_id,), deadline_hours=DEFAULT_DEADLINE_HOURS),)
    if content.stages is None:
        return None
    for position, stage in enumerate(content.stages):
        await _check(reader, stage.approver_ids, requester, f"/stages/{position}/approverIds")
        if stage.escalate_to is not None:
            await _check(reader, [stage.escalate_to], requester, f"/stages/{position}/escalateTo")
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


async def _check(reader: Reader, user_ids: Sequence[UUID], requester: Row, pointer: str) -> None:
    for user_id in user_ids:
        known = await people.user(reader, user_id)
        if user_id == requester["id"]:
            message = Text("自分を承認者にはできません", "Nobody approves their own request")
            raise Unprocessable.field(pointer, "own_request", message)
        if known is None or not people.can_decide(known):
            message = Text("承認者になれないユーザーです", "This user can't be an approver")
            raise Unprocessable.field(pointer, "not_an_approver", message)


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
        age=age,
        risk_tolerance=None if customer is None else customer["risk_tolerance"],
    )
    if row is not None:
        return [RouteStage.model_validate(stage) for stage in row["stages"]], row["id"]
    large = content.amount is not None and content.amount >= LARGE_AMOUNT_YEN
    if large or content.kind is ApprovalKind.SUITABILITY_EXCEPTION:
        return [_SUPERIOR, _APPROVER], None
    return [_SUPERIOR], None


async def _resolve(reader: Reader, template: RouteStage, requester: Row) -> Stage:
    named = [who for who in template.approver_ids if await _can_be_asked(reader, who, requester)]
    for resolver in template.resolvers:
        named += [who for who in await _who(reader, resolver, requester) if who not in named]
    if not named:
        # A superior who is missing is no reason to stop: any approver may answer in their place.
        named = await _who(reader, Resolver.ROLE_APPROVER, requester)
    if not named:
        raise NoRoute(Text(f"「{template.name}」の承認者がいません", f"Nobody can approve the stage {template.name}"))
    escalate_to = template.escalate_to
    if escalate_to is None and template.escalate_to_resolver is not None:
        candidates = await _who(reader, template.escalate_to_resolver, requester)
        escalate_to = next((who for who in candidates if who not in named), None)
    return Stage(
        name=template.name,
        approver_ids=tuple(named),
        mode=template.mode,
        quorum=None if template.quorum is None else min(template.quorum, len(named)),
        deadline_hours=template.deadline_hours,
        business_days=template.business_days,
        escalate_to=escalate_to,
        viewer_ids=tuple(template.viewer_ids),
    )


async def _who(reader: Reader, resolver: Resolver, requester: Row) -> list[UUID]:
    if resolver is Resolver.ROLE_APPROVER:
        return await people.approvers_by_role(reader, Role.APPROVER, [requester["id"]])
    if resolver is Resolver.ROLE_MANAGER:
        return await people.approvers_by_role(reader, Role.MANAGER, [requester["id"]])
    manager_id = requester["manager_id"]
    if resolver is Resolver.MANAGER_OF_MANAGER and manager_id is not None:
        manager = await people.user(reader, manager_id)
        manager_id = None if manager is None else manager["manager_id"]
    if manager_id is None or not await _can_be_asked(reader, manager_id, requester):
        return []
    return [manager_id]


async def _can_be_asked(reader: Reader, user_id: UUID, requester: Row) -> bool:
    known = await people.user(reader, user_id)
    return (
        known is not None
        and user_id != requester["id"]
        and known["blocked_by_process"] is None
        and people.can_decide(known)
    )


async def _with_superior(reader: Reader, stages: tuple[Stage, ...], requester: Row) -> tuple[Stage, ...]:
    superior = await _who(reader, Resolver.MANAGER_OF_REQUESTER, requester)
    asked = superior or await _who(reader, Resolver.ROLE_APPROVER, requester)
    if not asked or any(set(stage.approver_ids) <= set(asked) for stage in stages):
        return stages
    first = Stage(SUPERIOR_STAGE_NAME, tuple(asked), StageMode.ANY, deadline_hours=DEFAULT_DEADLINE_HOURS)
    return (first, *stages)


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
