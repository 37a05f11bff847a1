"""Reviews that a model writes: the head and the themes, checked, paid for once, and told where it failed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from itertools import count
from pathlib import Path
from threading import Event

import pytest

import refdesk
from refdesk.render.review import rendered
from tests import chat_server
from tests.chat_server import ChatServer, serving

NUMBER = count()
TOPIC = "weight decay"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that OPENAI_BASE_URL names."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running


@pytest.fixture
def opened(tmp_path: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., refdesk.Library]:
    """A library of twenty papers on one topic and twenty others, with a model that nobody asked before."""

    def with_settings(notices: list[str] | None = None, **settings: object) -> refdesk.Library:
        for name, value in settings.items():
            monkeypatch.setenv(f"REFDESK_{name.upper()}", str(value))
        told = notices if notices is not None else []
        library = refdesk.open_library(tmp_path / "library", model=f"openai:review-{next(NUMBER)}", notify=told.append)
        lines = [json.dumps(record(number)) for number in range(40)]
        (tmp_path / "papers.jsonl").write_text("\n".join(lines))
        library.add(tmp_path / "papers.jsonl")
        return library

    return with_settings


def record(number: int) -> dict[str, str]:
    """A paper; of the first twenty each treats the topic, and a third of these one theme."""
    subject = ("sparse circuits", "modular addition", "synthetic grammars")[number % 3]
    on = f"weight decay in {subject}" if number < 20 else f"cooking of dish {number}"
    return {
        "id": f"x{number}",
        "title": f"On {on}, part {number}",
        "abstract": f"We study {on} in setting {number}. Results show that it shortens training by {number + 3}%. "
        f"For {subject} this holds in {number + 2} of 40 runs.",
        "date": f"2026-06-{number % 28 + 1:02}",
    }


def test_a_model_writes_the_head_and_the_themes_and_every_claim_cites(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.honest
    notices: list[str] = []
    with opened(notices, judge="words") as library:
        review = library.review(TOPIC)
        assert review.mode == "generated"
        assert review.degraded is None
        assert review.themes
        parts = 1 + len(review.themes)
        assert review.usage
        assert review.usage["calls"] == parts
        (announced,) = [notice for notice in notices if f"writes {parts} parts of the review" in notice]
        used = review.usage["input_tokens"] + review.usage["output_tokens"]
        said = int(announced.partition("about ")[2].partition(" ")[0].replace(",", ""))
        assert used / 1.5 < said < used * 1.5
        for claim in (*review.headline, *(claim for theme in review.themes for claim in theme.claims)):
            assert claim.citations
            assert claim.support != "unsupported"
        assert all(row.finding.support == "verbatim" for row in review.table)
        for form in ("md", "json"):
            assert not [
                each for each in library.verify(rendered(review, form)) if each.verdict.support == "unsupported"
            ]
        assert f"Partly written by {library.model}" in rendered(review, "text")
        asked = len(server.requests)
        assert rendered(library.review(TOPIC), "json") == rendered(review, "json")
        assert len(server.requests) == asked


def test_what_does_not_pass_the_check_is_in_the_papers_own_sentences_and_is_told(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.inventing
    with opened() as library:
        review = library.review(TOPIC)
        parts = 1 + len(review.themes)
        assert review.mode == "extractive"
        assert review.degraded
        assert f"{parts} of {parts} parts are in the papers' own sentences" in review.degraded["reason"]
        assert f"{parts} of {parts} parts" in rendered(review, "md")
        assert all(claim.support == "verbatim" for claim in review.headline)


def test_a_budget_is_kept(opened: Callable[..., refdesk.Library], server: ChatServer) -> None:
    server.reply = chat_server.honest
    with opened(max_tokens_per_issue=200) as library:
        review = library.review(TOPIC)
        assert review.mode == "extractive"
        assert review.usage
        assert review.usage["calls"] == 0
        assert len(review.papers) == 20


def test_a_review_can_be_cancelled(opened: Callable[..., refdesk.Library], server: ChatServer) -> None:
    cancel = Event()
    cancel.set()
    with opened() as library, pytest.raises(CancelledError):
        library.review(TOPIC, cancel=cancel)
