"""Copies of libraries for tests that write into one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

_TRIES = 5


def copied(library: Path, target: Path) -> Path:
    """
    Copy a library's folder, and return the copy.

    SQLite removes the files of its log when the last reader elsewhere closes the database. A copy during which a file
    vanished may be half of two states, so it is made again.
    """
    for attempt in range(_TRIES):
        try:
            return Path(shutil.copytree(library, target))
        except (shutil.Error, FileNotFoundError):
            shutil.rmtree(target, ignore_errors=True)
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")
