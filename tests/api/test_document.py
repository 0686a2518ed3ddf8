"""The one document of the API, made from the documents of the real services."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from api.calls import OPERATIONS
from api.docs import page
from api.openapi import merge
from api.paths import ROUTES, SERVICES
from tests.api.conftest import Edge, OpenEdge
from tests.api.stub_service import hang, reply
from tests.support.document import document_of

Document = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    return {name: document_of(name) for name in SERVICES}


@pytest.fixture(scope="module")
def merged(documents: dict[str, Document]) -> Document:
    return merge(documents)


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in OPERATIONS:
                yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_endpoint_of_the_design_is_in_it(merged: Document) -> None:
    found = {f"{method.upper()} {path.removeprefix('/api/v1')}" for path, method, _ in operations(merged)}
    shapes = {_shape(item) for item in found}
    missing = [item for item in DESIGN if _shape(item) not in shapes]
    assert missing == []


def test_nothing_internal_is_in_it(merged: Document) -> None:
    assert merged["openapi"] == "3.1.0"
    for path, _, _ in operations(merged):
        first = path.removeprefix("/api/v1/").partition("/")[0]
        assert first in {*ROUTES, "sagas", "search"}, path


def test_references_resolve_and_names_are_unique(merged: Document) -> None:
    schemas = merged["components"]["schemas"]
    assert {ref for ref in references(merged) if ref.removeprefix("#/components/schemas/") not in schemas} == set()
    names = [operation["operationId"] for _, _, operation in operations(merged)]
    assert len(names) == len(set(names))


def test_each_operation_still_means_what_its_service_says(documents: dict[str, Document], merged: Document) -> None:
    """A schema of the same name in another service must not have taken its place."""
    for document in documents.values():
        for path, method, operation in operations(document):
            public = merged["paths"].get(f"/api/v1{path}", {}).get(method)
            if public is not None:
                assert _resolved(public["responses"], merged) == _resolved(operation["responses"], document), path


def test_every_operation_but_the_public_ones_asks_for_a_token(merged: Document) -> None:
    public = {operation["operationId"] for _, _, operation in operations(merged) if not operation.get("security")}
    paths = {path for path, _, operation in operations(merged) if operation["operationId"] in public}
    assert paths == {
        "/api/v1/auth/login",
        "/api/v1/auth/login/code",
        "/api/v1/auth/refresh",
        "/api/v1/auth/password/reset",
        "/api/v1/notifications/unsubscribe",
        "/api/v1/auth/.well-known/jwks.json",
    }


def test_a_fuzzer_can_read_it(merged: Document) -> None:
    schema = schemathesis.openapi.from_dict(merged)
    schema.validate()
    assert schema.statistic.operations.total == len(list(operations(merged)))


def test_schemas_of_the_same_name_keep_their_own_meaning() -> None:
    def document(path: str, kind: str) -> Document:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}
        operation = {"operationId": "list", "responses": {"200": {"description": "", "content": content}}}
        items = {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
        schemas = {
            "Item": {"type": kind},
            "Page": {"type": "object", "properties": {"items": items}},
            "Same": {"type": "string"},
        }
        return {"paths": {path: {"get": operation}}, "components": {"schemas": schemas}}

    both = merge({"customer": document("/customers", "string"), "sales_activity": document("/tasks", "integer")})
    schemas = both["components"]["schemas"]
    assert schemas["Item"] == {"type": "string"}
    assert schemas["SalesActivityItem"] == {"type": "integer"}
    page_of_tasks = schemas["SalesActivityPage"]["properties"]["items"]["items"]
    assert page_of_tasks == {"$ref": "#/components/schemas/SalesActivityItem"}
    assert "SalesActivitySame" not in schemas
    ids = {both["paths"][path]["get"]["operationId"] for path in ("/api/v1/customers", "/api/v1/tasks")}
    assert ids == {"list", "sales_activity_list"}


async def test_document_and_page_are_served_without_a_token(edge: Edge, documents: dict[str, Document]) -> None:
    for name, service in edge.services.items():
        service.on("GET", "/openapi.json", reply(200, documents[name]))
    document = await edge.get("/api/openapi.json", token=None)
    assert document.json["paths"].keys() == merge(documents)["paths"].keys()
    html = await edge.get("/api/docs", token=None)
    assert html.status == 200
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    text = html.body.decode()
    assert "<script" not in text
    assert "http://" not in text.replace(edge.url, "")
    assert "https://" not in text
    # What was put together stays, even if a service is away.
    await edge.services["customer"].kill()
    assert (await edge.get("/api/openapi.json", token=None)).status == 200


async def test_a_document_with_a_part_missing_is_not_shown(edge: Edge, documents: dict[str, Document]) -> None:
    for name, service in edge.services.items():
        service.on("GET", "/openapi.json", reply(200, documents[name]))
    await edge.services["customer"].kill()
    assert (await edge.get("/api/openapi.json", token=None)).status == 503


async def test_ready_means_that_every_service_is_ready(open_edge: OpenEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    edge = await open_edge()
    assert (await edge.get("/api/healthz", token=None)).json == {"status": "ok"}
    assert (await edge.get("/api/readyz", token=None)).json["status"] == "ready"
    edge.services["auth"].on("GET", "/readyz", hang)
    await edge.services["customer"].kill()
    monkeypatch.setattr("api.health.FRESH_SECONDS", 0.0)
    waiting = await edge.get("/api/readyz", token=None)
    assert waiting.status == 503
    away = [name for name, state in waiting.json["services"].items() if state == "away"]
    assert away == ["auth", "customer"]
    assert (await edge.get("/api/healthz", token=None)).status == 200


def test_text_of_the_document_is_escaped_on_the_page() -> None:
    evil = "<img src=x onerror=alert(1)>"
    operation = {"operationId": evil, "summary": evil, "description": evil, "responses": {evil: {"description": evil}}}
    document = {
        "info": {"title": evil, "description": evil},
        "paths": {evil: {"get": operation}},
        "components": {"schemas": {evil: {"description": evil}}},
    }
    html = page(document)
    assert evil.encode() not in html


def _shape(operation: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in operation.split("/"))


def _resolved(node: Any, document: Document, depth: int = 8) -> Any:
    """The node with references followed, so that names don't matter."""
    if depth == 0:
        return None
    if isinstance(node, dict):
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/components/schemas/")
            return _resolved(document["components"]["schemas"][name], document, depth - 1)
        return {key: _resolved(value, document, depth) for key, value in node.items() if key != "mapping"}
    if isinstance(node, list):
        return [_resolved(value, document, depth) for value in node]
    return node


