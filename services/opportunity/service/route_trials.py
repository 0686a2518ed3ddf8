"""Who would get a request: the submission's own choice of route and people, told with its reasons and kept nowhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Permission, permissions_of
from services.contracts.states import CustomerState, UserState
from services.kit.db.database import Row, UnitOfWork
from services.kit.errors import FieldError, NotFound, ProblemError, Text, Unprocessable
from services.kit.running import clock
from services.opportunity import exchange
from services.opportunity.matching import Candidate, Choice, Judged
from services.opportunity.references import References
from services.opportunity.repository import people, routes
from services.opportunity.schemas.previews import RouteQuestion
from services.opportunity.schemas.route_trials import DraftedVersion, TrialInput
from services.opportunity.service import routes as route_rules
from services.opportunity.service import routing
from services.opportunity.service.resolving import Directory, Resolved

DRAFTED: Final = 0
"""The number of a version that is only drafted: real ones begin at 1."""


async def try_out(uow: UnitOfWork, question: TrialInput, references: References) -> dict[str, Any]:
    """Raises Unprocessable for a requester, customer or date that nobody could submit with, and for a draft that could
    not be saved."""
    now = clock.now()
    if question.at is not None:
        route_rules.check_ahead(question.at, "/at", now)
    at = question.at or now
    requester = await _requester(uow, question.requester_id, references)
    customer = await _customer(uow, question.customer_id, references)
    candidates = await routing.counting(uow, at)
    if question.draft is not None:
        candidates = await with_draft(uow, candidates, question.draft, references, now)
    content = RouteQuestion(
        kind=question.kind, amount=question.amount, currency=question.currency, customer_id=question.customer_id
    )
    before = await routing.approved_before(uow, content, customer, at)
    drawn = await routing.draw(Directory(uow), content, requester, customer, at, candidates, before=before)
    assert drawn.choice is not None  # nobody was named
    problem = next((resolved.problem for resolved in drawn.resolved if resolved.problem is not None), None)
    return {
        "at": at,
        "taken": None if drawn.choice.taken is None else route_ref(drawn.choice.taken.candidate),
        "routes": [_judged(one, drawn.choice) for one in drawn.choice.judged],
        "flags": drawn.noted.flags,
        "yenAmount": exchange.shown_in_yen(question.amount, question.currency, drawn.rates),
        "rates": exchange.to_json(drawn.rates),
        "stages": await _stages(uow, drawn, at),
        "problem": problem_text(problem, uow.context.locale),
    }


async def _stages(uow: UnitOfWork, drawn: routing.Drawn, at: datetime) -> list[dict[str, Any]]:
    shown = await routing.preview(uow, routing.Plan(drawn.stages, drawn.noted, drawn.rates), at)
    ids = {one.user_id for resolved in drawn.resolved for one in resolved.left_out}
    names = await people.names(uow, sorted(ids))

    def more(resolved: Resolved) -> dict[str, Any]:
        left_out = [
            {"id": one.user_id, "name": names.get(one.user_id), "reason": one.reason} for one in resolved.left_out
        ]
        return {"leftOut": left_out, "problem": problem_text(resolved.problem, uow.context.locale)}

    return [stage | more(resolved) for stage, resolved in zip(shown["stages"], drawn.resolved, strict=True)]


def _judged(one: Judged, choice: Choice) -> dict[str, Any]:
    before = choice.taken is None or choice.judged.index(one) < choice.judged.index(choice.taken)
    return route_ref(one.candidate) | {
        "taken": one is choice.taken,
        "met": one.met,
        "failed": one.failed,
        "displaced": one.fits and before,
        "beyond": one.beyond,
    }


def route_ref(route: Candidate) -> dict[str, Any]:
    drafted = route.version == DRAFTED
    return {
        "routeId": route.route_id,
        "version": None if drafted else route.version,
        "name": route.name,
        "drafted": drafted,
    }


def problem_text(problem: ProblemError | None, locale: str) -> dict[str, str] | None:
    if problem is None:
        return None
    return {"code": problem.code, "message": (problem.detail or problem.title).localized(locale)}


async def with_draft(
    uow: UnitOfWork, candidates: Sequence[Candidate], draft: DraftedVersion, references: References, now: datetime
) -> list[Candidate]:
    """The routes with the drafted version in its place. Raises Unprocessable for one that could not be saved."""
    try:
        await route_rules.check_stages(uow, draft.route.stages, references)
    except Unprocessable as error:
        faults = [FieldError(f"/draft/route{fault.pointer}", fault.code, fault.message) for fault in error.errors]
        raise Unprocessable(errors=faults) from error
    created_at = now
    if draft.route_id is not None:
        row = await routes.one(uow, draft.route_id, now)
        if row is None:
            raise NotFound()
        created_at = row["createdAt"]
    others = [one for one in candidates if one.route_id != draft.route_id]
    if not draft.route.active:
        return others
    values = draft.route
    drafted = Candidate(
        route_id=draft.route_id or UUID(int=0),
        version=DRAFTED,
        name=values.name,
        kind=values.kind,
        min_amount=values.min_amount,
        max_amount=values.max_amount,
        currency=values.currency,
        min_age=values.min_age,
        risk_tolerances=tuple(values.risk_tolerances),
        priority=values.priority,
        created_at=created_at,
        stages=route_rules.stored(values.stages),
    )
    return [*others, drafted]


async def _requester(uow: UnitOfWork, user_id: UUID, references: References) -> Row:
    requester = await references.requester(uow, user_id)
    may_ask = requester is not None and Permission.APPROVAL_REQUEST in permissions_of(requester["roles"] or [])
    if requester is None or requester["state"] != UserState.ACTIVE or not may_ask:
        message = Text("このユーザーは申請できません", "This user can't submit requests")
        raise Unprocessable.field("/requesterId", "not_a_requester", message)
    return requester


async def _customer(reader: UnitOfWork, customer_id: UUID | None, references: References) -> Row | None:
    if customer_id is None:
        return None
    customer = await references.customer(reader, customer_id)
    if customer is None or customer["state"] != CustomerState.ACTIVE:
        message = Text("この顧客は現在利用できません", "This customer is not active")
        raise Unprocessable.field("/customerId", "customer_unknown", message)
    return customer
