"""Mail: when whom it may reach, what is to be told by it, and what became of it."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.analytics.models.base import AnalyticsModel, instant, words


class MailPreference(AnalyticsModel, table=True):
    """Absent: the defaults of ``mail/wishes.py``."""

    __tablename__ = "mail_preferences"

    user_id: UUID = Field(primary_key=True)
    timing: str = words()
    digest_at: time
    business_days_only: bool
    when_away: str = words()
    language: str = words()
    updated_at: datetime = instant()


class MailSwitch(AnalyticsModel, table=True):
    """One row: whether the worker has a mail server, so that consumer and API know it without its settings."""

    __tablename__ = "mail_switch"

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    is_on: bool
    sender: str = words()
    changed_at: datetime = instant()


class Absence(AnalyticsModel, table=True):
    """Half-open. ``told_at``: the time of the event that it is known from."""

    __tablename__ = "absences"
    __table_args__ = (Index("absences_of", "user_id", "ends_at"),)

    id: UUID = Field(primary_key=True)
    user_id: UUID
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    told_at: datetime = instant()


class Mail(AnalyticsModel, table=True):
    """``next_at``: when it is tried (again); None once it is finished. Its id is that of the message."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("mails_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("mails_finished", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    recipient_id: UUID
    state: str = words()
    created_at: datetime = instant()
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    next_at: datetime | None = instant(nullable=True)
    finished_at: datetime | None = instant(nullable=True)
    reason: str | None = words()
    address_hash: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


class MailNotice(AnalyticsModel, table=True):
    """What one event tells one person by mail. ``due_at``: when it is looked at; None once it is in a mail or left out.

    ``closed_at``: told, read in the app, or over. ``source_id`` as in notifications.
    """

    __tablename__ = "mail_notices"
    __table_args__ = (
        Index("mail_notices_once", "source_id", "recipient_id", unique=True),
        Index("mail_notices_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index("mail_notices_waiting", "recipient_id", postgresql_where=text("due_at IS NOT NULL")),
        Index("mail_notices_mail", "mail_id", postgresql_where=text("mail_id IS NOT NULL")),
        Index("mail_notices_resource", "resource_id", postgresql_where=text("closed_at IS NULL")),
        Index("mail_notices_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    source_id: UUID
    recipient_id: UUID
    type: str = words()
    params: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    resource_type: str = words()
    resource_id: UUID
    customer_id: UUID | None
    at: datetime = instant()
    created_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    mail_id: UUID | None
    closed_at: datetime | None = instant(nullable=True)


class MailFailure(AnalyticsModel, table=True):
    """Somebody's address that does not take mail: nothing goes there. The address itself is auth's."""

    __tablename__ = "mail_failures"

    user_id: UUID = Field(primary_key=True)
    address_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    since: datetime = instant()
    reason: str = words()
