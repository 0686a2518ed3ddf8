"""Whom a stage of a route asks: those whom it names and can be asked, and those whom its resolvers find."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import StageMode
from services.kit.db.database import Reader, Row
from services.kit.errors import ProblemError, Text
from services.opportunity.errors import NoRoute, TooFewApprovers
from services.opportunity.progress import Stage
from services.opportunity.repository import people
from services.opportunity.schemas.routes import LeftOutFor, Resolver, RouteStage, department_of, finds_a_head
from services.opportunity.service import stages as rules


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


class Directory:
    """People as the copies know them, each asked for once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._users: dict[UUID, Row | None] = {}
        self._heads: dict[UUID, list[UUID]] = {}
        self._by_role: dict[tuple[Role, UUID], list[UUID]] = {}

    async def users(self, user_ids: Iterable[UUID]) -> None:
        missing = [user_id for user_id in user_ids if user_id not in self._users]
        if missing:
            found = await people.users(self.reader, missing)
            self._users |= {user_id: found.get(user_id) for user_id in missing}

    async def user(self, user_id: UUID) -> Row | None:
        await self.users([user_id])
        return self._users[user_id]

    async def heads(self, department_id: UUID) -> list[UUID]:
        """Of the department and of those above it, the nearest first."""
        if department_id not in self._heads:
            self._heads[department_id] = await people.heads(self.reader, department_id)
        return self._heads[department_id]

    async def approvers_by_role(self, role: Role, requester_id: UUID) -> list[UUID]:
        if (role, requester_id) not in self._by_role:
            found = await people.approvers_by_role(self.reader, role, [requester_id])
            self._by_role[role, requester_id] = found
        return self._by_role[role, requester_id]


@dataclass(frozen=True, slots=True)
class People:
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

    async def found_by(self, resolver: str) -> list[UUID]:
        if finds_a_head(resolver):
            return await self._head(department_of(resolver) or self.requester["department_id"])
        if resolver == Resolver.ROLE_APPROVER:
            return await self.directory.approvers_by_role(Role.APPROVER, self.requester["id"])
        if resolver == Resolver.ROLE_MANAGER:
            return await self.directory.approvers_by_role(Role.MANAGER, self.requester["id"])
        manager_id = self.requester["manager_id"]
        if resolver == Resolver.MANAGER_OF_MANAGER and manager_id is not None:
            manager = await self.directory.user(manager_id)
            manager_id = None if manager is None else manager["manager_id"]
        return [] if manager_id is None or not await self.can_be_asked(manager_id) else [manager_id]

    async def _head(self, department_id: UUID | None) -> list[UUID]:
        """The nearest head who is not the requester. One who can't be asked is not passed over: nobody is found."""
        heads = [] if department_id is None else await self.directory.heads(department_id)
        head = next((user_id for user_id in heads if user_id != self.requester["id"]), None)
        return [] if head is None or not await self.can_be_asked(head) else [head]


def reason_against(known: Row | None) -> LeftOutFor | None:
    """Why somebody whom the copies know so can't be asked to approve anything; None if they can."""
    if known is None or known["state"] in people.LEAVING_STATES:
        return LeftOutFor.GONE
    if known["state"] in people.UNABLE_STATES:
        return LeftOutFor.SUSPENDED
    if known["blocked_by_process"] is not None:
        return LeftOutFor.BEING_REPLACED
    return None if people.can_decide(known) else LeftOutFor.NO_PERMISSION


async def resolve(who: People, template: RouteStage) -> Resolved:
    """The stage for one request. What is the matter with it is told, not raised."""
    left_out = await who.left_out(dict.fromkeys(template.approver_ids))
    # The requester's own place in a stage is left out: nobody decides their own request.
    named = [user_id for user_id in dict.fromkeys(template.approver_ids) if user_id != who.requester["id"]]
    approvers = [user_id for user_id in named if user_id not in {one.user_id for one in left_out}]
    headless = 0
    for resolver in template.resolvers:
        found = await who.found_by(resolver)
        headless += not found and finds_a_head(resolver)
        approvers += [user_id for user_id in found if user_id not in approvers]
    if not approvers and not template.approver_ids and not headless:
        # A superior who is missing is no reason to stop: any approver may answer in their place. Nobody answers in that
        # of a department's head, who is asked for what they are responsible for.
        approvers = await who.found_by(Resolver.ROLE_APPROVER)
    stage = Stage(
        name=template.name,
        approver_ids=tuple(approvers),
        mode=template.mode,
        quorum=template.quorum,
        deadline_hours=template.deadline_hours,
        business_days=template.business_days,
        escalate_to=await _escalation(who, template, approvers),
        step_in=template.step_in,
        viewer_ids=tuple(dict.fromkeys(template.viewer_ids)),
        view_when=template.view_when,
        reviewer_ids=tuple(dict.fromkeys(template.reviewer_ids)),
    )
    return Resolved(stage, left_out, shortage(template, named, approvers, headless))


def shortage(
    template: RouteStage, named: Sequence[UUID], approvers: Sequence[UUID], headless: int = 0
) -> ProblemError | None:
    """A control does not adapt to who is left: what the route asks for, or no submission. ``headless``: how many heads
    of departments it asks for and were not found."""
    if not approvers:
        name = template.name
        return NoRoute(Text(f"「{name}」の承認者がいません", f"Nobody can approve the stage {name}"))
    missing = len(set(named) - set(approvers)) + headless if template.mode is StageMode.ALL else 0
    needed = (template.quorum or 1) if template.mode is StageMode.QUORUM else len(approvers) + missing
    if template.mode is not StageMode.ANY and len(approvers) < needed:
        return TooFewApprovers(template.name, needed=needed, available=len(approvers))
    return None


async def _escalation(who: People, template: RouteStage, approvers: Sequence[UUID]) -> UUID | None:
    if template.escalate_to is not None and await who.can_be_asked(template.escalate_to):
        return None if template.escalate_to in approvers else template.escalate_to
    if template.escalate_to_resolver is None:
        return None
    candidates = await who.found_by(template.escalate_to_resolver)
    return next((one for one in candidates if one not in approvers), None)
