"""
From bytes of unknown encoding to text, without ever holding a whole file: gzip, byte order marks, cp1252, line limits.

It knows nothing of formats.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from rag.errors import UnreadableInput
from rag.text import UNDECODED

HEAD_BYTES = 1 << 16
"""How much of an input is read to recognise it."""
MAX_RECORD_CHARS = 1_000_000
"""The longest line, or field of a table, that is read as a record."""
MAX_ENTRY_CHARS = 10 * MAX_RECORD_CHARS
"""The most characters that are read for one entry of a JSON list, whose parts have limits of their own."""
MAX_RATIO = 200
"""JSON of abstracts shrinks to a fifth; zeros shrink to a thousandth."""
MAX_INPUT_BYTES = 8 << 30
"""The most that one input may hold, decompressed."""
_IN_DOUBT = 32 << 20  # so much may unpack from anything

_MAGIC = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "an empty zip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3\0": "a database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x7fELF": "a program",
}
_ESCAPED = re.compile("[\ud800-\udfff]")
_MAX_DIGITS = 4_000  # Python makes no number of more than 4,300
_ENDLESS = re.compile(rf"(?<![0-9])[0-9]{{{_MAX_DIGITS}}}")
_MARKS = (  # the four-byte marks first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(stream: BinaryIO, name: str) -> tuple[TextIO, str | None]:
    """
    Open a seekable byte stream as text.

    Args:
        stream: The bytes, plain or gzip.
        name: What to call the input in errors.

    Returns:
        The text from its beginning, with every line ending as `\\n`, and a note where the encoding was not UTF-8. Bytes
        that are wrong within UTF-8 become lone surrogates, which `rag.text.clean` refuses record by record.

    Raises:
        UnreadableInput: Empty, binary, or a broken gzip.
    """
    stream.seek(0)
    if stream.read(2) == b"\x1f\x8b":
        stream.seek(0)
        stream = _Unzipped(stream, name)  # type: ignore[assignment]
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if not head.strip():
        raise UnreadableInput(
            f"{name} is empty.", hint="Give a file that holds papers; `refdesk add --help` lists the formats."
        )
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if encoding is None:
        kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        if kind or b"\0" in head:
            raise UnreadableInput(
                f"{name} is {kind or 'a binary file'}, not text.",
                hint="Give text, JSON or a table of papers; `refdesk add --list-formats` lists what is read.",
            )
    stream.seek(0)
    note = None
    errors = "strict" if encoding is None else "replace"
    if encoding is None:
        encoding, errors, note = _guess(stream, name)
        stream.seek(0)
    return io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding=encoding, errors=errors), note  # type: ignore[type-var]


def _guess(stream: BinaryIO, name: str) -> tuple[str, str, str | None]:
    """UTF-8 where it is, or mostly is; else cp1252, which is what old exports of reference managers are in."""
    if _is_utf8(stream):
        return "utf-8", "strict", None
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    wrong = right = 0
    block = b"-"
    while block:
        block = stream.read(1 << 20)
        text = decoder.decode(block, final=not block)
        if not text.isascii():
            marks = len(_ESCAPED.findall(text))
            wrong += marks
            right += sum(1 for char in text if char > "\x7f") - marks
    if right >= max(wrong, 1):
        return (
            "utf-8",
            "surrogateescape",
            f"{name} is UTF-8 with {wrong} broken places; records that hold one are refused",
        )
    return "cp1252", "replace", f"{name} is not UTF-8; it was read as cp1252"


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class _Unzipped(io.RawIOBase):
    """A gzip stream that gives up, with our error, on damage or on more than any library of papers holds."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._zipped, self._name = stream, gzip.GzipFile(fileobj=stream), name

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._zipped.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableInput(f"{self._name} is a damaged gzip file: {error}.", hint="Fetch it again.") from error
        if self._zipped.tell() > max(_IN_DOUBT, MAX_RATIO * self._stream.tell()):
            raise UnreadableInput(
                f"{self._name} unpacks to more than {MAX_RATIO} times its size: a gzip bomb.",
                hint="Unpack it first, if you trust it.",
            )
        if self._zipped.tell() > MAX_INPUT_BYTES:
            raise UnreadableInput(f"{self._name} holds more than {MAX_INPUT_BYTES >> 30} GB.", hint="Split it.")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._zipped.seek(offset, whence)


class _Raw(io.RawIOBase):
    """What `TextIOWrapper` needs of a stream, and no more: closing the text leaves the stream open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Utf8Bytes:
    """A text stream as the UTF-8 bytes that ijson reads, no more at a time than `MAX_ENTRY_CHARS`."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._read = 0
        self._last = ""

    def read(self, size: int = 1 << 16) -> bytes:
        """
        The next `size` characters, encoded; one that stands for a wrong byte becomes one that `rag.text.clean` refuses.

        Raises:
            ValueError: `begin_entry` was not called for too long, or a number is so long that ijson would crash.
        """
        if not size:
            return b""
        if self._read > MAX_ENTRY_CHARS:
            raise ValueError(f"a record is longer than {MAX_ENTRY_CHARS:,} characters")
        text = self._text.read(size)
        self._read += len(text)
        if endless := _ENDLESS.search(seen := self._last + text):
            text = text[: max(0, endless.start() - len(self._last))]  # what stands before is read still
            if not text:
                raise ValueError(f"a number has more than {_MAX_DIGITS:,} digits")
            seen, self._text = self._last + text, io.StringIO("9" * _MAX_DIGITS)
        self._last = seen[-_MAX_DIGITS:]
        return _ESCAPED.sub(UNDECODED, text).encode()

    def begin_entry(self) -> None:
        """Count anew."""
        self._read = 0


def lines(text: TextIO) -> Iterator[tuple[int, str | None]]:
    """
    Number and content of each line that is not blank; None for one longer than a record may be, which is never held.

    >>> list(lines(io.StringIO("one\\n\\nthree")))
    [(1, 'one'), (3, 'three')]
    """
    number = 0
    while line := text.readline(MAX_RECORD_CHARS):
        number += 1
        whole = line
        while len(line) == MAX_RECORD_CHARS and not line.endswith("\n"):
            line = text.readline(MAX_RECORD_CHARS)
            whole = ""
        if not whole:
            yield number, None
        elif whole.strip():
            yield number, whole.strip("\r\n")
