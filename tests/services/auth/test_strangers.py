"""What somebody who is not signed in costs the service where everybody signs in: CPU time per request is bounded."""

import pytest

from services.kit.http.middleware import ANONYMOUS_BODY_CAP_BYTES
from tests.support.http import StartService
from tests.support.strangers import long_bodies, long_heads, too_dear


@pytest.mark.parametrize("path", ["/auth/users", "/auth/.well-known/jwks.json"])
async def test_no_head_of_a_request_costs_more_than_a_moment(service_client: StartService, path: str) -> None:
    client = await service_client("auth")
    assert await too_dear(client.app, long_heads(path)) == []


@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/users"])
async def test_no_body_of_a_stranger_costs_more_than_a_moment(service_client: StartService, path: str) -> None:
    client = await service_client("auth")
    assert await too_dear(client.app, long_bodies(path, limit=ANONYMOUS_BODY_CAP_BYTES)) == []
