"""Revisions: how their paper was named while each text stood, for the answers that cite it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; it is empty where nothing has changed since."""
    op.add_column("revisions", sa.Column("named", sa.JSON))
