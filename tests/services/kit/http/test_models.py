"""Bodies are taken literally: members by any name, values of their own JSON type only."""

from datetime import datetime
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.kit.models import CamelModel, QueryModel


class Oddly(CamelModel):
    type: int
    config: int
    metadata: dict[str, int]


def test_a_member_may_have_a_name_that_pydantic_uses_itself() -> None:
    body = {"type": 1, "config": 2, "metadata": {"a": 3}}
    assert Oddly.model_validate(body).model_dump() == body


@pytest.mark.parametrize("body", [{"type": "1"}, {"config": True}, {"metadata": {"a": "3"}}])
def test_a_text_or_boolean_is_no_number(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Oddly.model_validate({"type": 1, "config": 2, "metadata": {}} | body)


class Filters(QueryModel):
    limit: int = 50
    open: bool | None = None
    due_after: datetime | None = None
    user_id: UUID | None = None


def test_parameters_are_read_from_text() -> None:
    user = "0190b0b0-0000-7000-8000-000000000000"
    given = {"limit": "7", "open": "true", "dueAfter": "2026-10-08T10:00:00Z", "userId": user}
    filters = Filters.model_validate(given)
    assert (filters.limit, filters.open, filters.user_id) == (7, True, UUID(user))
    assert filters.due_after is not None
    assert filters.due_after.isoformat() == "2026-10-08T10:00:00+00:00"


@pytest.mark.parametrize("given", [{"dueAfter": "0.5"}, {"dueAfter": "1700000000"}, {"userId": "0" * 32}])
def test_a_number_is_no_time_and_bare_hex_no_id(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate(given)
