"""
What becomes of a paper's texts when it is given another, or is united with another paper.

An answer that cites a paper names it by its authors, date and link, and these are the library's too: they are kept with
the text that it cites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from rag import identity
from rag.types import Paper
from stores.sql.schema import aliases, papers, ratings, revisions

_AT_ONCE = 500  # ids in one IN (...)


def write_texts(
    connection: sa.Connection, texts: Sequence[tuple[str, Paper]], *, seen: str, gone: Mapping[str, str]
) -> None:
    """
    Write new texts, and those of papers that are gone to others, while the catalog still has the papers as they were.

    Args:
        connection: Within a transaction.
        texts: Texts, each under the id of its paper, with spans.
        seen: When, ISO 8601 in UTC.
        gone: As in `SQLCatalog.write`.
    """
    ids = list(dict.fromkeys([*(paper_id for paper_id, _ in texts), *gone, *gone.values()]))
    for at in range(0, len(ids), _AT_ONCE):
        _keep_names(connection, ids[at : at + _AT_ONCE])
    have = _pass_on(connection, gone)
    rows = {(row["paper_id"], row["hash"]): row for row in (_row(*text, seen) for text in texts)}
    new = [row for key, row in rows.items() if key not in have]
    if new:
        connection.execute(sa.insert(revisions), new)


def _keep_names(connection: sa.Connection, paper_ids: Sequence[str]) -> None:
    """Keep with the text that stands by which authors, date and link its paper goes, before these papers change."""
    standing = papers.join(revisions, (papers.c.paper_id == revisions.c.paper_id) & (papers.c.hash == revisions.c.hash))
    columns = (papers.c.paper_id, papers.c.hash, papers.c.authors, papers.c.published, papers.c.url, revisions.c.named)
    query = sa.select(*columns).select_from(standing).where(papers.c.paper_id.in_(paper_ids))
    for row in connection.execute(query).all():
        name = [row.authors, row.published, row.url]
        if name not in (row.named or []):
            _set(connection, _is(row.paper_id, row.hash), named=[*(row.named or []), name])


def _pass_on(connection: sa.Connection, gone: Mapping[str, str]) -> set[tuple[str, str]]:
    """Give texts, aliases and ratings to the papers' heirs; returns paper id and hash of every text of theirs now."""
    have: set[tuple[str, str]] = set()
    for paper_id, heir in gone.items():
        own = {row.hash: row for row in connection.execute(_texts(heir))}
        for row in connection.execute(_texts(paper_id)).all():
            if row.hash in own:
                same = own[row.hash]
                named = [*(same.named or []), *(each for each in row.named or [] if each not in (same.named or []))]
                _set(connection, _is(heir, row.hash), seen=min(row.seen, same.seen), named=named)
                connection.execute(sa.delete(revisions).where(_is(paper_id, row.hash)))
            else:
                _set(connection, _is(paper_id, row.hash), paper_id=heir)
            have.add((heir, row.hash))
        have.update((heir, hash_) for hash_ in own)
        connection.execute(sa.update(aliases).where(aliases.c.paper_id == paper_id).values(paper_id=heir))
        rated = sa.select(ratings.c.paper_id).where(ratings.c.paper_id == heir)
        if connection.execute(rated).first():
            connection.execute(sa.delete(ratings).where(ratings.c.paper_id == paper_id))
        connection.execute(sa.update(ratings).where(ratings.c.paper_id == paper_id).values(paper_id=heir))
    return have


def _row(paper_id: str, text: Paper, seen: str) -> dict[str, object]:
    return {
        "paper_id": paper_id,
        "hash": identity.content_hash(text.title, text.abstract),
        "seen": seen,
        "title": text.title,
        "abstract": text.abstract,
        "spans": text.spans,
    }


def _texts(paper_id: str) -> sa.Select[tuple[str, str, list[object] | None]]:
    columns = (revisions.c.hash, revisions.c.seen, revisions.c.named)
    return sa.select(*columns).where(revisions.c.paper_id == paper_id)


def _is(paper_id: str, hash_: str) -> sa.ColumnElement[bool]:
    return (revisions.c.paper_id == paper_id) & (revisions.c.hash == hash_)


def _set(connection: sa.Connection, which: sa.ColumnElement[bool], **values: object) -> None:
    connection.execute(sa.update(revisions).where(which).values(**values))
