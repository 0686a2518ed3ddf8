"""What the tables of this service have in common."""

from typing import Any, Final

from sqlalchemy import Column, DateTime, Text, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

READ_MODEL: Final = "read_model"
"""The schema that reports read."""


class AnalyticsModel(SQLModel, registry=registry()):
    """Base of this service's tables; its metadata is what migrations are compared with."""


def instant(*, nullable: bool = False, default: str | None = None) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, server_default=default and text(default)))


def words() -> Any:
    return Field(sa_type=Text)
