"""
The change log of papers and the position of each index, in place of the marks `to_index`.

A marked paper becomes a change after both positions. So does each other id of it: the paper of that id may have been
merged into it, and still stand in the indexes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Log what is indexed, then what is yet to be indexed, with the positions in between; drop the marks."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "changes",
        sa.Column("seq", number, primary_key=True, autoincrement=True),
        sa.Column("paper_id", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_paper_id", "changes", ["paper_id"], unique=True)
    op.create_table(
        "index_positions",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("written", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO changes (paper_id) SELECT paper_id FROM papers WHERE NOT to_index ORDER BY paper_id")
    op.execute(
        "INSERT INTO index_positions (name, seq, written) "
        "SELECT names.name, (SELECT coalesce(max(seq), 0) FROM changes), '' "
        "FROM (SELECT 'lexical' AS name UNION ALL SELECT 'vectors') AS names"
    )
    op.execute(
        "INSERT INTO changes (paper_id) SELECT aliases.alias FROM aliases JOIN papers "
        "ON papers.paper_id = aliases.paper_id WHERE papers.to_index AND aliases.alias <> aliases.paper_id "
        "AND aliases.alias NOT IN (SELECT paper_id FROM papers) ORDER BY aliases.alias"
    )
    op.execute("INSERT INTO changes (paper_id) SELECT paper_id FROM papers WHERE to_index ORDER BY paper_id")
    op.drop_index("ix_papers_to_index", "papers")
    op.drop_column("papers", "to_index")
