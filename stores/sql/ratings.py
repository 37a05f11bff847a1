"""Ratings of papers, from which later digests learn, in the catalog's database."""

from __future__ import annotations

import sqlalchemy as sa

from stores.sql.schema import aliases, ratings, reading, upsert, writing


class SQLRatings:
    """
    Ratings beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, int]:
        """1 for each paper that is liked, -1 for each that is disliked, by id."""
        query = sa.select(ratings.c.paper_id, ratings.c.rating).order_by(ratings.c.paper_id)
        with reading(self._engine) as connection:
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
                upsert(connection, ratings, [{"paper_id": canonical_id, "rating": rating, "rated": now}])
            else:
                connection.execute(sa.delete(ratings).where(ratings.c.paper_id == canonical_id))
