"""What the servers of models do not take, in the catalog's database, so that the next process need not find it out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress

import sqlalchemy as sa

from rag.errors import StoreError
from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import settings


class SQLServer:
    """
    What one server does not take, among the library's stored values.

    Args:
        engine: The catalog's engine.
        name: Of the model and its server.
        read_only: Load only.
    """

    def __init__(self, engine: sa.Engine, name: str, *, read_only: bool) -> None:
        self._engine, self._read_only = engine, read_only
        self._key = f"server:{hashlib.sha256(name.encode()).hexdigest()[:16]}"

    def load(self) -> Mapping[str, float]:
        """The parts of a request that are left out, with the time since the epoch when each was refused."""
        with reading(self._engine) as connection:
            stored = connection.execute(sa.select(settings.c.value).where(settings.c.name == self._key)).scalar()
        try:
            found = json.loads(stored or "{}")
            return {str(part): float(at) for part, at in found.items()}
        except (ValueError, TypeError, AttributeError):
            return {}

    def save(self, left_out: Mapping[str, float]) -> None:
        """Keep them; a library that cannot be written keeps nothing."""
        if self._read_only:
            return
        with suppress(StoreError), writing(self._engine) as connection:
            upsert(connection, settings, [{"name": self._key, "value": json.dumps(left_out)}])
