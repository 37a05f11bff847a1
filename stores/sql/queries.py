"""Queries of the catalog: papers by id, by alias, by filter and by day. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from rag import identity, roles
from rag.deduplication import Known
from rag.types import Chunk, Facets, Filter, Paper, Revision
from rag.types.selection import Selection, day_number
from stores.sql import authors, filters
from stores.sql.changes import CHANGE_COUNTER
from stores.sql.facets import facets_of, most_frequent
from stores.sql.rows import WITH_TEXT, iso_day, one_of, pairs, paper_of, select_papers, slices
from stores.sql.schema import reading
from stores.sql.tables import aliases, apart, labels, papers, revisions, settings
from stores.sql.unions import brought_of


class PaperQueries:
    """
    Queries about the papers of a catalog.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._counted: tuple[str | None, int] = (None, 0)
        self._revision_columns: frozenset[str] = frozenset()

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers that exist among these ids, in the order of the ids. Roles that are not stored are computed."""
        found: dict[str, Paper] = {}
        with reading(self._engine) as connection:
            query = select_papers(with_roles=revisions.c.roles.name in self._columns(connection))
            for part in slices(list(dict.fromkeys(paper_ids))):
                names: dict[str, list[str]] = {}
                for row in connection.execute(sa.select(aliases).where(aliases.c.paper_id.in_(part))):
                    names.setdefault(row.paper_id, []).append(row.alias)
                for row in connection.execute(query.where(papers.c.paper_id.in_(part))):
                    found[row.paper_id] = paper_of(row, names.get(row.paper_id, ()))
        lacking = [paper for paper in found.values() if len(paper.roles) != len(paper.spans)]
        found |= {paper.paper_id: paper for paper in roles.with_roles(lacking)}
        return {paper_id: found[paper_id] for paper_id in paper_ids if paper_id in found}

    def _columns(self, connection: sa.Connection) -> frozenset[str]:
        """The columns of `revisions`; in a catalog of an earlier version, opened read-only, some are missing."""
        if len(self._revision_columns) < len(revisions.columns):
            columns = sa.inspect(connection).get_columns(revisions.name)
            self._revision_columns = frozenset(column["name"] for column in columns)
        return self._revision_columns

    def matching(self, filter_: Filter, *, newest_first: bool = False) -> list[str]:
        """The ids of all papers that pass a filter, sorted; with `newest_first` by day before that."""
        order = (papers.c.day.desc(),) if newest_first else ()
        query = self._chosen(filter_).order_by(*order, papers.c.paper_id)
        with reading(self._engine) as connection:
            if not filter_.authors:
                return list(connection.execute(query).scalars())
            written = filters.written(connection, filter_)
            if filter_ == Filter(authors=filter_.authors) and not newest_first:
                return sorted(written)
            among = one_of(connection.dialect, papers.c.paper_id, written)
            return list(connection.execute(query.where(among)).scalars())

    def facets(self, filter_: Filter) -> Facets:
        """How many of the papers that pass a filter have each category, tag, source and year."""
        query = self._chosen(filter_)
        with reading(self._engine) as connection:
            if filter_.authors:
                written = filters.written(connection, filter_)
                query = query.where(one_of(connection.dialect, papers.c.paper_id, written))
            return facets_of(connection, query if filter_ else None)

    def selection(self, filter_: Filter) -> Selection:
        """A filter for the indexes, with its names resolved; it means the papers that `matching` gives."""
        with reading(self._engine) as connection:
            return filters.selection_of(connection, filter_, self._named(filter_))

    def _chosen(self, filter_: Filter) -> sa.Select[Any]:
        return filters.chosen(filter_, self._named(filter_))

    def _named(self, filter_: Filter) -> list[str]:
        return list(self.resolve(filter_.papers).values()) if filter_.papers else []

    def author_keys(self) -> dict[str, str]:
        """The keys of all authors' names (`rag.authors`), each with the id of one of their papers."""
        with reading(self._engine) as connection:
            return authors.names(connection)

    def written_by(self, name: str) -> list[str]:
        """The ids of the papers by an author, sorted; see `stores.sql.authors`."""
        return self.matching(Filter(authors=(name,)))

    def has_author(self, name: str) -> bool:
        """True if any paper is by an author; see `stores.sql.authors`."""
        with reading(self._engine) as connection:
            return bool(authors.keys_of(connection, name))

    def by_day(self, paper_ids: Iterable[str]) -> list[str]:
        """These papers' ids, the newest first, then by id."""
        days: dict[str, int] = {}
        with reading(self._engine) as connection:
            for part in slices(sorted(set(paper_ids))):
                query = sa.select(papers.c.paper_id, papers.c.day).where(papers.c.paper_id.in_(part))
                days.update((paper_id, day) for paper_id, day in connection.execute(query))
        return sorted(days, key=lambda paper_id: (-days[paper_id], paper_id))

    def months(self, paper_ids: Sequence[str] | None = None) -> Counter[str]:
        """
        The number of papers by the month of their listing, else publication, `2026-03`; a year where that is all.

        Args:
            paper_ids: Only these papers; None counts all. Papers without such a date are not counted.
        """
        month = sa.func.substr(sa.func.coalesce(papers.c.listed, papers.c.published), 1, len("2026-03"))
        query = sa.select(month, sa.func.count()).where(month.is_not(None)).group_by(month)
        found: Counter[str] = Counter()
        with reading(self._engine) as connection:
            for part in [None] if paper_ids is None else slices(sorted(set(paper_ids))):
                chosen = query if part is None else query.where(papers.c.paper_id.in_(part))
                found.update({str(name): int(count) for name, count in connection.execute(chosen)})
        return found

    def texts(self, paper_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The id, and title and abstract as one text, of each of these papers, by id."""
        columns = (papers.c.paper_id, revisions.c.title, revisions.c.abstract)
        with reading(self._engine) as connection:
            for part in slices(sorted(set(paper_ids))):
                query = sa.select(*columns).select_from(WITH_TEXT).where(papers.c.paper_id.in_(part))
                for paper_id, title, abstract in connection.execute(query.order_by(papers.c.paper_id)):
                    yield paper_id, f"{title}\n{abstract}"

    def has_label(self, kind: str, name: str) -> bool:
        """True if any paper has this `category` or `tag` in any case, or this `source`."""
        query = sa.select(labels.c.paper_id).where(labels.c.kind == kind, labels.c.label == name.lower())
        if kind == "source":
            query = sa.select(papers.c.paper_id).where(papers.c.source == name)
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def label_names(self, kind: str) -> dict[str, str]:
        """Every `category`, `tag` or `source` in lower case, each with the id of one of its papers."""
        query = sa.select(labels.c.label, sa.func.min(labels.c.paper_id)).where(labels.c.kind == kind)
        query = query.group_by(labels.c.label)
        if kind == "source":
            query = sa.select(papers.c.source, sa.func.min(papers.c.paper_id)).group_by(papers.c.source)
        with reading(self._engine) as connection:
            return {label.lower(): paper_id for label, paper_id in connection.execute(query)}

    def listed(self, first: date, end: date) -> list[str]:
        """
        The ids of papers that may belong to the days from `first` until before `end`, sorted.

        Their day is one of these; or they were imported on one, and their date is only a year or a month.
        """
        dated = sa.func.coalesce(papers.c.listed, papers.c.published, "")
        inexact = sa.func.length(dated) < len("2026-07-01")
        low, high = (day_number(day.isoformat()) for day in (first, end))
        query = sa.select(papers.c.paper_id).where(
            ((papers.c.day >= low) & (papers.c.day < high))
            | (inexact & (papers.c.imported >= first.isoformat()) & (papers.c.imported < end.isoformat()))
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(papers.c.paper_id)).scalars())

    def imported_since(self, day: str) -> list[str]:
        """The ids of the papers that were imported on this day (ISO) or later, sorted."""
        query = sa.select(papers.c.paper_id).where(papers.c.imported >= day).order_by(papers.c.paper_id)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """The paper ids behind aliases; unknown ones are left out."""
        found: dict[str, str] = {}
        with reading(self._engine) as connection:
            for part in slices(list(names)):
                for row in connection.execute(sa.select(aliases).where(aliases.c.alias.in_(part))):
                    found[row.alias] = row.paper_id
        return found

    def ending(self, name: str) -> list[str]:
        """The ids of the papers that have an alias ending in `:name`, sorted; ten at most."""
        query = sa.select(aliases.c.paper_id).distinct().where(aliases.c.alias.endswith(f":{name}", autoescape=True))
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(aliases.c.paper_id).limit(10)).scalars())

    def titled(self, words: Sequence[str], *, limit: int) -> dict[str, str]:
        """Titles by paper id, of the papers with a title word that begins with each of these normalised words."""
        query = sa.select(papers.c.paper_id, revisions.c.title).select_from(WITH_TEXT)
        for word in words:
            query = query.where((" " + papers.c.title_key).contains(f" {word}", autoescape=True))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(papers.c.paper_id).limit(limit))
            return {row.paper_id: row.title for row in rows}

    def revisions(self, paper_id: str) -> list[Revision]:
        """All texts of a paper, the first seen first."""
        with reading(self._engine) as connection:
            there = self._columns(connection)
            columns = [column for column in revisions.columns if column.name in there]
            query = sa.select(*columns).where(revisions.c.paper_id == paper_id)
            query = query.order_by(revisions.c.seen, revisions.c.hash)
            return [
                Revision(
                    hash=row.hash,
                    seen=row.seen,
                    title=row.title,
                    abstract=row.abstract,
                    spans=pairs(row.spans),
                    named=tuple((tuple(authors), published, url) for authors, published, url in row.named or ()),
                    brought=brought_of(row.brought) if "brought" in there else None,
                )
                for row in connection.execute(query)
            ]

    def known(self, records: Sequence[Paper]) -> Known:
        """The papers of the library that one of these records may be."""
        keys = [identity.normalised_title(record.title) for record in records]
        names = [alias for record in records for alias in record.aliases]
        ids: dict[str, None] = dict.fromkeys(self.resolve(names).values())
        known = Known()
        with reading(self._engine) as connection:
            for part in slices(list(dict.fromkeys(keys))):
                ids.update(
                    dict.fromkeys(
                        connection.execute(sa.select(papers.c.paper_id).where(papers.c.title_key.in_(part))).scalars()
                    )
                )
            known.apart = frozenset((row.kept, row.restored) for row in connection.execute(sa.select(apart)))
            hashes: dict[str, set[str]] = {}
            for part in slices(list(ids)):
                for row in connection.execute(
                    sa.select(revisions.c.paper_id, revisions.c.hash).where(revisions.c.paper_id.in_(part))
                ):
                    hashes.setdefault(row.paper_id, set()).add(row.hash)
        for paper in self.papers(sorted(ids)).values():
            known.put(paper, hashes[paper.paper_id])
        return known

    def count(self) -> int:
        """The number of papers. It is counted anew only after papers were written: a question asks for it thrice."""
        with reading(self._engine) as connection:
            written = connection.execute(sa.select(settings.c.value).where(settings.c.name == CHANGE_COUNTER)).scalar()
            at, counted = self._counted
            if written is None or at != written:
                counted = int(connection.execute(sa.select(sa.func.count()).select_from(papers)).scalar_one())
                self._counted = (written, counted)
        return counted

    def sources(self) -> dict[str, int]:
        """The number of papers per source, the greatest first."""
        number = sa.func.count()
        query = sa.select(papers.c.source, number).group_by(papers.c.source).order_by(number.desc(), papers.c.source)
        with reading(self._engine) as connection:
            return {str(source): int(count) for source, count in connection.execute(query)}

    def categories(self, *, limit: int) -> dict[str, int]:
        """The number of papers of the most frequent categories, as a paper spells them; the greatest first."""
        with reading(self._engine) as connection:
            return most_frequent(connection, "category", limit=limit)

    def days(self) -> tuple[str, str] | None:
        """The first and the last day that a paper is filed under, ISO; None in an empty library."""
        with reading(self._engine) as connection:
            first, last = connection.execute(sa.select(sa.func.min(papers.c.day), sa.func.max(papers.c.day))).one()
        return (iso_day(first), iso_day(last)) if first else None

    def ids(self) -> list[str]:
        """The ids of all papers, sorted."""
        return self.matching(Filter())

    def hashes(self) -> dict[str, str]:
        """The hash of each paper's text."""
        with reading(self._engine) as connection:
            return {row.paper_id: row.hash for row in connection.execute(sa.select(papers.c.paper_id, papers.c.hash))}

    def chunks(self) -> Iterator[tuple[Chunk, str]]:
        """Every chunk that the vector index should have, with its paper's title, by paper and number."""
        query = sa.select(papers.c.paper_id, papers.c.chunks, revisions.c.abstract, revisions.c.title).select_from(
            WITH_TEXT
        )
        with reading(self._engine) as connection:
            for row in connection.execution_options(yield_per=1000).execute(query.order_by(papers.c.paper_id)):
                for number, (start, end) in enumerate(row.chunks):
                    text = row.abstract[start:end]
                    yield (
                        Chunk(paper_id=row.paper_id, number=number, start=start, end=end, text=text),
                        row.title,
                    )

    def without_vectors(self) -> list[str]:
        """The ids of papers with an abstract and no chunk: the embedder took their text in no form."""
        query = sa.select(papers.c.paper_id).select_from(WITH_TEXT).where(revisions.c.abstract != "")
        no_chunk = sa.cast(papers.c.chunks, sa.Text) == "[]"
        with reading(self._engine) as connection:
            return list(connection.execute(query.where(no_chunk).order_by(papers.c.paper_id)).scalars())

    def problems(self) -> list[str]:
        """The faults that the database reports, and the ids of papers without their text."""
        found: list[str] = []
        with reading(self._engine) as connection:
            if self._engine.dialect.name == "sqlite":
                found += [row[0] for row in connection.execute(sa.text("PRAGMA quick_check")) if row[0] != "ok"]
            complete = sa.select(papers.c.paper_id).select_from(WITH_TEXT)
            found += connection.execute(
                sa.select(papers.c.paper_id).where(papers.c.paper_id.not_in(complete))
            ).scalars()
        return found
