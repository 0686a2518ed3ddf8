"""Who filled the places of a stage, whether terms changed since one approved, and since when one lacks approvers."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE approvals ADD COLUMN voted_by uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE approvals ADD COLUMN terms_changed boolean NOT NULL DEFAULT false;
ALTER TABLE approvals ADD COLUMN short_since timestamptz;
"""
VOTES_SO_FAR = """
UPDATE approvals a SET voted_by = votes.voters FROM
 (SELECT v.approval_id, v.generation, v.revision, v.stage, array_agg(DISTINCT v.voter_id) AS voters
  FROM approval_votes v WHERE v.decision = 'APPROVE' GROUP BY 1, 2, 3, 4) votes
 WHERE votes.approval_id = a.id AND votes.generation = a.generation AND votes.revision = a.revision
 AND votes.stage = a.stage AND a.approved_by <> '{}';
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(VOTES_SO_FAR)


def downgrade() -> None:
    op.execute("ALTER TABLE approvals DROP COLUMN voted_by, DROP COLUMN terms_changed, DROP COLUMN short_since")
