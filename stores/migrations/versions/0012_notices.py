"""Notices of retractions, by the id that each names."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "notices",
        sa.Column("alias", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
    )
