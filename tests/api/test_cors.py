"""Pages of other origins."""

from tests.api.conftest import Edge, OpenEdge

ORIGIN = "https://app.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match"}


async def test_a_configured_origin_may_call_and_read_what_it_needs(open_edge: OpenEdge) -> None:
    edge = await open_edge(cors_origins=f"{ORIGIN}, https://other.example/")
    preflight = await edge.ask("OPTIONS", "/api/v1/customers", token=None, headers={"Origin": ORIGIN} | PREFLIGHT)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    assert "if-match" in preflight.headers["Access-Control-Allow-Headers"]
    for answer in (
        await edge.get("/api/v1/customers", headers={"Origin": ORIGIN}),
        await edge.get("/api/v1/customers", token=None, headers={"Origin": ORIGIN}),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "etag" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_any_other_origin_gets_no_permission(edge: Edge, open_edge: OpenEdge) -> None:
    configured = await open_edge(cors_origins=ORIGIN)
    for gateway in (edge, configured):
        headers = {"Origin": "https://evil.example"}
        preflight = await gateway.ask("OPTIONS", "/api/v1/customers", token=None, headers=headers | PREFLIGHT)
        assert "Access-Control-Allow-Origin" not in preflight.headers
        assert "Access-Control-Allow-Methods" not in preflight.headers
        answer = await gateway.get("/api/v1/customers", headers=headers)
        assert "Access-Control-Allow-Origin" not in answer.headers
