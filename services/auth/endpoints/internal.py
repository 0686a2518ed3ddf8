"""What other services ask: revocations and the state of users."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.auth.department_schemas import DepartmentCopies
from services.auth.repository import departments, sessions, users
from services.auth.schemas import UserCopies
from services.kit.http import InternalCaller, Reads, json_response
from services.kit.trust.revocation import RevocationBatch

MAX_IDS = 500
router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/revocations", response_model=RevocationBatch)
async def list_revocations(_caller: InternalCaller, reader: Reads, since: datetime | None = None) -> Response:
    """Sessions and tokens that ended early, recorded at or after `since`."""
    return json_response(await sessions.revocations(reader, since))


@router.get("/users", response_model=UserCopies)
async def list_user_copies(
    _caller: InternalCaller, reader: Reads, ids: Annotated[list[UUID], Query(max_length=MAX_IDS)]
) -> Response:
    """The full state that copies keep; unknown ids are left out."""
    return json_response({"items": await users.copies(reader, ids)})


@router.get("/departments", response_model=DepartmentCopies)
async def list_department_copies(
    _caller: InternalCaller, reader: Reads, ids: Annotated[list[UUID], Query(max_length=MAX_IDS)]
) -> Response:
    """The full state that copies keep; unknown ids are left out."""
    return json_response({"items": await departments.copies(reader, ids)})
