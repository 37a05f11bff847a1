"""Opens a catalog in SQLite that this process can read and not write."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import sqlalchemy as sa


def can_be_written(url: str | sa.URL) -> bool:
    """True if this process may write the database. One on a server counts as writable: the server decides."""
    path = _file(url)
    return path is None or (os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK)))


def readable_url(url: str | sa.URL) -> tuple[str | sa.URL, Path | None]:
    """
    The URL by which a database is read that cannot be written.

    SQLite opens it as immutable, without its journal. If a process left a journal, the database is copied with it.

    Returns:
        A URL, and the temporary folder of the copy or None. For a database that can be written, `url` and None.
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
    """The file of an SQLite database."""
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        return None
    in_a_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return Path(str(parsed.database)) if in_a_file and not str(parsed.database).startswith("file:") else None
