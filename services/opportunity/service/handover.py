"""Handing a leaver's part in approvals over to a successor, and giving it back."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction
from services.contracts.steps import ReassignStep, ReturnStep
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Blocked, ProblemError
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.opportunity import places
from services.opportunity.errors import ReassignmentConflict, SuccessorRefused
from services.opportunity.progress import Actor, Place, Progress
from services.opportunity.references import References
from services.opportunity.repository import approvals, circulation, handover, people, proxies, routes
from services.opportunity.repository.handover import (
    asked,
    count_moves_to_return,
    forget_succession,
    moves_to_return,
    naming,
    owned,
)
from services.opportunity.service import handover_shown
from services.opportunity.service.commands import locked
from services.opportunity.service.proxies import end_now, tell_given
from services.opportunity.service.stages import handed_over
from services.opportunity.service.transition import Transition, commit, moved

__all__ = [
    "asked",
    "choose_successor",
    "count_moves_to_return",
    "forget_succession",
    "give_back",
    "move_owner",
    "move_rules",
    "moves_to_return",
    "naming",
    "owned",
    "remaining",
    "replacement",
]


async def choose_successor(uow: UnitOfWork, step: ReassignStep, references: References) -> UUID | None:
    """The named one, else the leaver's manager; None where there is nothing to move. Raises SuccessorRefused."""
    leaver = await people.user(uow, step.resource_id)
    successor_id = step.successor_id or (leaver["manager_id"] if leaver is not None else None)
    if successor_id is None:
        if await _to_move(uow, step.resource_id):
            raise SuccessorRefused()
        return None
    known = await references.user(uow, successor_id)
    if known is None or successor_id == step.resource_id or known["state"] in people.LEAVING_STATES:
        raise SuccessorRefused()
    if known["blocked_by_process"] is not None:
        raise Blocked(known["blocked_by_process"])
    await handover.record_succession(
        uow, process_id=step.process_id, user_id=step.resource_id, successor_id=successor_id, at=clock.now()
    )
    return successor_id


async def remaining(reader: Reader, user_id: UUID) -> int:
    """Places in open requests, own requests, routes, proxies, questions and readings that still refer to the user."""
    return await _to_move(reader, user_id) + await handover.count_asked(reader, user_id)


async def _to_move(reader: Reader, user_id: UUID) -> int:
    """Of these what a successor takes over: everything but questions, which are withdrawn."""
    named = await handover.count_naming(reader, user_id)
    owned = await handover.count_owned(reader, user_id)
    shown = await circulation.count_left_behind(reader, user_id)
    return named + owned + shown + sum(await handover.count_rules(reader, user_id, clock.now()))


async def replacement(reader: Reader, approval_id: UUID, leaver_id: UUID, successor_id: UUID) -> UUID:
    """Who takes the leaver's place in one request: the successor, unless it is their own or they can't decide; then the
    superiors of both, then anybody who approves. Where all of those have places of the stage already, one of them gets
    the request and the place stays vacant. Raises SuccessorRefused when there is nobody."""
    approval = await approvals.read(reader, approval_id)
    assert approval is not None
    progress = approval.progress
    candidates = [successor_id]
    for user_id in (successor_id, leaver_id):
        known = await people.user(reader, user_id)
        if known is not None and known["manager_id"] is not None:
            candidates.append(known["manager_id"])
    excluded = [progress.requester_id, progress.owner_id, leaver_id]
    candidates += await people.approvers_by_role(reader, Role.APPROVER, excluded)
    able = [candidate for candidate in candidates if candidate != leaver_id and await _is_free(reader, candidate)]
    for vacancies_too in (False, True):
        for candidate in able:
            if _fits(progress, leaver_id, candidate, vacancies_too=vacancies_too):
                return candidate
    raise SuccessorRefused()


async def _is_free(reader: Reader, user_id: UUID) -> bool:
    known = await people.user(reader, user_id)
    return known is not None and known["blocked_by_process"] is None and people.can_decide(known)


