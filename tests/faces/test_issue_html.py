"""An issue as a page: valid, small, whole, and of nothing that a paper's text could make of it."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import refdesk
from rag.types import Digest
from refdesk.render import wording
from refdesk.render.issue_html import html
from refdesk.render.templates import LONGEST_SENTENCE
from tests.faces import issues

ELEMENTS = set(
    "html head meta title style body div header main footer section article h1 h2 h3 h4 details summary p a span "
    "strong bdi br q table "
    "caption tbody tr th td svg path dl dt dd ol ul li".split()
)
STATES = ("full", "varied", "generated", "empty", "one", "first", "hostile")


def parsed(page: str) -> ElementTree.Element:
    """The page as a tree; any error of HTML5 fails."""
    parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False, strict=True)
    return parser.parse(page)


def said(element: ElementTree.Element) -> str:
    """All text below an element."""
    return "".join(element.itertext())


def tag(element: ElementTree.Element) -> str:
    """The name of an element, drawings included."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "comment"


@pytest.mark.parametrize("state", STATES)
def test_every_issue_is_valid_html_with_headings_in_order_and_ids_that_are_one(
    state: str, states: dict[str, Digest]
) -> None:
    page = parsed(html(states[state]))
    assert page.get("lang") == "en"
    levels = [int(tag(each)[1]) for each in page.iter() if re.fullmatch("h[1-6]", tag(each))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [each.get("id") for each in page.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    anchors = {each.get("href", "")[1:] for each in page.iter() if each.get("href", "").startswith("#")}
    assert anchors <= set(ids)
    labels = {each.get("aria-labelledby") for each in page.iter() if each.get("aria-labelledby")}
    assert labels <= set(ids)


@pytest.mark.parametrize("state", STATES)
def test_no_issue_asks_for_anything_or_holds_more_than_the_template_does(state: str, states: dict[str, Digest]) -> None:
    digest = states[state]
    text = html(digest)
    page = parsed(text)
    assert {tag(each) for each in page.iter()} <= ELEMENTS
    attributes = {name for each in page.iter() for name in each.keys()}  # noqa: SIM118 - an element is no dict
    assert not {
        name for name in attributes if name.startswith("on") or name in ("src", "srcset", "background", "action")
    }
    style = said(next(each for each in page.iter() if tag(each) == "style"))
    assert not re.search(r"@import|url\(|expression|@font-face", style + "".join(re.findall('style="([^"]*)"', text)))
    stored = {paper.paper.url for paper in digest.papers} | {source.paper.url for source in digest.sources}
    stored |= {paper.pdf for paper in digest.papers} | {each.paper.url for each in digest.also_near}
    for each in page.iter():
        href = each.get("href")
        if href and not href.startswith("#"):
            assert href in stored
            assert re.match("https?://", href)
            assert each.get("rel") == "noopener noreferrer"


def test_forty_papers_with_ten_themes_stay_under_ninety_kilobytes(states: dict[str, Digest]) -> None:
    assert len(states["full"].papers) == 40
    assert len(states["full"].themes) == 10
    assert len(html(states["full"]).encode()) < 90_000


def test_forty_real_papers_with_ten_themes_stay_under_ninety_kilobytes(real_data: Path, tmp_path: Path) -> None:
    with gzip.open(real_data / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in islice(stream, 400)]
    longest = sorted(rows, key=lambda row: -len(row["abstract"]))[:40]
    path = tmp_path / "real.jsonl"
    path.write_text("\n".join(map(json.dumps, longest)), encoding="utf-8")
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(path)
        digest = issues.made(issues.papers(library), themes=10)
    assert len(digest.papers) == 40
    page = html(digest)
    parsed(page)
    assert len(page.encode()) < 90_000


@pytest.mark.parametrize("state", ["varied", "generated", "hostile"])
def test_every_sentence_leads_to_its_sources_and_every_source_names_it_and_quotes_what_is_not_shown(
    state: str, states: dict[str, Digest]
) -> None:
    digest = states[state]
    page = parsed(html(digest))
    shown = [each for each in page.iter() if each.get("class") in ("own", "ours")]
    assert len(shown) == len(list(wording.claims(digest)))
    for claim, paragraph in zip(wording.claims(digest), shown, strict=True):
        links = [each.get("href") for each in paragraph.iter() if tag(each) == "a"]
        assert links == [f"#s{number}" for number in dict.fromkeys(each.source for each in claim.citations)]
    sources = {each.get("id"): each for each in page.iter() if tag(each) == "li"}
    for claim in wording.claims(digest):
        for citation in claim.citations:
            source = said(sources[f"s{citation.source}"])
            quote = citation.quote[:LONGEST_SENTENCE].strip()
            assert f"sentence {citation.sentence}" in source.lower()
            assert (quote in source) == (not wording.own(claim)) or quote in said(page).partition("Sources")[0]


def test_the_authors_own_sentences_stand_in_quotation_marks_and_a_models_do_not(states: dict[str, Digest]) -> None:
    digest = states["generated"]
    page = parsed(html(digest))
    shown = [each for each in page.iter() if each.get("class") in ("own", "ours")]
    for claim, paragraph in zip(wording.claims(digest), shown, strict=True):
        own = claim.text == claim.citations[0].quote
        assert (paragraph.get("class") == "own") == own
        assert said(paragraph).startswith("“") == own
    assert {each.get("class") for each in shown} == {"own", "ours"}
    head = said(next(each for each in page.iter() if tag(each) == "header"))
    assert "Written by openai:gpt-4o-mini, and checked" in head
    assert "1 of 52 parts are in the papers' own sentences: rate limited" in head


def test_what_is_weak_revised_withdrawn_flagged_or_broken_is_said(states: dict[str, Digest]) -> None:
    text = said(parsed(html(states["varied"])))
    for words in (
        "(weak support)",
        "Revised: the abstract now says 0.42 where it said 0.38.",
        "Withdrawn.",
        "Flagged: instructions.",
        "Papers may be missing: pubmed-aging could not be read.",
        "broken, last papers 12 June 2026: The server answered 503 <b>Service Unavailable</b>.",
        "3 of them after the issue of their own week had been made",
    ):
        assert words in text


def test_an_unsupported_sentence_is_marked(states: dict[str, Digest]) -> None:
    digest = states["one"]
    paper = digest.papers[0]
    tldr = replace(paper.tldr, text="It solves everything.", support="unsupported", citations=())
    page = html(replace(digest, papers=(replace(paper, tldr=tldr),)))
    assert "It solves everything. (unsupported)" in " ".join(said(parsed(page)).split())


def test_an_empty_week_says_so_and_tells_a_quiet_week_from_a_broken_feed(states: dict[str, Digest]) -> None:
    digest = states["empty"]
    quiet = said(parsed(html(digest)))
    assert "No paper was listed in this week." in quiet
    assert "Papers may be missing" not in quiet
    assert "Sources" not in quiet
    broken = replace(digest, coverage=replace(digest.coverage, feeds=(issues.BROKEN,)))
    assert "Papers may be missing: pubmed-aging could not be read." in said(parsed(html(broken)))


def test_the_chart_says_as_text_what_it_draws(states: dict[str, Digest]) -> None:
    digest = states["full"]
    page = parsed(html(digest))
    rows = [each for each in page.iter() if tag(each) == "tr"]
    drawings = [each for each in page.iter() if tag(each) == "svg"]
    assert len(rows) == len(drawings) == wording.THEMES
    for theme, row, drawing in zip(digest.themes[: wording.THEMES], rows, drawings, strict=True):
        assert said(drawing).strip() == ""  # a client that drops drawings leaves no words of theirs
        assert wording.name(theme) in said(row)
        assert str(theme.size) in said(row)
        assert drawing.get("role") == "img"
        assert drawing.get("aria-label", "").split(", ")[-1] == str(theme.size)


def test_hostile_titles_are_shown_as_text_and_cut_where_they_are_too_long(states: dict[str, Digest]) -> None:
    digest = states["hostile"]
    titles = [said(each) for each in parsed(html(digest)).iter() if tag(each) in ("h3", "h4")]
    for paper in digest.papers:
        assert any(wording.plain(paper.paper.title)[:300] in title for title in titles)
    assert any("characters more]" in title for title in titles)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(max_size=60), min_size=6, max_size=6))
