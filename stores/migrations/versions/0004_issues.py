"""Issues as they were made, what is to be delivered, ratings of papers, and the themes of past periods."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "issues",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("first", sa.Text, nullable=False),
        sa.Column("end", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("forms", sa.JSON, nullable=False),
        sa.Column("considered", sa.JSON, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("planned", sa.Text, nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
        sa.Column("due", sa.Text),
        sa.Column("handed", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_table(
        "ratings",
        sa.Column("paper_id", sa.Text, primary_key=True),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("rated", sa.Text, nullable=False),
    )
    op.create_table(
        "themes",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("papers", sa.Text, nullable=False),
        sa.Column("themes", sa.JSON, nullable=False),
    )
