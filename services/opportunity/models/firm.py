"""What the firm sets for all of its requests: rates, its own calendar, limits."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from services.opportunity.models.base import TIME, OpportunityModel


class CurrencyRate(OpportunityModel, table=True):
    """What one unit of a currency is worth in yen from a day on. A row is inserted, and nothing else happens to it: of
    two of one day the one written later counts."""

    __tablename__ = "currency_rates"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$' AND currency <> 'JPY'"),
        CheckConstraint("yen_per_unit > 0 AND yen_per_unit < 10000000 AND scale(yen_per_unit) <= 8"),
        Index("currency_rates_valid", "currency", "valid_from", "id"),
        Index("currency_rates_listed", "valid_from", "id"),
    )

    id: UUID = Field(primary_key=True)
    currency: str = Field(sa_type=Text)
    yen_per_unit: Decimal = Field(sa_type=Numeric)
    valid_from: date
    note: str = Field(sa_type=Text)
    created_by: UUID | None
    created_at: datetime = Field(sa_type=TIME)


class FirmDay(OpportunityModel, table=True):
    """What somebody said of a day. Rows are only inserted, one writer after the other: the newest of a day counts."""

    __tablename__ = "firm_days"
    __table_args__ = (UniqueConstraint("number"), Index("firm_days_day", "day", "number"))

    id: UUID = Field(primary_key=True)
    number: int | None = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    day: date
    open: bool | None
    """None: again as the calendar of Japan has it."""
    name: str = Field(sa_type=Text)
    created_by: UUID | None
    created_at: datetime = Field(sa_type=TIME)


class FirmYear(OpportunityModel, table=True):
    """A year whose holidays somebody has compared with those that were proclaimed."""

    __tablename__ = "firm_years"
    __table_args__ = (CheckConstraint("year BETWEEN 2000 AND 2999"),)

    year: int = Field(primary_key=True)
    confirmed_by: UUID | None
    confirmed_at: datetime = Field(sa_type=TIME)


class FirmSettings(OpportunityModel, table=True):
    """One row. None: as the settings of the service have it."""

    __tablename__ = "firm_settings"
    __table_args__ = (
        CheckConstraint("id = 1"),
        CheckConstraint("attachment_max_bytes > 0"),
        CheckConstraint("attachments_per_request > 0"),
        CheckConstraint("retention_years BETWEEN 7 AND 100"),
        CheckConstraint("abandoned_draft_days BETWEEN 30 AND 3650"),
    )

    id: int = Field(primary_key=True)
    attachment_max_bytes: int | None = Field(sa_type=BigInteger)
    attachments_per_request: int | None
    retention_years: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("10")))
    """Files of requests that have ended."""
    abandoned_draft_days: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("180")))
    """Files of drafts, from their last change."""
    version: int
    updated_by: UUID | None
    updated_at: datetime = Field(sa_type=TIME)
