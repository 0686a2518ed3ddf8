"""Amounts of money (ADR 0056): ``Decimal`` in Python, in JSON an integer when it is whole and else a decimal text.

There is one JSON for one amount: 1250.50 is ``"1250.5"`` and 1250.00 is ``1250``. No float ever holds an amount.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Final, overload

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_TEXT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def normal(value: Decimal) -> Decimal:
    """The same without zeros at its end, exact however long it is."""
    return Decimal(_digits(value))


@overload
def to_json(value: Decimal) -> int | str: ...
@overload
def to_json(value: None) -> None: ...
def to_json(value: Decimal | None) -> int | str | None:
    if value is None:
        return None
    digits = _digits(value)
    return digits if "." in digits else int(digits)


@overload
def of_json(value: int | str) -> Decimal: ...
@overload
def of_json(value: None) -> None: ...
def of_json(value: int | str | None) -> Decimal | None:
    """From what ``to_json`` made, and from what was kept when all amounts were whole."""
    return None if value is None else Decimal(value)


def _digits(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read(value: Any) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return normal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _TEXT.fullmatch(value):
        return normal(Decimal(value))
    raise PydanticCustomError("amount_text", 'Value should be an integer or a decimal text such as "1250.5"')


def json_schema(**bounds: int) -> WithJsonSchema:
    """``bounds``: keywords for whole amounts; a schema can't say them of a text."""
    meaning = "An amount that is not whole; in answers without zeros at its end."
    text = {"type": "string", "pattern": f"^{_TEXT.pattern}$", "examples": ["1250.5"], "description": meaning}
    return WithJsonSchema({"anyOf": [{"type": "integer"} | bounds, text]})


EXACT: Final = (BeforeValidator(_read), PlainSerializer(to_json, return_type=int | str, when_used="json"))
Money = Annotated[Decimal, *EXACT, json_schema()]
"""Of events and answers."""
