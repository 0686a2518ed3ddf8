"""Samples that auditors draw, and what they found. Nothing of them is changed or deleted, but that one is closed."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE audit_samples (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    criteria jsonb NOT NULL,
    seed text NOT NULL,
    seed_given boolean NOT NULL,
    asked integer NOT NULL CHECK (asked BETWEEN 1 AND 200),
    population_size integer NOT NULL,
    population_sha256 text NOT NULL,
    previous_id uuid REFERENCES audit_samples (id),
    drawn_by uuid NOT NULL,
    drawn_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    closed_by uuid,
    closed_at timestamptz,
    result text,
    CHECK ((closed_at IS NULL) = (result IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL))
);
CREATE INDEX audit_samples_drawn ON audit_samples (drawn_at, id);
CREATE TABLE audit_sample_populations (
    sample_id uuid PRIMARY KEY REFERENCES audit_samples (id),
    numbers text[] NOT NULL
);
CREATE TABLE audit_sample_items (
    sample_id uuid NOT NULL REFERENCES audit_samples (id),
    position integer NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals (id),
    PRIMARY KEY (sample_id, position),
    UNIQUE (sample_id, approval_id)
);
CREATE TABLE audit_sample_assessments (
    sample_id uuid NOT NULL,
    position integer NOT NULL,
    version integer NOT NULL,
    assessment text NOT NULL,
    note text NOT NULL,
    assessed_by uuid NOT NULL,
    assessed_at timestamptz NOT NULL,
    PRIMARY KEY (sample_id, position, version),
    FOREIGN KEY (sample_id, position) REFERENCES audit_sample_items (sample_id, position)
);
"""

_KEPT = """
CREATE FUNCTION keep_audit_samples() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.closed_at IS NULL AND to_jsonb(OLD) - '{version,closed_by,closed_at,result}'::text[]
            = to_jsonb(NEW) - '{version,closed_by,closed_at,result}'::text[] THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a sample is never changed: it is closed, and another one may follow it up';
END $$;
CREATE TRIGGER keep_audit_samples BEFORE UPDATE OR DELETE ON audit_samples
    FOR EACH ROW EXECUTE FUNCTION keep_audit_samples();
CREATE FUNCTION keep_audit_sample_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (SELECT closed_at IS NULL FROM audit_samples WHERE id = NEW.sample_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what a sample holds is only ever added to, and to open ones';
END $$;
CREATE TRIGGER keep_audit_sample_populations BEFORE INSERT OR UPDATE OR DELETE ON audit_sample_populations
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample_rows();
CREATE TRIGGER keep_audit_sample_items BEFORE INSERT OR UPDATE OR DELETE ON audit_sample_items
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample_rows();
CREATE TRIGGER keep_audit_sample_assessments BEFORE INSERT OR UPDATE OR DELETE ON audit_sample_assessments
    FOR EACH ROW EXECUTE FUNCTION keep_audit_sample_rows();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_KEPT)


def downgrade() -> None:
    op.execute(
        """
        DROP TABLE audit_sample_assessments, audit_sample_items, audit_sample_populations, audit_samples;
        DROP FUNCTION keep_audit_samples(), keep_audit_sample_rows();
        """
    )
