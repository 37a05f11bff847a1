"""A catalog in SQLite that this process cannot write: how it is read all the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import sqlalchemy as sa


def can_be_written(url: str | sa.URL) -> bool:
    """True if this process may write the database, or if it is on a server, which decides by itself."""
    path = _file(url)
    return path is None or (os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK)))


def readable_url(url: str | sa.URL) -> tuple[str | sa.URL, Path | None]:
    """
    How a database is opened that can be read only.

    SQLite opens it as one that does not change, without its journal. Where a process left a journal, the database and
    the journal are copied together.

    Returns:
        A URL, and a temporary folder that it needs. Both are as given, and None, where the database can be written.
    """
    path = _file(url)
    if path is None or not path.exists() or can_be_written(url):
        return url, None
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        folder = Path(mkdtemp(prefix="refdesk-catalog-"))
        for file in (path, journal):
            shutil.copyfile(file, folder / file.name)
        return sa.URL.create("sqlite", database=str(folder / path.name)), folder
    query = {"mode": "ro", "immutable": "1", "uri": "true"}
    return sa.URL.create("sqlite", database=f"file:{quote(str(path.resolve()))}", query=query), None


def _file(url: str | sa.URL) -> Path | None:
    """The file of a database in SQLite."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return None
    in_a_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if in_a_file and not str(parsed.database).startswith("file:") else None
