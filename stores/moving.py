"""
Moving the catalog of a library to another database, so that nothing is lost wherever a process is killed.

1. The target gets a copy, with a note whose it is, in one transaction. Nobody writes the source meanwhile.
2. The source notes where it went and which copy that is, and is not opened any more.
3. The target's note is removed, and it can be opened.

Killed before 1 is committed, nothing has changed; before 2, the source is the library, and moving again copies again;
before 3, neither is opened until moving again ends it. The indexes are not moved: the copy has an id of its own, and
they are built for it anew. Until then it uses the vectors of its former id.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

import sqlalchemy as sa

from rag.errors import StoreError, StoreMismatch
from rag.ports import WriterLock
from stores import manifest
from stores.health import REBUILD
from stores.place import Place
from stores.sql.catalog import SQLCatalog
from stores.sql.copying import copy_all
from stores.sql.schema import ARRIVING, FORMER, MOVED, MOVED_AS, reading, upsert, writing
from stores.sql.tables import metadata, settings
from stores.sql.writer import SQLWriter
from stores.urls import masked


def move_catalog(
    place: Place,
    url: str,
    *,
    make_lock: Callable[[SQLWriter], WriterLock],
    progress: Callable[[int, float], None] = lambda _count, _share: None,
) -> dict[str, int]:
    """
    Move the catalog of a library to the empty database at `url`.

    Args:
        place: The library. Whoever else writes to it waits; what takes longer than half a minute fails for them.
        url: Of an SQLite file or of a PostgreSQL database.
        make_lock: Makes the lock of the one writer of papers, as for `LibraryStore`.
        progress: Called with the number of rows that were copied, and their share.

    Returns:
        The number of rows of each table.

    Raises:
        LibraryNotFound: There is no library.
        StoreError: There is a library at `url`, or a database cannot be used.
        StoreDamaged: The copy was not the same; nothing has changed.
    """
    if not place.exists():
        raise manifest.not_found(place)
    source, target = SQLCatalog(place.catalog), SQLCatalog(url)
    try:
        if not manifest.is_made(source):
            raise manifest.not_found(place)
        with make_lock(source.writer).held():
            library_id = source.setting("library_id") or ""
            arriving = target.setting(ARRIVING) if target.schema() else None
            if source.setting(MOVED) is None:
                if arriving != library_id and manifest.is_made(target):
                    raise _taken(url)
                _copy(source, target, library_id, masked(url), progress)
            elif arriving != library_id or target.setting("library_id") != source.setting(MOVED_AS):
                manifest.require_here(source.settings())
            with writing(target.engine) as connection:
                connection.execute(sa.delete(settings).where(settings.c.name == ARRIVING))
            return _counts(target)
    finally:
        source.close()
        target.close()


def _copy(
    source: SQLCatalog, target: SQLCatalog, library_id: str, shown: str, progress: Callable[[int, float], None]
) -> None:
    """Copy the source and note in it where it went; until then nobody else writes it."""
    done, rows = 0, sum(_counts(source).values())

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(done, done / max(1, rows))

    with writing(source.engine) as connection:
        with writing(target.engine, new=True) as into:
            copy_all(connection, into, tell)
            former = source.setting(FORMER) or library_id  # of a copy that has no vectors of its own yet
            values = {ARRIVING: library_id, FORMER: former, "library_id": (copy_id := token_hex(8)), REBUILD: "yes"}
            upsert(into, settings, [{"name": name, "value": value} for name, value in values.items()])
        upsert(connection, settings, [{"name": MOVED, "value": shown}, {"name": MOVED_AS, "value": copy_id}])


def _counts(catalog: SQLCatalog) -> dict[str, int]:
    with reading(catalog.engine) as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def _taken(url: str) -> StoreError:
    return StoreMismatch(
        f"There is a library at {masked(url)} already.", hint="Name a database without one; nothing was changed."
    )
