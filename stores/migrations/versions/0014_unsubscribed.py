"""Addresses that unsubscribed from the mails of a subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "unsubscribed",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("since", sa.Text, nullable=False),
    )
