"""The currency of amounts, which are added within one currency only.

What was kept before did not say it and counts as yen, as it was shown. Where requests in other currencies are among it,
``ringi verify`` names the difference and ``ringi events rebuild`` mends it from the events.
"""

from typing import Final

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REQUESTS: Final = """
ALTER TABLE read_model.approval_history ADD COLUMN currency text NOT NULL DEFAULT 'JPY';
ALTER TABLE read_model.approval_history ALTER COLUMN currency DROP DEFAULT
"""
METRICS: Final = """
ALTER TABLE read_model.aggregated_metrics ADD COLUMN currency text NOT NULL DEFAULT '';
ALTER TABLE read_model.aggregated_metrics ALTER COLUMN currency DROP DEFAULT;
ALTER TABLE read_model.aggregated_metrics DROP CONSTRAINT aggregated_metrics_pkey;
ALTER TABLE read_model.aggregated_metrics ADD PRIMARY KEY (metric, day, rep_id, currency);
DELETE FROM read_model.aggregated_metrics WHERE metric LIKE 'approval.%';
INSERT INTO read_model.aggregated_metrics (metric, day, rep_id, count, amount, currency)
SELECT event_type, (valid_from AT TIME ZONE 'Asia/Tokyo')::date, owner_id, count(*), coalesce(sum(amount), 0),
    CASE WHEN amount IS NULL THEN '' ELSE currency END
FROM read_model.approval_history GROUP BY 1, 2, 3, 6
"""
BACK: Final = """
ALTER TABLE read_model.approval_history DROP COLUMN currency;
CREATE TEMPORARY TABLE kept ON COMMIT DROP AS
    SELECT metric, day, rep_id, sum(count) AS count, sum(amount) AS amount
    FROM read_model.aggregated_metrics GROUP BY 1, 2, 3;
DELETE FROM read_model.aggregated_metrics;
ALTER TABLE read_model.aggregated_metrics DROP CONSTRAINT aggregated_metrics_pkey;
ALTER TABLE read_model.aggregated_metrics DROP COLUMN currency;
ALTER TABLE read_model.aggregated_metrics ADD PRIMARY KEY (metric, day, rep_id);
INSERT INTO read_model.aggregated_metrics (metric, day, rep_id, count, amount) SELECT * FROM kept
"""


def upgrade() -> None:
    op.execute(REQUESTS)
    op.execute(METRICS)


def downgrade() -> None:
    op.execute(BACK)
