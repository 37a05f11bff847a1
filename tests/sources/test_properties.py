"""For all inputs: every record is accounted for, and no bytes do more than raise an `InputError`."""

from __future__ import annotations

import gzip
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import as_csv, as_json, as_jsonl, fields, read, titles
from test_recognition import SAMPLES

from rag.errors import InputError
from rag.sources.western import nonsense
from rag.types import Paper, Reject

KEYS = ["title", "abstract", "id", "doi", "authors", "date", "url", "tags"]
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["10.1000/x", "2406.11741", "2024-06", 'a "quote", b', "line\nline", "A; B", ""]
)
LONG = st.text(st.characters(categories=["L", "Zs", "P"]), min_size=20, max_size=60)
RECORDS = st.lists(
    st.fixed_dictionaries({"title": TEXTS, "abstract": TEXTS | LONG}, optional=dict.fromkeys(KEYS[2:], TEXTS)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("make", [as_jsonl, as_json, lambda entries: json.dumps({"papers": entries})])
@given(entries=RECORDS)
def test_papers_and_rejects_are_as_many_as_the_records(
    make: Callable[[Any], str], entries: list[dict[str, str]]
) -> None:
    assert len(read(make([fields(0), *entries]))) == len(entries) + 1


@given(entries=RECORDS)
def test_papers_and_rejects_are_as_many_as_the_rows_that_are_not_blank(entries: list[dict[str, str]]) -> None:
    rows = [{key: entry.get(key, "").replace("\0", "") for key in KEYS} for entry in entries]
    held = [row for row in rows if any(cell.strip() for cell in row.values())]
    content = as_csv([fields(0) | dict.fromkeys(KEYS[3:], ""), *rows]).encode(errors="replace")
    assert len(read(content, "papers.csv", format_name="csv")) == len(held) + 1


@given(entries=RECORDS)
def test_a_table_and_lines_of_the_same_records_give_the_same_papers(entries: list[dict[str, str]]) -> None:
    rows = [{key: " ".join(entry.get(key, "").replace("\0", "").split()) for key in KEYS} for entry in entries]
    # damage in a table, and none in lines: a last quotation mark, and text that was encoded twice
    rows = [row | {"abstract": row["abstract"].rstrip('"')} for row in rows if not nonsense("\n".join(row.values()))]
    rows = [row for row in rows if any(row.values())] or [fields(0) | dict.fromkeys(KEYS[3:], "")]
    assert titles(read(as_csv(rows), "papers.csv", format_name="csv")) == titles(read(as_jsonl(rows)))


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "delete", "repeat"]),
        st.integers(0, 10_000),
        st.binary(min_size=1, max_size=6)
        | st.sampled_from([b'"', b"{", b"[[", b"]", b"\n", b",", b"\\u", b"\xff", b"\0", b"\xef\xbb\xbf"]),
    ),
    min_size=1,
    max_size=8,
)


def mutated(content: bytes, mutations: list[tuple[str, int, bytes]]) -> bytes:
    """The bytes after each of the mutations."""
    for kind, place, piece in mutations:
        at = place % (len(content) + 1)
        rest = {
            "set": piece + content[at + len(piece) :],
            "cut": b"",
            "insert": piece + content[at:],
            "delete": content[at + len(piece) * 7 :],
            "repeat": content[max(0, at - 50) :],
        }
        content = content[:at] + rest[kind]
    return content


@pytest.mark.parametrize("format_name", SAMPLES)
@pytest.mark.parametrize("zipped", [False, True])
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS, forced=st.booleans())
def test_damaged_bytes_give_papers_rejects_or_an_input_error(
    format_name: str, zipped: bool, mutations: list[tuple[str, int, bytes]], forced: bool
) -> None:
    content = SAMPLES[format_name].encode()
    content = mutated(gzip.compress(content) if zipped else content, mutations)
    signal.alarm(10)  # a hang is a failure
    try:
        records = read(content, "papers", format_name=format_name if forced else None)
    except InputError as error:
        assert error.message
        assert error.hint
    else:
        assert all(isinstance(record, Paper | Reject) for record in records)
        assert all(record.reason and record.where for record in records if isinstance(record, Reject))
        repr(records).encode()
    finally:
        signal.alarm(0)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_at_all_give_papers_rejects_or_an_input_error(content: bytes) -> None:
    for format_name in (None, *SAMPLES):
        try:
            read(content, "papers", format_name=format_name)
        except InputError as error:
            assert error.hint
