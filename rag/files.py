"""
Atomic file writes: a crash leaves the old file whole.

Writing the same content again changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import StoreError, disk_full, is_disk_full


def write(path: Path, content: bytes) -> bool:
    """
    Write a file atomically and durably; make its folder where there is none.

    Returns:
        True if the content changed.

    Raises:
        StoreFull, StoreError: It cannot be written; an older file stays as it was.
    """
    with _translated(path):
        if path.is_file() and path.read_bytes() == content:
            return False
        _target(path).parent.mkdir(parents=True, exist_ok=True)
    write_pieces(path, [content])
    return True


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file piece by piece, atomically and durably, into a folder that exists. Raises as `write`."""
    with _translated(path):
        path = _target(path)
        if path.exists() and not path.is_file():  # a pipe or a device is written to, and never replaced
            with path.open("wb", buffering=0) as stream:
                for piece in pieces:
                    stream.write(piece)
            return
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)  # of a process that was killed
        try:
            with part.open("xb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _target(path: Path) -> Path:
    """The target of a link, which is written in its place; other paths stay."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Raise errors of the file system as StoreFull and StoreError."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(path) from error
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Check that the folder can be written, then run the command again.",
        ) from error
    except (RuntimeError, ValueError) as error:  # a link that leads to itself; a NUL in the name
        raise StoreError(f"{str(path)!r} cannot be written: {error}.", hint="Write to another file.") from error


def _sync_folder(folder: Path) -> None:
    """Make the new name in the folder durable, on systems where a folder can be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
