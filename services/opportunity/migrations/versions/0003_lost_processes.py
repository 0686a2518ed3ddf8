"""What the ledger needs to start a process again whose workflow was lost."""

from alembic import op

from services.kit.db.schema import RESTARTS, RESTARTS_DROP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Intents are kept for thirty days after their delivery, and a request may wait for longer.
STARTS_OF_APPROVALS = """
UPDATE processes AS p SET start = jsonb_build_object(
    'workflow', 'approval', 'taskQueue', 'ringi-opportunity',
    'argument', jsonb_build_object('approvalId', a.id, 'generation', CAST(split_part(p.workflow_id, ':', 3) AS int)),
    'search', jsonb_build_object('ProcessType', 'approval', 'ResourceId', a.id),
    'summary', a.number, 'startAt', null, 'replace', false
) FROM approvals AS a
WHERE a.id = p.resource_id AND p.type = 'approval' AND p.start IS NULL AND p.finished_at IS NULL
"""


def upgrade() -> None:
    op.execute(RESTARTS)
    op.execute(STARTS_OF_APPROVALS)


def downgrade() -> None:
    op.execute(RESTARTS_DROP)
