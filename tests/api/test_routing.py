"""What reaches which service, and what of it."""

import pytest

from tests.api.conftest import Edge
from tests.api.stub_service import reply

ROUTES = {
    "/auth/users": "auth",
    "/customers/search": "customer",
    "/meetings": "sales_activity",
    "/tasks/overdue": "sales_activity",
    "/approvals/pending": "opportunity",
    "/approval-routes": "opportunity",
    "/proxies": "opportunity",
    "/reports/sales-summary": "analytics",
    "/notifications/unread": "analytics",
}


@pytest.mark.parametrize("path", ROUTES)
async def test_each_path_reaches_its_service_with_query_and_body(edge: Edge, path: str) -> None:
    answer = await edge.ask("POST", f"/api/v1{path}?q=%E5%B1%B1%E7%94%B0&limit=2", data=b'{"a":1}')
    got = answer.json
    assert (got["method"], got["path"], got["query"]) == ("POST", path, {"q": "山田", "limit": "2"})
    assert got["body"] == '{"a":1}'
    assert edge.services[ROUTES[path]].asked(path) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/internal/users/1", 404),
        ("/api/v1/processes/1", 404),
        ("/api/v1/readyz", 404),
        ("/api/v2/customers", 404),
        ("/api/v1", 404),
        ("/api/v1/", 404),
        ("/internal/users/1", 404),
        ("/api/v1/customers/../internal/users", 400),
        ("/api/v1/customers/%2e%2e/internal/users", 400),
        ("/api/v1/customers/..%2Finternal", 400),
        ("/api/v1//internal/users", 400),
        ("/api/v1/customers/%00", 400),
        ("/api/v1/customers/%252e", 400),
        ("/api/v1/customers\\..\\internal", 400),
        ("/api/v1/customers/" + "x" * 3000, 414),
    ],
)
async def test_nothing_internal_is_reached_however_it_is_written(edge: Edge, path: str, status: int) -> None:
    token = edge.token("admin")
    answer = await edge.raw(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert b"application/problem+json" in answer
    asked = [r.path for service in edge.services.values() for r in service.requests]
    assert all(path.startswith(("/internal/revocations", "/auth/.well-known")) for path in asked), asked


async def test_headers_of_an_answer_pass_but_for_those_of_the_connection(edge: Edge) -> None:
    headers = {"Location": "/api/v1/sagas/7", "ETag": '"7"', "Keep_Alive": "timeout=5", "Connection": "X-Private"}
    edge.services["customer"].on("DELETE", "/customers/7", reply(202, {}, X_Private="1", **headers))
    answer = await edge.ask("DELETE", "/api/v1/customers/7")
    assert answer.status == 202
    assert (answer.headers["Location"], answer.headers["ETag"]) == ("/api/v1/sagas/7", '"7"')
    assert "Keep-Alive" not in answer.headers
    assert "X-Private" not in answer.headers


async def test_who_the_caller_is_stands_in_the_token_alone(edge: Edge) -> None:
    forged = {
        "X-User-Id": "admin",
        "X_User_Id": "admin",
        "X-Ringi-Actor": "admin",
        "X-Forwarded-User": "admin",
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/internal",
        "Forwarded": "for=1.2.3.4",
        "X-Real-IP": "1.2.3.4",
        "Cookie": "session=1",
        "Connection": "keep-alive, X-Secret-Hop",
        "X-Secret-Hop": "1",
        "TE": "trailers",
        "Accept-Language": "en",
        "If-Match": '"3"',
        "Idempotency-Key": "k",
    }
    got = (await edge.get("/api/v1/customers", headers=forged)).json["headers"]
    kept = {"accept-language", "if-match", "idempotency-key"}
    assert {name.lower() for name in forged} & got.keys() == kept
    assert got["x-forwarded-for"] == "127.0.0.1"
    assert got["authorization"].startswith("Bearer ")


async def test_request_id_and_trace_go_through_all(edge: Edge) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"  # pragma: allowlist secret
    headers = {"X-Request-ID": "order-7", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = await edge.get("/api/v1/customers", headers=headers)
    got = answer.json["headers"]
    assert got["x-request-id"] == answer.headers["X-Request-ID"] == "order-7"
    assert trace in got["traceparent"]
    assert trace in answer.headers["traceparent"]
    made_up = await edge.get("/api/v1/customers", headers={"X-Request-ID": "a b<script>"})
    assert made_up.headers["X-Request-ID"] != "a b<script>"
    problem = await edge.get("/api/v1/nothing", headers=headers)
    assert (problem.status, problem.json["traceId"]) == (404, trace)


async def test_methods_that_nobody_serves_are_refused(edge: Edge) -> None:
    refused = await edge.ask("TRACE", "/api/v1/customers")
    assert (refused.status, refused.headers["allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")
    assert (await edge.ask("POST", "/api/healthz")).status == 405