def _fits(progress: Progress, leaver_id: UUID, candidate: UUID, *, vacancies_too: bool) -> bool:
    """Asked of the rules themselves; what has ended meanwhile takes anybody, as nothing will be moved."""
    try:
        after = places.reassign(progress, Actor(None, process_id=leaver_id), from_id=leaver_id, to_id=candidate)
    except ReassignmentConflict:
        return False
    except ProblemError:
        return True
    return vacancies_too or not places.leaves_vacant(progress, after)


async def move_owner(uow: UnitOfWork, approval_id: UUID, step: ReassignStep, successor_id: UUID) -> bool:
    """The request gets another owner; who raised it stays who raised it. False if the leaver does not own it."""
    before = await locked(uow, approval_id)
    if before.progress.owner_id != step.resource_id or before.state in TERMINAL_APPROVAL_STATES:
        return False
    owner_id = await _new_owner(uow, before.progress, step.resource_id, successor_id)
    progress = replace(before.progress, owner_id=owner_id)
    transition = Transition(
        ApprovalAction.REASSIGN,
        "PROCESS",
        step.actor_id,
        process_id=step.process_id,
        from_id=step.resource_id,
        to_id=owner_id,
    )
    await _record(uow, step, "OWNER", approval_id, owner_id, {})
    await commit(uow, before, await moved(uow, before, progress, transition), transition, workflow_knows=False)
    return True


def _deciding(progress: Progress) -> frozenset[UUID]:
    """Whoever decides, has decided, or will where the request goes to its first stage again: none of them owns it."""
    return progress.voted_by.union(*(stage.voters for stage in progress.stages))


async def _new_owner(uow: UnitOfWork, progress: Progress, leaver_id: UUID, successor_id: UUID) -> UUID:
    """Whoever decides on a request can't own it; an administrator, who never decides, can always."""
    deciding = _deciding(progress)
    candidates = [successor_id]
    for user_id in (successor_id, leaver_id):
        known = await people.user(uow, user_id)
        if known is not None and known["manager_id"] is not None:
            candidates.append(known["manager_id"])
    candidates += await people.active_by_role(uow, Role.ADMIN)
    for candidate in candidates:
        if candidate not in deciding and candidate != leaver_id:
            return candidate
    raise SuccessorRefused()


async def move_rules(uow: UnitOfWork, step: ReassignStep, successor_id: UUID) -> int:
    """Routes name the successor; who stood in for the leaver is free, and the leaver's proxies go on."""
    now = clock.now()
    leaver, count = str(step.resource_id), 0
    for version in await routes.living_naming(uow, step.resource_id, now):
        stages = handed_over(version["stages"], leaver, str(successor_id))
        number = await _next_version(uow, version, stages, step.actor_id, step.process_id, now)
        moved_from = {"stages": version["stages"], "version": number}
        await _record(uow, step, "ROUTE", version["route_id"], successor_id, moved_from)
        count += 1
    for proxy in await proxies.of_user(uow, step.resource_id, now):
        kept = proxy["to_id"] == step.resource_id and proxy["from_id"] != successor_id
        detail: dict[str, Any] = {name: str(proxy[name]) for name in ("from_id", "to_id", "starts_at", "ends_at")}
        detail["takes_waiting"] = proxy["takes_waiting"]
        rest = await _move_proxy(uow, proxy, successor_id if kept else None)
        if rest is not None:
            detail["rest"] = str(rest)
        await _record(uow, step, "PROXY", proxy["id"], successor_id if kept else None, detail)
        count += 1
    return count


async def _next_version(
    uow: UnitOfWork, version: Row, stages: list[dict[str, Any]], actor_id: UUID | None, process_id: UUID, now: datetime
) -> int:
    """The same with other people: at once for what counts, in its place for what is planned."""
    by = {"note": "", "created_by": actor_id, "process_id": process_id}
    at = version["valid_from"] if version["planned"] else None
    if at is not None and not await routes.withdraw(uow, version["route_id"], version["number"], actor_id, now):
        at = None  # it took over this very moment
    return await routes.add_version(uow, version["route_id"], version | {"stages": stages} | by, now, at)


