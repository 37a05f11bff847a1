"""Issue files, written whole or not at all: a crash leaves the old file, and writing the same again changes nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from rag.errors import ConfigError, StoreError, StoreFull


def write(path: Path, content: bytes) -> bool:
    """
    Put a file in the place of an older one, durably, and make its folder where there is none.

    Returns:
        Whether anything changed.

    Raises:
        StoreFull, StoreError: It cannot be written; the older one is as it was.
    """
    path = path.resolve() if path.is_symlink() else path  # what a link leads to is written, and the link stays
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():  # a pipe or a device is written to, and never replaced
            with path.open("wb", buffering=0) as stream:
                stream.write(content)
            return True
        if path.is_file() and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # of a process that was killed
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        _settle(path.parent)
    except OSError as error:
        kind = StoreFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError
        raise kind(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Check the folder and the room on its disk, then run the command again.",
        ) from error
    return True


def write_issue(folder: Path, name: str, forms: Mapping[str, bytes]) -> list[Path]:
    """
    Write an issue's files, `<folder>/<name>.<form>` for each form (`md`, `html`, `json`, `eml`).

    Returns:
        The files that changed.

    Raises:
        ConfigError: The name is none that a file can have.
        StoreFull, StoreError: As `write`.
    """
    if not name.isprintable() or name.startswith(".") or set(name) & set('/\\:*?"<>|') or not 0 < len(name) <= 200:
        raise ConfigError(
            f"An issue cannot be called {name!r:.100}, for its files are.",
            hint="Name the subscription in letters, digits, `-` and `_`.",
        )
    paths = {folder / f"{name}.{form}": content for form, content in forms.items()}
    return [path for path, content in paths.items() if write(path, content)]


def _settle(folder: Path) -> None:
    """Make the new name durable, where a folder can be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
