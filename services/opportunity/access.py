"""Who sees which requests. A request that one may not see answers 404."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from services.contracts.permissions import Permission, Role, Scope, scope_of
from services.kit.db.database import Reader
from services.kit.errors import Forbidden
from services.kit.running import clock
from services.kit.trust.principal import Principal
from services.opportunity.repository import people

ALWAYS: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before anything has begun to wait, in every zone."""

VISIBLE = (
    "(%(sees_all)s OR EXISTS (SELECT 1 FROM approval_participants seen WHERE seen.approval_id = a.id"
    " AND (seen.user_id = %(me)s AND seen.relation <> 'LATER'"
    "  OR (seen.user_id = ANY(%(team)s) AND seen.relation IN ('REQUESTER', 'OWNER'))"
    "  OR (seen.user_id = ANY(%(proxy_for)s) AND seen.relation NOT IN ('REQUESTER', 'OWNER', 'CONSULTED', 'LATER'))))"
    " OR EXISTS (SELECT 1 FROM approval_waiting stuck WHERE stuck.approval_id = a.id"
    " AND stuck.approver_id = ANY(%(below)s) AND stuck.step_in_from <= %(now)s))"
)
"""SQL condition on ``approvals a``; its parameters are those of View.params."""

SEEN_THROUGH = (
    "(seen.user_id = %(me)s AND seen.relation <> 'LATER'"
    " OR seen.relation IN ('REQUESTER', 'OWNER') AND seen.user_id = ANY(%(team)s)"
    " OR seen.relation NOT IN ('REQUESTER', 'OWNER', 'CONSULTED', 'LATER') AND seen.user_id = ANY(%(proxy_for)s)"
    " OR seen.relation = 'APPROVER' AND seen.user_id = ANY(%(below)s) AND EXISTS (SELECT 1 FROM approval_waiting stuck"
    " WHERE stuck.approver_id = seen.user_id AND stuck.approval_id = seen.approval_id"
    " AND stuck.step_in_from <= %(now)s))"
)
"""The same on one part in a request, ``approval_participants seen``, for who does not see all."""


@dataclass(frozen=True, slots=True)
class View:
    """How far a caller sees: all, what names them or whom they stand in for, their team's own requests, and where they
    may take the place of somebody below them, as long as they may.

    A stand-in decides in somebody's place; what that person asks for themselves is no business of theirs, nor a draft
    that was shown to them. Whoever is to read a request later does not see it yet.
    """

    me: UUID
    sees_all: bool
    team: list[UUID]
    proxy_for: frozenset[UUID]
    newer_only: Mapping[UUID, datetime] = field(default_factory=dict)
    """Of those, whose place the caller takes only in what has begun to wait at this time or later."""
    below: frozenset[UUID] = frozenset()
    """Who reports to the caller, over all levels, if the caller decides."""
    now: datetime = ALWAYS
    """What has opened to superiors by then is open."""

    @property
    def acts_as(self) -> dict[UUID, datetime]:
        """Whose places the caller can take in a decision, in what has waited no longer than since then."""
        return {who: self.newer_only.get(who, ALWAYS) for who in (self.me, *self.proxy_for)}

    @property
    def leads(self) -> list[UUID] | None:
        """Whose absences the caller sees beside those that they stand in for; None for everybody's."""
        return None if self.sees_all else self.team

    @property
    def params(self) -> dict[str, Any]:
        return {
            "sees_all": self.sees_all,
            "me": self.me,
            "team": self.team,
            "proxy_for": list(self.proxy_for),
            "below": list(self.below),
            "now": self.now,
        }

    @property
    def people(self) -> list[UUID]:
        """Through whose parts in requests the caller sees them."""
        return sorted({self.me, *self.team, *self.proxy_for, *self.below})

    def reaches(self, assigned_sales_id: UUID | None) -> bool:
        """Whether customers of this rep are the caller's own, their team's, or among all that they reach."""
        return self.sees_all or assigned_sales_id in self.team


async def view_of(reader: Reader, principal: Principal, permission: Permission = Permission.APPROVAL_READ) -> View:
    """Through the roles that grant the permission; raises Forbidden if none does."""
    scope = scope_of(principal.roles, permission)
    if scope is None:
        raise Forbidden()
    me = principal.user_id
    decides, now = principal.has(Permission.APPROVAL_DECIDE), clock.now()
    standing = await people.proxied_by(reader, me, now) if decides else {}
    line = await people.team_of(reader, me) if decides or scope is Scope.TEAM else []
    return View(
        me,
        sees_all=scope is Scope.ALL,
        team=line if scope is Scope.TEAM else [me],
        proxy_for=frozenset(standing),
        newer_only={who: since for who, since in standing.items() if since is not None},
        below=frozenset(line) - {me} if decides and Role.ADMIN not in principal.roles else frozenset(),
        now=now,
    )


def sees_all_proxies(principal: Principal) -> bool:
    return scope_of(principal.roles, Permission.APPROVAL_READ) is Scope.ALL


def may_give_proxy(principal: Principal, absent: UUID) -> bool:
    """Who decides names who decides in their place; an administrator does so for others."""
    if principal.has(Permission.APPROVAL_REASSIGN_ANY):
        return True
    return absent == principal.user_id and principal.has(Permission.APPROVAL_DECIDE)
