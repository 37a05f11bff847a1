"""Labels: the names of each paper's authors, by the keys of `rag.authors`, so that papers are found by an author."""

import json

import sqlalchemy as sa
from alembic import op

from rag.authors import parse_name

revision = "0009"
down_revision = "0008"
_AT_ONCE = 1_000


def upgrade() -> None:
    """Write the labels of all papers."""
    connection = op.get_bind()
    insert = sa.text("INSERT INTO labels (kind, label, paper_id) VALUES ('author', :label, :paper_id)")
    papers = connection.execute(sa.text("SELECT paper_id, authors FROM papers")).all()
    for at in range(0, len(papers), _AT_ONCE):
        rows = [
            {"label": key, "paper_id": paper_id}
            for paper_id, authors in papers[at : at + _AT_ONCE]
            for key in _keys(authors)
        ]
        if rows:
            connection.execute(insert, rows)


def _keys(authors: str | list[str]) -> list[str]:
    """The keys of authors as the database's driver gives them, decoded or not."""
    names = json.loads(authors) if isinstance(authors, str) else authors
    return list(dict.fromkeys(name.key for name in map(parse_name, names) if name))
