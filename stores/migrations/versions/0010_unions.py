"""Provenance: who brought each text; unions of papers, so that they can be undone; papers that were split."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column and the tables. What an earlier version imported has no provenance."""
    op.add_column("revisions", sa.Column("brought", sa.JSON))
    op.create_table(
        "unions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("merged_id", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("brought", sa.JSON, nullable=False),
        sa.Column("surviving", sa.JSON, nullable=False),
        sa.Column("merged", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
    )
    op.create_index("ix_unions_merged_id", "unions", ["merged_id"])
    op.create_table(
        "apart",
        sa.Column("kept", sa.Text, primary_key=True),
        sa.Column("restored", sa.Text, primary_key=True),
    )
