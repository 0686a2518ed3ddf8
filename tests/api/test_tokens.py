"""Who is let in at the edge."""

from datetime import timedelta

from services.kit.running import clock
from services.kit.running.ids import new_id
from tests.api.conftest import Edge, OpenEdge
from tests.api.stub_service import hang, reply
from tests.support.waiting import eventually


async def test_without_a_good_token_nothing_is_passed_on(edge: Edge) -> None:
    expired = edge.token(exp=1)
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x.y.z"}):
        answer = await edge.get("/api/v1/customers", token=None, headers=headers)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert answer.json["code"] == "unauthorized"
    assert (await edge.get("/api/v1/customers", token=expired)).status == 401
    assert edge.services["customer"].requests == []


async def test_signing_in_needs_no_token_and_nothing_else_is_public(edge: Edge) -> None:
    for path in ("/auth/login", "/auth/refresh", "/auth/password/reset"):
        assert (await edge.ask("POST", f"/api/v1{path}", token=None, data=b"{}")).status == 200
    assert (await edge.get("/api/v1/auth/.well-known/jwks.json", token=None)).status == 200
    for method, path in (("GET", "/auth/login"), ("POST", "/auth/logout"), ("GET", "/auth/me"), ("GET", "/sagas")):
        assert (await edge.ask(method, f"/api/v1{path}", token=None)).status == 401, path


async def test_a_revoked_session_is_refused_at_the_edge(edge: Edge) -> None:
    session = new_id()
    token = edge.token(session_id=session)
    assert (await edge.get("/api/v1/customers", token=token)).status == 200
    entry = {"sessionId": str(session), "expiresAt": (clock.now() + timedelta(minutes=15)).isoformat()}
    revoked = {"asOf": clock.now().isoformat(), "entries": [entry]}
    edge.services["auth"].on("GET", "/internal/revocations", reply(200, revoked))

    async def refused() -> bool:
        return (await edge.get("/api/v1/customers", token=token)).status == 401

    await eventually(refused, what="the revocation")
    assert (await edge.get("/api/v1/customers")).status == 200


async def test_auth_being_slow_does_not_stop_those_who_are_signed_in(open_edge: OpenEdge) -> None:
    edge = await open_edge()
    edge.services["auth"].on("GET", "/internal/revocations", hang)
    assert (await edge.get("/api/v1/customers")).status == 200
