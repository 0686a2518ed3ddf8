"""Notifications by mail: who wants which, when, in which language, and what is still to be sent."""

from typing import Final

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WISHES: Final = """
ALTER TABLE notification_preferences ADD COLUMN mail boolean;
CREATE TABLE notification_defaults (
    type text NOT NULL,
    mail boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (type)
);
CREATE TABLE mail_preferences (
    user_id uuid NOT NULL,
    timing text NOT NULL,
    digest_at time NOT NULL,
    business_days_only boolean NOT NULL,
    when_away text NOT NULL,
    language text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id)
);
CREATE TABLE mail_switch (
    id int NOT NULL,
    is_on boolean NOT NULL,
    sender text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE absences (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX absences_of ON absences (user_id, ends_at)
"""
MAILS: Final = """
CREATE TABLE mails (
    id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz,
    finished_at timestamptz,
    reason text,
    address_hash bytea,
    PRIMARY KEY (id)
);
CREATE INDEX mails_next ON mails (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX mails_finished ON mails (finished_at) WHERE finished_at IS NOT NULL;
CREATE TABLE mail_notices (
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    type text NOT NULL,
    params jsonb NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    customer_id uuid,
    at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz,
    mail_id uuid,
    closed_at timestamptz,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX mail_notices_once ON mail_notices (source_id, recipient_id);
CREATE INDEX mail_notices_due ON mail_notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_notices_waiting ON mail_notices (recipient_id) WHERE due_at IS NOT NULL;
CREATE INDEX mail_notices_mail ON mail_notices (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX mail_notices_resource ON mail_notices (resource_id) WHERE closed_at IS NULL;
CREATE INDEX mail_notices_closed ON mail_notices (closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE mail_failures (
    user_id uuid NOT NULL,
    address_hash bytea NOT NULL,
    since timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (user_id)
)
"""


def upgrade() -> None:
    op.execute(WISHES)
    op.execute(MAILS)


def downgrade() -> None:
    op.execute("DROP TABLE mail_failures, mail_notices, mails, absences, mail_switch, mail_preferences")
    op.execute("DROP TABLE notification_defaults")
    op.execute("ALTER TABLE notification_preferences DROP COLUMN mail")
