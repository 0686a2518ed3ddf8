"""What every handler of the stand-in for the gateway gets and gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.opportunity.schemas.fields import MAX_AMOUNT

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


def too_large(ask: Ask) -> Response | None:
    if Decimal(ask.body.get("amount") or 0) <= MAX_AMOUNT:
        return None
    error = {"pointer": "/amount", "in": "body", "code": "too_large", "message": "金額が大きすぎます"}
    return problem(422, "unprocessable", "入力内容に誤りがあります", errors=[error])


def narrowed(items: Iterable[Json], ask: Ask) -> list[Json]:
    """The requests that a list asks for."""
    params, time = ask.request.query_params, datetime.fromisoformat
    least, due, text = Decimal(params.get("minAmount", 0)), params.get("dueBefore"), params.get("q", "")
    equal = {name: params[name] for name in ("state", "kind", "requesterId", "customerId") if name in params}
    found = [item for item in items if all(item[name] == value for name, value in equal.items())]
    found = [item for item in found if text in item["title"] and Decimal(item["amount"] or 0) >= least]
    if "flagged" in params:
        found = [item for item in found if bool(item["flags"]) == (params["flagged"] == "true")]
    return [item for item in found if due is None or (item["deadlineAt"] and time(item["deadlineAt"]) < time(due))]
