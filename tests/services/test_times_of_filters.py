"""A bound without an offset is meant on the clock of whoever typed it: read as UTC, a list starts nine hours late."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import services
from services.customer.schemas import BirthDate
from services.kit.models import QueryModel
from services.kit.running import clock, zone

MIDNIGHT_IN_TOKYO = datetime(2026, 10, 30, 15, tzinfo=UTC)


def subclasses(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in base.__subclasses__():
        yield child
        yield from subclasses(child)


def names_a_datetime(annotation: Any) -> bool:
    return annotation is datetime or any(names_a_datetime(part) for part in get_args(annotation))


def bounds() -> list[tuple[type[BaseModel], str]]:
    """Every time that a list can be asked for, in every service."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if ".schemas" in module.name or ".endpoints" in module.name:
            importlib.import_module(module.name)
    found = {
        (model, field.alias or name)
        for model in subclasses(QueryModel)
        if model.__module__.startswith("services.")  # other tests may have loaded filters of their own
        for name, field in model.model_fields.items()
        if names_a_datetime(field.annotation)
    }
    return sorted(found, key=str)


BOUNDS = bounds()


def test_the_lists_of_all_services_are_looked_at() -> None:
    assert {model.__module__.split(".")[1] for model, _ in BOUNDS} >= {
        *("auth", "customer", "opportunity", "sales_activity"),
    }


@pytest.mark.parametrize(("model", "name"), BOUNDS, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize(
    "text", ["2026-10-31T00:00:00", "2026-10-31", "2026-10-31T00:00:00+09:00", "2026-10-30T15:00:00Z"]
)
def test_a_bound_without_an_offset_is_a_time_in_tokyo(model: type[BaseModel], name: str, text: str) -> None:
    found = [value for value in model.model_validate({name: text}).model_dump().values() if isinstance(value, datetime)]
    assert found == [MIDNIGHT_IN_TOKYO]


@pytest.mark.parametrize(("model", "name"), BOUNDS, ids=lambda part: getattr(part, "__name__", part))
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-23:00"])
def test_the_ends_of_the_calendar_are_refused_and_break_nothing(model: type[BaseModel], name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate({name: text})


def test_who_is_born_today_can_be_entered_before_nine_in_the_morning() -> None:
    born = TypeAdapter(BirthDate)
    with clock.travel(at=datetime(2026, 10, 31, 16, 30, tzinfo=UTC)):  # half past one in Tokyo
        assert zone.today() == date(2026, 11, 1)
        assert born.validate_python("2026-11-01") == date(2026, 11, 1)
        with pytest.raises(ValidationError):
            born.validate_python("2026-11-02")
