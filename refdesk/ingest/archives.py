"""Zip archives as inputs, member by member; refuses zip bombs, paths out of the archive, and encrypted files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import BinaryIO, cast

from rag.errors import UnreadableInput
from rag.sources.decoding import MAX_RATIO

MAX_MEMBERS = 10_000
MAX_BYTES = 4 << 30
_MAGIC = b"PK\x03\x04"


def members(stream: BinaryIO, name: str, size: int) -> Iterator[tuple[BinaryIO, str, int]]:
    """
    Yield the files of an archive, sorted by name. Another input is its own only member.

    Args:
        stream: The bytes; a pipe cannot be an archive.
        name: The input's name.
        size: The number of bytes.

    Raises:
        UnreadableInput: The archive is damaged or encrypted, unpacks to too much, or has a path that leads out of it.
    """
    if not stream.seekable() or stream.read(4) != _MAGIC:
        if stream.seekable():
            stream.seek(0)
        yield stream, name, size
        return
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            for info in _safe(archive, name):
                with archive.open(info) as member:
                    yield cast(BinaryIO, member), info.filename.removeprefix("./").replace("/", "-"), info.file_size
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnreadableInput(
            f"{name} is a damaged or encrypted zip file: {error}.", hint="Unpack it first."
        ) from error


def _safe(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    found = [info for info in archive.infolist() if not info.is_dir()]
    for info in found:
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise UnreadableInput(
                f"{name} holds the path {info.filename!r}, which leads out of it.", hint="Unpack it first."
            )
        if info.flag_bits & 0x1:
            raise UnreadableInput(f"{name} is encrypted.", hint="Unpack it first.")
        if info.file_size > 1 << 20 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            times = info.file_size // max(info.compress_size, 1)
            raise UnreadableInput(
                f"{name} holds {info.filename!r}, which unpacks to {times:,} times its size: a zip bomb.",
                hint="Unpack it first, if you trust it.",
            )
    if len(found) > MAX_MEMBERS or sum(info.file_size for info in found) > MAX_BYTES:
        raise UnreadableInput(
            f"{name} holds more than {MAX_MEMBERS:,} files, or more than {MAX_BYTES >> 30} GB.", hint="Split it."
        )
    names = {info.filename.removeprefix("./"): info for info in found}
    shown = [name for name in sorted(names) if not name.startswith(("__MACOSX/", ".")) and "/." not in name]
    if not shown:
        raise UnreadableInput(f"{name} holds no files.", hint="Give files of papers.")
    return [names[name] for name in shown]
