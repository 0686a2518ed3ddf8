"""Samples that auditors draw, and what they found. Rows are inserted; of a sample only its closing is written later."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TEXTS, TIME, OpportunityModel


class Sample(OpportunityModel, table=True):
    __tablename__ = "audit_samples"
    __table_args__ = (
        CheckConstraint("asked BETWEEN 1 AND 200"),
        CheckConstraint("(closed_at IS NULL) = (result IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)"),
        Index("audit_samples_drawn", "drawn_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    criteria: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """What the population was narrowed by (``schemas.audit_samples.Population``)."""
    seed: str = Field(sa_type=Text)
    seed_given: bool
    """By the auditor; else the service drew it."""
    asked: int
    population_size: int
    population_sha256: str = Field(sa_type=Text)
    previous_id: UUID | None = Field(foreign_key="audit_samples.id")
    drawn_by: UUID
    drawn_at: datetime = Field(sa_type=TIME)
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("1")))
    """Counts what happened to it: drawing, assessments, closing."""
    closed_by: UUID | None
    closed_at: datetime | None = Field(sa_type=TIME)
    result: str | None = Field(sa_type=Text)


class SamplePopulation(OpportunityModel, table=True):
    """The numbers of all requests that could have been drawn, at the instant of drawing."""

    __tablename__ = "audit_sample_populations"

    sample_id: UUID = Field(primary_key=True, foreign_key="audit_samples.id")
    numbers: list[str] = Field(sa_column=Column(TEXTS, nullable=False))


class SampleItem(OpportunityModel, table=True):
    __tablename__ = "audit_sample_items"
    __table_args__ = (UniqueConstraint("sample_id", "approval_id"),)

    sample_id: UUID = Field(primary_key=True, foreign_key="audit_samples.id")
    position: int = Field(primary_key=True)
    """In the order in which they were drawn, from 1."""
    approval_id: UUID = Field(foreign_key="approvals.id")


class SampleAssessment(OpportunityModel, table=True):
    """What an auditor said of a request; the newest version counts."""

    __tablename__ = "audit_sample_assessments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["sample_id", "position"], ["audit_sample_items.sample_id", "audit_sample_items.position"]
        ),
    )

    sample_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    assessment: str = Field(sa_type=Text)
    note: str = Field(sa_type=Text)
    assessed_by: UUID
    assessed_at: datetime = Field(sa_type=TIME)
