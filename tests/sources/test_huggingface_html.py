"""Hugging Face papers page, HTML: its JSON is read, never the text that it shows."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from hypothesis import given
from reading import ABSTRACT, titles
from test_huggingface import OPTIONAL, PAPER, daily
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, one_by, read_by, survives

from rag.sources import huggingface, huggingface_html, rss
from rag.types import Paper, Reject


def page(properties: Any, quote: str = '"', order: int = 1) -> str:
    """A page with the properties of its list of papers."""
    held = properties if isinstance(properties, str) else json.dumps(properties)
    attributes = ['data-target="DailyPapers"', f"data-props={quote}{html.escape(held)}{quote}"][::order]
    return f"""<!doctype html>
<html class=""><head><meta charset="utf-8" /><meta name=viewport content='width=device-width'>
<title>Daily Papers - Hugging Face</title><script>if (a < b && "<div data-target=x") {{}}</script></head>
<body class="flex"><!-- <div data-target="DailyPapers" data-props="{{&quot;dailyPapers&quot;:[]}}"> -->
<div class="SVELTE_HYDRATER contents" data-target="MainHeader" data-props="{{&quot;a&quot;:[{{}}]}}"></div>
<div class="SVELTE_HYDRATER contents" {" ".join(attributes)}><article><h3>A title</h3><p>A summary that a model wrote
and that nobody may cite, which is long enough to be an abstract.</p></article></div></body></html>"""


def props(*papers: Any) -> dict[str, Any]:
    """The properties that hold these papers."""
    return {"dates": [{"title": "No", "summary": ABSTRACT}], "dailyPapers": json.loads(daily(*papers)), "query": {}}


def test_the_papers_are_those_of_the_properties() -> None:
    paper = one_by(huggingface_html, page(props(PAPER | OPTIONAL)))
    assert (paper.paper_id, paper.title, paper.abstract) == ("arxiv:2406.11741", "A title", ABSTRACT)
    assert (paper.published, paper.listed, paper.source) == ("2024-06-17", "2024-06-19", "huggingface_html")
    assert paper.authors == ("Ada Byron", "Alan Hay")


def test_the_papers_are_those_that_the_api_gives() -> None:
    def plain(record: Paper | Reject) -> Any:
        return record.to_dict() | {"source": ""} if isinstance(record, Paper) else record

    odd = [PAPER | OPTIONAL, None, PAPER | {"summary": None}, PAPER | {"title": "“Quotes” & <b>", "id": "2406.11742"}]
    ours, theirs = read_by(huggingface_html, page(props(*odd))), read_by(huggingface, daily(*odd))
    assert [plain(record) for record in ours] == [plain(record) for record in theirs]
    assert [record.where for record in ours if isinstance(record, Reject)] == ["record 2", "record 3"]


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("order", [1, -1])
def test_quotes_and_the_order_of_attributes_do_not_matter(quote: str, order: int) -> None:
    tricky = PAPER | {"title": 'A "title" > <that> isn\'t'}
    assert titles(read_by(huggingface_html, page(props(tricky), quote, order))) == ['A "title" > <that> isn\'t']


def test_what_was_cut_off_is_one_reject_after_the_papers_before() -> None:
    content = page(props(PAPER, PAPER | {"id": "2406.11742", "title": "Two"}))
    found = read_by(huggingface_html, content[: content.index("2406.11742")])
    assert titles(found)[:1] == ["A title"]
    assert [record.where for record in found[1:] if isinstance(record, Reject)] == ["after record 1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<html><title>Daily Papers - Hugging Face</title></html>", "- no element with data-target=“DailyPapers”"),
        (page("not JSON"), "- not valid JSON"),
        (page({"dailyPapers": 7}), "- `dailyPapers` is not a list"),
        (page({"dailyPapers": [7]}), "- no `paper` in the entry"),
        (page({"papers": []}), "- no `paper` in the entry"),
    ],
)
def test_a_page_without_papers_says_why(content: str, reason: str) -> None:
    (said,) = titles(read_by(huggingface_html, content))
    assert said.startswith(reason)


def test_a_page_of_no_papers_gives_nothing() -> None:
    assert read_by(huggingface_html, page(props())) == []


def test_other_pages_are_not_recognised() -> None:
    assert huggingface_html.recognise(page(props())[:1000])
    assert not huggingface_html.recognise("<html><title>A blog</title>")
    assert not huggingface_html.recognise(daily(PAPER))
    assert not rss.recognise(page(props()))


@pytest.mark.parametrize("content", ["<a " * 300_000, "<!--" * 300_000, '<a b="' * 200_000, "<a b='" + "x" * 5_000_000])
def test_a_page_that_never_ends_is_given_up_in_time(content: str) -> None:
    survives(huggingface_html, content.encode())


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(huggingface_html, mutated(page(props(PAPER | OPTIONAL, PAPER)).encode(), mutations))
