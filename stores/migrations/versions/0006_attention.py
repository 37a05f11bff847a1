"""Papers: signals of attention, such as upvotes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; it is empty where nobody told of any."""
    op.add_column("papers", sa.Column("attention", sa.JSON))
