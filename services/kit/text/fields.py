"""Types of text members in the schemas of all services.

Limits count what people see (``cleaning.exceeds``), after the cleaning: a text that fills a form's field is not refused
because a browser sends CRLF, nor because 𠮷 or a voiced mark takes two code units. The ``maxLength`` of the document
counts code points as they are sent, so it is larger; the description beside it names the limit that people meet.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from services.kit.text.cleaning import CODE_POINTS_PER_SIGN, exceeds, one_line, several_lines, too_long
from services.kit.text.email import EMAIL_MAX, email_address


@dataclass(frozen=True, slots=True)
class _Text(ABC):
    """What ``Line`` and ``Lines`` share: cleaned first, then counted."""

    maximum: int
    minimum: int

    @abstractmethod
    def clean(self, value: str) -> str: ...

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        limits: dict[str, Any] = {"maxLength": CODE_POINTS_PER_SIGN * self.maximum}
        if self.minimum:
            limits["minLength"] = self.minimum
        return handler(schema) | limits | {"description": f"At most {self.maximum} characters as people count them."}

    def _check(self, value: str) -> str:
        if len(value) > CODE_POINTS_PER_SIGN * self.maximum:
            raise too_long(self.maximum)
        cleaned = self.clean(value)
        if len(cleaned) < self.minimum:
            raise PydanticCustomError("string_too_short", "Value should have something to read")
        if exceeds(cleaned, self.maximum):
            raise too_long(self.maximum)
        return cleaned


@dataclass(frozen=True, slots=True)
class Line(_Text):
    """``Annotated[str, Line(200)]``: a name or title, without blanks at its ends; not empty unless ``minimum`` is 0."""

    minimum: int = 1

    def clean(self, value: str) -> str:
        return one_line(value)


@dataclass(frozen=True, slots=True)
class Lines(_Text):
    """``Annotated[str, Lines(10_000)]``: notes, whose blanks stay as typed; ``trimmed``: but for those at the ends."""

    minimum: int = 0
    trimmed: bool = False

    def clean(self, value: str) -> str:
        cleaned = several_lines(value)
        return cleaned.strip() if self.trimmed else cleaned


Email = Annotated[
    str,
    AfterValidator(email_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": EMAIL_MAX}),
]
"""A syntactically right address; whether it exists is not asked."""
