"""What every handler of the stand-in for the gateway gets and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """One authenticated request."""

    request: Request
    user: Json
    body: Json


def problem(status: int, code: str, title: str, **members: Any) -> JSONResponse:
    document = {"type": f"urn:ringi:problem:{code}", "status": status, "code": code, "title": title, **members}
    return JSONResponse({"traceId": "0" * 32, **document}, status_code=status, media_type="application/problem+json")
