"""JSON answers without a second pass through pydantic: rows of hot reads are plain dictionaries already."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from services.kit.http.etags import etag


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(content: Any) -> bytes:
    """UTF-8 JSON; times in UTC with ``Z``, decimals as text."""
    return orjson.dumps(content, default=_default, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def json_response(
    content: Any, status: int = 200, *, version: int | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer from dictionaries, lists and models; ``version`` becomes the ETag."""
    response = Response(dumps(content), status, headers, media_type="application/json")
    if version is not None:
        response.headers["ETag"] = etag(version)
    return response
