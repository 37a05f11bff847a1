"""
The catalog: papers, their texts and aliases in a relational database. It is the truth; all else is derived from it.

SQLite in WAL mode by default; the SQL is SQLAlchemy Core and portable to PostgreSQL. Of the indexes it knows only which
papers are yet to be indexed, and how each was cut into chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from rag import identity
from rag.deduplication import Known
from rag.errors import StoreMismatch
from rag.types import Attention, Chunk, Filter, Paper, Revision
from stores.sql.feeds import SQLFeeds
from stores.sql.issues import SQLIssues, SQLRatings
from stores.sql.outbox import SQLOutbox
from stores.sql.replies import SQLReplies
from stores.sql.revisions import write_texts
from stores.sql.schema import HEAD, aliases, engine, labels, papers, revisions, settings, translated
from stores.sql.themes import SQLThemes

_AT_ONCE = 500  # ids in one IN (...)
_NOTHING: Mapping[str, str] = MappingProxyType({})

_WITH_TEXT = papers.join(revisions, (papers.c.paper_id == revisions.c.paper_id) & (papers.c.hash == revisions.c.hash))


class SQLCatalog:
    """
    A catalog at an SQLAlchemy URL.

    Args:
        url: For example `sqlite:////home/ada/library/catalog.sqlite3`.
    """

    def __init__(self, url: str | sa.URL) -> None:
        self.url = url
        self._engine = engine(url)

    def generations(self, *, read_only: bool) -> SQLReplies:
        """The replies of models that are kept beside the papers."""
        return SQLReplies(self._engine, read_only=read_only)

    def feeds(self) -> SQLFeeds:
        """What is known of the feeds."""
        return SQLFeeds(self._engine)

    def issues(self) -> SQLIssues:
        """The issues that were made for delivery."""
        return SQLIssues(self._engine)

    def outbox(self) -> SQLOutbox:
        """What is to be delivered."""
        return SQLOutbox(self._engine)

    def ratings(self) -> SQLRatings:
        """The ratings of papers."""
        return SQLRatings(self._engine)

    def themes(self, *, read_only: bool) -> SQLThemes:
        """The themes of past periods."""
        return SQLThemes(self._engine, read_only=read_only)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    # ---- schema and settings

    def migrate(self) -> None:
        """Bring the schema to `HEAD`. Raises StoreMismatch for one that a newer Refdesk made."""
        if self.schema() == HEAD:
            return
        from stores.migrations import upgrade  # Alembic takes half a second to import, and is seldom needed

        with self._write() as connection:
            upgrade(connection, HEAD)

    def schema(self) -> str | None:
        """The migration the database is at; None where it is new. Raises StoreMismatch for a newer Refdesk's."""
        with self._read() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        if version is not None and version > HEAD:
            raise StoreMismatch(
                f"The library's catalog is at schema {version}, and this Refdesk knows {HEAD} at most.",
                hint="Upgrade Refdesk: `pip install -U refdesk`.",
            )
        return version

    def setting(self, name: str) -> str | None:
        """A value kept with the library."""
        with self._read() as connection:
            return connection.execute(sa.select(settings.c.value).where(settings.c.name == name)).scalar()

    def set(self, values: Mapping[str, str]) -> None:
        """Keep values with the library."""
        with self._write() as connection:
            _set(connection, values)

    # ---- reading

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers that exist among these ids, in the order asked for."""
        found: dict[str, Paper] = {}
        with self._read() as connection:
            for some in _slices(list(dict.fromkeys(paper_ids))):
                names: dict[str, list[str]] = {}
                for row in connection.execute(sa.select(aliases).where(aliases.c.paper_id.in_(some))):
                    names.setdefault(row.paper_id, []).append(row.alias)
                for row in connection.execute(_select_papers().where(papers.c.paper_id.in_(some))):
                    found[row.paper_id] = _paper(row, names.get(row.paper_id, ()))
        return {paper_id: found[paper_id] for paper_id in paper_ids if paper_id in found}

    def matching(self, filter_: Filter) -> list[str]:
        """The ids of all papers that pass a filter, sorted."""
        query = sa.select(papers.c.paper_id).order_by(papers.c.paper_id)
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
            query = query.where(papers.c.paper_id.in_(list(self.resolve(filter_.papers).values())))
        with self._read() as connection:
            return list(connection.execute(query).scalars())

    def listed(self, first: date, end: date) -> list[str]:
        """
        The ids of papers that may belong to the days from `first` up to `end`, sorted.

        Those filed under one of these days, and those imported on one whose own date is only a year or a month.
        """
        own = sa.func.coalesce(papers.c.listed, papers.c.published, "")
        inexact = sa.func.length(own) < len("2026-07-01")
        low, high = (day_number(day.isoformat()) for day in (first, end))
        query = sa.select(papers.c.paper_id).where(
            ((papers.c.day >= low) & (papers.c.day < high))
            | (inexact & (papers.c.imported >= first.isoformat()) & (papers.c.imported < end.isoformat()))
        )
        with self._read() as connection:
            return list(connection.execute(query.order_by(papers.c.paper_id)).scalars())

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """The paper ids behind aliases; unknown ones are left out."""
        found: dict[str, str] = {}
        with self._read() as connection:
            for some in _slices(list(names)):
                for row in connection.execute(sa.select(aliases).where(aliases.c.alias.in_(some))):
                    found[row.alias] = row.paper_id
        return found

    def ending(self, name: str) -> list[str]:
        """The ids of the papers that have an alias ending in `:name`, sorted; ten at most."""
        query = sa.select(aliases.c.paper_id).distinct().where(aliases.c.alias.endswith(f":{name}", autoescape=True))
        with self._read() as connection:
            return list(connection.execute(query.order_by(aliases.c.paper_id).limit(10)).scalars())

    def titled(self, words: Sequence[str], *, limit: int) -> dict[str, str]:
        """Titles by paper id, of the papers with a title word that begins with each of these normalised words."""
        query = sa.select(papers.c.paper_id, revisions.c.title).join(
            revisions, (revisions.c.paper_id == papers.c.paper_id) & (revisions.c.hash == papers.c.hash)
        )
        for word in words:
            query = query.where((" " + papers.c.title_key).contains(f" {word}", autoescape=True))
        with self._read() as connection:
            rows = connection.execute(query.order_by(papers.c.paper_id).limit(limit))
            return {row.paper_id: row.title for row in rows}

    def revisions(self, paper_id: str) -> list[Revision]:
        """All texts a paper has had, the first seen first."""
        query = (
            sa.select(revisions).where(revisions.c.paper_id == paper_id).order_by(revisions.c.seen, revisions.c.hash)
        )
        with self._read() as connection:
            return [
                Revision(
                    hash=row.hash,
                    seen=row.seen,
                    title=row.title,
                    abstract=row.abstract,
                    spans=_pairs(row.spans),
                    named=tuple((tuple(authors), published, url) for authors, published, url in row.named or ()),
                )
                for row in connection.execute(query)
            ]

    def known(self, records: Sequence[Paper]) -> Known:
        """All that the library holds which one of these records may be about."""
        keys = [identity.normalised_title(record.title) for record in records]
        names = [alias for record in records for alias in record.aliases]
        ids: dict[str, None] = dict.fromkeys(self.resolve(names).values())
        known = Known()
        with self._read() as connection:
            for some in _slices(list(dict.fromkeys(keys))):
                ids.update(
                    dict.fromkeys(
                        connection.execute(sa.select(papers.c.paper_id).where(papers.c.title_key.in_(some))).scalars()
                    )
                )
            hashes: dict[str, set[str]] = {}
            for some in _slices(list(ids)):
                for row in connection.execute(
                    sa.select(revisions.c.paper_id, revisions.c.hash).where(revisions.c.paper_id.in_(some))
                ):
                    hashes.setdefault(row.paper_id, set()).add(row.hash)
        for paper in self.papers(sorted(ids)).values():
            known.put(paper, hashes[paper.paper_id])
        return known

    def count(self) -> int:
        """How many papers there are."""
        with self._read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar() or 0)

    def tally(self, column: str) -> dict[str, int]:
        """How many papers there are per `source`, or per `category` or `tag`, the most frequent first."""
        if column == "source":
            query = sa.select(papers.c.source, sa.func.count()).group_by(papers.c.source)
        else:
            query = sa.select(labels.c.label, sa.func.count()).where(labels.c.kind == column).group_by(labels.c.label)
        with self._read() as connection:
            rows = [(str(row[0]), int(row[1])) for row in connection.execute(query)]
        return dict(sorted(rows, key=lambda row: (-row[1], row[0])))

    def days(self) -> tuple[str, str] | None:
        """The first and the last day that a paper is filed under, ISO; None in an empty library."""
        with self._read() as connection:
            first, last = connection.execute(sa.select(sa.func.min(papers.c.day), sa.func.max(papers.c.day))).one()
        return (_iso(first), _iso(last)) if first else None

    def ids(self) -> list[str]:
        """The ids of all papers, sorted."""
        return self.matching(Filter())

    def hashes(self) -> dict[str, str]:
        """The hash of each paper's text."""
        with self._read() as connection:
            return {row.paper_id: row.hash for row in connection.execute(sa.select(papers.c.paper_id, papers.c.hash))}

    def chunks(self) -> Iterator[tuple[Chunk, str]]:
        """Every chunk as it should be in the vector store, and its paper's title, by paper and number."""
        query = sa.select(papers.c.paper_id, papers.c.chunks, revisions.c.abstract, revisions.c.title).select_from(
            _WITH_TEXT
        )
        with self._read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query.order_by(papers.c.paper_id)):
                for number, (start, end) in enumerate(row.chunks):
                    text = row.abstract[start:end]
                    yield (
                        Chunk(paper_id=row.paper_id, number=number, start=start, end=end, text=text),
                        row.title,
                    )

    def problems(self) -> list[str]:
        """What the database itself finds wrong, and papers whose text is gone."""
        found: list[str] = []
        with self._read() as connection:
            if self._engine.dialect.name == "sqlite":
                found += [row[0] for row in connection.execute(sa.text("PRAGMA quick_check")) if row[0] != "ok"]
            whole = sa.select(papers.c.paper_id).select_from(_WITH_TEXT)
            found += connection.execute(sa.select(papers.c.paper_id).where(papers.c.paper_id.not_in(whole))).scalars()
        return found

    def to_index(self) -> list[str]:
        """The ids of the papers whose vectors and words are yet to be written, sorted."""
        with self._read() as connection:
            return list(
                connection.execute(
                    sa.select(papers.c.paper_id).where(papers.c.to_index).order_by(papers.c.paper_id)
                ).scalars()
            )

    # ---- writing

    def write(
        self,
        changed: Sequence[Paper],
        texts: Sequence[tuple[str, Paper]],
        chunks: Mapping[str, Sequence[Chunk]],
        *,
        seen: str,
        gone: Mapping[str, str] = _NOTHING,
    ) -> None:
        """
        Write papers as they now are, in one transaction that also marks them to be indexed.

        The texts and aliases of a paper that is gone pass to the one that took its place, so that an answer that cites
        either still finds what it cites.

        Args:
            changed: Papers, new or known, with spans and aliases.
            texts: Every text that was not seen before, under the id of its paper, with spans.
            chunks: Of each changed paper, how it is cut.
            seen: When, ISO 8601 in UTC.
            gone: The ids of papers that were united with another, and the id of that one, which is among those changed.
        """
        ids = [paper.paper_id for paper in changed]
        rows = [_row(paper, chunks[paper.paper_id]) for paper in changed]
        names = {alias: paper.paper_id for paper in changed for alias in paper.aliases}
        tagged = [row for paper in changed for row in _labels(paper)]
        with self._write() as connection:
            taken: set[str] = set()
            write_texts(connection, texts, seen=seen, gone=gone)
            for some in _slices([*ids, *gone]):
                connection.execute(sa.delete(papers).where(papers.c.paper_id.in_(some)))
                connection.execute(sa.delete(labels).where(labels.c.paper_id.in_(some)))
            for some in _slices(list(names)):
                taken.update(connection.execute(sa.select(aliases.c.alias).where(aliases.c.alias.in_(some))).scalars())
            _insert(connection, papers, rows)
            _insert(connection, labels, tagged)
            _insert(connection, aliases, [{"alias": a, "paper_id": p} for a, p in names.items() if a not in taken])

    def mark_indexed(self, paper_ids: Sequence[str], *, generation: str) -> None:
        """Take the mark from papers, and set the generation, by whose change readers know that they must reopen."""
        with self._write() as connection:
            for some in _slices(paper_ids):
                connection.execute(sa.update(papers).where(papers.c.paper_id.in_(some)).values(to_index=False))
            _set(connection, {"generation": generation})

    def mark_to_index(self, chunks: Mapping[str, Sequence[Chunk]]) -> None:
        """Mark papers to be indexed anew, cut as given."""
        statement = (
            sa.update(papers)
            .where(papers.c.paper_id == sa.bindparam("id"))
            .values(to_index=True, chunks=sa.bindparam("cut"))
        )
        with self._write() as connection:
            if chunks:
                connection.execute(statement, [{"id": paper_id, "cut": _cut(cut)} for paper_id, cut in chunks.items()])

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with translated(self.url), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with translated(self.url), self._engine.begin() as connection:
            yield connection


