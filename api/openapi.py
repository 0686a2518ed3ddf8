"""One OpenAPI 3.1 document of everything that can be reached: the services' documents put together."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import orjson

from api import docs, search
from api.calls import OPERATIONS, Document, Upstream
from api.paths import PROCESSES, ROUTES, SAGAS, SEARCH, VERSION_PREFIX
from api.sagas import HOMES, LIST_SERVICE
from services.kit.errors import ProblemError, Unavailable
from services.kit.http.problems import PROBLEM_RESPONSES, PROBLEM_SCHEMA

FRESH_SECONDS: Final = 60.0
FETCH_SECONDS: Final = 10.0
"""A service builds its document at the first call."""
_SCHEMA_REF: Final = "#/components/schemas/"

_SEARCH_OPERATION: Final[Document] = {
    "tags": [SEARCH],
    "summary": "Search",
    "description": "Customers, approval requests, meetings and tasks that the caller may see.",
    "operationId": "search",
    "security": [{"bearer": []}],
    "parameters": [
        {
            "name": "q",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": search.QUERY_MAX},
        },
        {
            "name": "limit",
            "in": "query",
            "description": "How many of each kind at most.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": search.LIMIT_MAX,
                "default": search.LIMIT_DEFAULT,
            },
        },
    ],
    "responses": {
        "200": {
            "description": "What was found, by kind; `missing` names kinds that did not answer in time.",
            "content": {"application/json": {"schema": {"$ref": f"{_SCHEMA_REF}SearchResult"}}},
        },
    },
}
_SEARCH_RESULT: Final[Document] = {
    "type": "object",
    "required": ["items", "partial", "missing"],
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "id", "title", "subtitle", "state"],
                "properties": {
                    "type": {"enum": [source.kind for source in search.SOURCES]},
                    "id": {"type": "string", "format": "uuid"},
                    "title": {"type": "string"},
                    "subtitle": {"type": ["string", "null"]},
                    "state": {"type": ["string", "null"]},
                },
            },
        },
        "partial": {"type": "boolean"},
        "missing": {"type": "array", "items": {"enum": [source.kind for source in search.SOURCES]}},
    },
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The document as JSON and as a page."""

    json: bytes
    page: bytes


class MergedDocument:
    """Kept for a minute, as it is sent; while a service is away its last document stands in."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._documents: dict[str, Document] = {}
        self._made: Rendered | None = None
        self._made_at = 0.0
        self._making = asyncio.Lock()

    async def get(self) -> Rendered:
        """Raises Unavailable while a service has not told its part even once."""
        async with self._making:
            if self._made is None or time.monotonic() - self._made_at > FRESH_SECONDS:
                before = dict(self._documents)
                await asyncio.gather(*(self._refresh(upstream) for upstream in self._upstreams.values()))
                if self._documents.keys() != self._upstreams.keys():
                    raise Unavailable
                if self._made is None or before != self._documents:
                    self._made = await asyncio.to_thread(render, dict(self._documents))
                self._made_at = time.monotonic()
            return self._made

    async def _refresh(self, upstream: Upstream) -> None:
        with contextlib.suppress(ProblemError):
            self._documents[upstream.name] = await upstream.document(FETCH_SECONDS)


def render(documents: Mapping[str, Document]) -> Rendered:
    document = merge(documents)
    return Rendered(orjson.dumps(document), docs.page(document))


def merge(documents: Mapping[str, Document]) -> Document:
    """`documents` by service; what the gateway doesn't route is left out."""
    problem = {**PROBLEM_RESPONSES[422]}
    search_operation = deepcopy(_SEARCH_OPERATION)
    search_operation["responses"] |= {"4XX": problem, "5XX": problem}
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringi CRM",
            "version": "1",
            "description": "Errors are problem documents (RFC 9457); lists page by cursor; times are RFC 3339 in UTC.",
        },
        "servers": [{"url": "/"}],
        "paths": {f"{VERSION_PREFIX}/{SEARCH}": {"get": search_operation}},
        "components": {"schemas": {"SearchResult": _SEARCH_RESULT, "Problem": PROBLEM_SCHEMA}, "securitySchemes": {}},
    }
    operation_ids = {"search"}
    for service, document in documents.items():
        document = _with_own_names(service, document, merged["components"]["schemas"])
        components = document.get("components", {})
        merged["components"]["schemas"] |= components.get("schemas", {})
        merged["components"]["securitySchemes"] |= components.get("securitySchemes", {})
        for path, item in document.get("paths", {}).items():
            public = _public_path(service, path)
            if public is not None:
                _make_operation_ids_unique(service, item, operation_ids)
                merged["paths"][public] = item
    merged["paths"] = dict(sorted(merged["paths"].items()))
    return merged


def _public_path(service: str, path: str) -> str | None:
    """Where a service's path is reached from outside; None if it isn't."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first == PROCESSES:
        owner = HOMES[0] if rest else LIST_SERVICE
        return f"{VERSION_PREFIX}/{SAGAS}{'/' + rest if rest else ''}" if service == owner else None
    return f"{VERSION_PREFIX}{path}" if ROUTES.get(first) == service else None


def _with_own_names(service: str, document: Document, taken: Mapping[str, Any]) -> Document:
    """The document, with those schemas renamed whose name another service uses for something else."""
    schemas: Document = document.get("components", {}).get("schemas", {})
    renamed = {name for name, schema in schemas.items() if name in taken and taken[name] != schema}
    # A schema that refers to a renamed one isn't the same as its namesake any more.
    while True:
        more = {
            name
            for name, schema in schemas.items()
            if name not in renamed and name in taken and _refers_to(schema, renamed)
        }
        if not more:
            break
        renamed |= more
    if not renamed:
        return deepcopy(document)
    prefix = "".join(part.capitalize() for part in service.split("_"))
    names = {name: f"{prefix}{name}" for name in renamed}
    result: Document = _rewritten(document, {_SCHEMA_REF + old: _SCHEMA_REF + new for old, new in names.items()})
    result["components"]["schemas"] = {
        names.get(name, name): schema for name, schema in result["components"]["schemas"].items()
    }
    return result


def _refers_to(node: Any, names: set[str]) -> bool:
    if isinstance(node, dict):
        return any(_refers_to(value, names) for value in node.values())
    if isinstance(node, list):
        return any(_refers_to(value, names) for value in node)
    return isinstance(node, str) and node.startswith(_SCHEMA_REF) and node.removeprefix(_SCHEMA_REF) in names


def _rewritten(node: Any, references: Mapping[str, str]) -> Any:
    """A copy in which `$ref`s and discriminator mappings point to the new names."""
    if isinstance(node, dict):
        return {key: _rewritten(value, references) for key, value in node.items()}
    if isinstance(node, list):
        return [_rewritten(value, references) for value in node]
    return references.get(node, node) if isinstance(node, str) else node


def _make_operation_ids_unique(service: str, item: Document, taken: set[str]) -> None:
    for method, operation in item.items():
        if method in OPERATIONS:
            name = operation["operationId"]
            if name in taken:
                operation["operationId"] = name = f"{service}_{name}"
            taken.add(name)
