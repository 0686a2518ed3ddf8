"""GET /processes: the list that the gateway serves as GET /sagas."""

from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from services.analytics import access, processes, schemas
from services.contracts.processes import ProcessType
from services.kit.http import CurrentUser, KitDep, Reads, json_response
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page
from services.kit.models import QueryModel
from services.kit.processes.statuses import ProcessStatus
from services.kit.running.settings import ServiceSettings

router = APIRouter(prefix="/processes", tags=["processes"])

_CURSOR = "processes"


class ProcessQuery(QueryModel):
    limit: Limit = DEFAULT_LIMIT
    cursor: CursorText = None
    type: ProcessType | None = None
    status: ProcessStatus | None = None
    resource_id: UUID | None = None
    open: bool | None = Field(None, description="true: not yet ended; false: ended.")


@router.get("", response_model=Page[schemas.SagaView])
async def list_processes(
    reader: Reads, kit: KitDep, principal: CurrentUser, query: Annotated[ProcessQuery, Query()]
) -> Response:
    """Newest first. Who may operate or audit processes sees all; others what they started or may see the subject of."""
    rows = await processes.newest(
        reader,
        user_id=principal.user_id,
        reps=None if access.sees_all_processes(principal) else await access.visible_reps(reader, principal),
        names=await access.readable_names(reader, principal),
        filters={
            "type": query.type,
            "status": query.status,
            "resource_id": query.resource_id,
            "open": query.open,
        },
        before=kit.cursors.decode(_CURSOR, query.cursor, [datetime, UUID]),
        limit=query.limit + 1,
    )
    listed = page(rows, query.limit, lambda row: kit.cursors.encode(_CURSOR, [row["startedAt"], row["id"]]))
    for row in listed["items"]:
        row["temporalUrl"] = temporal_url(kit.settings, row["workflowId"])
    return json_response(listed)


def temporal_url(settings: ServiceSettings, workflow_id: str) -> str | None:
    """The process in Temporal's own UI, where there is one; it forgets what has ended before we do."""
    if settings.temporal_ui_url is None:
        return None
    namespace = quote(settings.temporal_namespace, safe="")
    return f"{settings.temporal_ui_url.rstrip('/')}/namespaces/{namespace}/workflows/{quote(workflow_id, safe='')}"
