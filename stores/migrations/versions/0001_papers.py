"""Papers, their texts, aliases, labels and the library's settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "papers",
        sa.Column("paper_id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("title_key", sa.Text, nullable=False, index=True),
        sa.Column("authors", sa.JSON, nullable=False),
        sa.Column("published", sa.Text),
        sa.Column("updated", sa.Text),
        sa.Column("listed", sa.Text),
        sa.Column("imported", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, nullable=False, index=True),
        sa.Column("url", sa.Text),
        sa.Column("venue", sa.Text),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("chunks", sa.JSON, nullable=False),
        sa.Column("to_index", sa.Boolean, nullable=False, index=True),
    )
    op.create_table(
        "revisions",
        sa.Column("paper_id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("spans", sa.JSON, nullable=False),
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.Text, primary_key=True),
        sa.Column("paper_id", sa.Text, nullable=False, index=True),
    )
    op.create_table(
        "labels",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("paper_id", sa.Text, primary_key=True, index=True),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
