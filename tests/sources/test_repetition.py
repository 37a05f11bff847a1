"""One text under several titles of one input: a notice of the publisher, not an abstract."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from reading import ABSTRACT, as_csv, as_jsonl, fields, read, titles

import refdesk
from rag.sources.repetition import FIRST, Repetition, without_notices
from rag.types import Paper, Reject

Write = Callable[[str, str], Path]
NOTICE = "The full text of this preview is available to subscribers of the journal."


def judged(entries: Iterable[dict[str, object]], seen: Repetition | None = None) -> list[Paper | Reject]:
    """The records of an input after the comparison of their abstracts."""
    return list(without_notices(read(as_jsonl(entries)), seen or Repetition()))


def test_a_text_under_three_titles_is_no_abstract() -> None:
    records = judged([fields(1), *(fields(number, abstract=NOTICE) for number in (2, 3, 4)), fields(5)])
    assert [isinstance(record, Paper) for record in records] == [True, False, False, False, True]
    reject = records[1]
    assert isinstance(reject, Reject)
    assert reject.reason.startswith("no abstract")
    assert (reject.where, reject.title) == ("record 2", "Title 2")


def test_a_text_under_two_titles_or_under_one_in_several_forms_is_kept() -> None:
    two = [fields(number, abstract=NOTICE) for number in (1, 2)]
    forms = [
        fields(number, title=title) for number, title in enumerate(["Moss on walls", "MOSS ON WALLS", "Moss on walls."])
    ]
    same = [{**entry, "abstract": ABSTRACT} for entry in forms]
    for entries in (two, same):
        assert all(isinstance(record, Paper) for record in judged(entries))


def test_the_first_ones_of_a_notice_are_found_in_a_large_file() -> None:
    entries = [fields(number, abstract=f"{ABSTRACT} {number}. " * 9) for number in range(3 * FIRST)]
    for place in (5, FIRST + 5, 2 * FIRST, 3 * FIRST - 1):
        entries[place]["abstract"] = NOTICE
    records = judged(entries)
    assert len(records) == len(entries)
    assert sum(isinstance(record, Reject) for record in records) >= 3
    assert {record.where for record in records if isinstance(record, Reject)} >= {"record 1006", "record 2001"}


def test_the_pages_of_a_pull_are_compared_with_each_other() -> None:
    seen = Repetition()
    found = [judged([fields(number, abstract=NOTICE)], seen)[0] for number in (1, 2, 3, 4)]
    assert [isinstance(record, Paper) for record in found] == [True, True, False, False]


def test_no_notice_comes_into_a_library(library: refdesk.Library, write: Write) -> None:
    rows = [fields(number, abstract=NOTICE) for number in (1, 2, 3)]
    report = library.add(write("papers.csv", as_csv([*rows, fields(4)])))
    assert (report.added, len(report.rejected)) == (1, 3)
    assert titles(library.papers()) == ["Title 4"]
