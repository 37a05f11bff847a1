"""Themes of past periods, in the catalog's database; the themes of later periods take their ids and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from rag.types import JsonDict
from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import themes


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeRecord:
    """The themes that were found in a period; `papers` is a hash over the papers that they were found among."""

    scope: str
    period: str
    papers: str
    themes: Sequence[JsonDict]


class SQLThemes:
    """
    Themes beside the papers.

    Args:
        engine: The catalog's engine.
        read_only: True stores nothing.
    """

    def __init__(self, engine: sa.Engine, *, read_only: bool = False) -> None:
        self._engine, self._read_only = engine, read_only

    def find(self, scope: str, period: str) -> ThemeRecord | None:
        """The themes of a period and scope."""
        with reading(self._engine) as connection:
            return _find(connection, scope, period)

    def keep(self, records: Sequence[ThemeRecord]) -> None:
        """Store the records that differ from those stored, in one transaction."""
        if self._read_only or not records:
            return
        with writing(self._engine) as connection:
            changed = [record for record in records if record != _find(connection, record.scope, record.period)]
            upsert(connection, themes, [{**asdict(record), "themes": list(record.themes)} for record in changed])


def _find(connection: sa.Connection, scope: str, period: str) -> ThemeRecord | None:
    query = sa.select(themes).where(themes.c.scope == scope, themes.c.period == period)
    row = connection.execute(query).one_or_none()
    return ThemeRecord(**row._mapping) if row else None
