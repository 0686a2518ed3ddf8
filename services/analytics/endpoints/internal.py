"""What other services may ask; the gateway never routes here."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.kit.http import json_response
from services.kit.trust.internal import require_internal

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[Depends(require_internal)])


@router.get("/users/{user_id}/workload")
async def user_workload() -> Response:
    """Nothing here belongs to a user in a way that a successor takes over: read models follow the events."""
    return json_response({"items": [], "conflicts": []})
