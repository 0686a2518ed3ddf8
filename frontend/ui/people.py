"""Names of users, for pages whose records carry only the id of whoever is in charge."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.identity import Identity
from frontend.ui.views import User

MAX_LISTED = 200
MAX_LOOKED_UP = 50
SALES_ROLES = frozenset({"rep", "manager"})
SEES_ALL = frozenset({"auditor", "admin"})


@dataclass(frozen=True, slots=True)
class People:
    """Users by id. Empty where the person may not read users, or while they cannot be read: pages do without."""

    users: Mapping[str, User] = field(default_factory=dict)
    departments: Mapping[str, str] = field(default_factory=dict)
    """Names by id, in the order of the tree; empty unless they were asked for (`with_departments`)."""

    def name(self, user_id: str | None) -> str:
        """The name, or an empty text for nobody and for somebody unknown."""
        found = self.users.get(user_id or "")
        return found.name if found else ""

    @property
    def sales(self) -> list[User]:
        """Who can be in charge of customers, meetings and tasks, by name."""
        listed = [user for user in self.users.values() if user.can_be_chosen and SALES_ROLES & set(user.roles)]
        return sorted(listed, key=lambda user: user.name)

    def choices(self, who: Identity, current: str = "") -> list[tuple[str, str]]:
        """Id and name of those whose records this person sees and whom they may put in charge.

        A convenience of display, as all rights here: everybody for who sees all, a manager's team, oneself. Whoever is
        in charge now is always among them: a form that did not offer them would put another in their place unasked.
        """
        reach = None if SEES_ALL & who.roles else self._team(who.user_id) if "manager" in who.roles else {who.user_id}
        offered = [(user.id, user.name) for user in self.sales if reach is None or user.id in reach]
        if current and current not in dict(offered):
            offered.append((current, self.name(current) or gettext("Unknown")))
        return offered

    def selectable(self, current: str = "", *, but: str = "") -> list[tuple[str, str]]:
        """Id and name of everybody who is here, by name. Whoever stands in the place now is always among them."""
        found = [user for user in self.users.values() if user.id == current or (user.can_be_chosen and user.id != but)]
        return sorted(((user.id, user.name) for user in found), key=lambda pair: pair[1])

    @property
    def colleagues(self) -> list[tuple[str, str]]:
        """Everybody who can attend a meeting."""
        return [(user.id, user.name) for user in self.sales]

    def _team(self, leader: str) -> set[str]:
        """The leader and everybody who reports to them, transitively."""
        team, added = {leader}, {leader}
        while added:
            added = {user.id for user in self.users.values() if user.manager_id in added} - team
            team |= added
        return team


async def people(gateway: UserGateway, *needed: str | None) -> People:
    """The users as they are listed, and those of `needed` who are not (they left, or come late in the alphabet)."""
    try:
        answer = await gateway.get("/auth/users", limit=MAX_LISTED)
    except GatewayProblem:
        return People()
    found = {user.id: user for user in (User.model_validate(item) for item in answer["items"])}
    return await with_missing(gateway, People(found), needed)


async def with_missing(gateway: UserGateway, known: People, needed: Iterable[str | None]) -> People:
    """`known` and those of `needed` who are not in it."""
    missing = [user_id for user_id in dict.fromkeys(needed) if user_id and user_id not in known.users][:MAX_LOOKED_UP]
    if not missing:
        return known
    answers = await asyncio.gather(
        *(gateway.get(f"/auth/users/{segment(user_id)}") for user_id in missing), return_exceptions=True
    )
    added: dict[str, User] = {}
    for answer in answers:
        if isinstance(answer, BaseException):
            if not isinstance(answer, GatewayProblem):
                raise answer
            continue
        user = User.model_validate(answer)
        added[user.id] = user
    return replace(known, users={**known.users, **added})


async def with_departments(gateway: UserGateway, known: People) -> People:
    """`known` with the firm's departments."""
    try:
        answer = await gateway.get("/departments")
    except GatewayProblem:
        return known
    return replace(known, departments={item["id"]: item["name"] for item in answer["items"]})