def day_number(day: str, *, last: bool = False) -> int:
    """
    A date of any exactness as YYYYMMDD, its first day, or a number after its last.

    >>> day_number("2024-06"), day_number("2024-06", last=True)
    (20240601, 20240699)
    """
    year, month, of_month = ([int(part) for part in day.split("-")] + [0, 0])[:3]
    beyond = 99 if last else 1
    return year * 10_000 + (month or beyond) * 100 + (of_month or beyond)


def _iso(day: int) -> str:
    return f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def _slices(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))


def _set(connection: sa.Connection, values: Mapping[str, str]) -> None:
    connection.execute(sa.delete(settings).where(settings.c.name.in_(list(values))))
    _insert(connection, settings, [{"name": name, "value": value} for name, value in values.items()])


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _select_papers() -> sa.Select[Any]:
    return sa.select(papers, revisions.c.title, revisions.c.abstract, revisions.c.spans).select_from(_WITH_TEXT)


def _paper(row: Any, names: Iterable[str]) -> Paper:
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
        aliases=tuple(sorted(names, key=identity.rank)),
        version=row.version,
        flags=tuple(row.flags),
        attention=tuple(Attention(name=name, count=count, seen=seen) for name, count, seen in row.attention or ()),
        spans=_pairs(row.spans),
    )


def _row(paper: Paper, chunks: Sequence[Chunk]) -> dict[str, Any]:
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
        "chunks": _cut(chunks),
        "to_index": True,
    }


def _cut(chunks: Sequence[Chunk]) -> list[tuple[int, int]]:
    return [(chunk.start, chunk.end) for chunk in chunks]


def _labels(paper: Paper) -> list[dict[str, str]]:
    named = [("category", name) for name in paper.categories] + [("tag", name) for name in paper.tags]
    rows = dict.fromkeys((kind, name.lower()) for kind, name in named)
    return [{"kind": kind, "label": label, "paper_id": paper.paper_id} for kind, label in rows]


def _pairs(spans: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in spans)
