"""Facets by SQL: how many papers of a set have each category, tag, source and year."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from rag.types import Facets
from rag.types.listing import most_first
from stores.sql.tables import labels, papers

MOST = 50
"""So many categories and tags are named, the most frequent ones."""


def facets_of(connection: sa.Connection, chosen: sa.Select[Any] | None) -> Facets:
    """
    Count the papers of a set.

    Args:
        connection: Of a catalog.
        chosen: Selects the ids of the papers; None counts all.

    Returns:
        The facets; labels are spelled as one of the papers spells them.
    """

    def counted(column: sa.ColumnElement[Any]) -> Counter[str]:
        query = sa.select(column, sa.func.count()).select_from(papers).group_by(column)
        query = query.where(papers.c.paper_id.in_(chosen)) if chosen is not None else query
        return Counter({str(name): int(count) for name, count in connection.execute(query) if name})

    years = counted(papers.c.day // 10_000)
    return Facets(
        categories=most_frequent(connection, "category", chosen, limit=MOST),
        tags=most_frequent(connection, "tag", chosen, limit=MOST),
        sources=most_first(counted(papers.c.source)),
        years=dict(sorted(((year.zfill(4), count) for year, count in years.items()), reverse=True)),
    )


def most_frequent(
    connection: sa.Connection, kind: str, chosen: sa.Select[Any] | None = None, *, limit: int
) -> dict[str, int]:
    """The number of papers of the most frequent labels of a kind, spelled as a paper spells them; greatest first."""
    number = sa.func.count()
    query = sa.select(labels.c.label, number, sa.func.min(labels.c.paper_id)).where(labels.c.kind == kind)
    query = query.where(labels.c.paper_id.in_(chosen)) if chosen is not None else query
    rows = connection.execute(query.group_by(labels.c.label).order_by(number.desc(), labels.c.label).limit(limit)).all()
    column = papers.c.categories if kind == "category" else papers.c.tags
    ids = {paper_id for *_, paper_id in rows}
    spelled = {
        name.lower(): name
        for (names,) in connection.execute(sa.select(column).where(papers.c.paper_id.in_(ids)))
        for name in names
    }
    return {spelled.get(label, label): int(count) for label, count, _ in rows}
