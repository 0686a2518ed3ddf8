"""A route keeps its versions, each valid from an instant; a request knows which one it took.

Replicas of before read and write ``approval_routes`` alone. What they write becomes a version by trigger; what is
written as a version and counts now is copied into that row (``mirrors`` is the version that it shows).
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE approval_route_versions (
    route_id uuid NOT NULL REFERENCES approval_routes (id) DEFERRABLE INITIALLY DEFERRED,
    number integer NOT NULL,
    valid_from timestamptz NOT NULL,
    name text NOT NULL,
    kind text,
    min_amount bigint,
    max_amount bigint,
    currency text NOT NULL,
    min_age integer,
    risk_tolerances text[] NOT NULL,
    priority integer NOT NULL,
    stages jsonb NOT NULL,
    active boolean NOT NULL,
    note text NOT NULL DEFAULT '',
    created_by uuid,
    process_id uuid,
    created_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    PRIMARY KEY (route_id, number)
);
CREATE INDEX approval_route_versions_valid ON approval_route_versions (route_id, valid_from, number)
    WHERE withdrawn_at IS NULL;
ALTER TABLE approval_routes ADD COLUMN mirrors integer;
ALTER TABLE approvals ADD COLUMN route_version integer;
"""

_NEVER_CHANGED = """
CREATE FUNCTION keep_route_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(OLD) - '{withdrawn_at,withdrawn_by}'::text[])
        IS DISTINCT FROM (to_jsonb(NEW) - '{withdrawn_at,withdrawn_by}'::text[]) THEN
        RAISE EXCEPTION 'a version of a route is never changed: make another one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_route_versions BEFORE UPDATE OR DELETE ON approval_route_versions
    FOR EACH ROW EXECUTE FUNCTION keep_route_versions();
"""

_OLD_REPLICAS = """
CREATE FUNCTION number_route_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.mirrors IS NOT DISTINCT FROM OLD.mirrors THEN -- who knows of versions says which one the row shows
        NEW.version := 1 + coalesce((SELECT max(number) FROM approval_route_versions WHERE route_id = NEW.id), 0);
        NEW.mirrors := NEW.version;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION keep_route_as_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO approval_route_versions (route_id, number, valid_from, name, kind, min_amount, max_amount, currency,
        min_age, risk_tolerances, priority, stages, active, created_at)
    VALUES (NEW.id, NEW.version, NEW.updated_at, NEW.name, NEW.kind, NEW.min_amount, NEW.max_amount, NEW.currency,
        NEW.min_age, NEW.risk_tolerances, NEW.priority, NEW.stages, NEW.active, NEW.updated_at)
    ON CONFLICT (route_id, number) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER number_route_version BEFORE UPDATE ON approval_routes
    FOR EACH ROW EXECUTE FUNCTION number_route_version();
CREATE TRIGGER keep_route_as_version AFTER INSERT OR UPDATE ON approval_routes
    FOR EACH ROW EXECUTE FUNCTION keep_route_as_version();
"""

VERSIONS_OF_BEFORE = """
INSERT INTO approval_route_versions (route_id, number, valid_from, name, kind, min_amount, max_amount, currency,
    min_age, risk_tolerances, priority, stages, active, created_at)
SELECT id, version, updated_at, name, kind, min_amount, max_amount, currency, min_age, risk_tolerances, priority,
    stages, active, updated_at FROM approval_routes;
"""


def upgrade() -> None:
    for statements in (_TABLES, _NEVER_CHANGED, _OLD_REPLICAS, VERSIONS_OF_BEFORE):
        op.execute(statements)


def downgrade() -> None:
    op.execute(
        """
        ALTER TABLE approvals DROP COLUMN route_version;
        DROP TRIGGER number_route_version ON approval_routes;
        DROP TRIGGER keep_route_as_version ON approval_routes;
        DROP FUNCTION number_route_version(), keep_route_as_version();
        ALTER TABLE approval_routes DROP COLUMN mirrors;
        DROP TABLE approval_route_versions;
        DROP FUNCTION keep_route_versions();
        """
    )
