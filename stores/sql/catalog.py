"""
The catalog: papers, their texts and aliases in a relational database. It is the truth; all else is derived from it.

SQLite in WAL mode by default, or PostgreSQL; the SQL is SQLAlchemy Core. Of the indexes it knows only how
far each has followed the change log, and how each paper was cut into chunks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import sqlalchemy as sa

from rag import roles
from rag.errors import StoreMismatch
from rag.origins import OWNER, Origin
from rag.types import Chunk, Paper, Union
from rag.types.reader import LOCAL
from stores.sql.answers import Kind, SQLAnswers
from stores.sql.changes import CHANGE_COUNTER, Span, SQLChanges, move_change_counter, record, set_positions
from stores.sql.feeds import SQLFeeds
from stores.sql.issues import SQLIssues
from stores.sql.jobs import SQLJobs
from stores.sql.notices import SQLNotices
from stores.sql.outbox import SQLOutbox
from stores.sql.queries import PaperQueries
from stores.sql.ratings import SQLRatings
from stores.sql.readers import SQLReaders
from stores.sql.replies import SQLReplies
from stores.sql.revisions import write_texts
from stores.sql.rows import label_rows, offsets, row_of, slices
from stores.sql.schema import HEAD, bring_to_head, engine, insert_missing, reading, upsert, writing
from stores.sql.servers import SQLServer
from stores.sql.sign_ins import SQLSignIns
from stores.sql.subscriptions import SQLSubscriptions
from stores.sql.tables import aliases, labels, papers, revisions, settings
from stores.sql.themes import SQLThemes
from stores.sql.tokens import SQLTokens
from stores.sql.unions import StoredUnion, part, unions_of, write_parted, write_unions
from stores.sql.writer import SQLWriter

_NOTHING: Mapping[str, str] = MappingProxyType({})


class SQLCatalog(PaperQueries):
    """
    A catalog at an SQLAlchemy URL.

    Args:
        url: For example `sqlite:////home/ada/library/catalog.sqlite3` or `postgresql://db.example.org/refdesk`.
    """

    def __init__(self, url: str | sa.URL) -> None:
        super().__init__(engine(url))
        self.writer = SQLWriter(self._engine)
        self.changes = SQLChanges(self._engine, self.writer)

    def replies(self, *, read_only: bool) -> SQLReplies:
        """The stored replies of models."""
        return SQLReplies(self._engine, read_only=read_only)

    def server(self, name: str, *, read_only: bool) -> SQLServer:
        """What the server of a model does not take."""
        return SQLServer(self._engine, name, read_only=read_only)

    def feeds(self) -> SQLFeeds:
        """The state of each feed."""
        return SQLFeeds(self._engine)

    def notices(self) -> SQLNotices:
        """The notices of retractions."""
        return SQLNotices(self._engine)

    def issues(self) -> SQLIssues:
        """The issues that were made for delivery."""
        return SQLIssues(self._engine)

    def outbox(self) -> SQLOutbox:
        """The planned deliveries."""
        return SQLOutbox(self._engine)

    def jobs(self) -> SQLJobs:
        """The queue of a served library."""
        return SQLJobs(self._engine)

    def readers(self) -> SQLReaders:
        """The readers of the library."""
        return SQLReaders(self._engine)

    def ratings(self, reader: str = LOCAL) -> SQLRatings:
        """A reader's ratings of papers."""
        return SQLRatings(self._engine, reader)

    def answers(self, reader: str, kind: Kind = "answer") -> SQLAnswers:
        """The answers, or the reviews, that the served library keeps for a reader."""
        return SQLAnswers(self._engine, reader, kind)

    def subscriptions(self) -> SQLSubscriptions:
        """The subscriptions that readers made."""
        return SQLSubscriptions(self._engine)

    def sign_ins(self) -> SQLSignIns:
        """The codes and sessions of browsers."""
        return SQLSignIns(self._engine)

    def tokens(self) -> SQLTokens:
        """The tokens by which programs sign in to the served library."""
        return SQLTokens(self._engine)

    def themes(self, *, read_only: bool) -> SQLThemes:
        """The themes of past periods."""
        return SQLThemes(self._engine, read_only=read_only)

    @property
    def engine(self) -> sa.Engine:
        """The engine, for transactions over more than one catalog."""
        return self._engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    # ---- schema and settings

    def migrate(self, values: Mapping[str, str] = _NOTHING) -> None:
        """
        Bring the schema to `HEAD`, and store values, in one transaction.

        Raises:
            StoreMismatch: A newer Refdesk made the schema.
        """
        if self.schema() == HEAD:
            self.set(values)
            return
        with self.writer.transaction(new=True) as connection:
            bring_to_head(connection)
            _set(connection, values)

    def schema(self) -> str | None:
        """The migration the database is at; None where it is new. Raises StoreMismatch for a newer Refdesk's."""
        with reading(self._engine) as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        if version is not None and version > HEAD:
            raise StoreMismatch(
                f"The library's catalog is at schema {version}, and this Refdesk knows {HEAD} at most.",
                hint="Upgrade Refdesk: `pip install -U refdesk`.",
            )
        return version

    def change_counter(self) -> str:
        """A value that changes with every write of papers or of an index; caches compare it."""
        return "-".join([self.setting(CHANGE_COUNTER) or "", *self.changes.own_written()])

    def settings(self) -> dict[str, str]:
        """All stored values of the library."""
        with reading(self._engine) as connection:
            return {row.name: row.value for row in connection.execute(sa.select(settings))}

    def setting(self, name: str) -> str | None:
        """A stored value of the library."""
        with reading(self._engine) as connection:
            return connection.execute(sa.select(settings.c.value).where(settings.c.name == name)).scalar()

    def set(self, values: Mapping[str, str]) -> None:
        """Store values of the library."""
        if not values:
            return
        with writing(self._engine) as connection:
            _set(connection, values)

    # ---- writing

    def write(
        self,
        changed: Sequence[Paper],
        texts: Sequence[tuple[str, Paper]],
        chunks: Mapping[str, Sequence[Chunk]],
        *,
        seen: str,
        merged_ids: Mapping[str, str] = _NOTHING,
        unions: Sequence[Union] = (),
        origin: Origin = OWNER,
    ) -> Span:
        """
        Write papers as they now are, in one transaction that also logs the change for the indexes.

        The surviving paper gets the texts and aliases of a merged one, so that an answer that cites either still finds
        the sentence.

        Args:
            changed: Papers, new or known, with spans and aliases.
            texts: Every text that was not seen before, under the id of its paper, with spans.
            chunks: Of each changed paper, how it is cut.
            seen: The time, ISO 8601 in UTC.
            merged_ids: The id of each paper that was merged into another, with the canonical id of that one, which is
                among those changed.
            unions: What united the merged papers with these.
            origin: Who brought the texts.

        Returns:
            The part of the change log that was added.
        """
        ids = [paper.paper_id for paper in changed]
        rows = [row_of(paper, chunks[paper.paper_id]) for paper in changed]
        names = [{"alias": alias, "paper_id": paper.paper_id} for paper in changed for alias in paper.aliases]
        labelled = [row for paper in changed for row in label_rows(paper)]
        with self.writer.transaction() as connection:
            write_texts(connection, texts, seen=seen, merged_ids=merged_ids, origin=origin)
            write_unions(connection, unions, seen=seen, name=origin.name, owner=origin.owner)
            for part in slices(list(merged_ids)):
                connection.execute(sa.delete(papers).where(papers.c.paper_id.in_(part)))
            for part in slices([*ids, *merged_ids]):
                connection.execute(sa.delete(labels).where(labels.c.paper_id.in_(part)))
            upsert(connection, papers, rows)
            insert_missing(connection, labels, labelled)
            insert_missing(connection, aliases, names)
            return record(connection, [*merged_ids, *ids])

    def unions(self, paper_id: str) -> list[StoredUnion]:
        """The unions of a paper that can be undone, the newest first."""
        with reading(self._engine) as connection:
            return unions_of(connection, paper_id)

    def parted(self, seq: int, paper_id: str) -> tuple[Paper, Paper]:
        """The two papers of a union of this paper as they are apart: the one that keeps its id, and the other."""
        now = self.papers([paper_id])[paper_id]
        with reading(self._engine) as connection:
            return part(connection, seq, now)

    def part(self, seq: int, kept: Paper, restored: Paper, chunks: Mapping[str, Sequence[Chunk]]) -> None:
        """Write the two papers of a union apart, in one transaction that also logs the change for the indexes."""
        with self.writer.transaction() as connection:
            write_parted(connection, seq, kept, restored, chunks)
            record(connection, [kept.paper_id, restored.paper_id])

    def fill_roles(self, *, limit: int) -> int:
        """
        Compute and store the roles of the sentences of texts that an earlier version imported.

        Returns:
            How many texts; 0 if there are none left.
        """
        query = sa.select(revisions.c.paper_id, revisions.c.hash, revisions.c.abstract, revisions.c.spans)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(revisions.c.roles.is_(None)).limit(limit)).all()
        found = roles.roles_of([[row.abstract[start:end] for start, end in row.spans] for row in rows])
        which = (revisions.c.paper_id == sa.bindparam("of")) & (revisions.c.hash == sa.bindparam("text_hash"))
        values = [
            {"of": row.paper_id, "text_hash": row.hash, "codes": roles.encode(of_text)}
            for row, of_text in zip(rows, found, strict=True)
        ]
        if values:
            with self.writer.transaction() as connection:
                connection.execute(sa.update(revisions).where(which).values(roles=sa.bindparam("codes")), values)
        return len(values)

    def cut_anew(self, chunks: Mapping[str, Sequence[Chunk]]) -> None:
        """Store how papers are now cut into chunks, during a rebuild of the indexes."""
        statement = sa.update(papers).where(papers.c.paper_id == sa.bindparam("id")).values(chunks=sa.bindparam("cut"))
        if chunks:
            with self.writer.transaction() as connection:
                cuts = [{"id": paper_id, "cut": offsets(cut)} for paper_id, cut in chunks.items()]
                connection.execute(statement, cuts)
                move_change_counter(connection)

    def exchange(self, indexes: Collection[str], position: int, values: Mapping[str, str]) -> None:
        """Store, in one transaction, that new indexes took the place of the old ones, with their manifest."""
        with self.writer.transaction() as connection:
            set_positions(connection, indexes, position, written=move_change_counter(connection))
            _set(connection, values)
        self.changes.place_own(indexes, position)


def _set(connection: sa.Connection, values: Mapping[str, str]) -> None:
    upsert(connection, settings, [{"name": name, "value": value} for name, value in values.items()])
