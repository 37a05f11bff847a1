"""Queries by author: the papers of a name, and all names. Names are compared by `rag.authors`."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from rag.authors import Name, ends_as, matches, parse_name, readings
from stores.sql.tables import labels, papers

_SINCE = "0009"
"""The migration that wrote the labels of authors. Before it, the papers themselves are read."""


def papers_of(connection: sa.Connection, written: str) -> set[str]:
    """
    The ids of the papers by an author.

    Args:
        connection: Of a catalog.
        written: The name in any form: "G. Neubig", "Neubig, Graham", "neubig".

    The name is taken as written. Only if no paper has it, the family name is looked for in front, and then as the end
    of a longer name ("García Márquez").
    """
    return {paper_id for _, paper_id in _found(_keys(connection), written)}


def keys_of(connection: sa.Connection, written: str) -> set[str]:
    """The keys of the names of an author; the papers that have any of them are those of `papers_of`."""
    return {key for key, _ in _found(_keys(connection, each_once=True), written)}


def _found(keys: _Labels | _Scanned, written: str) -> list[tuple[str, str]]:
    """Keys and paper ids of an author."""
    names = readings(written)
    for name in names:
        same = keys.like(name)
        if [len(part) for token in name.given for part in token] not in ([], [1]):  # else all of them match
            known = {key: matches(name, Name.of_key(key)) for key in {key for key, _ in same}}
            same = [(key, paper_id) for key, paper_id in same if known[key]]
        if same:
            return same
    for name in names:
        same = keys.like(Name(name.family)) if name.given else []
        if found := [(known, paper_id) for known, paper_id in same if ends_as(name, Name.of_key(known))]:
            return found
    return []


def names(connection: sa.Connection) -> dict[str, str]:
    """The keys of all authors, each with the id of one of their papers."""
    return dict(_keys(connection).all())


def _range(name: Name) -> tuple[str, str]:
    """The first key with the family name of a name, and the initial of its first given name, and the first beyond."""
    begins = f"{name.family} {name.given[0][0][0]}" if name.given else name.family
    return begins, begins + (chr(0x10FFFF) if name.given else "!")  # "!" follows the space


class _Labels:
    """The labels of authors; with `each_once`, one paper of each."""

    def __init__(self, connection: sa.Connection, *, each_once: bool) -> None:
        self._connection, self._each_once = connection, each_once

    def like(self, name: Name) -> list[tuple[str, str]]:
        """Keys with the same family name and initial as a name, with paper ids."""
        low, high = _range(name)
        paper_id = sa.func.min(labels.c.paper_id) if self._each_once else labels.c.paper_id
        query = sa.select(labels.c.label, paper_id).where(
            labels.c.kind == "author", labels.c.label >= low, labels.c.label < high
        )
        query = query.group_by(labels.c.label) if self._each_once else query
        return [(label, paper_id) for label, paper_id in self._connection.execute(query)]

    def all(self) -> Iterable[tuple[str, str]]:
        """Each key with a paper id."""
        query = (
            sa.select(labels.c.label, sa.func.min(labels.c.paper_id))
            .where(labels.c.kind == "author")
            .group_by(labels.c.label)
        )
        return ((label, paper_id) for label, paper_id in self._connection.execute(query))


class _Scanned:
    """The authors of all papers, for a catalog that was not migrated."""

    def __init__(self, connection: sa.Connection) -> None:
        self._known: list[tuple[str, str]] = [
            (name.key, row.paper_id)
            for row in connection.execute(sa.select(papers.c.paper_id, papers.c.authors).order_by(papers.c.paper_id))
            for name in map(parse_name, row.authors)
            if name
        ]

    def like(self, name: Name) -> list[tuple[str, str]]:
        """As `_Labels.like`."""
        low, high = _range(name)
        return [(key, paper_id) for key, paper_id in self._known if low <= key < high]

    def all(self) -> Iterable[tuple[str, str]]:
        """As `_Labels.all`."""
        return reversed(self._known)


def _keys(connection: sa.Connection, *, each_once: bool = False) -> _Labels | _Scanned:
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or ""
    return _Labels(connection, each_once=each_once) if version >= _SINCE else _Scanned(connection)
