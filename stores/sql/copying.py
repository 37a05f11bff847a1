"""Copying a catalog between databases, table by table, within one transaction on either side."""

from __future__ import annotations

import sqlalchemy as sa

from rag.errors import StoreMismatch
from stores.sql import postgres
from stores.sql.schema import HEAD, bring_to_head, engine, translated, writing
from stores.sql.tables import metadata

_AT_ONCE = 1_000


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
        StoreError: Either database cannot be used.
    """
    reading, written = engine(source), engine(target)
    copied: dict[str, int] = {}
    try:
        with translated(source), reading.connect() as connection:
            if reading.dialect.name != "sqlite":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            at = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            if at != HEAD:
                raise StoreMismatch(
                    f"The catalog is at schema {at}, and this Refdesk copies {HEAD}.",
                    hint="Open the library once for writing: `refdesk status` does.",
                )
            with writing(written) as into:
                bring_to_head(into)
                for table in metadata.sorted_tables:
                    into.execute(sa.delete(table))  # what the migrations put there
                    copied[table.name] = 0
                    rows = connection.execution_options(yield_per=_AT_ONCE).execute(sa.select(table))
                    for part in rows.mappings().partitions(_AT_ONCE):
                        into.execute(sa.insert(table), [dict(row) for row in part])
                        copied[table.name] += len(part)
                if written.dialect.name == postgres.NAME:
                    postgres.count_on(into)
    finally:
        reading.dispose()
        written.dispose()
    return copied
