"""How many users have signed in from an address: what its limit of failures grows with.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX known_addresses_address ON known_addresses (address_hash, last_success_at)")


def downgrade() -> None:
    op.execute("DROP INDEX known_addresses_address")
