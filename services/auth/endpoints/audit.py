"""The audit log of all services."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.auth.endpoints.dependencies import AuditReader
from services.auth.repository import audit
from services.auth.schemas import AuditEntry, AuditFilters
from services.kit.http import KitDep, Reads, ServiceRoute, json_response
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page

router = APIRouter(prefix="/auth", tags=["audit"], route_class=ServiceRoute)


@router.get("/audit-logs", response_model=Page[AuditEntry])
async def list_audit_entries(
    _caller: AuditReader,
    kit: KitDep,
    reader: Reads,
    filters: Annotated[AuditFilters, Query()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Response:
    """Newest first. `hash` and `previousHash` chain the entries in the order in which they were sealed."""
    after = kit.cursors.decode("audit-logs", cursor, [datetime, UUID])
    rows = await audit.list_views(reader, limit=limit, after=after, filters=filters.model_dump())
    return json_response(page(rows, limit, lambda row: kit.cursors.encode("audit-logs", [row["at"], row["id"]])))
