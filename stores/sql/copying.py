"""
Copying a catalog between databases, table by table, and comparing both.

A copy is compared before it is committed: the number of rows of each table, and a digest over their values that does
not depend on their order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from rag.errors import StoreDamaged, StoreMismatch
from stores.sql import postgres
from stores.sql.schema import HEAD, bring_to_head, engine, reading, writing
from stores.sql.tables import metadata, uploads

_AT_ONCE, _UPLOADS_AT_ONCE = 1_000, 8
Row = Mapping[str, Any]


def copy_tables(source: str | sa.URL, target: str | sa.URL) -> dict[str, int]:
    """
    Copy all tables of a catalog to a database that has none of them.

    Args:
        source: The catalog's URL; it is read in one state, whoever writes meanwhile.
        target: The new database's URL.

    Returns:
        The number of rows of each table.

    Raises:
        StoreMismatch: The catalog is at an older schema.
        StoreDamaged: The copy is not the same.
        StoreError: Either database cannot be used.
    """
    read, written = engine(source), engine(target)
    try:
        with reading(read) as connection, writing(written, new=True) as into:
            return copy_all(connection, into)
    finally:
        read.dispose()
        written.dispose()


def copy_all(
    connection: sa.Connection, into: sa.Connection, progress: Callable[[int], None] = lambda _: None
) -> dict[str, int]:
    """
    Copy all tables, in the place of what `into` has in them, and compare them.

    Args:
        connection: In a transaction on the catalog that sees one state.
        into: In a transaction that writes the other database.
        progress: Called with the number of rows that were copied since it was last called.

    Returns, Raises: As `copy_tables`.
    """
    at = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if at != HEAD:
        raise StoreMismatch(
            f"The catalog is at schema {at}, and this Refdesk copies {HEAD}.",
            hint="Open the library once for writing: `refdesk status` does.",
        )
    bring_to_head(into)
    copied: dict[str, int] = {}
    for table in metadata.sorted_tables:
        into.execute(sa.delete(table))  # what the migrations put there, or a copy that was not finished
        before = _Digest()
        for part in _parts(connection, table):
            into.execute(sa.insert(table), part)
            before.add(part)
            progress(len(part))
        after = _Digest()
        for part in _parts(into, table):
            after.add(part)
        if before != after:
            raise StoreDamaged(
                f"The copy of the table “{table.name}” is not the same: {after.rows:,} of {before.rows:,} rows.",
                hint="Nothing was changed. Look at the log of the database, and run the command again.",
            )
        copied[table.name] = after.rows
    if into.dialect.name == postgres.NAME:
        postgres.count_on(into)
    return copied


def _parts(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[Row]]:
    """The rows of a table, some at once; those of uploads are large."""
    at_once = _UPLOADS_AT_ONCE if table is uploads else _AT_ONCE
    rows = connection.execute(sa.select(table), execution_options={"yield_per": at_once})
    for part in rows.mappings().partitions(at_once):
        yield [dict(row) for row in part]


class _Digest:
    """The number of rows, and the sum of their hashes."""

    def __init__(self) -> None:
        self.rows = self._sum = 0

    def add(self, part: Sequence[Row]) -> None:
        """Count rows in."""
        self.rows += len(part)
        for row in part:
            text = json.dumps(row, sort_keys=True, default=lambda value: hashlib.sha256(value).hexdigest())
            self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Digest) and (self.rows, self._sum) == (other.rows, other._sum)

    __hash__ = None  # type: ignore[assignment]
