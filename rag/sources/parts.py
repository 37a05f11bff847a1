"""
Parts of a JSON Lines file: byte ranges between line ends, so that several processes can read one large file.

A part is read as it is within the whole file: same encoding, same numbers of lines. Other formats have no parts, since
what their records mean may stand at the beginning, and an error may end the reading.
"""

from __future__ import annotations

import io
from typing import BinaryIO, NamedTuple, TextIO

from rag.errors import InputError
from rag.sources.decoding import HEAD_BYTES, open_text, utf8_text

PART_BYTES = 32 << 20
_LONGEST_READ = 1 << 20


class Part(NamedTuple):
    """The bytes of a file from `start` to `end`; they begin with the line `first_line`, counted from 1."""

    start: int
    end: int
    first_line: int

    def open(self, stream: BinaryIO) -> TextIO:
        """The part's text. The stream is the file's, seekable."""
        return utf8_text(_Range(stream, self.start, self.end))


def parts(stream: BinaryIO, filename: str, encoding: str | None, size: int) -> tuple[list[Part], str, str]:
    """
    Cut a file of lines into parts.

    Args:
        stream: The file's bytes, seekable. They are read twice: to find the encoding, and to count lines.
        filename: For messages.
        encoding: The encoding's name, if the user gave one.
        size: A part is at least so many bytes long, and a line longer at most.

    Returns:
        The parts, the note of the decoder, empty if it has none, and the head of the text. There are no parts if the
        file is short, cannot be read, or is something else than UTF-8 with an object in its first line.
    """
    length = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if length <= size or not stream.read(HEAD_BYTES).lstrip().startswith(b"{"):
        return [], "", ""
    try:
        text, note = open_text(stream, filename, encoding)
    except InputError:
        return [], "", ""  # whoever reads the whole file says why
    if text.encoding != "utf-8":
        return [], "", ""
    head = text.read(HEAD_BYTES)
    stream.seek(0)
    found, start, first, at, number = [], 0, 1, 0, 1
    while line := stream.readline(_LONGEST_READ):
        at += len(line)
        if b"\r" in line and line.rstrip(b"\n").find(b"\r") not in (-1, len(line) - 2):
            return [], "", ""  # a line end of its own kind, which may stand at the end of a part
        if line.endswith(b"\n"):
            number += 1
            if at - start >= size:
                found.append(Part(start, at, first))
                start, first = at, number
    return [*found, *([Part(start, at, first)] if at > start else [])], note or "", head


class _Range(io.RawIOBase):
    """The bytes of a stream from one position to another."""

    def __init__(self, stream: BinaryIO, start: int, end: int) -> None:
        self._stream, self._left = stream, end - start
        stream.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)
