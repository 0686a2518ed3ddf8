"""What no route should have to check: unknown query parameters, and text that PostgreSQL can't store."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from services.kit.errors import FieldError, NotFound, Text, Unprocessable
from services.kit.http.problems import MAX_FIELD_ERRORS, pointer
from services.kit.models import is_canonical_uuid

_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_NODES_SEARCHED = 10_000
"""Of a body, for where the text stands that can't be stored; beyond it the whole body is named."""
_POINTER_PARTS = 50
_UNKNOWN = Text("このパラメーターはありません", "There is no such parameter")
_NOT_AN_ID = Text("ID の形式が正しくありません", "This is no id")
_UNSTORABLE = Text("使用できない文字が含まれています", "The text contains characters that can't be stored")
_NOT_UTF8 = Text("UTF-8 の JSON で送ってください", "Send JSON in UTF-8")


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and hasattr(model, "model_fields"):
            for name, info in model.model_fields.items():
                yield str(info.validation_alias or info.alias or name)
        else:
            yield field.alias
    for child in dependant.dependencies:
        yield from _query_names(child)


class RequestGuard:
    """App-wide dependency; what a route knows is derived from its signature once."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[str]] = {}
        self._ids: dict[int, tuple[str, ...]] = {}

    async def __call__(self, request: Request) -> None:
        if request.scope["query_string"]:
            self._check_query(request)
        if "\0" in request.scope["path"]:
            raise NotFound()
        if request.path_params:
            self._check_ids(request)
        # FastAPI has read the body before it solves dependencies; uploads are not cached and not JSON.
        body: bytes | None = getattr(request, "_body", None)
        if body:
            _check_text(body, request.headers.get("content-type", ""))

    def _check_ids(self, request: Request) -> None:
        """In the canonical form only, as everywhere else: pydantic also reads bare hex, braces and urn:uuid:."""
        route = request.scope.get("route")
        if not isinstance(route, APIRoute):
            return
        names = self._ids.get(id(route))
        if names is None:
            fields = route.dependant.path_params
            names = self._ids[id(route)] = tuple(f.alias for f in fields if f.field_info.annotation is UUID)
        errors = [
            FieldError(pointer([name]), "uuid_parsing", _NOT_AN_ID, "path")
            for name in names
            if not is_canonical_uuid(request.path_params[name])
        ]
        if errors:
            raise Unprocessable(errors=errors)

    def _check_query(self, request: Request) -> None:
        route = request.scope.get("route")
        if not isinstance(route, APIRoute):
            return
        known = self._known.get(id(route))
        if known is None:
            known = self._known[id(route)] = frozenset(_query_names(route.dependant))
        errors = []
        for name, value in request.query_params.multi_items():
            if name not in known:
                errors.append(FieldError(pointer([name]), "unknown_parameter", _UNKNOWN, "query"))
            elif "\0" in value:
                errors.append(FieldError(pointer([name]), "string_unicode", _UNSTORABLE, "query"))
        if errors:
            raise Unprocessable(errors=errors[:MAX_FIELD_ERRORS])


def _check_text(body: bytes, content_type: str) -> None:
    """The rare suspects are found by a scan of the bytes; only those are parsed a second time."""
    if "json" not in content_type:
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unprocessable.field("", "json_invalid", _NOT_UTF8) from error
    if b"\0" in body:
        raise Unprocessable.field("", "json_invalid", _NOT_UTF8)
    has_nul = _NUL_ESCAPE.search(body) is not None
    if not has_nul and _SURROGATE_ESCAPE.search(body) is None:
        return
    try:
        # orjson refuses lone surrogates, which Python's own parser lets through.
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unprocessable.field("", "string_unicode", _UNSTORABLE) from error
    if has_nul:
        found = list(islice(_nul_paths(content), MAX_FIELD_ERRORS)) or [()]
        raise Unprocessable(errors=[FieldError(pointer(path), "string_unicode", _UNSTORABLE) for path in found])


def _nul_paths(content: Any) -> Iterator[tuple[Any, ...]]:
    """In document order, without recursion: the depth of a body is its sender's choice."""
    path: list[Any] = []
    open_nodes: list[Iterator[tuple[Any, Any]]] = [iter([(None, content)])]
    for _ in range(_NODES_SEARCHED):
        entry = next(open_nodes[-1], None)
        if entry is None:
            open_nodes.pop()
            if not open_nodes:
                return
            path.pop()
            continue
        key, node = entry
        if isinstance(key, str) and "\0" in key:
            yield tuple(path[1:_POINTER_PARTS])
        if isinstance(node, str) and "\0" in node:
            yield tuple([*path, key][1:_POINTER_PARTS])
        if isinstance(node, list):
            path.append(key)
            open_nodes.append(iter(enumerate(node)))
        elif isinstance(node, dict):
            path.append(key)
            open_nodes.append(iter(node.items()))
