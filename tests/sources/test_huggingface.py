"""Hugging Face daily papers JSON: which of its many dates and summaries are taken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reading import ABSTRACT, one, read, titles

PAPER = {"id": "2406.11741", "title": "A title", "summary": ABSTRACT}
OPTIONAL = {
    "authors": [{"_id": "1", "name": "Ada Byron", "hidden": False}, {"_id": "2", "name": "Alan Hay"}],
    "publishedAt": "2024-06-17T16:56:00.000Z",
    "submittedOnDailyAt": "2024-06-19T00:00:00.000Z",
    "ai_summary": "A summary that a model wrote and that nobody may cite.",
    "ai_keywords": ["one"],
    "upvotes": 7,
    "githubRepo": "https://github.com/a/b",
    "projectPage": "javascript:alert(1)",
}


def daily(*papers: Any) -> str:
    """An answer of the API; the outer dates are shifted, as the real ones are."""
    return json.dumps(
        [{"paper": paper, "publishedAt": "2024-06-18T20:00:00.000Z", "title": "Outer title"} for paper in papers]
    )


def test_a_paper_of_required_fields_alone_is_read() -> None:
    paper = one(daily(PAPER))
    assert (paper.paper_id, paper.title, paper.abstract, paper.authors) == ("arxiv:2406.11741", "A title", ABSTRACT, ())
    assert (paper.published, paper.listed, paper.source) == (None, None, "huggingface")


def test_the_listing_date_is_the_day_of_submission_to_the_daily_papers() -> None:
    paper = one(daily(PAPER | OPTIONAL))
    assert (paper.published, paper.listed) == ("2024-06-17", "2024-06-19")


def test_authors_and_link_are_read() -> None:
    paper = one(daily(PAPER | OPTIONAL))
    assert (paper.authors, paper.url) == (("Ada Byron", "Alan Hay"), "https://huggingface.co/papers/2406.11741")


@pytest.mark.parametrize("summary", [None, "", "N/A"])
def test_the_summary_of_a_model_is_never_taken(summary: str | None) -> None:
    assert titles(read(daily(PAPER | OPTIONAL | {"summary": summary}))) == ["- no abstract"]


def test_the_outer_title_serves_where_the_inner_is_missing() -> None:
    assert one(daily(PAPER | {"title": None})).title == "Outer title"


def test_a_given_listing_date_does_not_replace_the_real_one() -> None:
    assert one(daily(PAPER | OPTIONAL), listed="2026-01-01").listed == "2024-06-19"
    assert one(daily(PAPER), listed="2026-01-01").listed == "2026-01-01"


@pytest.mark.parametrize("entry", [None, [], "x", 7])
def test_an_entry_without_a_paper_is_a_reject_in_its_place(entry: Any) -> None:
    assert titles(read(daily(PAPER, entry, PAPER))) == ["A title", "- no `paper` in the entry", "A title"]


@pytest.mark.parametrize(
    "odd",
    [
        {"authors": "Ada"},
        {"authors": [None, 1]},
        {"id": 7},
        {"id": None},
        {"publishedAt": {}},
        {"submittedOnDailyAt": 0},
    ],
)
def test_odd_values_lose_no_paper(odd: dict[str, Any]) -> None:
    assert titles(read(daily(PAPER | odd))) == ["A title"]
