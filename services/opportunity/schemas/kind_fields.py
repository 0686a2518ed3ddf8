"""Fields of the kinds as bodies carry them: types and bounds, from the definitions in ``kinds``."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, WithJsonSchema, create_model
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.contracts.money import of_json
from services.contracts.states import ApprovalKind
from services.kit.models import CamelModel
from services.kit.text.fields import Line
from services.opportunity.kinds import (
    COUNT_MAX,
    EARLIEST,
    FIELDS,
    LATEST,
    NAME_MAX,
    PERCENT_DECIMALS,
    PERCENT_MAX,
    FieldType,
    KindField,
    contradictions,
)
from services.opportunity.schemas.fields import Amount


def _exact(value: str) -> str:
    """One text for one number: 1.50 is 1.5."""
    number = Decimal(value)
    if number > PERCENT_MAX:
        raise PydanticCustomError("less_than_equal", "Value should be at most {most}", {"most": PERCENT_MAX})
    return f"{number.normalize():f}"


Percent = Annotated[
    str,
    StringConstraints(pattern=rf"^[0-9]{{1,3}}(\.[0-9]{{1,{PERCENT_DECIMALS}}})?$"),
    AfterValidator(_exact),
]
_TYPES: Final[dict[FieldType, Any]] = {
    FieldType.PERCENT: Percent,
    FieldType.MONEY: Amount,
    FieldType.DATE: Annotated[date, Field(ge=EARLIEST, le=LATEST)],
    FieldType.COUNT: Annotated[int, Field(ge=1, le=COUNT_MAX)],
    FieldType.YES_NO: bool,
    FieldType.TEXT: Annotated[str, Line(NAME_MAX)],
}
_MESSAGES: Final = {
    "field_not_asked": "Value belongs to another choice only",
    "field_not_less": "Value should be less than the one before",
    "field_before": "Value should not be before the first day",
    "field_not_different": "Value should differ from the one before",
}


def _model(kind: ApprovalKind, fields: tuple[KindField, ...]) -> type[CamelModel]:
    members: dict[str, Any] = {field.name: (_type(field), _member(field)) for field in fields}
    return create_model(f"{kind.replace('_', ' ').title().replace(' ', '')}Fields", __base__=CamelModel, **members)


def _type(field: KindField) -> Any:
    if field.choices is None:
        return _TYPES[field.value_type] | None
    return Literal[tuple(choice.value for choice in field.choices)] | None


def _member(field: KindField) -> Any:
    return Field(default=None, alias=field.name, description=field.meaning)


_MODELS: Final = {kind: _model(kind, fields) for kind, fields in FIELDS.items()}


def parsed(kind: ApprovalKind, given: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are stored: without what is null, each value in its one form.

    Raises ValidationError with an error for each field that the kind does not have, or whose value is wrong.
    """
    model = _MODELS[kind].model_validate(given)
    values = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    wrong = [
        InitErrorDetails(type=PydanticCustomError(code, _MESSAGES[code]), loc=(name,), input=values[name])
        for name, code in contradictions(kind, values)
    ]
    if wrong:
        raise ValidationError.from_exception_data(type(model).__name__, wrong)
    return values


def amounts_in(kind: ApprovalKind, fields: Mapping[str, Any]) -> dict[tuple[str, ...], Decimal | None]:
    """Of what ``parsed`` gave, by where they stand in the body of a request."""
    asked = (field.name for field in FIELDS[kind] if field.value_type is FieldType.MONEY)
    return {("fields", name): of_json(fields.get(name)) for name in asked}


KindFields = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "description": (
                "What the kind asks for beyond the common members; GET /approvals/kinds tells which fields that are."
                " null means not given. Drafts may lack required ones."
            ),
            "anyOf": [model.model_json_schema() for model in _MODELS.values()],
        }
    ),
]
