"""The public keys of access tokens."""

from fastapi import APIRouter
from starlette.responses import Response

from services.auth.endpoints.dependencies import AuthDep
from services.kit.http import ServiceRoute, json_response

router = APIRouter(prefix="/auth", tags=["keys"], route_class=ServiceRoute)


@router.get("/.well-known/jwks.json")
async def jwks(auth: AuthDep) -> Response:
    """The public keys with which access tokens are verified (RFC 7517)."""
    return json_response(await auth.keys.jwks(), headers={"Cache-Control": "public, max-age=60"})
