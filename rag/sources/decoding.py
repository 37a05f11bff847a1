"""
Decode bytes of unknown encoding to text, as a stream: gzip, byte order marks, encodings, limits on size.

No file is held whole, and no format is known here. `rag.sources.encodings` guesses where a text is not UTF-8.
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
from rag.sources import encodings
from rag.text import UNDECODED

HEAD_BYTES = 1 << 16
"""How much of an input is read to recognise it."""
MAX_RECORD_CHARS = 1_000_000
"""The longest line, or field of a table, that is read as a record."""
MAX_ENTRY_CHARS = 10 * MAX_RECORD_CHARS
"""The most characters that are read for one entry of a JSON list; the parts of an entry have limits of their own."""
MAX_RATIO = 200
"""How many times its size a gzip file may unpack to. JSON of abstracts unpacks to 5 times, zeros to 1,000 times."""
MAX_INPUT_BYTES = 8 << 30
"""The most bytes that one input may hold, decompressed."""
_ALWAYS_ALLOWED_BYTES = 32 << 20
"""This much may be unpacked whatever the ratio."""

MAGIC = {
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
_BLOCK = 1 << 20
_ESCAPED = "refdesk-escaped"
_WIDE = ("utf_", "utf-")
_FEW = 100
"""A declared encoding is believed if at most one byte in so many is wrong in it."""
_DAMAGED = 3
"""So few words that are not UTF-8 are damage, if they are of no other encoding: they cost their records only."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DIGITS = 4_000  # Python refuses to read a number of more than 4,300
_LONG_NUMBER = re.compile(rf"(?<![0-9])[0-9]{{{_MAX_DIGITS}}}")
_BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_text(stream: BinaryIO, name: str, encoding: str | None = None) -> tuple[TextIO, str | None]:
    """
    Open a seekable byte stream as text.

    Args:
        stream: The bytes, plain or gzip.
        name: The input's name, for messages.
        encoding: The encoding's name, if the user gave one. A byte order mark goes before it.

    Returns:
        The text from its beginning, with every line ending as `\\n`, and a note if it is not valid UTF-8. Wrong bytes
        become lone surrogates; `rag.text.clean` refuses the records that hold one. `seek(0)` begins the text again.

    Raises:
        UnreadableInput: The input is empty, binary, a damaged gzip file, or in an encoding that is not sure.
    """
    stream.seek(0)
    if stream.read(2) == b"\x1f\x8b":
        stream.seek(0)
        stream = _GunzippedStream(stream, name)  # type: ignore[assignment]
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if not head.strip():
        raise UnreadableInput(
            f"{name} is empty.", hint="Give a file that holds papers; `refdesk add --help` lists the formats."
        )
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None) if codec is None else None
    if kind or (b"\0" in head and codec is None and encoding is None):
        raise UnreadableInput(
            f"{name} is {kind or 'a binary file'}, not text.",
            hint="Give text, JSON or a table of papers; `refdesk add --list-formats` lists the formats."
            if kind
            else "If it is UTF-16 without its mark, name it: `--encoding utf-16-le`.",
        )
    note = None
    if codec is None and encoding is not None:
        codec = _named(encoding)
        _, wrong = _counted(stream, codec)
        note = f"{name} was read as {codec}, with {_wrong(wrong)}" if wrong else None
    elif codec is None:
        codec, note = _found(stream, name, encodings.declared(head))
    stream.seek(0)
    return io.TextIOWrapper(io.BufferedReader(_RawStream(stream)), encoding=codec, errors=_ESCAPED), note  # type: ignore[type-var]


def utf8_text(raw: io.RawIOBase) -> TextIO:
    """Bytes that are UTF-8 as text, with its wrong bytes as `open_text` has them."""
    return io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8", errors=_ESCAPED)


def _named(encoding: str) -> str:
    if codec := encodings.codec_name(encoding):
        return codec
    raise UnreadableInput(
        f"There is no encoding “{encoding}”.", hint="Common ones are cp1252, cp1250, mac_roman, gb18030 and shift_jis."
    )


def _found(stream: BinaryIO, name: str, declared: str | None) -> tuple[str, str | None]:
    """
    The codec of a text without a byte order mark, and a note.

    A text that is UTF-8 is read as such, whatever it declares. One that is mostly UTF-8 is too, unless it declares
    another encoding and has no wrong bytes in that.
    """
    is_utf8, is_ascii = _is_utf8(stream)
    is_other = declared is not None and declared not in ("utf-8", "utf-8-sig", "cp1252") and declared[:4] not in _WIDE
    if is_utf8:
        if is_other and declared and is_ascii and _escapes(stream):  # such as ISO-2022-JP, which is ASCII in its bytes
            return declared, None
        differs = is_other and not is_ascii
        return "utf-8", f"{name} declares {declared} and is UTF-8; it was read as UTF-8" if differs else None
    if declared and declared[:3] != "utf":
        right, wrong = _counted(stream, declared)
        if wrong * _FEW <= right and encodings.is_credible(_sample(stream), declared):
            return declared, f"{name} was read as {declared}, with {_wrong(wrong)}" if wrong else None
    right, wrong = _counted(stream, "utf-8")
    if right >= max(wrong, 1):
        return "utf-8", f"{name} is UTF-8 with {_wrong(wrong)}"
    sample = _sample(stream)
    codec, plausible = encodings.guess(sample)
    if codec:
        return codec, f"{name} is not UTF-8; it was read as {codec}"
    if len(sample.tokens) <= _DAMAGED and not plausible:
        return "utf-8", f"{name} has {_wrong(wrong)}; if it is in another encoding, name that with --encoding"
    if plausible:
        plausible = {**plausible, "cp1252": b" ".join(sample.first).decode("cp1252", "replace")}
    readings = ", ".join(f"“{_printable(words)}” if it is {codec}" for codec, words in plausible.items())
    raise UnreadableInput(
        f"{name} is not UTF-8, and its encoding is not sure; --encoding names it.",
        hint=f"It reads {readings}: name it with `--encoding NAME`, or save the file as UTF-8."
        if readings
        else "Name it, such as `--encoding cp1250`, or save the file as UTF-8.",
    )


