"""What a version would have changed for the requests of the last months. It reads, and changes nothing."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.contracts import money
from services.contracts.states import ApprovalKind
from services.kit.db.database import Row, UnitOfWork
from services.kit.running import clock, zone
from services.opportunity import exchange
from services.opportunity.exchange import Rates
from services.opportunity.matching import Candidate, Choice, choose
from services.opportunity.references import References
from services.opportunity.repository import people, route_simulation
from services.opportunity.schemas.previews import RouteQuestion
from services.opportunity.schemas.route_trials import SimulationInput
from services.opportunity.service import rates as rate_table
from services.opportunity.service import routing
from services.opportunity.service.resolving import Directory
from services.opportunity.service.route_trials import problem_text, route_ref, with_draft

MOST_LOOKED_AT: Final = 2_000
"""So many requests at most, the newest; the answer says when there are more."""
MOST_LISTED: Final = 200


async def simulate(uow: UnitOfWork, question: SimulationInput, references: References) -> dict[str, Any]:
    """Raises Unprocessable for a draft that could not be saved."""
    now = clock.now()
    since = now - timedelta(days=question.days)
    today = await routing.counting(uow, now)
    drafted = await with_draft(uow, today, question.draft, references, now)
    rows = await route_simulation.submitted(uow, since, now, MOST_LOOKED_AT + 1)
    looked_at = rows[:MOST_LOOKED_AT]
    asked = [row for row in looked_at if not row["named"]]
    directory, changed, count = Directory(uow), [], 0
    by_day: dict[date, Rates] = {}
    for row in asked:
        row["rates"] = await _rates(uow, row, by_day)
        ways = await _ways(directory, row, today, drafted)
        if ways is not None:
            count += 1
            changed += [(row, *ways)] if count <= MOST_LISTED else []
    return {
        "since": since,
        "until": now,
        "lookedAt": len(looked_at),
        "more": len(rows) > MOST_LOOKED_AT,
        "named": len(looked_at) - len(asked),
        "knownNow": sum(row["known_now"] for row in asked),
        "changed": count,
        "items": await _items(uow, changed),
    }


async def _rates(uow: UnitOfWork, row: Row, by_day: dict[date, Rates]) -> Rates:
    """Those that the request kept; of other currencies, which a drafted version may ask for, those of its day."""
    day = zone.local(row["submitted_at"]).date()
    if day not in by_day:
        by_day[day] = await rate_table.counting(uow, row["submitted_at"])
    return {**by_day[day], **exchange.by_currency(exchange.from_json(row["rates"]))}


async def _ways(
    directory: Directory, row: Row, today: Sequence[Candidate], drafted: Sequence[Candidate]
) -> tuple[routing.Drawn, routing.Drawn] | None:
    """How the request goes by both, or None where that is the same."""
    content = RouteQuestion.model_construct(
        kind=ApprovalKind(row["kind"]), amount=row["amount"], currency=row["currency"]
    )
    customer, at, rates = _customer(row["customer"]), row["submitted_at"], row["rates"]
    asked = routing.asked_of(content, customer, at)
    if _taken(choose(today, asked, rates)) == _taken(choose(drafted, asked, rates)):
        return None
    unknown = {"id": row["requester_id"], "manager_id": None, "department_id": None}
    requester = await directory.user(row["requester_id"]) or unknown
    before = await routing.draw(directory, content, requester, customer, at, today, rates)
    after = await routing.draw(directory, content, requester, customer, at, drafted, rates)
    return None if _way(before) == _way(after) else (before, after)


def _taken(choice: Choice | None) -> Candidate | None:
    return None if choice is None or choice.taken is None else choice.taken.candidate


def _customer(known: dict[str, Any] | None) -> Row | None:
    if known is None:
        return None
    born, reviewed = known["birth_date"], known["profile_reviewed_at"]
    return known | {
        "birth_date": None if born is None else date.fromisoformat(born),
        "profile_reviewed_at": None if reviewed is None else datetime.fromisoformat(reviewed),
    }


def _way(drawn: routing.Drawn) -> tuple[Any, ...]:
    """What makes two ways the same: the route, and at each stage the people, how many of them it takes, and whether
    superiors may step in for them."""
    taken = _taken(drawn.choice)
    stages = [
        (frozenset(stage.approver_ids), stage.votes_needed, stage.step_in, None if problem is None else problem.code)
        for stage, problem in ((resolved.stage, resolved.problem) for resolved in drawn.resolved)
    ]
    return None if taken is None else taken.route_id, stages


async def _items(uow: UnitOfWork, changed: Sequence[tuple[Row, routing.Drawn, routing.Drawn]]) -> list[dict[str, Any]]:
    involved = {
        approver for _, *ways in changed for way in ways for stage in way.stages for approver in stage.approver_ids
    }
    names = await people.names(uow, sorted(involved))
    return [
        {
            "approvalId": row["id"],
            "number": row["number"],
            "kind": row["kind"],
            "amount": money.to_json(row["amount"]),
            "currency": row["currency"],
            "yenAmount": exchange.shown_in_yen(row["amount"], row["currency"], row["rates"].values()),
            "rates": exchange.to_json(exchange.of([row["currency"]], row["rates"])),
            "requesterId": row["requester_id"],
            "requesterName": row["requester_name"],
            "submittedAt": row["submitted_at"],
            "before": _shown(before, names, uow.context.locale),
            "after": _shown(after, names, uow.context.locale),
        }
        for row, before, after in changed
    ]


def _shown(drawn: routing.Drawn, names: dict[UUID, str | None], locale: str) -> dict[str, Any]:
    taken = _taken(drawn.choice)
    problem = next((resolved.problem for resolved in drawn.resolved if resolved.problem is not None), None)
    return {
        "route": None if taken is None else route_ref(taken),
        "stages": [
            {
                "name": stage.name,
                "approvers": [{"id": who, "name": names.get(who)} for who in stage.approver_ids],
                "stepIn": stage.step_in,
            }
            for stage in drawn.stages
        ],
        "problem": problem_text(problem, locale),
    }
