"""One customer as somebody may read them."""

from uuid import UUID

from services.customer.access import Viewer
from services.customer.errors import CustomerGone
from services.customer.repository import reading
from services.customer.settings import CustomerSettings
from services.kit.db.unit_of_work import Reader, Row
from services.kit.errors import NotFound
from services.kit.http.kit import Kit


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


async def refuse_gone(reader: Reader, viewer: Viewer, customer_id: UUID) -> None:
    """Raises CustomerGone for a deleted customer whom the viewer could see before."""
    deletion = await reading.deletion(reader, viewer, customer_id)
    if deletion is not None:
        until = deletion["deleted_at"] + CustomerSettings().recycle_bin_period
        raise CustomerGone(**deletion, restorable_until=until)