def _printable(text: str) -> str:
    """The first 60 characters of a text, with U+FFFD for those that a terminal cannot print."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:60])


def _sample(stream: BinaryIO) -> encodings.Sample:
    stream.seek(0)
    return encodings.Sample(iter(lambda: stream.read(_BLOCK), b""))


def _counted(stream: BinaryIO, codec: str) -> tuple[int, int]:
    """The characters beyond ASCII that a text has in an encoding, and the bytes that are wrong in it."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(codec)(_ESCAPED)
    right = wrong = 0
    block = b"-"
    while block:
        block = stream.read(_BLOCK)
        text = decoder.decode(block, final=not block)
        if not text.isascii():
            surrogates = len(_SURROGATE.findall(text))
            wrong += surrogates
            right += sum(1 for char in text if char > "\x7f") - surrogates
    return right, wrong


def _wrong(count: int) -> str:
    return f"{count:,} wrong byte{'s' * (count != 1)}; records that hold one are rejected"


def _escapes(stream: BinaryIO) -> bool:
    stream.seek(0)
    return b"\x1b" in stream.read(HEAD_BYTES)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Lone surrogates in the place of bytes that are wrong in any encoding; Python's own handler fails for some."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + (byte if byte > 0x7F else 0xFF)) for byte in wrong), error.end


codecs.register_error(_ESCAPED, _escape)


def _is_utf8(stream: BinaryIO) -> tuple[bool, bool]:
    """Whether a text is UTF-8, and whether it is ASCII."""
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        while block := stream.read(_BLOCK):
            is_ascii = is_ascii and block.isascii()
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False, False
    return True, is_ascii


class _GunzippedStream(io.RawIOBase):
    """A gzip stream, unpacked; it raises UnreadableInput if the file is damaged or unpacks to too much."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._gzip, self._name = stream, gzip.GzipFile(fileobj=stream), name

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._gzip.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableInput(
                f"{self._name} is a damaged gzip file: {error}.", hint="Download it again."
            ) from error
        if self._gzip.tell() > max(_ALWAYS_ALLOWED_BYTES, MAX_RATIO * self._stream.tell()):
            raise UnreadableInput(
                f"{self._name} unpacks to more than {MAX_RATIO} times its size: a gzip bomb.",
                hint="Unpack it first, if you trust it.",
            )
        if self._gzip.tell() > MAX_INPUT_BYTES:
            raise UnreadableInput(
                f"{self._name} holds more than {MAX_INPUT_BYTES >> 30} GB.", hint="Split it into smaller files."
            )
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._gzip.seek(offset, whence)

    def tell(self) -> int:
        return self._gzip.tell()


class _RawStream(io.RawIOBase):
    """The part of a stream that `TextIOWrapper` needs; closing the text leaves the stream itself open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Utf8Bytes:
    """A text stream as UTF-8 bytes for ijson, with a limit of `MAX_ENTRY_CHARS` on each entry."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._entry_chars = 0
        self._tail = ""  # the last characters, in which a long number may have begun

    def read(self, size: int = 1 << 16) -> bytes:
        """
        The next `size` characters, encoded. A wrong byte becomes a character that `rag.text.clean` refuses.

        Raises:
            ValueError: An entry has more than `MAX_ENTRY_CHARS`, or a number has so many digits that ijson would crash.
        """
        if not size:
            return b""
        if self._entry_chars > MAX_ENTRY_CHARS:
            raise ValueError(f"a record is longer than {MAX_ENTRY_CHARS:,} characters")
        text = self._text.read(size)
        self._entry_chars += len(text)
        if number := _LONG_NUMBER.search(recent := self._tail + text):
            text = text[: max(0, number.start() - len(self._tail))]  # first give ijson the text before the number
            if not text:
                raise ValueError(f"a number has more than {_MAX_DIGITS:,} digits")
            recent, self._text = self._tail + text, io.StringIO("9" * _MAX_DIGITS)  # makes the next call raise
        self._tail = recent[-_MAX_DIGITS:]
        return _SURROGATE.sub(UNDECODED, text).encode()

    def begin_entry(self) -> None:
        """Count the characters of the next entry from 0."""
        self._entry_chars = 0


def numbered_lines(text: TextIO, first: int = 1) -> Iterator[tuple[int, str | None]]:
    """
    Number and content of each line that is not blank; None for one longer than `MAX_RECORD_CHARS`, which is never held.

    `first` is the number of the first line.

    >>> list(numbered_lines(io.StringIO("one\\n\\nthree")))
    [(1, 'one'), (3, 'three')]
    """
    number = first - 1
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
