"""JSON Lines and JSON: what counts as a record, what damage costs, and how much is held in memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from reading import ABSTRACT, TODAY, as_json, as_jsonl, fields, one, read, titles

from rag import sources
from rag.sources import decoding
from rag.types import Paper, Reject

THREE = [fields(number) for number in (1, 2, 3)]
TITLES = ["Title 1", "Title 2", "Title 3"]
DEEP = "[" * 100_000


class Repeated(io.RawIOBase):
    """A seekable stream of a head, one letter many times, and a tail, of which nothing is held."""

    def __init__(self, head: bytes, count: int, tail: bytes) -> None:
        self._parts = (head, count, tail)
        self._size = len(head) + count + len(tail)
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        head, count, tail = self._parts
        end = self._size if size < 0 else min(self._size, self._at + size)
        start, self._at = self._at, end
        piece = head[start:end]
        piece += b"x" * max(0, min(end, len(head) + count) - max(start, len(head)))
        return piece + tail[max(0, start - len(head) - count) : max(0, end - len(head) - count)]


def flat(head: str, tail: str) -> tuple[list[str], int]:
    """Titles of an input with fifty million letters in its middle, and the most memory used, in MB."""
    stream = Repeated(head.encode(), 50_000_000, tail.encode())
    tracemalloc.start()
    try:
        records, _ = sources.parse(stream, "papers", today=TODAY)  # type: ignore[arg-type]
        return titles(records), tracemalloc.get_traced_memory()[1] >> 20
    finally:
        tracemalloc.stop()


# ---- what is a record


def wrapped() -> Iterator[str]:
    """Ways in which a JSON text holds a list of three records."""
    long = [fields(number, abstract=ABSTRACT * 400) for number in (1, 2, 3)]
    yield as_json(THREE)
    yield json.dumps(THREE, indent=2)
    yield json.dumps({"papers": THREE})
    yield json.dumps({"papers": THREE}, indent=2)
    yield '{"papers": [\n' + ",\n".join(map(json.dumps, THREE)) + "\n]}"
    yield json.dumps({"total": 3, "next": None, "papers": THREE})
    yield json.dumps({"total": 3, "papers": long})
    yield json.dumps({"tags": ["a"], "id": 7, "papers": THREE})
    yield json.dumps({"meta": {"count": 3}, "data": {"papers": THREE}}, indent=1)


@pytest.mark.parametrize("content", list(wrapped()))
def test_a_list_of_records_is_found_alone_or_under_a_key(content: str) -> None:
    assert titles(read(content)) == TITLES


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("order", [["authors", "title", "abstract"], ["title", "abstract", "authors"]])
def test_one_object_is_one_record(order: list[str], indent: int | None) -> None:
    entry = {**fields(1), "authors": [{"name": "Ada Byron"}, {"name": "Alan Hay"}]}
    paper = one(json.dumps({key: entry[key] for key in order}, indent=indent))
    assert (paper.title, paper.authors) == ("Title 1", ("Ada Byron", "Alan Hay"))


@pytest.mark.parametrize("key", ["Title", " TITLE ", "title"])
def test_case_and_spaces_of_keys_do_not_matter(key: str) -> None:
    assert one(json.dumps({key: "A title", "Abstract": ABSTRACT})).title == "A title"


@pytest.mark.parametrize("scalar", [1, "a", None, True, [], ["a"]])
@pytest.mark.parametrize("make", [as_json, as_jsonl])
def test_what_is_no_object_is_a_reject_in_its_place(make: Any, scalar: Any) -> None:
    records = read(make([fields(1), scalar, fields(2)]))
    assert titles(records) == ["Title 1", "- not an object with named values", "Title 2"]


def test_an_empty_list_holds_no_records() -> None:
    assert read("[]") == []


def test_blank_lines_are_no_records_and_are_counted_as_lines() -> None:
    records = read("\n\n" + json.dumps(fields(1)) + "\n\n{}\n", format_name="jsonl")
    assert records[1:] == [Reject(where="line 5", reason="no title")]


# ---- what is broken


def test_a_broken_line_is_a_reject_and_the_others_are_kept() -> None:
    lines = as_jsonl(THREE).splitlines()
    records = read("\n".join([lines[0], "{broken", lines[1], lines[2][:-9]]))
    assert [isinstance(record, Paper) for record in records] == [True, False, True, False]
    assert [record.where for record in records if isinstance(record, Reject)] == ["line 2", "line 4"]


@pytest.mark.parametrize("make", [as_json, lambda entries: json.dumps({"papers": entries})])
@pytest.mark.parametrize("left", range(3))
def test_cut_json_keeps_the_records_before_the_cut_and_has_one_reject(make: Any, left: int) -> None:
    content = make(THREE)
    cut = content[: content.index(f'"{TITLES[left]}"') + 3]
    records = read(cut, "papers.json", format_name="json")
    assert titles(records[:-1]) == TITLES[:left]
    assert "not valid JSON" in titles(records)[-1]


@pytest.mark.parametrize("after", ["garbage", "]", as_json([fields(4)]), "\n" + as_json([fields(4)]), "{}"])
def test_what_follows_the_list_is_told_and_not_passed_over(after: str) -> None:
    records = read(as_json(THREE) + after)
    assert titles(records[:-1]) == TITLES
    assert records[-1].where == "after record 3"  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["NaN", "1e999", "9" * 5_000])
def test_a_number_that_json_does_not_have_never_stands_as_a_title(value: str) -> None:
    records = read('{"title": ' + value + f', "abstract": "{ABSTRACT}"}}\n' + as_jsonl([fields(1)]))
    assert isinstance(records[0], Reject)
    assert titles(records[1:]) == ["Title 1"]


@pytest.mark.parametrize("make", [as_json, as_jsonl, lambda entries: json.dumps({"papers": entries})])
def test_whole_numbers_of_any_size_are_kept_as_they_are(make: Any) -> None:
    records = read(
        make([fields(1, id=2**64 + 1), fields(2, seen=-(10**30)), fields(3, year=2024.0, score=1.5)]), "x.json"
    )
    assert titles(records) == TITLES
    assert next(record.paper_id for record in records if isinstance(record, Paper)).endswith(":18446744073709551617")
    assert isinstance(records[2], Paper) and records[2].published == "2024"


@pytest.mark.parametrize("value", ["9" * 5_000, "-" + "9" * 70_000, "1e99999999999999999999", "1." + "0" * 9_000])
def test_a_number_beyond_all_measure_ends_a_list_and_nothing_else(value: str) -> None:
    content = as_json([fields(1), fields(2, seen="?"), fields(3)]).replace('"?"', value)
    for before in (0, 65_000, 130_000):
        records = read(content.replace("[", "[" + " " * before, 1), "x.json", format_name="json")
        assert titles(records)[0] == "Title 1"
        assert titles(records)[-1].startswith(("Title 3", "- not valid JSON, and not read further: "))


def test_deep_nesting_refuses_a_line_alone() -> None:
    records = read('{"title": ' + DEEP + "\n" + as_jsonl([fields(1)]))
    assert titles(records) == ["- nested too deeply", "Title 1"]


@pytest.mark.parametrize("before", [[], THREE[:1]])
def test_deep_nesting_in_json_is_a_reject_after_the_records_before(before: list[Any]) -> None:
    records = read(as_json(before)[:-1] + ("," if before else "") + DEEP)
    assert titles(records)[:-1] == TITLES[: len(before)]
    assert titles(records)[-1].startswith("- not valid JSON, and not read further: ")


def test_a_field_that_is_nested_deeper_than_any_title_costs_nothing_else() -> None:
    deep = as_json([{**fields(1), "extra": None}, fields(2)]).replace("null", "[" * 150 + "]" * 150)
    assert titles(read(deep)) == TITLES[:2]


def test_a_lone_surrogate_in_a_line_refuses_it() -> None:
    assert titles(read(as_jsonl([fields(1, title="a\ud800"), fields(2)]))) == ["- control character U+D800", "Title 2"]


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert [titles(read(make([fields(1, title="😀 a")]))) for make in (as_json, as_jsonl)] == [["😀 a"]] * 2


# ---- limits


def test_a_line_of_fifty_million_characters_is_refused_alone_in_flat_memory() -> None:
    found, megabytes = flat(as_jsonl([fields(1)]) + '{"title": "', '"}\n' + as_jsonl([fields(2)]))
    assert found == ["Title 1", f"- the line is longer than {decoding.MAX_RECORD_CHARS:,} characters", "Title 2"]
    assert megabytes < 20


def test_a_json_record_of_fifty_million_characters_ends_the_reading_in_flat_memory() -> None:
    found, megabytes = flat(as_json([fields(1)])[:-1] + ', {"title": "', '"}]')
    assert found == [
        "Title 1",
        f"- not valid JSON, and not read further: a record is longer than {decoding.MAX_ENTRY_CHARS:,} characters",
    ]
    assert megabytes < 50


def test_many_records_are_more_than_one_record_may_be() -> None:
    long = [fields(number, abstract="x " * 20_000) for number in range(300)]
    assert len(read(as_json(long))) == 300


@pytest.mark.parametrize(
    ("abstract", "text"),
    [
        (["We ask what grows.", "It is moss."], "We ask what grows. It is moss."),
        ([{"heading": "Aims", "content": "To ask."}, {"label": "Results:", "text": "Moss grows."}],
         "Aims: To ask. Results: Moss grows."),
        ([ABSTRACT, ABSTRACT], ABSTRACT),
        ({"background": "To ask.", "mainResults": ["Moss grows.", "It is green."], "funding": "By moss."},
         "Background: To ask. Main results: Moss grows. It is green. Funding: By moss."),
        ([{"Aims": "To ask."}, {"Results": "Moss grows."}], "Aims: To ask. Results: Moss grows."),
    ],
    ids=["sentences", "sections", "twice the same", "an object of sections", "objects of a section"],
)  # fmt: skip
def test_an_abstract_in_parts_is_stored_whole(abstract: list[object], text: str) -> None:
    for content in (as_json([fields(abstract=abstract)]), as_jsonl([fields(abstract=abstract), fields(2)])):
        paper = read(content)[0]
        assert isinstance(paper, Paper) and paper.abstract == text


def test_an_object_that_holds_no_sections_is_no_abstract() -> None:
    for held in ({"en": ABSTRACT, "fr": "Nous demandons pourquoi."}, {"We": [0], "map": [1], "results": [2]}):
        assert titles(read(as_json([fields(abstract=held)]))) == ["- no abstract"]


def test_of_abstracts_in_several_languages_the_first_is_stored() -> None:
    (paper,) = read(as_json([{"title_s": ["Moss", "Mousse"], "abstract_s": [ABSTRACT, "Nous demandons pourquoi."]}]))
    assert isinstance(paper, Paper) and paper.abstract == ABSTRACT


@pytest.mark.parametrize("more", ['"title": "U"', f'"abstract": "{ABSTRACT} It is so."'])
def test_a_line_with_two_titles_or_abstracts_is_a_reject(more: str) -> None:
    line = f'{{"title": "T", "abstract": "{ABSTRACT}", {more}}}'
    records = read(line + "\n" + as_jsonl([fields(1, journal={"title": "J"})]), "papers.jsonl")
    assert isinstance(records[0], Reject) and "stands twice" in records[0].reason and titles(records)[1:] == TITLES[:1]


@pytest.mark.parametrize("form", ["[{}, {}]", '{{"papers": [{}, {}]}}', '[{{"content": {}}}, {}]'])
@pytest.mark.parametrize("more", ['"title": "U"', f'"abstract": "{ABSTRACT} It is so."'])
def test_an_object_of_a_list_with_two_titles_or_abstracts_is_a_reject(form: str, more: str) -> None:
    glued = f'{{"title": "T", "abstract": "{ABSTRACT}", {more}}}'
    records = read(form.format(glued, json.dumps(fields(1))))
    assert isinstance(records[0], Reject) and "stands twice" in records[0].reason and titles(records)[1:] == TITLES[:1]


def test_a_title_that_stands_twice_alike_is_no_damage() -> None:
    assert titles(read(f'[{{"title": "T", "abstract": "{ABSTRACT}", "title": "T"}}]')) == ["T"]


def test_a_glued_item_of_csl_is_a_reject() -> None:
    item = f'"type": "article-journal", "title": "T", "issued": {{"date-parts": [[2024]]}}, "abstract": "{ABSTRACT}"'
    records = read(f'[{{{item}, "abstract": "{ABSTRACT} It is so."}}, {{{item}}}]')
    assert [type(record) for record in records] == [Reject, Paper]
