"""
Revisions: what becomes of a paper's texts when it is given another, or is merged into another paper.

An answer that cites a paper names it by its authors, date and link. These are kept with the text that it cites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from rag import identity, roles
from rag.origins import Origin
from rag.types import Paper
from stores.sql.ratings import move_ratings
from stores.sql.rows import WITH_TEXT, slices
from stores.sql.tables import aliases, papers, revisions


def write_texts(
    connection: sa.Connection,
    texts: Sequence[tuple[str, Paper]],
    *,
    seen: str,
    merged_ids: Mapping[str, str],
    origin: Origin,
) -> None:
    """
    Write new texts, and move those of merged papers, while the catalog still has the papers as they were.

    Args:
        connection: Within a transaction.
        texts: Texts, each under the id of its paper, with spans.
        seen: When, ISO 8601 in UTC.
        merged_ids, origin: As in `SQLCatalog.write`.
    """
    ids = list(dict.fromkeys([*(paper_id for paper_id, _ in texts), *merged_ids, *merged_ids.values()]))
    for part in slices(ids):
        _keep_names(connection, part)
    have = _move_to_surviving(connection, merged_ids)
    rows = {(row["paper_id"], row["hash"]): row for row in (_row(*text, seen, origin) for text in texts)}
    new = [row for key, row in rows.items() if key not in have]
    if new:
        connection.execute(sa.insert(revisions), new)


def _keep_names(connection: sa.Connection, paper_ids: Sequence[str]) -> None:
    """Keep with the text that counts the authors, date and link of its paper, before these papers change."""
    columns = (papers.c.paper_id, papers.c.hash, papers.c.authors, papers.c.published, papers.c.url, revisions.c.named)
    query = sa.select(*columns).select_from(WITH_TEXT).where(papers.c.paper_id.in_(paper_ids))
    named = [
        {"of": row.paper_id, "text_hash": row.hash, "names": [*(row.named or []), name]}
        for row in connection.execute(query)
        if (name := [row.authors, row.published, row.url]) not in (row.named or [])
    ]
    which = _is(sa.bindparam("of"), sa.bindparam("text_hash"))
    if named:  # all in one call: a call each takes a second for a thousand papers
        connection.execute(sa.update(revisions).where(which).values(named=sa.bindparam("names")), named)


def _move_to_surviving(connection: sa.Connection, merged_ids: Mapping[str, str]) -> set[tuple[str, str]]:
    """
    Move revisions, aliases and ratings of merged papers to the surviving ones.

    Returns:
        Paper id and hash of every text that the surviving papers now have.
    """
    have: set[tuple[str, str]] = set()
    for merged_id, canonical_id in merged_ids.items():
        surviving = {row.hash: row for row in connection.execute(_texts(canonical_id))}
        for row in connection.execute(_texts(merged_id)).all():
            if row.hash in surviving:
                same = surviving[row.hash]
                named = [*(same.named or []), *(name for name in row.named or [] if name not in (same.named or []))]
                _set(connection, _is(canonical_id, row.hash), seen=min(row.seen, same.seen), named=named)
                connection.execute(sa.delete(revisions).where(_is(merged_id, row.hash)))
            else:
                _set(connection, _is(merged_id, row.hash), paper_id=canonical_id)
            have.add((canonical_id, row.hash))
        have.update((canonical_id, hash_) for hash_ in surviving)
        connection.execute(sa.update(aliases).where(aliases.c.paper_id == merged_id).values(paper_id=canonical_id))
        move_ratings(connection, merged_id, canonical_id)
    return have


def _row(paper_id: str, text: Paper, seen: str, origin: Origin) -> dict[str, object]:
    return {
        "paper_id": paper_id,
        "hash": identity.content_hash(text.title, text.abstract),
        "seen": seen,
        "title": text.title,
        "abstract": text.abstract,
        "spans": text.spans,
        "roles": roles.encode(text.roles) if len(text.roles) == len(text.spans) else None,
        "brought": [origin.name, text.source, origin.owner],
    }


def _texts(paper_id: str) -> sa.Select[tuple[str, str, list[object] | None]]:
    columns = (revisions.c.hash, revisions.c.seen, revisions.c.named)
    return sa.select(*columns).where(revisions.c.paper_id == paper_id)


def _is(paper_id: str | sa.BindParameter[str], hash_: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return (revisions.c.paper_id == paper_id) & (revisions.c.hash == hash_)


def _set(connection: sa.Connection, which: sa.ColumnElement[bool], **values: object) -> None:
    connection.execute(sa.update(revisions).where(which).values(**values))
