"""Decoding bytes to text: encodings, damage, gzip, and binary files."""

from __future__ import annotations

import codecs
import gzip
import json
from collections.abc import Callable

import pytest
from reading import ABSTRACT, as_csv, as_json, as_jsonl, fields, parsed, read, titles

from rag.errors import InputError, UnreadableInput
from rag.types import Reject

GOOD = as_jsonl(fields(number) for number in (1, 2, 3))
ACCENTED = json.dumps({"title": "Café für Größe", "abstract": f"“Naïve” – {ABSTRACT}"}, ensure_ascii=False)


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", gzip.compress(b"", mtime=0), gzip.compress(b"  \n", mtime=0)])
def test_an_empty_input_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableInput, match="is empty"):
        read(content)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_lone_byte_order_mark_holds_no_records(mark: bytes) -> None:
    assert read(mark, "papers.jsonl") == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04rest", "a zip archive"),
        (b"SQLite format 3\x00", "a database"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\x00\x01\x02", "a binary file"),
        (GOOD.encode("utf-16-le"), "a binary file"),
        (as_csv([{"title": "T\0", "abstract": ABSTRACT}]).encode(), "a binary file"),
        (gzip.compress(gzip.compress(GOOD.encode(), mtime=0), mtime=0), "a binary file"),
    ],
)
def test_what_is_not_text_is_refused_by_its_kind(content: bytes, kind: str) -> None:
    with pytest.raises(UnreadableInput, match=kind):
        read(content, "papers.jsonl")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_an_encoding_that_declares_itself_is_read_without_a_note(encoding: str) -> None:
    records, notes = parsed(ACCENTED.encode(encoding))
    assert (titles(records), notes) == (["Café für Größe"], ())


@pytest.mark.parametrize(("mark", "encoding"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_utf16_is_read_in_either_order_of_bytes(mark: bytes, encoding: str) -> None:
    assert titles(read(mark + as_csv([fields(1)]).encode(encoding))) == ["Title 1"]


def test_cp1252_is_read_with_a_note() -> None:
    records, notes = parsed(ACCENTED.encode("cp1252"), "papers.jsonl")
    assert titles(records) == ["Café für Größe"]
    assert notes == ("papers.jsonl is not UTF-8; it was read as cp1252",)


@pytest.mark.parametrize("make", [as_jsonl, as_json])
def test_a_broken_byte_within_utf8_refuses_its_record_alone_with_a_note(make: Callable[..., str]) -> None:
    entries = [fields(1, title="Café"), fields(2, title="BROKEN"), fields(3, title="Größe")]
    text = make(entries).encode().decode("unicode_escape").encode()
    records, notes = parsed(text.replace(b"BROKEN", b"b\xffd"), "papers")
    assert titles(records) == ["Café", "- bytes that are not UTF-8", "Größe"]
    assert notes == ("papers is UTF-8 with 1 wrong byte; records that hold one are rejected",)


@pytest.mark.parametrize("cut", [1, 2])
def test_utf8_cut_within_a_character_keeps_the_records_before(cut: int) -> None:
    text = f"{ACCENTED}\n" + '{"title": "深'
    first, last = read(text.encode()[:-cut])
    assert titles([first]) == ["Café für Größe"]
    assert isinstance(last, Reject)


def test_gzip_is_read_whatever_the_name() -> None:
    assert titles(read(gzip.compress(GOOD.encode()), "papers.jsonl")) == ["Title 1", "Title 2", "Title 3"]


def test_gzip_of_several_members_is_read_whole() -> None:
    assert len(read(gzip.compress(GOOD.encode()) + gzip.compress(GOOD.encode()))) == 6


ZIPPED = gzip.compress(GOOD.encode() * 50)


@pytest.mark.parametrize(
    "damaged",
    [ZIPPED[:2], ZIPPED[:-10], ZIPPED[:-8] + bytes(8), ZIPPED[:40] + b"\xff" * 20 + ZIPPED[60:], ZIPPED + b"junk"],
    ids=["header", "cut", "checksum", "overwritten", "trailing"],
)
def test_a_damaged_gzip_is_refused(damaged: bytes) -> None:
    with pytest.raises(UnreadableInput, match="damaged gzip"):
        read(damaged)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(ending: str) -> None:
    assert len(read(GOOD.replace("\n", ending))) == 3


def test_an_error_names_the_input_and_has_a_hint() -> None:
    with pytest.raises(InputError) as caught:
        read(b"", "empty.csv")
    assert caught.value.message == "empty.csv is empty."
    assert caught.value.hint
