"""Revisions: the role of each sentence. The next writer of papers fills in those of texts that came before."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, and an index of the texts that have no roles yet."""
    op.add_column("revisions", sa.Column("roles", sa.Text))
    lacking = sa.text("roles IS NULL")
    op.create_index(
        "ix_revisions_lacking_roles", "revisions", ["paper_id"], sqlite_where=lacking, postgresql_where=lacking
    )
