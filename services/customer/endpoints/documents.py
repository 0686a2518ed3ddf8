"""Answers from JSON that PostgreSQL has built: the text goes out as it came."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from services.kit.db.unit_of_work import Row
from services.kit.http.etags import etag

_JSON = "application/json"


def document_response(document: str, version: int, status: int = 200, location: str | None = None) -> Response:
    """One record with its version as ETag."""
    response = Response(document, status, media_type=_JSON)
    response.headers["ETag"] = etag(version)
    if location is not None:
        response.headers["Location"] = location
    return response


def with_member(document: str, name: str, value: Any) -> str:
    """The JSON object with one member more."""
    return f'{document[:-1]},"{name}":{orjson.dumps(value).decode()}}}'


def page_response(rows: Sequence[Row], limit: int, cursor: Callable[[dict[str, Any]], str]) -> Response:
    """The list answer from `limit + 1` rows of `document`: the extra row only tells that there is another page."""
    items = rows[:limit]
    following = orjson.dumps(cursor(items[-1]) if len(rows) > limit else None).decode()
    documents = ",".join([row["document"] for row in items])
    return Response(f'{{"items":[{documents}],"nextCursor":{following}}}', media_type=_JSON)