def test_no_text_in_any_place_becomes_more_than_text(words: list[str], states: dict[str, Digest]) -> None:
    page = html(scribbled(states["varied"], words))
    tree = parsed(page)
    plain = parsed(html(scribbled(states["varied"], ["a"] * 6)))
    assert sum(1 for _ in tree.iter()) <= sum(1 for _ in plain.iter())
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", page)


def scribbled(digest: Digest, words: list[str]) -> Digest:
    """An issue with these words in the places whose text no import has cleaned."""
    name, why, changes, error, reason, model = words
    theme, paper = digest.themes[0], digest.papers[0]
    coverage = replace(
        digest.coverage,
        excluded={reason: digest.coverage.listed - digest.coverage.included},
        feeds=({**issues.BROKEN, "error": error},),
    )
    return replace(
        digest,
        mode="generated",
        subscription=f"a{model}",
        themes=(replace(theme, name=name), *digest.themes[1:]),
        papers=(replace(paper, why=why, changes=changes), *digest.papers[1:]),
        coverage=coverage,
        degraded={"from": "generated", "reason": f"timed out {error}"},
        manifest={**digest.manifest, "model": f"m{model}"},
    )


def test_a_link_leads_only_to_http(states: dict[str, Digest]) -> None:
    assert wording.link("https://example.org/a?b=1&c=2") == "https://example.org/a?b=1&c=2"
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        'https://a/"onclick="x',
        "https://a/\n",
        "ftp://a/",
        "",
        None,
    ):
        assert wording.link(url) is None
