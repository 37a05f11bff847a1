"""
Replaces vectors by others that were built beside them, so that every reader finds the old ones or the new ones.

The old ones are kept under a name of their own until they are removed, for readers that still have them open.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from chromadb.errors import NotFoundError

REPLACED = ".old"
"""The end of the name of a collection, or of its folder, that a new one replaced."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, renameat2(2)


def replaced(folder: Path) -> Path:
    """The folder of the vectors that those in `folder` replaced."""
    return folder.with_name(f"{folder.name}{REPLACED}")


def replace_folder(folder: Path, new: Path) -> None:
    """
    Put a folder in the place of another; the old one is then at `replaced(folder)`.

    In one step where the system can: Chroma makes a folder that is not there, even if it is opened to be read.
    """
    old = replaced(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        if new.exists() and _exchanged(folder, new):
            new.rename(old)
            return
        folder.rename(old)
    if new.exists():
        new.rename(folder)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or its file system cannot."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    return renameat2 is not None and not renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
    )


def replace_collection(client: Any, name: str, new_name: str) -> None:
    """Give a collection of a server the name of another; the old one is then called `<name>.old`."""
    if old := find_collection(client, name):
        drop_collection(client, f"{name}{REPLACED}")
        old.modify(name=f"{name}{REPLACED}")
    if new := find_collection(client, new_name):
        new.modify(name=name)


def find_collection(client: Any, name: str) -> Any:
    """The collection of a name, or None."""
    try:
        return client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None


def drop_collection(client: Any, name: str) -> None:
    """Delete a collection, if there is one of this name."""
    with suppress(NotFoundError):
        client.delete_collection(name)
