"""What a firm sets for all of its requests: rates, days on which it is closed or open, limits of attachments.

Rates and days are lists of what was entered, in order; nothing in them is changed. Replicas of before read none of it:
they go on with the calendar of Japan, the strictest route for foreign amounts, and the limits of their settings.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE currency_rates (
    id uuid PRIMARY KEY,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$' AND currency <> 'JPY'),
    yen_per_unit numeric NOT NULL CHECK (yen_per_unit > 0 AND yen_per_unit < 10000000 AND scale(yen_per_unit) <= 8),
    valid_from date NOT NULL,
    note text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX currency_rates_valid ON currency_rates (currency, valid_from, id);
CREATE INDEX currency_rates_listed ON currency_rates (valid_from, id);
ALTER TABLE approvals ADD COLUMN rates jsonb;

CREATE TABLE firm_days (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    day date NOT NULL,
    open boolean,
    name text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX firm_days_day ON firm_days (day, number);
CREATE TABLE firm_years (
    year integer PRIMARY KEY CHECK (year BETWEEN 2000 AND 2999),
    confirmed_by uuid,
    confirmed_at timestamptz NOT NULL
);
CREATE TABLE firm_settings (
    id integer PRIMARY KEY CHECK (id = 1),
    attachment_max_bytes bigint CHECK (attachment_max_bytes > 0),
    attachments_per_request integer CHECK (attachments_per_request > 0),
    version integer NOT NULL,
    updated_by uuid,
    updated_at timestamptz NOT NULL
);
INSERT INTO firm_settings (id, version, updated_at) VALUES (1, 1, now());
"""

_NEVER_CHANGED = """
CREATE TRIGGER currency_rates_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON currency_rates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER firm_days_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON firm_days
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_NEVER_CHANGED)


def downgrade() -> None:
    op.execute(
        """
        DROP TABLE firm_settings, firm_years, firm_days, currency_rates;
        ALTER TABLE approvals DROP COLUMN rates;
        """
    )
