"""What pages of a request read of its circulation."""

from __future__ import annotations

from frontend.opportunity.circulation.views import Circulation
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.identity import Identity
from frontend.ui.people import people

_NO_READERS = frozenset({"ops"})


async def circulation_of(gateway: UserGateway, approval_id: str) -> Circulation:
    """A page that can't show it says so: nobody takes its absence for nobody having been asked."""
    try:
        return Circulation.model_validate(await gateway.get(f"/approvals/{segment(approval_id)}/circulation"))
    except GatewayProblem:
        return Circulation(is_known=False)


async def consultable(gateway: UserGateway, me: Identity, circulation: Circulation) -> list[tuple[str, str]]:
    """Id and name of whom an own draft can be shown to, by name; without those to whom it is shown already."""
    shown = {part.user_id for part in circulation.of("CONSULT") if part.is_open}
    known = await people(gateway)
    offered = [
        (user.id, user.name)
        for user in known.users.values()
        if user.can_be_chosen and set(user.roles) - _NO_READERS and user.id != me.user_id and user.id not in shown
    ]
    return sorted(offered, key=lambda choice: choice[1])
