"""HTTP of customers. Their fixed paths come before `/customers/{customer_id}`."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.customer.access import Viewer, reader
from services.customer.endpoints.dependencies import CustomerAssigner, CustomerReader, CustomerWriter, UsersDep
from services.customer.endpoints.documents import document_response, page_response, with_member
from services.customer.repository import reading
from services.customer.schemas import (
    Assignment,
    CustomerCreate,
    CustomerDetail,
    CustomerFilters,
    CustomerSort,
    CustomerUpdate,
    CustomerView,
    ProfileView,
)
from services.customer.service import editing, records
from services.kit.db.unit_of_work import Reader
from services.kit.errors import Forbidden, NotFound, Text, Unprocessable
from services.kit.http import KitDep, Reads, ServiceRoute, Uow
from services.kit.http.etags import optional_if_match, require_if_match
from services.kit.http.kit import Kit
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page
from services.kit.trust.principal import Principal

router = APIRouter(tags=["customers"], route_class=ServiceRoute)
Filters = Annotated[CustomerFilters, Query()]

_KEY_TYPES: Final[dict[str, type]] = {"name": str}
_PROFILES: Final = "customer-profiles"


@router.get("/customers", response_model=Page[CustomerView])
async def list_customers(filters: Filters, principal: CustomerReader, reads: Reads, kit: KitDep) -> Response:
    """Customers that the caller may see, the newest first unless `sort` says otherwise."""
    return await _page(kit, reads, _viewer_of(principal, filters), filters)


@router.get("/customers/search", response_model=Page[CustomerView])
async def search_customers(filters: Filters, principal: CustomerReader, reads: Reads, kit: KitDep) -> Response:
    """Customers by what stands in them. Two characters suffice, one for a name; kana in either script."""
    if not filters.model_fields_set - {"limit", "cursor", "sort"}:
        message = Text("検索条件を指定してください", "Say what to search for")
        raise Unprocessable.field("/q", "missing", message, "query")
    return await _page(kit, reads, _viewer_of(principal, filters), filters)


@router.get("/customers/by-sales/{sales_id}", response_model=Page[CustomerView])
async def list_customers_by_sales(
    sales_id: UUID, filters: Filters, principal: CustomerReader, reads: Reads, kit: KitDep
) -> Response:
    """Customers of one rep; 404 for a rep whose customers the caller may not see."""
    viewer = _viewer_of(principal, filters)
    if not await reading.reaches_user(reads, viewer, sales_id):
        raise NotFound
    return await _page(kit, reads, viewer, filters.model_copy(update={"assigned_sales_id": sales_id}))


@router.get("/customers/{customer_id}", response_model=CustomerDetail)
async def get_customer(customer_id: UUID, principal: CustomerReader, kit: KitDep) -> Response:
    """One customer; deleted ones show to auditors and to whoever may restore them."""
    row = await records.readable(kit, reader(principal), customer_id)
    async with kit.db.reader() as reads:
        actions = await records.allowed_actions(reads, principal, customer_id)
    return document_response(with_member(row["document"], "allowedActions", actions), row["version"])


@router.get("/customers/{customer_id}/profile-versions", response_model=Page[ProfileView])
async def list_profile_versions(
    customer_id: UUID,
    principal: CustomerReader,
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


@router.post("/customers", response_model=CustomerView, status_code=201)
async def create_customer(body: CustomerCreate, principal: CustomerWriter, uow: Uow, users: UsersDep) -> Response:
    """A new customer, assigned to the caller unless `assignedSalesId` names somebody in their reach."""
    customer_id, document = await editing.create(uow, users, principal, body)
    return document_response(document, 1, 201, f"/api/v1/customers/{customer_id}")


@router.put("/customers/{customer_id}", response_model=CustomerView)
async def update_customer(
    customer_id: UUID, body: CustomerUpdate, request: Request, principal: CustomerWriter, uow: Uow, users: UsersDep
) -> Response:
    """Change a customer; needs `If-Match` with the version that was read."""
    version = require_if_match(request)
    row = await editing.update(uow, users, principal, customer_id, version, body)
    return document_response(row["document"], row["version"])


@router.post("/customers/{customer_id}/assign", response_model=CustomerView)
async def assign_customer(
    customer_id: UUID, body: Assignment, request: Request, principal: CustomerAssigner, uow: Uow, users: UsersDep
) -> Response:
    """Put another active rep or manager in charge; managers within their team."""
    version = optional_if_match(request)
    row = await editing.assign(uow, users, principal, customer_id, version, body.assigned_sales_id)
    return document_response(row["document"], row["version"])


def _viewer_of(principal: Principal, filters: CustomerFilters) -> Viewer:
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
