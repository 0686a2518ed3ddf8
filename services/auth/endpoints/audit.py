"""The audit log of all services: search, export, and how far its chain was verified."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from services.auth.audit_schemas import AuditEntry, AuditFilters, VerificationView
from services.auth.endpoints.dependencies import AuditReader
from services.auth.repository import audit
from services.auth.service import audit_search, audit_state
from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response, request_context
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page
from services.kit.running.context import ActorContext
from services.kit.text.spreadsheets import CSV_TYPE

router = APIRouter(prefix="/auth", tags=["audit"], route_class=ServiceRoute)
Context = Annotated[ActorContext, Depends(request_context)]
CSV_ANSWER: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


def csv_headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


@router.get("/audit-logs", response_model=Page[AuditEntry])
async def list_audit_entries(
    _caller: AuditReader,
    kit: KitDep,
    reader: Reads,
    filters: Annotated[AuditFilters, Query()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Response:
    """By time, newest first unless `sort=at`. `hash` and `previousHash` chain the entries in the order in which they
    were sealed."""
    scope = f"audit-logs:{filters.sort}"
    rows = await audit.list_views(
        reader,
        limit=limit,
        after=kit.cursors.decode(scope, cursor, [datetime, UUID]),
        filters=filters.conditions,
        descending=filters.descending,
    )
    named = await audit_search.with_names(reader, rows)
    return json_response(page(named, limit, lambda row: kit.cursors.encode(scope, [row["at"], row["id"]])))


@router.get("/audit-logs/export", response_class=StreamingResponse, responses=CSV_ANSWER)
async def export_audit_entries(
    _caller: AuditReader, kit: KitDep, context: Context, filters: Annotated[AuditFilters, Query()]
) -> Response:
    """All that the filter finds, as CSV; more than 20,000 entries are refused. The log has an entry of each export."""
    async with kit.db.transaction(context) as uow:
        ids = await audit_search.begin_export(uow, filters)
    body = audit_search.lines(kit.db, ids)
    return StreamingResponse(body, media_type=CSV_TYPE, headers=csv_headers("audit-log.csv"))


@router.get("/audit-logs/{audit_id}", response_model=AuditEntry)
async def get_audit_entry(audit_id: UUID, _caller: AuditReader, reader: Reads) -> Response:
    """One entry with its place in the chain."""
    return json_response(await audit_search.entry(reader, audit_id))


@router.get("/audit-verification", response_model=VerificationView)
async def get_verification(_caller: AuditReader, reader: Reads) -> Response:
    """Up to where the chain was recomputed and holds, and what was found."""
    return json_response(await audit_state.verification(reader))


@router.post("/audit-verification", response_model=VerificationView, status_code=202)
async def verify_now(caller: AuditReader, uow: Uow) -> Response:
    """Recompute the chain from its beginning and compare it with its signed heads. While that is under way already, the
    answer is that one."""
    await audit_state.ask_for_all(uow, caller.user_id)
    return json_response(await audit_state.verification(uow), 202)
