"""`review`: the papers of the sample library that treat a topic, in every form, and what `verify` finds in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shapes import is_review, shown

import refdesk
from rag.types import Review
from refdesk.render.review import rendered
from tests.commands import Ran

TOPIC = "retrieval-augmented generation"
FORMS = ("text", "md", "html", "json")


@pytest.fixture(scope="module")
def library(sample_library: Path) -> Iterator[refdesk.Library]:
    """The sample library, open."""
    with refdesk.open_library(sample_library, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def review(library: refdesk.Library) -> Review:
    """A review of several papers."""
    return library.review(TOPIC)


def failures(library: refdesk.Library, document: str) -> list[str]:
    """The texts of what fails in a document."""
    return [each.text for each in library.verify(document) if each.verdict.support == "unsupported"]


def test_a_review_has_the_promised_shape(library: refdesk.Library, review: Review) -> None:
    document = json.loads(rendered(review, "json"))
    is_review(document, lambda name: shown(library, name))
    assert len(document["papers"]) == len(document["table"]) >= 3
    assert len({claim["citations"][0]["paper_id"] for claim in document["headline"]}) == len(document["headline"]) >= 3


@pytest.mark.parametrize("form", FORMS)
def test_the_same_review_has_the_same_bytes(form: str, sample_library: Path, review: Review) -> None:
    with refdesk.open_library(sample_library, read_only=True) as again:
        assert rendered(again.review(TOPIC), form) == rendered(review, form)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_shows_every_paper_and_its_finding(form: str, review: Review) -> None:
    text = re.sub(r"[\s\\]+", " ", rendered(review, form))
    for row in review.table:
        assert row.title.split(":")[0].split("&")[0].split("'")[0][:30] in text
        assert row.finding.text[:30].split('"')[0].split("'")[0] in text
        assert row.date
        assert row.date in text


@pytest.mark.parametrize("form", ["md", "json"])
def test_a_review_passes_as_it_was_written(form: str, library: refdesk.Library, review: Review) -> None:
    found = library.verify(rendered(review, form))
    assert [each.text for each in found if each.verdict.support != "verbatim"] == []
    assert {row.finding.text for row in review.table} <= {each.text for each in found}


def test_an_edited_table_or_sentence_is_found_in_markdown(library: refdesk.Library, review: Review) -> None:
    document = rendered(review, "md")
    row = next(row for row in review.table if row.number and f"| {row.number} |" in document)
    assert row.date
    assert row.number
    sentence = review.headline[0].text
    line = next(line for line in document.splitlines() if line.startswith("| ") and row.date in line)
    edits = {
        "a number of the table": document.replace(f"| {row.number} |", "| 99.9% |"),
        "a date": document.replace(line, line.replace(row.date, "1999-01-01")),
        "a title": document.replace(row.title, f"Un{row.title}"),
        "a sentence": document.replace(sentence[:20], f"Never {sentence[:20]}", 1),
        "a place": re.sub(r"\[1\.\d+\]", "[1.1][2.1]", document, count=1),
        "a line that was added": document.replace(line, f"{line}\n| 9 | A Paper | “It is solved.” | 100% | 2026 |"),
        "a row that was taken out": document.replace(f"{line}\n", ""),
        "the number of papers": document.replace("papers treat it", "papers refute it"),
    }
    for what, edited in edits.items():
        assert edited != document, what
        assert failures(library, edited), what


def test_a_changed_word_is_found_on_every_line_of_markdown(library: refdesk.Library, review: Review) -> None:
    lines = rendered(review, "md").splitlines()
    for at, line in enumerate(lines):
        words = re.findall(r"(?<![\w\\])[a-z]{4,}(?!\w)", line)
        if words and not line.startswith("<!-- seal") and not re.fullmatch(r"[0-9a-f ;]+(?: -->)?", line):
            edited = line.replace(words[-1], "sardines", 1)
            assert failures(library, "\n".join([*lines[:at], edited, *lines[at + 1 :]])), line


def test_an_edited_value_is_found_in_json(library: refdesk.Library, review: Review) -> None:
    def changed(change: Callable[[dict[str, Any]], Any]) -> str:
        document = json.loads(rendered(review, "json"))
        change(document)
        return json.dumps(document)

    def details(document: str) -> list[str]:
        return [problem.detail for each in library.verify(document) for problem in each.verdict.problems]

    number = next(at for at, row in enumerate(review.table) if row.number)
    told: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
        "a number": (lambda document: document["table"][number].update(number="99.9%"), "does not have this number"),
        "a date": (lambda document: document["table"][0].update(date="1999-01-01"), "another date"),
        "a title": (lambda document: document["table"][0].update(title="Another"), "another title"),
        "a month": (lambda document: document["months"][0].update(papers=10_000), "more papers on the topic"),
        "a share": (lambda document: document["months"][0].update(share=0.9), "the share is not"),
        "a row taken out": (lambda document: document["table"].pop(), "other papers than the review"),
        "a source": (lambda document: document["table"][0].update(source=2), "no source of this number"),
    }
    for what, (change, detail) in told.items():
        assert any(detail in each for each in details(changed(change))), what
    edits: dict[str, Callable[[dict[str, Any]], Any]] = {
        "a finding": lambda document: document["table"][0]["finding"].update(text="It is solved."),
        "a quote": lambda document: document["headline"][0]["citations"][0].update(quote="It is solved."),
        "the topic": lambda document: document.update(topic="something else"),
        "a sentence under another key": lambda document: document.update(note="All of this is settled."),
    }
    for what, change in edits.items():
        assert failures(library, changed(change)), what


def test_a_topic_that_no_paper_treats_is_said_with_what_is_nearest(library: refdesk.Library) -> None:
    review = library.review("zebrafish fins")
    assert review.papers == review.table == review.sources == review.headline == review.months == ()
    assert review.reason
    assert review.nearest
    for form in ("text", "md", "html"):
        assert "treats this topic" in rendered(review, form) or "holds a word" in rendered(review, form)
    assert failures(library, rendered(review, "md")) == []
    assert failures(library, rendered(review, "json")) == []


def test_filters_and_the_number_of_papers_narrow_a_review(library: refdesk.Library, review: Review) -> None:
    assert [each.paper.paper_id for each in library.review(TOPIC, limit=2).papers] == [
        each.paper.paper_id for each in review.papers[:2]
    ]
    first = review.papers[0].paper
    only = library.review(TOPIC, papers=[first.paper_id])
    assert [each.paper.paper_id for each in only.papers] == [first.paper_id]
    later = library.review(TOPIC, since="2026-07")
    assert all(each.paper.day >= "2026-07" for each in later.papers)
    assert "listed since 2026-07" in rendered(later, "text")


def test_a_misspelt_topic_is_corrected_and_said(library: refdesk.Library, review: Review) -> None:
    found = library.review("retreival-augmented generation")
    assert [each.paper.paper_id for each in found.papers] == [each.paper.paper_id for each in review.papers]
    assert "“retreival” as “retrieval”" in rendered(found, "text")


@pytest.mark.parametrize("limit", [0, -1, 2.5, "many", 501])
def test_a_wrong_number_of_papers_is_refused(limit: Any, library: refdesk.Library) -> None:
    with pytest.raises(refdesk.errors.BadFilter, match=r"limit|at most 500"):
        library.review(TOPIC, limit=limit)


def test_an_empty_topic_is_refused(library: refdesk.Library) -> None:
    with pytest.raises(refdesk.errors.BadQuestion):
        library.review("  ")


def test_the_command_writes_the_form_of_the_suffix(
    cli: Callable[..., Ran], sample_library: Path, tmp_path: Path
) -> None:
    for suffix, beginning in (
        ("md", "# Refdesk review: "),
        ("html", "<!doctype html>"),
        ("json", "{"),
        ("txt", "Refdesk"),
    ):
        file = tmp_path / f"review.{suffix}"
        ran = cli("--library", sample_library, "review", *TOPIC.split(), "-o", file)
        assert ran.status == 0
        assert file.read_text().lstrip().startswith(beginning)
    assert cli("--library", sample_library, "verify", tmp_path / "review.md").status == 0
    assert cli("--library", sample_library, "verify", tmp_path / "review.json").status == 0
    assert cli("--library", sample_library, "review", TOPIC, "-o", tmp_path / "review.pdf").status == 2


def test_the_papers_of_a_review_are_exported_in_the_order_of_its_sources(
    cli: Callable[..., Ran], sample_library: Path, tmp_path: Path, review: Review
) -> None:
    for form in ("md", "json"):
        file = tmp_path / f"review.{form}"
        file.write_text(rendered(review, form))
        ran = cli("--library", sample_library, "export", "--answer", file)
        titles = [json.loads(line)["title"] for line in ran.out.splitlines()]
        assert titles == [source.paper.title for source in review.sources]


def test_the_exit_status_says_that_no_paper_treats_a_topic_where_it_is_asked_for(
    cli: Callable[..., Ran], sample_library: Path
) -> None:
    assert cli("--library", sample_library, "review", "zebrafish fins").status == 0
    assert cli("--library", sample_library, "review", "zebrafish fins", "--exit-code").status == 8
    assert cli("--library", sample_library, "review", TOPIC, "--exit-code").status == 0


def test_a_question_can_be_asked_of_the_papers_of_a_review(
    cli: Callable[..., Ran], sample_library: Path, tmp_path: Path, review: Review
) -> None:
    question = "Do citations lower the correctness of answers?"
    titles = {source.paper.title for source in review.sources}
    for form in ("json", "md"):
        file = tmp_path / f"review.{form}"
        file.write_text(rendered(review, form))
        answer = cli("--library", sample_library, "ask", "--review", file, "--json", question).json
        assert answer["answered"]
        assert {source["title"] for source in answer["sources"]} <= titles
    assert cli("--library", sample_library, "ask", "--review", file, "--issue", "2026-W27", question).status == 2
    (tmp_path / "other.md").write_text("# Notes\n\nNothing.\n")
    assert cli("--library", sample_library, "ask", "--review", tmp_path / "other.md", question).status == 4


def test_a_topic_with_a_verb_in_it_is_one_phrase(tmp_path: Path) -> None:
    titles = [
        "Change detection in streams",
        "Detecting change in maps",
        "Edge detection in images",
        "Cooking with change",
    ]
    records = [
        {
            "id": f"p{at}",
            "title": title,
            "abstract": f"We study {title.lower()}. Results show that it works in 9 of 12 cases.",
        }
        for at, title in enumerate(titles)
    ]
    (tmp_path / "papers.jsonl").write_text("\n".join(map(json.dumps, records)))
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(tmp_path / "papers.jsonl")
        found = library.review("change detection")
        assert {each.paper.title for each in found.papers} == set(titles[:2])
        assert library.review("change cooking streams").papers == ()
        assert library.review("Does change detection work in streams?").papers
