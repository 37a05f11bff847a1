"""Readers with roles, sign-ins and subscriptions of their own; ratings by reader; jobs of the served library."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the tables; ratings, tokens and answers so far are those of the command line's reader, `local`."""
    readers = op.create_table(
        "readers",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("rated", sa.Integer, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
    )
    op.bulk_insert(
        readers, [{"name": "local", "role": "admin", "key": secrets.token_hex(32), "rated": 0, "created": ""}]
    )
    op.create_table(
        "reader_ratings",
        sa.Column("reader", sa.Text, primary_key=True),
        sa.Column("paper_id", sa.Text, primary_key=True),
        sa.Column("rating", sa.Integer, nullable=False),
        sa.Column("rated", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO reader_ratings (reader, paper_id, rating, rated) "
        "SELECT 'local', paper_id, rating, rated FROM ratings ORDER BY paper_id"
    )
    op.drop_table("ratings")
    op.rename_table("reader_ratings", "ratings")
    op.create_index("ix_ratings_paper_id", "ratings", ["paper_id"])
    op.add_column("tokens", sa.Column("name", sa.Text, nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("scope", sa.Text, nullable=False, server_default="write"))
    op.add_column("tokens", sa.Column("expires", sa.Text))
    op.add_column("answers", sa.Column("kind", sa.Text, nullable=False, server_default="answer"))
    op.add_column("answers", sa.Column("shared", sa.Text))
    op.create_index("ix_answers_shared", "answers", ["shared"], unique=True)
    op.create_table(
        "sign_ins",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False, index=True),
        sa.Column("until", sa.Text, nullable=False),
    )
    op.create_table(
        "subscriptions",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("reader", sa.Text, nullable=False, index=True),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
    )
    op.create_table(
        "feed_links",
        sa.Column("subscription", sa.Text, primary_key=True),
        sa.Column("reader", sa.Text, nullable=False, index=True),
        sa.Column("secret", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True)),
    )
    op.create_table(
        "uploads",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
