"""
Unions in the catalog: which record united two papers, what both were before, and how they are parted again.

A paper of a union is stored as its row of `papers`, its aliases and the hashes of its texts; the texts themselves stay
in `revisions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa

from rag.splitting import parted
from rag.types import Brought, Chunk, Paper, Union
from stores.sql.rows import label_rows, paper_of, row_of
from stores.sql.schema import insert_missing, upsert
from stores.sql.tables import aliases, apart, labels, papers, revisions, unions


class StoredUnion(NamedTuple):
    """A union that can be undone: its number, the id that was merged, when, and who brought the record."""

    seq: int
    merged_id: str
    seen: str
    brought: Brought


def as_json(brought: Brought) -> list[str | bool]:
    """As the columns `brought` hold it."""
    return [brought.name, brought.format_name, brought.owner]


def brought_of(value: Sequence[Any] | None) -> Brought | None:
    """The reverse of `as_json`."""
    return Brought(name=value[0], format_name=value[1], owner=value[2]) if value else None


def write_unions(connection: sa.Connection, found: Sequence[Union], *, seen: str, name: str, owner: bool) -> None:
    """Store unions, within the transaction that writes their papers."""
    rows = [
        {
            "merged_id": union.merged.paper_id,
            "seen": seen,
            "brought": as_json(Brought(name=name, format_name=union.format_name, owner=owner)),
            "surviving": _stored(union.surviving, union.surviving_texts),
            "merged": _stored(union.merged, union.merged_texts),
            "after": _stored(union.after, ()),
        }
        for union in found
    ]
    if rows:
        connection.execute(sa.insert(unions), rows)


def unions_of(connection: sa.Connection, paper_id: str) -> list[StoredUnion]:
    """The unions of a paper that can be undone, the newest first."""
    now_of = aliases.c.paper_id
    query = sa.select(unions).join(aliases, aliases.c.alias == unions.c.merged_id).where(now_of == paper_id)
    query = query.where(unions.c.merged_id != paper_id).order_by(unions.c.seq.desc())
    return [
        StoredUnion(row.seq, row.merged_id, row.seen, brought)
        for row in connection.execute(query)
        if (brought := brought_of(row.brought))
    ]


def part(connection: sa.Connection, seq: int, now: Paper) -> tuple[Paper, Paper]:
    """
    The two papers of a union as they are apart; nothing is written.

    Args:
        seq: The number of the union.
        now: The united paper.
    """
    row = connection.execute(sa.select(unions).where(unions.c.seq == seq)).one()
    return parted(now, *(_paper(connection, stored, now.paper_id) for stored in (row.surviving, row.merged, row.after)))


def write_parted(
    connection: sa.Connection, seq: int, kept: Paper, restored: Paper, chunks: Mapping[str, Sequence[Chunk]]
) -> None:
    """Write two parted papers with their texts and aliases, and that they are apart; within one transaction."""
    row = connection.execute(sa.select(unions).where(unions.c.seq == seq)).one()
    only = set(row.merged["texts"]) - set(row.surviving["texts"])
    both = set(row.merged["texts"]) & set(row.surviving["texts"])
    of_kept = revisions.c.paper_id == kept.paper_id
    connection.execute(
        sa.update(revisions).where(of_kept, revisions.c.hash.in_(sorted(only))).values(paper_id=restored.paper_id)
    )
    texts = connection.execute(sa.select(revisions).where(of_kept, revisions.c.hash.in_(sorted(both)))).mappings()
    insert_missing(connection, revisions, [{**text, "paper_id": restored.paper_id} for text in texts])
    changed = (kept, restored)
    connection.execute(sa.delete(labels).where(labels.c.paper_id.in_([paper.paper_id for paper in changed])))
    upsert(connection, papers, [row_of(paper, chunks[paper.paper_id]) for paper in changed])
    insert_missing(connection, labels, [row for paper in changed for row in label_rows(paper)])
    names = [{"alias": alias, "paper_id": restored.paper_id} for alias in restored.aliases]
    upsert(connection, aliases, names)
    connection.execute(sa.delete(unions).where(unions.c.seq == seq))
    insert_missing(connection, apart, [{"kept": kept.paper_id, "restored": restored.paper_id}])


def _stored(paper: Paper, texts: frozenset[str] | tuple[()]) -> dict[str, Any]:
    return {"row": row_of(paper, ()), "aliases": paper.aliases, "texts": sorted(texts)}


def _paper(connection: sa.Connection, stored: Mapping[str, Any], united_id: str) -> Paper:
    """A paper of a union, with its text from the revisions of the united paper."""
    row = stored["row"]
    which = (revisions.c.paper_id == united_id) & (revisions.c.hash == row["hash"])
    columns = (revisions.c.title, revisions.c.abstract, revisions.c.spans, revisions.c.roles)
    text = connection.execute(sa.select(*columns).where(which)).one()
    return paper_of(SimpleNamespace(**row, **text._asdict()), stored["aliases"])
