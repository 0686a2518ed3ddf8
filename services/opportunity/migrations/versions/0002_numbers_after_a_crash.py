"""A number is given to one request only, whatever crashes.

With ``wal_level = minimal``, as the embedded PostgreSQL has it, nothing is logged of a sequence in the transaction that
creates it, but ``nextval`` fetches 32 values ahead there as everywhere. Until those were used up nothing was logged
later either: a server that was killed gave the year's first numbers out again, and every request with one was refused.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEXT_NUMBER = """
CREATE OR REPLACE FUNCTION next_approval_number(year int) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
    counter text := 'approval_number_' || year;
    number bigint;
BEGIN
    -- Once a year somebody is the first, and the others wait for that transaction.
    IF to_regclass(counter) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('approval_number'), year);
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS ' || counter;
    END IF;
    number := nextval(counter::regclass);
    -- In the transaction that created it: leave nothing fetched ahead, so that the next one is logged.
    IF (SELECT xmin = pg_current_xact_id()::xid FROM pg_class WHERE oid = counter::regclass) THEN
        PERFORM setval(counter::regclass, number);
    END IF;
    RETURN number;
END $body$;
"""
LOG_WHAT_IS_THERE = """
DO $body$
DECLARE
    counter regclass;
BEGIN
    FOR counter IN
        SELECT oid::regclass FROM pg_class WHERE relkind = 'S' AND starts_with(relname, 'approval_number_')
    LOOP
        PERFORM setval(counter, nextval(counter));
    END LOOP;
END $body$;
"""
NEXT_NUMBER_BEFORE = """
CREATE OR REPLACE FUNCTION next_approval_number(year int) RETURNS bigint LANGUAGE plpgsql AS $body$
BEGIN
    IF to_regclass('approval_number_' || year) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('approval_number'), year);
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS approval_number_' || year;
    END IF;
    RETURN nextval(('approval_number_' || year)::regclass);
END $body$;
"""


def upgrade() -> None:
    op.execute(NEXT_NUMBER)
    op.execute(LOG_WHAT_IS_THERE)


def downgrade() -> None:
    op.execute(NEXT_NUMBER_BEFORE)
