"""One search over all services: each is asked with the caller's own token and finds what they may see."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from api.calls import Call, Headers, Reply, Upstream
from services.kit.errors import FieldError, ProblemError, Text, Unavailable, Unprocessable

DEADLINE_SECONDS: Final = 2.0
"""What a service has not found by then is left out, and the answer says so."""
QUERY_MAX: Final = 100
LIMIT_DEFAULT: Final = 5
LIMIT_MAX: Final = 20
PARAMETERS: Final = frozenset({"q", "limit"})

_MISSING = Text("検索語を入力してください", "Say what to search for")
_UNKNOWN = Text("このパラメーターはありません", "There is no such parameter")
_LENGTH = Text("検索語は 100 文字までです", "At most 100 characters")
_LIMIT = Text("1 から 20 の整数を指定してください", "A whole number from 1 to 20")


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of thing: where it is found, and which of its fields are shown."""

    kind: str
    service: str
    path: str
    title: str
    subtitles: tuple[str, ...]


SOURCES: Final = (
    Source("customer", "customer", "/customers/search", "name", ("nameKana", "email")),
    Source("approval", "opportunity", "/approvals", "title", ("number",)),
    Source("meeting", "sales_activity", "/meetings", "title", ("customerName", "place")),
    Source("task", "sales_activity", "/tasks", "title", ("customerName",)),
)


class Search:
    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams

    async def find(self, query: bytes, headers: Headers) -> dict[str, Any]:
        """`items` of all kinds, each kind's best first; `missing` names the kinds that did not answer."""
        text, limit = _parameters(query)
        found = await asyncio.gather(*(self._ask(source, text, limit, headers) for source in SOURCES))
        missing = [source.kind for source, items in zip(SOURCES, found, strict=True) if items is None]
        if len(missing) == len(SOURCES):
            raise Unavailable
        items = [item for items in found if items is not None for item in items]
        return {"items": items, "partial": bool(missing), "missing": missing}

    async def _ask(self, source: Source, text: str, limit: int, headers: Headers) -> list[dict[str, Any]] | None:
        query = urlencode({"q": text, "limit": limit}).encode()
        call = Call("GET", source.path, query=query, headers=headers)
        try:
            reply = await self._upstreams[source.service].fetch(call, DEADLINE_SECONDS)
        except ProblemError:
            return None
        return _items(source, reply)


def _items(source: Source, reply: Reply) -> list[dict[str, Any]] | None:
    if reply.status >= 500 or reply.status == 429:
        return None
    if reply.status != 200:
        # Who may not see this kind, or whose words are too short for it, finds none of it.
        return []
    return [
        {
            "type": source.kind,
            "id": row["id"],
            "title": row[source.title],
            "subtitle": next((row[name] for name in source.subtitles if row.get(name)), None),
            "state": row.get("state"),
        }
        for row in reply.json()["items"]
    ]


def _parameters(query: bytes) -> tuple[str, int]:
    try:
        given = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise Unprocessable.field("/q", "string_unicode", _MISSING, "query") from error
    unknown = [
        FieldError(f"/{name}", "unknown_parameter", _UNKNOWN, "query") for name, _ in given if name not in PARAMETERS
    ]
    if unknown:
        raise Unprocessable(errors=unknown)
    values = dict(given)
    text = values.get("q", "").strip()
    if not text or "\0" in text:
        raise Unprocessable.field("/q", "missing", _MISSING, "query")
    if len(text) > QUERY_MAX:
        raise Unprocessable.field("/q", "string_too_long", _LENGTH, "query")
    limit = values.get("limit", str(LIMIT_DEFAULT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 2 and 1 <= int(limit) <= LIMIT_MAX):
        raise Unprocessable.field("/limit", "int_range", _LIMIT, "query")
    return text, int(limit)