DESIGN = [
    "POST /auth/login",
    "POST /auth/logout",
    "POST /auth/refresh",
    "GET /auth/me",
    "POST /auth/users",
    "GET /auth/users",
    "GET /auth/users/{id}",
    "PUT /auth/users/{id}",
    "DELETE /auth/users/{id}",
    "GET /auth/audit-logs",
    "POST /customers",
    "GET /customers",
    "GET /customers/{id}",
    "PUT /customers/{id}",
    "DELETE /customers/{id}",
    "GET /customers/search",
    "GET /customers/by-sales/{id}",
    "POST /meetings",
    "GET /meetings",
    "GET /meetings/{id}",
    "PUT /meetings/{id}",
    "DELETE /meetings/{id}",
    "GET /meetings/customer/{id}",
    "POST /tasks",
    "GET /tasks",
    "GET /tasks/{id}",
    "PUT /tasks/{id}",
    "DELETE /tasks/{id}",
    "PATCH /tasks/{id}/status",
    "GET /tasks/overdue",
    "POST /approvals",
    "GET /approvals",
    "GET /approvals/{id}",
    "PUT /approvals/{id}",
    "PATCH /approvals/{id}/approve",
    "PATCH /approvals/{id}/reject",
    "GET /approvals/pending",
    "GET /approvals/requester/{id}",
    "GET /approvals/approver/{id}",
    "GET /reports/sales-summary",
    "GET /reports/customer-statistics",
    "GET /reports/approval-statistics",
    "GET /reports/task-completion",
    "GET /notifications",
    "GET /notifications/unread",
    "PATCH /notifications/{id}/read",
    "PATCH /notifications/read-all",
    "DELETE /notifications/{id}",
    "GET /sagas",
    "GET /sagas/{id}",
    "POST /sagas/{id}/retry",
    "POST /sagas/{id}/compensate",
    "GET /search",
]
"""Every endpoint that the original design names, and the gateway's own."""