async def _move_proxy(uow: UnitOfWork, proxy: Row, successor_id: UUID | None) -> UUID | None:
    """The successor stands in for the rest of the period, or nobody does. What has begun ends and stays, as evidence
    of what was decided by it; then the rest is a proxy of its own, whose id is returned."""
    now = clock.now()  # the row was locked before, so that no decision is later than its right
    if successor_id is not None and await proxies.give_to(uow, proxy["id"], successor_id, now):
        await tell_given(uow, proxy["id"])
        return None
    await end_now(uow, proxy["id"])
    if successor_id is None or proxy["ends_at"] <= now:
        return None
    rest = new_id()
    await proxies.insert(uow, proxy | {"id": rest, "to_id": successor_id, "starts_at": now}, now)
    await tell_given(uow, rest)
    return rest


async def _record(
    uow: UnitOfWork, step: ReassignStep, kind: str, resource_id: UUID, to_id: UUID | None, detail: dict[str, Any]
) -> None:
    await handover.record_move(
        uow,
        process_id=step.process_id,
        kind=kind,
        resource_id=resource_id,
        from_id=step.resource_id,
        to_id=to_id,
        detail=detail,
        at=clock.now(),
    )


async def give_back(uow: UnitOfWork, move_id: UUID, step: ReturnStep) -> bool:
    """One move of the deletion, undone where what was moved still belongs to whom it was given."""
    move = await handover.take_move(uow, move_id, step.process_id)
    if move is None:
        return False
    if move["kind"] == "ROUTE":
        await _return_route(uow, move, step)
    elif move["kind"] == "PROXY":
        await _return_proxy(uow, move)
    elif move["kind"] == handover_shown.MOVE:
        await handover_shown.give_back(uow, move)
    else:
        await _return_part(uow, move, step)
    return True


async def _return_part(uow: UnitOfWork, move: Row, step: ReturnStep) -> None:
    before = await locked(uow, move["resource_id"])
    if before.state in TERMINAL_APPROVAL_STATES:
        return
    leaver, successor = move["from_id"], move["to_id"]
    if move["kind"] == "OWNER":
        if before.progress.owner_id != successor or leaver in _deciding(before.progress):
            return
        progress = replace(before.progress, owner_id=leaver)
    else:
        left = [Place(**place) for place in move["detail"]["places"]]
        progress = places.give_back(before.progress, leaver=leaver, successor=successor, places=left)
    if progress == before.progress:
        return
    transition = Transition(
        ApprovalAction.REASSIGN, "PROCESS", step.actor_id, process_id=step.process_id, from_id=successor, to_id=leaver
    )
    await commit(uow, before, await moved(uow, before, progress, transition), transition, workflow_knows=False)


async def _return_route(uow: UnitOfWork, move: Row, step: ReturnStep) -> None:
    """The old stages, unless an administrator has changed the route since."""
    leaver, successor, now = str(move["from_id"]), str(move["to_id"]), clock.now()
    given = handed_over(move["detail"]["stages"], leaver, successor)
    number = move["detail"].get("version")  # replicas that knew of no versions did not say
    for version in await routes.living_naming(uow, move["to_id"], now):
        same = version["route_id"] == move["resource_id"] and version["stages"] == given
        if same and number in (None, version["number"]):
            await _next_version(uow, version, move["detail"]["stages"], step.actor_id, step.process_id, now)


async def _return_proxy(uow: UnitOfWork, move: Row) -> None:
    """The leaver's place as it was, from now on; unless somebody has changed it since."""
    before, successor_id = move["detail"], move["to_id"]
    if successor_id is not None:
        proxy_id = UUID(before["rest"]) if "rest" in before else move["resource_id"]
        if await proxies.lock(uow, proxy_id) != successor_id:
            return
        if "rest" not in before and await proxies.give_to(uow, proxy_id, move["from_id"], clock.now()):
            await tell_given(uow, proxy_id)
            return
        if not await end_now(uow, proxy_id):
            return
    now = clock.now()
    starts_at = max(now, datetime.fromisoformat(before["starts_at"]))
    if starts_at < datetime.fromisoformat(before["ends_at"]):
        proxy_id = new_id()
        # Moves that an earlier version recorded do not say it: every proxy took what waited then.
        values = {"takes_waiting": True} | before | {"id": proxy_id, "starts_at": starts_at}
        await proxies.insert(uow, values, now)
        await tell_given(uow, proxy_id)
