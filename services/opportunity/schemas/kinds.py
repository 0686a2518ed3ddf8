"""The kinds of requests and what each asks for, for clients that build a form or a table of it."""

from typing import Final

from services.contracts.states import ApprovalKind
from services.kit.models import ResponseModel
from services.opportunity.kinds import (
    COUNT_MAX,
    EARLIEST,
    FIELDS,
    LATEST,
    NAME_MAX,
    PERCENT_DECIMALS,
    PERCENT_MAX,
    Comparison,
    FieldType,
    KindField,
)
from services.opportunity.schemas.fields import MAX_AMOUNT


class Bounds(ResponseModel):
    """Both included; dates as ISO 8601. ``decimals``: at most so many digits behind the point; null for MONEY, where
    the request's currency says. ``maxLength``: in characters as people count them."""

    minimum: int | str | None = None
    maximum: int | str | None = None
    decimals: int | None = None
    max_length: int | None = None


class ComparedTo(ResponseModel):
    """What must hold against another field of the same kind, once both are given."""

    field: str
    rule: Comparison


class Condition(ResponseModel):
    field: str
    value: str


class FieldDefinition(ResponseModel):
    name: str
    type: FieldType
    meaning: str
    required: bool
    """To submit the request; drafts may lack it."""
    choices: list[str] | None
    bounds: Bounds
    compared: ComparedTo | None
    only_if: Condition | None
    """Asked for, and taken, only while another field has this value."""


class KindDefinition(ResponseModel):
    kind: ApprovalKind
    fields: list[FieldDefinition]


class KindDefinitions(ResponseModel):
    items: list[KindDefinition]


_BOUNDS: Final = {
    FieldType.PERCENT: Bounds(minimum=0, maximum=PERCENT_MAX, decimals=PERCENT_DECIMALS),
    FieldType.MONEY: Bounds(minimum=0, maximum=MAX_AMOUNT),
    FieldType.DATE: Bounds(minimum=EARLIEST.isoformat(), maximum=LATEST.isoformat()),
    FieldType.COUNT: Bounds(minimum=1, maximum=COUNT_MAX),
    FieldType.TEXT: Bounds(max_length=NAME_MAX),
}


def _definition(field: KindField) -> FieldDefinition:
    return FieldDefinition(
        name=field.name,
        type=field.value_type,
        meaning=field.meaning,
        required=field.required,
        choices=None if field.choices is None else [choice.value for choice in field.choices],
        bounds=_BOUNDS.get(field.value_type, Bounds()),
        compared=None if field.compared is None else ComparedTo.model_validate(field.compared),
        only_if=None if field.only_if is None else Condition.model_validate(field.only_if),
    )


DEFINITIONS: Final = KindDefinitions(
    items=[KindDefinition(kind=kind, fields=list(map(_definition, fields))) for kind, fields in FIELDS.items()]
)
