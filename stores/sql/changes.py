"""
The change log of papers, and how far each index has followed it.

Every write of papers gives each of them the next numbers of the log, in the same transaction; only a paper's newest
entry is kept. An index's position is the number up to which it holds all changes. It is written after the index, so
it is never ahead of what the index holds: a process killed anywhere leaves a position behind, and the next writer of
papers catches up. Positions stand in the catalog, but for an index that each machine has for itself (`positions`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from stores.sql.positions import PositionFile
from stores.sql.rows import slices
from stores.sql.schema import count_up, reading
from stores.sql.tables import changes, index_positions, settings
from stores.sql.writer import SQLWriter

CHANGE_COUNTER = "generation"
"""The setting that holds the change counter. Its name is that of earlier versions."""
LEXICAL, VECTORS = "lexical", "vectors"
INDEXES = (LEXICAL, VECTORS)
_papers = sa.table("papers", sa.column("paper_id"), sa.column("to_index", sa.Boolean))  # before migration 0007


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the log that one write added: the numbers from `before` + 1 to `last`."""

    before: int
    last: int


@dataclass(frozen=True, slots=True)
class IndexState:
    """
    The state of an index.

    `position` is the last number of the log that it holds; `lag` is the number of changes that it lacks; `written`
    changes with every write of the index, and tells readers to reopen it.
    """

    position: int
    lag: int
    written: str


def written_of(states: Mapping[str, IndexState]) -> dict[str, str]:
    """By index, a value that moves whenever a process writes to it."""
    return {name: state.written for name, state in states.items()}


class SQLChanges:
    """
    The change log beside the papers.

    Args:
        engine: The catalog's engine.
        writer: Whose transactions move positions.
    """

    def __init__(self, engine: sa.Engine, writer: SQLWriter) -> None:
        self._engine, self._writer = engine, writer
        self._is_there = False
        self.own: Mapping[str, PositionFile] = {}
        """By name, the indexes that this machine has for itself, where machines share the catalog."""

    def indexes(self) -> dict[str, IndexState]:
        """Each index, by name."""
        lag = sa.select(sa.func.count()).where(changes.c.seq > index_positions.c.seq).scalar_subquery()
        query = sa.select(index_positions, lag.label("lag")).order_by(index_positions.c.name)
        own = {name: file.read() for name, file in self.own.items()}  # before the log, which may not be the older one
        with reading(self._engine) as connection:
            if not self._exists(connection):
                marked = connection.execute(sa.select(sa.func.count()).select_from(_papers).where(_papers.c.to_index))
                counter = sa.select(settings.c.value).where(settings.c.name == CHANGE_COUNTER)
                state = IndexState(0, marked.scalar_one(), connection.execute(counter).scalar() or "")
                return dict.fromkeys(INDEXES, state)
            states = {row.name: IndexState(row.seq, row.lag, row.written) for row in connection.execute(query)}
            for name, position in own.items():
                seq = position.seq if position.seq <= _newest(connection) else 0  # an older catalog was restored
                behind = sa.select(sa.func.count()).where(changes.c.seq > seq)
                states[name] = IndexState(seq, connection.execute(behind).scalar_one(), position.written)
            return states

    def own_written(self) -> list[str]:
        """A value for each index of this machine alone, which changes with every write of it."""
        return [file.read().written for _, file in sorted(self.own.items())]

    def newest(self) -> int:
        """The newest number of the log; 0 if it is empty."""
        with reading(self._engine) as connection:
            return _newest(connection)

    def after(self, position: int, *, limit: int | None = None) -> list[tuple[int, str]]:
        """Number and paper id of each change after a position, the oldest first."""
        query = sa.select(changes.c.seq, changes.c.paper_id).where(changes.c.seq > position).order_by(changes.c.seq)
        with reading(self._engine) as connection:
            if not self._exists(connection):
                marked = sa.select(_papers.c.paper_id).where(_papers.c.to_index).order_by(_papers.c.paper_id)
                return list(enumerate(connection.execute(marked.limit(limit)).scalars(), start=1))
            return [(row.seq, row.paper_id) for row in connection.execute(query.limit(limit))]

    def _exists(self, connection: sa.Connection) -> bool:
        """False for a catalog of an earlier version, opened read-only: it has marks in place of the log."""
        self._is_there = self._is_there or sa.inspect(connection).has_table(changes.name)
        return self._is_there

    def require_newest(self, names: Collection[str]) -> None:
        """Raise LibraryLocked if machines share one of these indexes, and another writer began after this one."""
        if set(names) - self.own.keys():
            self._writer.require_newest()

    def advance(self, names: Collection[str], span: Span) -> None:
        """
        Store that indexes hold a part of the log. The position of one that lacks an earlier part does not move.

        Args:
            names: The indexes that were written.
            span: The part that was written to them.
        """
        for name in self.own.keys() & set(names):
            seq = self.own[name].read().seq
            self.own[name].write(span.last if seq >= span.before else seq)
        shared = sorted(set(names) - self.own.keys())
        if not shared:
            return
        which = index_positions.c.name.in_(shared) & (index_positions.c.seq >= span.before)
        with self._writer.transaction() as connection:
            counter = move_change_counter(connection)
            written = sa.update(index_positions).where(index_positions.c.name.in_(shared))
            connection.execute(written.values(written=counter))
            connection.execute(
                sa.update(index_positions).where(which, index_positions.c.seq < span.last).values(seq=span.last)
            )

    def reset(self, names: Iterable[str]) -> None:
        """Store that indexes are empty: every paper is to be indexed in them again."""
        with self._writer.transaction() as connection:
            set_positions(connection, names, 0)
        self.place_own(names, 0)

    def place_own(self, names: Iterable[str], position: int) -> None:
        """Set the positions of those of these indexes that this machine has for itself."""
        for name in self.own.keys() & set(names):
            self.own[name].write(position)


def record(connection: sa.Connection, paper_ids: Sequence[str]) -> Span:
    """
    Log a change of papers, within the transaction that changes them.

    Args:
        connection: In a writing transaction of the one writer of papers.
        paper_ids: Each once; merged ids too, so that the indexes delete them.
    """
    before = _newest(connection)
    for part in slices(paper_ids):
        connection.execute(sa.delete(changes).where(changes.c.paper_id.in_(part)))
    if paper_ids:
        connection.execute(sa.insert(changes), [{"paper_id": paper_id} for paper_id in paper_ids])
    move_change_counter(connection)
    return Span(before, _newest(connection))


def _newest(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(changes.c.seq), 0))).scalar_one())


def set_positions(
    connection: sa.Connection, names: Iterable[str], position: int, *, written: str | None = None
) -> None:
    """Set the positions of indexes, within a transaction. Readers reopen them if `written` is given."""
    values = {"seq": position} if written is None else {"seq": position, "written": written}
    connection.execute(sa.update(index_positions).where(index_positions.c.name.in_(sorted(names))).values(**values))


def move_change_counter(connection: sa.Connection) -> str:
    """
    Add 1 to the change counter, within a transaction, and return it.

    Earlier versions stored the time there, in nanoseconds; the counter goes on from it.
    """
    return count_up(connection, CHANGE_COUNTER)
