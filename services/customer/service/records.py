"""One customer as somebody may read them."""

from typing import Final
from uuid import UUID

from services.contracts.permissions import Permission, scope_of
from services.contracts.states import CustomerState
from services.customer.access import Viewer
from services.customer.errors import CustomerGone
from services.customer.repository import reading
from services.customer.schemas import CustomerAction
from services.customer.settings import CustomerSettings
from services.kit.db.unit_of_work import Reader, Row
from services.kit.errors import NotFound
from services.kit.http.kit import Kit
from services.kit.trust.principal import Principal


async def readable(kit: Kit, viewer: Viewer, customer_id: UUID) -> Row:
    """`document` and `version`; raises NotFound, CustomerGone, and Unavailable while it can't be told.

    An approver may be sooner than the event that tells us of the request: then its owner is asked once, while no
    connection is held.
    """
    async with kit.db.reader() as reader:
        row = await reading.find(reader, viewer, customer_id)
        if row is not None:
            return row
        await refuse_gone(reader, viewer, customer_id)
        if viewer.named_at is None or not await reading.is_live(reader, customer_id):
            raise NotFound
    answer = await kit.internal.get("opportunity", f"/internal/customers/{customer_id}/approvers/{viewer.user_id}")
    if answer is None or not answer["named"]:
        raise NotFound
    async with kit.db.reader() as reader:
        return await reading.document(reader, customer_id)


_ACTIONS: Final = {
    CustomerAction.CHANGE: (Permission.CUSTOMER_WRITE, CustomerState.ACTIVE),
    CustomerAction.ASSIGN: (Permission.CUSTOMER_ASSIGN, CustomerState.ACTIVE),
    CustomerAction.DELETE: (Permission.CUSTOMER_DELETE, CustomerState.ACTIVE),
    CustomerAction.RESTORE: (Permission.CUSTOMER_RESTORE, CustomerState.DELETED),
}
"""Through which permission, and in which state of the customer."""


async def allowed_actions(reader: Reader, principal: Principal, customer_id: UUID) -> list[CustomerAction]:
    """What would not be refused: to see a customer is not to change them, for a request may name who looks."""
    state = await reading.state(reader, customer_id)
    asked = {action: scope_of(principal.roles, permission) for action, (permission, _) in _ACTIONS.items()}
    reached = {
        scope: await reading.reaches(reader, Viewer(principal.user_id, scope), customer_id)
        for scope in {scope for scope in asked.values() if scope is not None}
    }
    return [
        action
        for action, scope in asked.items()
        if scope is not None and reached[scope] and _ACTIONS[action][1] == state
    ]


async def refuse_gone(reader: Reader, viewer: Viewer, customer_id: UUID) -> None:
    """Raises CustomerGone for a deleted customer whom the viewer could see before."""
    deletion = await reading.deletion(reader, viewer, customer_id)
    if deletion is not None:
        until = deletion["deleted_at"] + CustomerSettings().recycle_bin_period
        raise CustomerGone(**deletion, restorable_until=until)
