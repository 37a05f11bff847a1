"""Ratings of papers by their readers, from which later digests learn, in the catalog's database."""

from __future__ import annotations

import sqlalchemy as sa

from rag.types.reader import LOCAL
from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import aliases, ratings, readers


class SQLRatings:
    """
    A reader's ratings beside the papers.

    Args:
        engine: The catalog's engine.
        reader: Whose ratings these are; no reader sees another's.
    """

    def __init__(self, engine: sa.Engine, reader: str = LOCAL) -> None:
        self._engine, self._reader = engine, reader

    def all(self) -> dict[str, int]:
        """1 for each paper that is liked, -1 for each that is disliked, by id."""
        query = sa.select(ratings.c.paper_id, ratings.c.rating).order_by(ratings.c.paper_id)
        with reading(self._engine) as connection:
            if _names_readers(connection):
                query = query.where(ratings.c.reader == self._reader)
            elif self._reader != LOCAL:
                return {}
            return {row.paper_id: row.rating for row in connection.execute(query)}

    def rate(self, paper_id: str, rating: int, *, now: str) -> None:
        """
        Rate a paper 1 or -1, or take its rating back with 0.

        No library lock is needed. An import may have merged the paper a moment ago: its surviving paper is rated then.
        """
        surviving = sa.select(aliases.c.paper_id).where(aliases.c.alias == paper_id)
        with writing(self._engine) as connection:
            canonical_id = connection.execute(surviving).scalar() or paper_id
            if rating:
                row = {"reader": self._reader, "paper_id": canonical_id, "rating": rating, "rated": now}
                upsert(connection, ratings, [row])
            else:
                which = (ratings.c.reader == self._reader) & (ratings.c.paper_id == canonical_id)
                connection.execute(sa.delete(ratings).where(which))
            counted = sa.update(readers).where(readers.c.name == self._reader).values(rated=readers.c.rated + 1)
            connection.execute(counted)


def move_ratings(connection: sa.Connection, merged_id: str, canonical_id: str) -> None:
    """The surviving paper takes the ratings of a merged one, but of readers who have rated it itself."""
    rated = sa.select(ratings.c.reader).where(ratings.c.paper_id == canonical_id)
    of_merged = ratings.c.paper_id == merged_id
    connection.execute(sa.delete(ratings).where(of_merged, ratings.c.reader.in_(rated)))
    connection.execute(sa.update(ratings).where(of_merged).values(paper_id=canonical_id))


def _names_readers(connection: sa.Connection) -> bool:
    """False in a library of an earlier version, opened read-only, which had one reader."""
    return any(column["name"] == ratings.c.reader.name for column in sa.inspect(connection).get_columns(ratings.name))
