"""The access review, as JSON and as a file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from services.auth.audit_schemas import AccessFilters, AccessReviewItem
from services.auth.endpoints.audit import CSV_ANSWER, Context, csv_headers
from services.auth.endpoints.dependencies import AuditReader
from services.auth.service import access_review
from services.kit.http import KitDep, Reads, ServiceRoute, json_response
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page
from services.kit.text.spreadsheets import CSV_TYPE

router = APIRouter(prefix="/auth", tags=["audit"], route_class=ServiceRoute)
_CURSOR = "access-review"


@router.get("/access-review", response_model=Page[AccessReviewItem])
async def list_access(
    _caller: AuditReader,
    kit: KitDep,
    reader: Reads,
    filters: Annotated[AccessFilters, Query()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Response:
    """By name: each account with its roles, since when and by whom they were given, and its last sign-in."""
    after = kit.cursors.decode(_CURSOR, cursor, [str, UUID])
    rows = await access_review.review(reader, limit=limit, after=after, filters=filters)
    shown = page(rows, limit, lambda row: kit.cursors.encode(_CURSOR, [row["sortKey"], row["userId"]]))
    for row in rows:
        del row["sortKey"]
    return json_response(shown)


@router.get("/access-review/export", response_class=StreamingResponse, responses=CSV_ANSWER)
async def export_access(
    _caller: AuditReader, kit: KitDep, context: Context, filters: Annotated[AccessFilters, Query()]
) -> Response:
    """All of it as CSV, a line for each role of each account. The audit log has an entry of each export."""
    async with kit.db.transaction(context) as uow:
        await access_review.begin_export(uow, filters)
    body = access_review.lines(kit.db, filters)
    return StreamingResponse(body, media_type=CSV_TYPE, headers=csv_headers("access-review.csv"))
