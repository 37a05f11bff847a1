"""Issues that a model writes: checked part by part, within a budget, paid for once, and told where it failed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

import refdesk
from rag.digests.generation import CONCURRENCY
from rag.digests.period import last_whole
from tests import chat_server
from tests.chat_server import ChatServer, serving
from tests.commands import ended, environment, run, start
from tests.usecases.test_cancelled import _CLI, FEW, one_claim_then_nothing_for_long, until
from tests.usecases.test_digests import WEEK, claims, record, write

NUMBER = count()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that OPENAI_BASE_URL names."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running


@pytest.fixture
def opened(tmp_path: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., refdesk.Library]:
    """A library of six papers of one week, with a model that nobody asked before and further settings."""
    model = f"openai:issue-{next(NUMBER)}"

    def with_settings(notices: list[str] | None = None, **settings: object) -> refdesk.Library:
        for name, value in settings.items():
            monkeypatch.setenv(f"REFDESK_{name.upper()}", str(value))
        told = notices if notices is not None else []
        library = refdesk.open_library(tmp_path / "library", model=model, notify=told.append)
        library.add(write(tmp_path / "papers.jsonl", [record(number, "2026-06-16") for number in range(6)]))
        return library

    return with_settings


def bytes_of(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True)


def test_a_model_writes_the_parts_and_every_claim_of_it_cites(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.honest
    notices: list[str] = []
    with opened(notices, judge="words") as library:
        digest = library.digest(WEEK)
        document = digest.to_dict()
        assert document["mode"] == "generated"
        assert document["degraded"] is None
        assert document["manifest"]["prompts"]["answer"].startswith("answer@")
        assert document["manifest"]["model"] == library.model
        assert len(document["papers"]) == 6
        for claim in claims(document):
            assert claim["citations"] and claim["support"] != "unsupported"
        assert all(paper["tldr"]["citations"][0]["paper_id"] == paper["paper_id"] for paper in document["papers"])
        assert digest.usage and digest.usage["calls"] == 7
        (announced,) = [notice for notice in notices if "writes 7 parts of the issue" in notice]
        used = digest.usage["input_tokens"] + digest.usage["output_tokens"]
        said = int(announced.partition("about ")[2].partition(" ")[0].replace(",", ""))
        assert used / 1.5 < said < used * 1.5


def test_a_repeated_issue_is_the_same_bytes_and_costs_nothing(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    with opened() as library:
        first = library.digest(WEEK)
        asked = len(server.requests)
        again = library.digest(WEEK)
        assert len(server.requests) == asked
        assert bytes_of(first.to_dict()) == bytes_of(again.to_dict())
        assert again.usage and again.usage["calls"] == 0
        assert len(library.digest(WEEK, fresh=True).papers) == 6
        assert len(server.requests) == 2 * asked


def test_what_does_not_pass_the_check_falls_back_to_the_papers_own_sentence_and_is_told(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.inventing
    with opened() as library:
        document = library.digest(WEEK).to_dict()
        assert document["mode"] == "extractive"
        assert "7 of 7 parts are in the papers' own sentences" in document["degraded"]["reason"]
        assert all(claim["support"] == "verbatim" for claim in claims(document))


@pytest.mark.parametrize("mood", ["busy", "down", "slow", "html", "refusal", "forbidden"])
def test_a_failing_server_leaves_an_extractive_issue(
    opened: Callable[..., refdesk.Library], server: ChatServer, mood: str
) -> None:
    server.mood, server.slow_s = mood, 4.0
    with opened(model_timeout_s=1) as library:
        document = library.digest(WEEK).to_dict()
        assert document["mode"] == "extractive" and len(document["papers"]) == 6
        assert document["degraded"]["from"] == "generated"


@pytest.mark.parametrize("budget", [3_000, 8_000])
def test_a_budget_is_kept_and_what_it_does_not_allow_is_extractive(
    opened: Callable[..., refdesk.Library], server: ChatServer, budget: int
) -> None:
    with opened(max_tokens_per_issue=budget) as library:
        digest = library.digest(WEEK)
        assert digest.usage
        assert digest.usage["input_tokens"] + digest.usage["output_tokens"] <= budget
        assert digest.degraded and "budget" in digest.degraded["reason"]
        assert len(digest.papers) == 6


def test_a_budget_that_is_used_up_does_not_stop_parts_whose_replies_are_stored(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.honest
    with opened() as library:
        first = library.digest(WEEK)
    with opened(max_tokens_per_issue=10) as library:
        again = library.digest(WEEK)
        assert again.usage and again.usage["calls"] == 0
        assert bytes_of(again.to_dict()) == bytes_of(first.to_dict())


def test_the_days_budget_holds_for_an_issue_too(opened: Callable[..., refdesk.Library], server: ChatServer) -> None:
    with opened(max_tokens_per_day=1_000) as library:
        digest = library.digest(WEEK)
        assert digest.usage and digest.usage["calls"] == 0
        assert digest.mode == "extractive"


def test_the_tokens_of_an_issue_count_against_the_days_budget(
    opened: Callable[..., refdesk.Library], server: ChatServer
) -> None:
    server.reply = chat_server.honest
    with opened() as library:
        usage = library.digest(WEEK).usage
        spent = library._store.catalog.replies(read_only=True).spent(library._store.now()[:10])
    assert usage and spent == usage["input_tokens"] + usage["output_tokens"] > 0


def test_no_model_is_asked_which_papers_an_issue_has(
    opened: Callable[..., refdesk.Library], server: ChatServer, tmp_path: Path
) -> None:
    with opened() as library:
        assert len(library.within_issue(WEEK).papers) == 6
    ran = run("--library", tmp_path / "library", "digest", "--week", WEEK, "--explain", "--model", "openai:any")
    assert ran.status == 0, ran.err
    assert server.requests == []


# ---- cancelled


@pytest.fixture
def slow(server: ChatServer) -> ChatServer:
    """The server; each of its replies takes some thirty seconds."""
    server.reply = one_claim_then_nothing_for_long
    server.chunk, server.pause_s = 60, 0.3
    return server


def calls_end_soon(server: ChatServer, sent: int) -> None:
    """All calls under way lose their connection after a few chunks, and no other part is asked for."""
    until(lambda: len(server.hangups) == len(server.requests))
    assert len(server.stamps) <= sent + CONCURRENCY * FEW
    assert 0 < len(server.requests) <= CONCURRENCY


def test_a_cancelled_issue_ends_its_calls_within_a_chunk_and_counts_their_tokens(
    opened: Callable[..., refdesk.Library], slow: ChatServer
) -> None:
    cancel = Event()
    raised: list[BaseException] = []
    with opened() as library:

        def make() -> None:
            try:
                library.digest(WEEK, cancel=cancel)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
                raised.append(error)

        maker = Thread(target=make)
        maker.start()
        until(lambda: len(slow.stamps) > 2 * CONCURRENCY)
        sent = len(slow.stamps)
        cancel.set()
        maker.join(30)
        assert [type(error) for error in raised] == [CancelledError]
        calls_end_soon(slow, sent)
        assert library._store.catalog.replies(read_only=True).spent(library._store.now()[:10]) > 0
        with pytest.raises(CancelledError):
            library.digest(WEEK, cancel=cancel)
        assert len(slow.requests) <= CONCURRENCY, "a cancelled issue asks for nothing"


@pytest.mark.parametrize("command", ["digest", "run"])
def test_ctrl_c_ends_the_calls_of_an_issue(slow: ChatServer, tmp_path: Path, command: str) -> None:
    folder, week = tmp_path / "library", last_whole(datetime.now(UTC), "week", "UTC")
    with refdesk.open_library(folder) as library:
        library.add(write(tmp_path / "papers.jsonl", [record(number, str(week.first)) for number in range(6)]))
    (folder / "refdesk.toml").write_text('model = "openai:interrupted"\n[subscriptions.all]\n')
    process = start(_CLI, "--library", folder, command, env=environment())
    until(lambda: len(slow.stamps) > 2 * CONCURRENCY)
    sent = len(slow.stamps)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.status == 130, ran.err
    assert ran.err.endswith("Interrupted.\n")
    calls_end_soon(slow, sent)


def with_themes(tmp_path: Path, server: ChatServer, several: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An issue with themes that a model wrote, its headline on several papers or on one; and the requests."""

    def reply(body: dict[str, Any]) -> str:
        sentences = chat_server.shown(body)
        if not chat_server.question(body).startswith("What do several of these papers find together"):
            return chat_server.honest(body)
        text = next(iter(sentences.values()))
        same = [name for name, other in sentences.items() if other == text]
        ids = [*same, *(name for name in sentences if name not in same)][: 2 if several else 1]
        return chat_server.as_reply([chat_server.claim(text, *ids)])

    server.reply = reply
    with refdesk.open_library(tmp_path / "themes", model=f"openai:issue-{next(NUMBER)}") as library:
        subjects = ("speculative decoding", "glacier meltwater", "protein folding", "humpback whales", "bone density")
        papers = [
            record(
                number,
                "2026-06-16",
                title=f"{subjects[number % 5].capitalize()} in place {number}",
                abstract=f"We study {subjects[number % 5]} in place {number} over {number + 3} summers. We find that "
                f"{subjects[number % 5]} rose by 5.5 percent there. We propose a way to count it.",
            )
            for number in range(90)
        ]
        library.add(write(tmp_path / "many.jsonl", papers))
        return library.digest(WEEK).to_dict(), list(server.requests)


