"""Filters: as a query of the catalog, and as a selection for the indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from rag.types import Filter
from rag.types.selection import Selection, day_number
from stores.sql import authors
from stores.sql.tables import labels, papers


def chosen(filter_: Filter, paper_ids: Sequence[str]) -> sa.Select[Any]:
    """
    Select the ids of all papers that pass a filter, but for its authors.

    Args:
        filter_: The filter.
        paper_ids: The ids behind the names of its papers.
    """
    query = sa.select(papers.c.paper_id)
    if filter_.since:
        query = query.where(papers.c.day >= day_number(filter_.since))
    if filter_.until:
        query = query.where(papers.c.day <= day_number(filter_.until, last=True))
    if filter_.sources:
        query = query.where(papers.c.source.in_(filter_.sources))
    for kind, wanted in (("category", filter_.categories), ("tag", filter_.tags)):
        if wanted:
            names = [name.lower() for name in wanted]
            having = sa.select(labels.c.paper_id).where(labels.c.kind == kind, labels.c.label.in_(names))
            query = query.where(papers.c.paper_id.in_(having))
    if filter_.papers:
        query = query.where(papers.c.paper_id.in_(paper_ids))
    return query


def written(connection: sa.Connection, filter_: Filter) -> set[str]:
    """The ids of the papers by any of the authors of a filter."""
    return {paper_id for name in filter_.authors for paper_id in authors.papers_of(connection, name)}


def selection_of(connection: sa.Connection, filter_: Filter, paper_ids: Sequence[str]) -> Selection:
    """A filter for the indexes; arguments as of `chosen`. It means the same papers."""
    keys = {key for name in filter_.authors for key in authors.keys_of(connection, name)}
    return Selection(
        since=day_number(filter_.since) if filter_.since else None,
        until=day_number(filter_.until, last=True) if filter_.until else None,
        categories=_lower(filter_.categories),
        tags=_lower(filter_.tags),
        sources=filter_.sources or None,
        authors=tuple(sorted(keys)) if filter_.authors else None,
        papers=tuple(sorted(set(paper_ids))) if filter_.papers else None,
    )


def _lower(names: Sequence[str]) -> tuple[str, ...] | None:
    return tuple(sorted({name.lower() for name in names})) or None
