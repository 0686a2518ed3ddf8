"""Delete and restore: both start a process and answer with it."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.contracts.permissions import Permission
from services.customer.access import viewer
from services.customer.endpoints.dependencies import CustomerDeleter, CustomerRestorer
from services.customer.repository import reading
from services.customer.schemas import DeletionPreview
from services.customer.service import lifecycle
from services.customer.settings import CustomerSettings
from services.kit.errors import NotFound, Unavailable
from services.kit.http import KitDep, ServiceRoute, Uow, json_response, request_context
from services.kit.http.etags import optional_if_match
from services.kit.http.kit import Kit
from services.kit.processes.router import SagaView
from services.kit.processes.waiting import process_accepted, process_answered
from services.kit.running.context import ActorContext

AFFECTED_SERVICES = ("sales_activity", "opportunity")
HELD_AND_CANCELLED = "approvals"
"""Kind of rows that a deletion touches twice: held before the pivot, cancelled after it."""
PREVIEW_SECONDS = 1.0
"""A deletion does not wait longer than this for a count that only its progress bar needs."""

router = APIRouter(tags=["customers"], route_class=ServiceRoute)


@router.get("/customers/{customer_id}/deletion-preview", response_model=DeletionPreview)
async def preview_deletion(customer_id: UUID, principal: CustomerDeleter, kit: KitDep) -> Response:
    """What a deletion would hide, hold and cancel, counted now; 503 while a service can't be asked."""
    deleter = viewer(principal, Permission.CUSTOMER_DELETE)
    async with kit.db.reader() as reader:
        if await reading.find(reader, deleter, customer_id) is None:
            raise NotFound
    items = await _count(kit, customer_id)
    total = sum(item["count"] for item in items)
    return json_response({"customerId": customer_id, "items": items, "total": total})


@router.delete("/customers/{customer_id}", response_model=SagaView, status_code=202)
async def delete_customer(
    customer_id: UUID,
    request: Request,
    principal: CustomerDeleter,
    kit: KitDep,
    context: Annotated[ActorContext, Depends(request_context)],
) -> Response:
    """Start the deletion; asked again, the answer is the same process. `Prefer: wait=5` waits for its end.

    A route with a transaction of its own: no connection is held while other services count.
    """
    version = optional_if_match(request)
    async with kit.db.reader() as reader:
        await lifecycle.require_deletable(reader, principal, customer_id)
    rows = await _expected_rows(kit, customer_id)
    async with kit.db.transaction(context) as uow:
        process_id = await lifecycle.request_deletion(uow, principal, customer_id, version, rows)
    return await process_answered(request, process_id)


@router.post("/customers/{customer_id}/restore", response_model=SagaView, status_code=202)
async def restore_customer(customer_id: UUID, request: Request, principal: CustomerRestorer, uow: Uow) -> Response:
    """Bring a deleted customer back with all that its deletion hid; within the recycle-bin period."""
    period = CustomerSettings().recycle_bin_period
    process_id = await lifecycle.request_restoration(uow, principal, customer_id, period)
    return await process_accepted(request, uow, process_id)


async def _count(kit: Kit, customer_id: UUID) -> list[dict[str, Any]]:
    answers = await asyncio.gather(
        *(kit.internal.get(service, f"/internal/customers/{customer_id}/workload") for service in AFFECTED_SERVICES)
    )
    return [item for answer in answers if answer is not None for item in answer["items"]]


async def _expected_rows(kit: Kit, customer_id: UUID) -> int | None:
    """None if the count is not to be had at once: the process counts for itself."""
    try:
        async with asyncio.timeout(PREVIEW_SECONDS):
            items = await _count(kit, customer_id)
    except (Unavailable, TimeoutError):
        return None
    return sum(int(item["count"]) * (2 if item["kind"] == HELD_AND_CANCELLED else 1) for item in items)
