"""Keyset paging: an opaque, signed cursor holds the sort key of the last row that was sent."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query

from services.kit.errors import Text, Unprocessable
from services.kit.models import ResponseModel
from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import is_tag, tag

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
SIGNATURE_BYTES = 12
_USE = "cursor"
CURSOR_MAX_LENGTH = 1024
TEXT_KEY_MAX: Final = 100
"""Characters of a text that a list is sorted by: the column is cut to so many (the id decides beyond), so that the
cursor fits its limit whatever was written: 𠮷 takes four bytes, and ﷺ folds to eighteen characters."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
CursorText = Annotated[str | None, Query(max_length=CURSOR_MAX_LENGTH, description="`nextCursor` of the page before.")]
T = TypeVar("T")


class Page(ResponseModel, Generic[T]):
    """A list's answer; ``nextCursor`` is null on the last page."""

    items: list[T]
    next_cursor: str | None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | Decimal) else value


class Cursors:
    """Makes and reads cursors of one process. They are signed so that a forged key never reaches SQL."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def encode(self, scope: str, key: Sequence[Any]) -> str:
        """``scope`` names list and sort order: a cursor of one list is malformed for another."""
        body = orjson.dumps([_plain(part) for part in key], option=orjson.OPT_UTC_Z)
        cursor = (
            base64.urlsafe_b64encode(tag(self._keys, _USE, _signed(scope, body))[:SIGNATURE_BYTES] + body)
            .rstrip(b"=")
            .decode()
        )
        # The next page would be refused with it.
        assert len(cursor) <= CURSOR_MAX_LENGTH, f"the sort key of {scope} has no bound"
        return cursor

    def decode(self, scope: str, cursor: str | None, types: Sequence[type]) -> list[Any] | None:
        """The key's parts as the given types (str, int, UUID, datetime, date, Decimal); None stays None; else 422."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            if not is_tag(self._keys, _USE, _signed(scope, body), signature, size=SIGNATURE_BYTES):
                raise malformed_cursor()
            return [_typed(part, kind) for part, kind in zip(orjson.loads(body), types, strict=True)]
        except (ValueError, TypeError) as error:
            raise malformed_cursor() from error


def _signed(scope: str, body: bytes) -> bytes:
    return scope.encode() + b"\0" + body


def malformed_cursor() -> Unprocessable:
    message = Text("カーソルが正しくありません", "The cursor is malformed or belongs to another list")
    return Unprocessable.field("/cursor", "cursor_malformed", message, "query")


def _typed(part: Any, kind: type) -> Any:
    if part is None or kind in (str, int):
        return part
    if kind in (datetime, date):
        return kind.fromisoformat(part)
    return kind(part)


def page(
    rows: Sequence[Mapping[str, Any]], limit: int, next_cursor: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """The list answer from ``limit + 1`` rows: the extra row only tells that there is another page."""
    items = list(rows[:limit])
    return {"items": items, "nextCursor": next_cursor(items[-1]) if len(rows) > limit else None}
