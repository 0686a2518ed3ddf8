"""Lists of customers. Their fixed paths come before `/customers/{customer_id}`."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.customer.access import Viewer, reader
from services.customer.endpoints.answers import page_response
from services.customer.repository import reading
from services.customer.schemas import CustomerFilters, CustomerSort, CustomerView
from services.kit.db.unit_of_work import Reader
from services.kit.errors import Forbidden, NotFound, Text, Unprocessable
from services.kit.http import CurrentUser, KitDep, Reads
from services.kit.http.kit import Kit
from services.kit.http.paging import Page
from services.kit.trust.principal import Principal

router = APIRouter(tags=["customers"])
Filters = Annotated[CustomerFilters, Query()]

_KEY_TYPES: Final[dict[str, type]] = {"name": str}


@router.get("/customers", response_model=Page[CustomerView])
async def list_customers(filters: Filters, principal: CurrentUser, reads: Reads, kit: KitDep) -> Response:
    """Customers that the caller may see, the newest first unless `sort` says otherwise."""
    return await _page(kit, reads, _looker(principal, filters), filters)


@router.get("/customers/search", response_model=Page[CustomerView])
async def search_customers(filters: Filters, principal: CurrentUser, reads: Reads, kit: KitDep) -> Response:
    """Customers by what stands in them. Two characters suffice, one for a name; kana in either script."""
    if not filters.model_fields_set - {"limit", "cursor", "sort"}:
        message = Text("検索条件を指定してください", "Say what to search for")
        raise Unprocessable.field("/q", "missing", message, "query")
    return await _page(kit, reads, _looker(principal, filters), filters)


@router.get("/customers/by-sales/{sales_id}", response_model=Page[CustomerView])
async def list_customers_by_sales(
    sales_id: UUID, filters: Filters, principal: CurrentUser, reads: Reads, kit: KitDep
) -> Response:
    """Customers of one rep; 404 for a rep whose customers the caller may not see."""
    viewer = _looker(principal, filters)
    if not await reading.reaches_user(reads, viewer, sales_id):
        raise NotFound
    return await _page(kit, reads, viewer, filters.model_copy(update={"assigned_sales_id": sales_id}))


def _looker(principal: Principal, filters: CustomerFilters) -> Viewer:
    viewer = reader(principal)
    if not viewer.sees_deleted and not reading.LIVE_STATES.issuperset(filters.state):
        raise Forbidden(Text("ごみ箱を見る権限がありません", "You may not look into the recycle bin"))
    return viewer


async def _page(kit: Kit, reads: Reader, viewer: Viewer, filters: CustomerFilters) -> Response:
    scope = f"customers:{filters.sort}"
    after = kit.cursors.decode(scope, filters.cursor, _key_types(filters.sort))
    rows = await reading.page(reads, viewer, filters, after)

    def cursor(row: dict[str, Any]) -> str:
        return kit.cursors.encode(scope, [row["sort_key"], row["id"]])

    return page_response(rows, filters.limit, cursor)


def _key_types(sort: CustomerSort) -> list[type]:
    return [_KEY_TYPES.get(sort.lstrip("-"), datetime), UUID]
