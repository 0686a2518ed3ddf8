"""Read one customer and its history."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.customer.access import reader
from services.customer.endpoints.answers import document_response, page_response
from services.customer.repository import reading
from services.customer.schemas import CustomerView, ProfileView
from services.customer.service import records
from services.kit.http import CurrentUser, KitDep
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page

router = APIRouter(tags=["customers"])

_PROFILES: Final = "customer-profiles"


@router.get("/customers/{customer_id}", response_model=CustomerView)
async def get_customer(customer_id: UUID, principal: CurrentUser, kit: KitDep) -> Response:
    """One customer; deleted ones show to auditors and to whoever may restore them."""
    row = await records.readable(kit, reader(principal), customer_id)
    return document_response(row["document"], row["version"])


@router.get("/customers/{customer_id}/profile-versions", response_model=Page[ProfileView])
async def list_profile_versions(
    customer_id: UUID,
    principal: CurrentUser,
    kit: KitDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Response:
    """Every version of the investment profile, the newest first, with who reviewed it and when."""
    before = kit.cursors.decode(_PROFILES, cursor, [int])
    await records.readable(kit, reader(principal), customer_id)
    async with kit.db.reader() as reads:
        rows = await reading.profile_versions(reads, customer_id, before[0] if before else None, limit)
    return page_response(rows, limit, lambda row: kit.cursors.encode(_PROFILES, [row["version"]]))
