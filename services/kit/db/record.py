"""Rows as typed records: what rules need of a row, checked by name and type from there on."""

from dataclasses import fields
from typing import Any

from services.kit.db.unit_of_work import Row


def members(record: type[Any], row: Row) -> dict[str, Any]:
    """The members of a dataclass by name, each from the column that is called so. Other columns are left out."""
    return {field.name: row[field.name] for field in fields(record)}
