"""Who acts: the facts about a caller that the rules of a request ask for."""

from uuid import UUID

from services.contracts.permissions import Permission, Role, permissions_of
from services.contracts.processes import ApprovalCommand, ReassignCommand, WithdrawOpinionCommand
from services.contracts.states import ApprovalAction, ApprovalState
from services.kit.db.database import Reader, Row, UnitOfWork
from services.kit.errors import Forbidden
from services.kit.running import clock
from services.opportunity import machine, opinions
from services.opportunity.actions import (
    ADD_APPROVER,
    ASK_OPINION,
    DECLINE_OPINION,
    GIVE_OPINION,
    TAKE_BACK,
    Action,
)
from services.opportunity.errors import AlreadyDecided
from services.opportunity.progress import SUPERIOR, Actor, Progress
from services.opportunity.repository import history, people


async def actor_of(
    reader: Reader, user_id: UUID, roles: frozenset[str], approval_id: UUID, instead_of: UUID | None = None
) -> Actor:
    """A user with the proxies by which they may act on this request at this moment; who takes the place of somebody
    below them, ``instead_of``, also with whom they may do that for.

    Raises Forbidden for whoever has left or is suspended."""
    known = await people.user(reader, user_id)
    if known is not None and known["state"] in people.UNABLE_STATES:
        raise Forbidden()
    may_decide = Permission.APPROVAL_DECIDE in permissions_of(roles)
    below: frozenset[UUID] = frozenset()
    open_places: frozenset[UUID] = frozenset()
    if instead_of is not None and may_decide:
        below = frozenset(await people.team_of(reader, user_id)) - {user_id}
        open_places = await people.open_places(reader, approval_id, clock.now())
    return Actor(
        user_id=user_id,
        may_decide=may_decide,
        is_admin=Role.ADMIN in roles,
        proxy_for=await _proxies(reader, user_id, approval_id) if may_decide else frozenset(),
        superior_of=below,
        open_places=open_places,
        instead_of=instead_of,
    )


async def _proxies(reader: Reader, user_id: UUID, approval_id: UUID) -> frozenset[UUID]:
    """A transaction holds them to its end: a decision has its right when it commits."""
    if not isinstance(reader, UnitOfWork):
        return await people.covered_by(reader, user_id, clock.now(), approval_id)
    held = await people.hold_proxies(reader, user_id, clock.now(), approval_id)
    now = clock.now()
    return frozenset(row["from_id"] for row in held if row["ends_at"] > now)


def capacity(action: Action, progress: Progress, actor: Actor, command: ApprovalCommand) -> tuple[str, UUID | None]:
    """In which role the actor does it, and on whose behalf."""
    if actor.process_id is not None:
        return "PROCESS", None
    if actor.instead_of is not None:
        return SUPERIOR, actor.instead_of
    if action.decision is not None or action in (ADD_APPROVER, ASK_OPINION):
        return _in_place_of(machine.votes_as(progress, actor), progress, actor)
    if isinstance(command, WithdrawOpinionCommand):
        asked = opinions.put_to(progress, command.user_id)
        return _in_place_of(opinions.withdraws_as(progress, actor, asked), progress, actor)
    if action in (GIVE_OPINION, DECLINE_OPINION):
        return "ADVISER", None
    if action is TAKE_BACK:
        taken = machine.given_last(progress)
        assert taken is not None, "the rule has found it"
        if taken.approver_id == actor.user_id:
            return "APPROVER", None
        if taken.stepped_in:
            return SUPERIOR, taken.approver_id
        # By what they did themselves, also when they stand in no longer.
        return "PROXY", taken.approver_id if taken.approver_id in actor.proxy_for else None
    if isinstance(command, ReassignCommand) and not actor.is_admin:
        return "APPROVER", None if command.from_id == actor.user_id else command.from_id
    by_admin = isinstance(command, ReassignCommand) or action.permission is Permission.APPROVAL_REASSIGN_ANY
    return ("ADMIN" if by_admin else "REQUESTER"), None


def _in_place_of(voter: UUID, progress: Progress, actor: Actor) -> tuple[str, UUID | None]:
    if voter != actor.user_id:
        return "PROXY", voter
    return ("APPROVER" if voter in progress.current.approver_ids else "ESCALATION"), None


async def lost_race(reader: Reader, approval_id: UUID, state: ApprovalState) -> AlreadyDecided:
    """Names whoever was faster: the last one who approved, rejected, returned or took an approval back."""
    winner: Row = await history.last_decision(reader, approval_id) or {}
    return AlreadyDecided(
        state,
        decided_by=winner.get("name"),
        decided_by_id=winner.get("actor_id"),
        decided_at=winner.get("at"),
        stage=winner.get("stage"),
        revision=winner.get("revision"),
        taken_back=winner.get("action") == ApprovalAction.TAKE_BACK,
    )
