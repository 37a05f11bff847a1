"""Papers as rows of the catalog's tables, and back. No query is run here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from rag import identity, roles
from rag.types import Attention, Chunk, Paper
from rag.types.selection import day_number
from rag.types.selection import labels as labels_of
from stores.sql import postgres
from stores.sql.tables import papers, revisions

_AT_ONCE = 500  # ids in one IN (...)

WITH_TEXT = papers.join(revisions, (papers.c.paper_id == revisions.c.paper_id) & (papers.c.hash == revisions.c.hash))
"""Each paper with the text that counts."""


def select_papers(*, with_roles: bool) -> sa.Select[Any]:
    """A query for all that `paper_of` needs, except the aliases; without roles for a catalog that has none."""
    roles_ = revisions.c.roles if with_roles else sa.null().label("roles")
    return sa.select(papers, revisions.c.title, revisions.c.abstract, revisions.c.spans, roles_).select_from(WITH_TEXT)


def paper_of(row: Any, aliases: Iterable[str]) -> Paper:
    """Make a Paper of a row of `select_papers` and its aliases."""
    return Paper(
        paper_id=row.paper_id,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        published=row.published,
        updated=row.updated,
        listed=row.listed,
        imported=row.imported,
        url=row.url,
        venue=row.venue,
        categories=tuple(row.categories),
        tags=tuple(row.tags),
        source=row.source,
        aliases=tuple(sorted(aliases, key=identity.rank)),
        version=row.version,
        flags=tuple(row.flags),
        attention=tuple(Attention(name=name, count=count, seen=seen) for name, count, seen in row.attention or ()),
        spans=pairs(row.spans),
        roles=roles.decode(row.roles or ""),
    )


def row_of(paper: Paper, chunks: Sequence[Chunk]) -> dict[str, Any]:
    """A Paper as a row of `papers`."""
    return {
        "paper_id": paper.paper_id,
        "hash": identity.content_hash(paper.title, paper.abstract),
        "title_key": identity.normalised_title(paper.title),
        "authors": paper.authors,
        "published": paper.published,
        "updated": paper.updated,
        "listed": paper.listed,
        "imported": paper.imported,
        "day": day_number(paper.day),
        "url": paper.url,
        "venue": paper.venue,
        "categories": paper.categories,
        "tags": paper.tags,
        "source": paper.source,
        "version": paper.version,
        "flags": paper.flags,
        "attention": [(signal.name, signal.count, signal.seen) for signal in paper.attention],
        "chunks": offsets(chunks),
    }


def label_rows(paper: Paper) -> list[dict[str, str]]:
    """A paper's categories, tags and authors as rows of `labels`."""
    return [{"kind": kind, "label": label, "paper_id": paper.paper_id} for kind, label in labels_of(paper)]


def offsets(chunks: Sequence[Chunk]) -> list[tuple[int, int]]:
    """The start and end of each chunk in the abstract."""
    return [(chunk.start, chunk.end) for chunk in chunks]


def pairs(spans: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    """Offsets from JSON, as tuples."""
    return tuple((start, end) for start, end in spans)


def iso_day(number: int) -> str:
    """
    A day of `day_number` as ISO 8601.

    >>> iso_day(20240601)
    '2024-06-01'
    """
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def one_of(dialect: sa.Dialect, column: sa.ColumnElement[str], ids: Iterable[str]) -> sa.ColumnElement[bool]:
    """A condition: the column has one of any number of ids; a statement takes 32,766 or 65,535 parameters."""
    listed = sa.literal(json.dumps(sorted(ids)), sa.Text)
    values: sa.ColumnElement[Any]
    if dialect.name == postgres.NAME:
        values = sa.func.json_array_elements_text(sa.cast(listed, postgresql.JSON)).column_valued("value")
    else:
        values = sa.func.json_each(listed).table_valued("value").c.value
    return column.in_(sa.select(values))


def slices(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """The items in parts, each small enough for one IN (...)."""
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))
