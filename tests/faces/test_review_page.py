"""Reviews in hostile and odd libraries: valid pages, nothing that a paper's text could make of them, honest words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest

import refdesk
from rag.types import Review
from refdesk.render.review import rendered
from tests.browser import Browser, browsing
from tests.faces.issues import HOSTILE
from tests.faces.test_issue_page import _CONTRAST, _OUTSIDE, AA

ELEMENTS = set(
    "html head meta title style body main header section footer h1 h2 h3 p a span strong bdi q table caption thead "
    "tbody tr th td svg path ul li".split()
)


def record(number: int, title: str, said: str, **more: object) -> dict[str, object]:
    """A record of one paper."""
    return {"id": f"odd{number}", "title": title, "abstract": said, **more}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[refdesk.Library]:
    """A library of papers on moth navigation, eight with hostile titles, authors and abstracts, none with a date."""
    folder = tmp_path_factory.mktemp("hostile")
    records = [
        record(
            number,
            f"Moth navigation {text}",
            f"We study moth navigation. Results show that moth navigation with {text[:200]} reduces landing errors by "
            f"{number + 3}%.",
            authors=[text[:200], "</p>Ada Byron"],
            url=("javascript:alert(1)", 'https://x.example/"onmouseover="alert(1)', "data:text/html,x")[number % 3],
        )
        for number, text in enumerate(HOSTILE)
    ]
    records += [
        record(
            number,
            f"Moth navigation by polarised light, experiment {number}",
            "We test polarised light. Moth navigation by polarised light reduces landing errors by "
            f"{number}% in darkness.",
        )
        for number in range(10, 22)
    ]
    with refdesk.open_library(folder / "library") as library:
        (folder / "papers.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        library.add(folder / "papers.jsonl")
        yield library


@pytest.fixture(scope="module")
def review(hostile: refdesk.Library) -> Review:
    """A review in which all of them stand."""
    return hostile.review("moth navigation")


def test_hostile_papers_stand_in_every_part(review: Review) -> None:
    assert len(review.papers) >= 18
    assert review.agreements
    assert review.agreements[0].about == "landing errors"


@pytest.mark.parametrize(
    "topic", ["moth navigation", "moth <script>alert(1)</script> navigation", "# moth | navigation"]
)
def test_a_page_is_valid_and_holds_only_what_the_template_does(topic: str, hostile: refdesk.Library) -> None:
    text = rendered(hostile.review(topic), "html")
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False, strict=True)
    page: ElementTree.Element = parser.parse(text)
    names = [each.tag.rpartition("}")[2] if isinstance(each.tag, str) else "comment" for each in page.iter()]
    assert set(names) <= ELEMENTS
    attributes = {name for each in page.iter() for name in each.keys()}  # noqa: SIM118 - an element is no dict
    assert not {name for name in attributes if name.startswith("on") or name in ("src", "srcset", "action")}
    links = {each.get("href", "") for each in page.iter() if each.get("href")}
    assert all(link.startswith(("#", "http://", "https://")) for link in links)
    assert not any('"' in link for link in links)
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with browsing() as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1_000])
def test_nothing_stands_out_of_the_page_and_all_text_can_be_read(
    width: int, dark: bool, review: Review, tmp_path: Path, browser: Browser
) -> None:
    page = tmp_path / "review.html"
    page.write_text(rendered(review, "html"), encoding="utf-8")
    browser.open(page, width=width, dark=dark)
    assert browser.run(_OUTSIDE) == []
    contrast, where = browser.run(_CONTRAST)
    assert contrast >= AA, where


@pytest.mark.parametrize("form", ["md", "json"])
def test_a_hostile_review_passes_as_it_was_written(form: str, hostile: refdesk.Library, review: Review) -> None:
    failures = [each.text for each in hostile.verify(rendered(review, form)) if each.verdict.support == "unsupported"]
    assert failures == []


def test_the_table_of_markdown_has_a_line_for_each_paper(review: Review) -> None:
    lines = [line for line in rendered(review, "md").splitlines() if re.match(r"\| \d", line)]
    assert len(lines) == len(review.table)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in lines)


def test_the_text_has_no_character_that_steers_a_terminal(review: Review) -> None:
    text = rendered(review, "text")
    assert all(char.isprintable() or char == "\n" for char in text)
    lines = [line for line in text.splitlines() if not line.strip().startswith("http")]
    assert max(map(len, lines)) <= 78


def test_a_library_without_dates_has_no_months(review: Review) -> None:
    assert review.months == ()
    assert all(row.date is None for row in review.table)
    assert "Over time" not in rendered(review, "html")


@pytest.mark.parametrize(
    "topic",
    [
        "moth " * 400,
        "moth navigation " + "which we would like to know all about because of many things " * 30,
        "Wie navigieren Motten bei Nacht und im Dunkeln?",
        "x",
        "moth\u202enavigation\x00\x1b[31m",
        "“moth navigation”",
        "SELECT * FROM papers; -- AND (OR moth*",
        "moth navigation since 1800",
        "papers by Ada Byron on moth navigation",
    ],
)
def test_an_odd_topic_is_reviewed_or_said_to_be_none(topic: str, hostile: refdesk.Library) -> None:
    review = hostile.review(topic)
    assert review.papers or review.reason
    for form in ("text", "md", "html", "json"):
        assert rendered(review, form)
    for form in ("md", "json"):
        found = hostile.verify(rendered(review, form))
        assert [each.text for each in found if each.verdict.support == "unsupported"] == []


def test_a_review_of_an_empty_library_says_that_there_is_nothing(tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "empty") as library:
        review = library.review("moth navigation")
        assert review.papers == review.nearest == ()
        assert review.reason
        assert "No paper" in rendered(review, "text")


def test_a_paper_without_an_abstract_is_no_paper_of_a_review(tmp_path: Path) -> None:
    records = [
        record(1, "Moth navigation", ""),
        record(2, "Moth navigation by smell", "We test smell. Moth navigation by smell works in 9 of 12 cases."),
    ]
    (tmp_path / "papers.jsonl").write_text("\n".join(map(json.dumps, records)))
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(tmp_path / "papers.jsonl", keep_without_abstract=True)
        assert [each.paper.title for each in library.review("moth navigation").papers] == ["Moth navigation by smell"]


def test_what_an_import_would_not_let_in_does_no_harm_either(review: Review) -> None:
    first, *rest = review.table
    row = replace(first, title="a\n\n| b | c |\n# d", number="1 | 2\n3", date="2026")
    sources = tuple(
        replace(each, paper=replace(each.paper, url="javascript:stop()", flags=("<b>instructions</b>",)))
        for each in review.sources
    )
    odd = replace(review, table=(row, *rest), sources=sources)
    lines = [line for line in rendered(odd, "md").splitlines() if re.match(r"\| \d", line)]
    assert len(lines) == len(odd.table)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in lines)
    assert "javascript:stop" not in rendered(odd, "html")
    assert "<b>" not in rendered(odd, "html")
    assert "javascript:stop" not in rendered(odd, "text")