@pytest.mark.parametrize("several", [True, False], ids=["of several papers", "of one paper"])
def test_the_headline_is_made_of_the_claims_of_themes_and_each_sentence_rests_on_two_papers(
    tmp_path: Path, server: ChatServer, several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_JUDGE", "words")
    document, requests = with_themes(tmp_path, server, several)
    assert len(document["themes"]) > 1
    of_themes = [body for body in requests if "have in common" in chat_server.question(body)]
    for body in of_themes:
        sources = [name.partition(".")[0] for name in chat_server.shown(body)]
        assert 10 <= len(set(sources)) <= 20
        assert all(sources.count(source) <= 2 for source in sources)
    cited = {
        (each["paper_id"], each["sentence"])
        for theme in document["themes"]
        for claim in theme["claims"]
        for each in claim["citations"]
    }
    papers = [{each["paper_id"] for each in claim["citations"]} for claim in document["headline"]]
    if several:
        assert document["degraded"] is None
        assert all(len(each) > 1 for each in papers)
        assert all(
            (each["paper_id"], each["sentence"]) in cited for c in document["headline"] for each in c["citations"]
        )
    else:  # the papers' own sentences stand in its place
        assert "the model told of single papers where several were asked for" in document["degraded"]["reason"]
        assert all(claim["support"] == "verbatim" for claim in document["headline"])
