"""Turns every error into ``application/problem+json`` (RFC 9457); nothing internal is ever shown."""

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

import orjson
import psycopg
import psycopg_pool
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.kit.errors import (
    DEFAULT_LOCALE,
    BadRequest,
    ErrorSource,
    FieldError,
    Forbidden,
    Locale,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ProblemError,
    Text,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)
from services.kit.http.field_messages import message_for
from services.kit.running import correlation
from services.kit.running.logging import get_logger

PROBLEM_JSON = "application/problem+json"
MAX_FIELD_ERRORS = 50
"""A body of 100,000 wrong items would otherwise be answered with as many lines."""
AllowedMethods = Sequence[tuple[re.Pattern[str], Set[str]]]
"""Of an app's routes; ``app.state.allowed_methods``."""
_log = get_logger("problems")

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "traceId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; programs decide by it."},
        "traceId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "in", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, into the body; `/name` for parameters."},
                    "in": {"enum": ["body", "query", "path", "header"]},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {
        "description": "Problem (RFC 9457)",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code in ("4XX", "5XX", 422)
}
"""For ``FastAPI(responses=…)``: every route documents what its errors look like."""

_BY_STATUS: Mapping[int, type[ProblemError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: Unprocessable,
}


def preferred_locale(accept_language: str | None) -> Locale:
    """The first of ja and en by quality (RFC 9110, 12.5.4); Japanese when neither is asked for."""
    best: tuple[float, Locale] | None = None
    for part in (accept_language or "")[:200].split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.split("-")[0].lower()
        if language not in ("ja", "en"):
            continue
        try:
            quality = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if best is None or quality > best[0]:
            best = (quality, "ja" if language == "ja" else "en")
    return best[1] if best is not None else DEFAULT_LOCALE


def problem_response(error: ProblemError) -> Response:
    """The answer for an error, in the request's language."""
    present = correlation.current()
    language = present.locale if present is not None else DEFAULT_LOCALE
    body = orjson.dumps(error.problem(language, correlation.current_trace_id()), default=str, option=orjson.OPT_UTC_Z)
    headers = {"Content-Language": language, **error.headers}
    return Response(body, error.status, headers, media_type=PROBLEM_JSON)


def pointer(parts: Sequence[Any]) -> str:
    """RFC 6901: ``("stages", 0, "name")`` → ``/stages/0/name``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def unprocessable(error: ValidationError) -> Unprocessable:
    """For what a service itself reads by a schema: stored values that today's rules would refuse."""
    items = error.errors(include_url=False, include_context=False, include_input=False)
    return Unprocessable(
        errors=[
            FieldError(pointer(item["loc"]), item["type"], message_for(item["type"], item["msg"]))
            for item in items[:MAX_FIELD_ERRORS]
        ]
    )


def _field_errors(error: RequestValidationError) -> list[FieldError]:
    found = []
    for item in error.errors()[:MAX_FIELD_ERRORS]:
        source, *path = item["loc"]
        kind = str(item["type"])
        if kind == "json_invalid":
            path = []
        where: ErrorSource = source if source in ("body", "query", "path", "header") else "body"
        found.append(FieldError(pointer(path), kind, message_for(kind, str(item["msg"])), where))
    return found


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    if error.status >= 500:
        _log.warning("problem", code=error.code, detail=str(error))
    return problem_response(error)


async def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(Unprocessable(errors=_field_errors(error)))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = _BY_STATUS.get(error.status_code)
    problem = known() if known is not None else _other_status(error.status_code)
    problem.headers.update(error.headers or {})
    if error.status_code == 405 and (methods := _methods_of(request)):
        problem.headers["Allow"] = ", ".join(sorted(methods))
    return problem_response(problem)


def _methods_of(request: Request) -> set[str]:
    """All methods of the path: the router names only those of the first route that it found.

    Those of the most specific template: /tasks/overdue is a list, and no task that could be deleted.
    """
    routes: AllowedMethods = getattr(request.app.state, "allowed_methods", ())
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    fitting = [(pattern.groups, methods) for pattern, methods in routes if pattern.fullmatch(path)]
    fewest = min((parameters for parameters, _ in fitting), default=0)
    return {method for parameters, methods in fitting if parameters == fewest for method in methods}


def _other_status(status: int) -> ProblemError:
    if status == 429:
        return TooManyRequests(1)
    if status == 503:
        return Unavailable()
    problem = ProblemError() if status >= 500 else BadRequest()
    problem.status = status
    return problem


async def _on_unavailable(_request: Request, error: Exception) -> Response:
    _log.warning("dependency unavailable", error=type(error).__name__, exc_info=error)
    return problem_response(Unavailable())


async def _on_refused_value(_request: Request, error: Exception) -> Response:
    """PostgreSQL refused a value that the schema let through: the caller's mistake, and ours to tighten."""
    _log.error("value refused by the database", exc_info=error)
    message = Text("データベースに保存できない値が含まれています", "A value can't be stored")
    return problem_response(Unprocessable.field("", "value_refused", message))


async def _on_anything(_request: Request, error: Exception) -> Response:
    _log.error("unhandled error", exc_info=error)
    return problem_response(ProblemError())


def install(app: FastAPI) -> None:
    """Register the handlers; 404 and 405 of the router are problems too."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    for unavailable in (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg_pool.PoolTimeout,
        psycopg_pool.PoolClosed,
        TimeoutError,
        ConnectionError,
    ):
        app.add_exception_handler(unavailable, _on_unavailable)
    app.add_exception_handler(psycopg.DataError, _on_refused_value)
    app.add_exception_handler(Exception, _on_anything)
