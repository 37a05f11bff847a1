"""Feeds: their watermarks, and how their pulls went."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "feeds",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("watermark", sa.Text),
        sa.Column("checked", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("state", sa.JSON, nullable=False),
        sa.Column("runs", sa.JSON, nullable=False),
    )
