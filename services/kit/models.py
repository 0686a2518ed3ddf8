"""Base classes of HTTP schemas: camelCase outside, snake_case inside, nothing unknown, nothing coerced."""

import re
from collections.abc import Set
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, core_schema

INT64_MAX = 2**63 - 1
"""The most that a PostgreSQL bigint holds."""
Version = Annotated[int, Field(ge=1, le=INT64_MAX)]

_STRICT_TYPES = frozenset({"int", "bool", "float"})
_TEMPORAL_TYPES = frozenset({"date", "datetime", "time"})
_TEMPORAL_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{2}:\d{2})")
_UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _refuse_numbers_as_times(value: Any) -> Any:
    """Pydantic reads 1700000000 and "1700000000" as a time; RFC 3339 text is the only form this API documents."""
    if isinstance(value, date | datetime | time) or (isinstance(value, str) and _TEMPORAL_TEXT.match(value)):
        return value
    raise PydanticCustomError("temporal_text", "Value should be an RFC 3339 text")


def _refuse_floats_as_decimals(value: Any) -> Any:
    """Money is never a float: 0.1 + 0.2 would be stored as such."""
    if isinstance(value, float):
        raise PydanticCustomError("decimal_text", "Value should be an integer or a decimal text")
    return value


def is_canonical_uuid(text: str) -> bool:
    """Braces, urn: and bare hex would give one record several addresses."""
    return _UUID_TEXT.fullmatch(text) is not None


def _refuse_odd_uuids(value: Any) -> Any:
    if isinstance(value, str) and not is_canonical_uuid(value):
        raise PydanticCustomError("uuid_parsing", "Value should be a UUID")
    return value


_GUARDS = {"decimal": _refuse_floats_as_decimals, "uuid": _refuse_odd_uuids} | dict.fromkeys(
    _TEMPORAL_TYPES, _refuse_numbers_as_times
)
_GUARD_FUNCTIONS = frozenset(_GUARDS.values())


def _strict(node: Any, strict_types: Set[str] = _STRICT_TYPES) -> Any:
    """A copy of a core schema in which "5" is no integer, 1 no boolean and 1700000000 no date.

    Pydantic's own strict mode can't be used: FastAPI validates parsed JSON, in which ids and times are still text.
    """
    if isinstance(node, list):
        return [_strict(item, strict_types) for item in node]
    if isinstance(node, tuple):
        return tuple(_strict(item, strict_types) for item in node)
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if not isinstance(kind, str):
        # The map of a model's members, one of which may be called "type" or "config".
        return {key: _strict(value, strict_types) for key, value in node.items()}
    if kind == "function-before" and node.get("function", {}).get("function") in _GUARD_FUNCTIONS:
        return node
    copy = {
        key: value if key in ("metadata", "serialization", "cls", "config") else _strict(value, strict_types)
        for key, value in node.items()
    }
    if kind in strict_types:
        copy["strict"] = True
    elif kind in _GUARDS:
        return core_schema.no_info_before_validator_function(_GUARDS[kind], copy)
    return copy


class CamelModel(BaseModel):
    """A body that clients send. Unknown members and wrong JSON types are refused (422 with a pointer)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        from_attributes=True,
        allow_inf_nan=False,
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return _strict(handler(source))  # type: ignore[no-any-return]


class ResponseModel(CamelModel):
    """A body that we send: columns of a row that it does not name are left out."""

    model_config = ConfigDict(extra="ignore")


class QueryModel(BaseModel):
    """Query parameters as one model (``Annotated[Filters, Query()]``); values arrive as text, so they are parsed.

    Unknown parameters are refused app-wide (http/guard.py), as a route may have others beside this model.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Text is all there is, so only forms that the API doesn't document are refused: 0.5 is no time."""
        return _strict(handler(source), frozenset())  # type: ignore[no-any-return]
