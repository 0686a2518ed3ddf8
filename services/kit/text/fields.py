"""Types of text members in the schemas of all services.

Limits count what people see (``cleaning.exceeds``), after the cleaning: a text that fills a form's field is not refused
because a browser sends CRLF, nor because 𠮷 or a voiced mark takes two code units. The OpenAPI document states them as
``maxLength``, which counts code points and so is never larger.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

from services.kit.text.cleaning import exceeds, one_line, several_lines
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
        limits = {"maxLength": self.maximum} | ({"minLength": self.minimum} if self.minimum else {})
        return handler(schema) | limits

    def _check(self, value: str) -> str:
        cleaned = self.clean(value)
        if len(cleaned) < self.minimum:
            raise PydanticCustomError("string_too_short", "Value should have something to read")
        if exceeds(cleaned, self.maximum):
            raise PydanticCustomError(
                "string_too_long", "Value should have at most {max_length} characters", {"max_length": self.maximum}
            )
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
