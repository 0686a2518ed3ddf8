"""Public keys are kept for as long as what they signed has to be verified; each is endorsed by the one before it.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE signing_keys ALTER COLUMN sealed_private_key DROP NOT NULL, ADD COLUMN endorsement text")


def downgrade() -> None:
    op.execute("DELETE FROM signing_keys WHERE sealed_private_key IS NULL")
    op.execute("ALTER TABLE signing_keys ALTER COLUMN sealed_private_key SET NOT NULL, DROP COLUMN endorsement")
