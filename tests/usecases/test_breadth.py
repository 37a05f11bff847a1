"""What a model is shown: how many sentences and papers by the kind of the question, and what its queries find."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.answers.breadth import BREADTH, FLOOR, FOCUSED, gathered
from tests import chat_server
from tests.chat_server import Body, ChatServer, as_reply, claim, serving, shown, titles
from tests.faces.shapes import is_answer
from tests.faces.shapes import shown as stored

PAPERS = 45
DATA = Path(os.environ.get("REFDESK_TEST_DATA", "/nowhere")) / "arxiv_daily" / "2025.jsonl.gz"
WRITTEN = json.loads((Path(__file__).parent / "written_replies.json").read_text(encoding="utf-8"))
NUMBER = count()


def paper(number: int) -> dict[str, Any]:
    sentences = [
        "Sparse attention is a popular way to make transformers cheap.",
        f"Here we aim to study sparse attention with pattern {number}.",
        f"We train {number + 3} transformers on text of many sorts.",
        f"Sparse attention with pattern {number} lowers memory use by {number + 10}%.",
        f"It keeps {number + 40}% of the accuracy of dense attention.",
        "These results show that pattern choice matters more than its size.",
        "Code is available on our page.",
    ]
    return {
        "id": f"paper-{number}",
        "title": f"Pattern {number} for Sparse Attention",
        "abstract": " ".join(sentences),
        "published": f"2025-{number % 12 + 1:02}-01",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of papers on sparse attention, and some on other things."""
    made = tmp_path_factory.mktemp("breadth")
    other = [
        {
            "id": f"other-{n}",
            "title": f"Pears of Orchard {n}",
            "abstract": f"Pears grow in orchard {n}. They are sweet.",
        }
        for n in range(20)
    ]
    lines = "\n".join(json.dumps(each) for each in [*map(paper, range(PAPERS)), *other])
    (made / "papers.jsonl").write_text(lines, encoding="utf-8")
    with refdesk.open_library(made / "library") as library:
        library.add(made / "papers.jsonl")
    return made / "library"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        running.reply = searching()
        yield running


@pytest.fixture
def library(folder: Path, server: ChatServer) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder, model=f"openai:broad-{next(NUMBER)}") as opened:
        yield opened


def searching(*queries: str) -> chat_server.Model:
    """A model that writes these queries, and honest answers."""
    return lambda body: chat_server.honest(body) if shown(body) else "\n".join(queries)


def asked(server: ChatServer) -> list[bool]:
    """Of each request, whether it showed evidence."""
    return [bool(shown(body)) for body in server.requests]


# ---- breadth


@pytest.mark.parametrize("question", ["What's new on sparse attention?", "Which papers use sparse attention?"])
def test_a_broad_question_shows_many_papers(library: refdesk.Library, server: ChatServer, question: str) -> None:
    library.ask(question, fresh=True)
    evidence = shown(server.requests[-1])
    assert 80 <= len(evidence) <= 120
    assert 20 <= len(titles(server.requests[-1])) <= 40
    assert "at most 8 claims" in server.requests[-1]["messages"][0]["content"]


@pytest.mark.parametrize("question", ["What lowers memory use?", "What is sparse attention?"])
def test_a_question_with_one_answer_shows_the_best_sentences(
    library: refdesk.Library, server: ChatServer, question: str
) -> None:
    library.ask(question)
    assert len(shown(server.requests[-1])) <= 40
    assert "at most 5 claims" in server.requests[-1]["messages"][0]["content"]


def test_an_overview_has_as_many_claims_as_the_reader_says(library: refdesk.Library, server: ChatServer) -> None:
    library.ask("What's new on sparse attention?", max_sentences=3)
    assert "at most 3 claims" in server.requests[-1]["messages"][0]["content"]


def test_of_each_paper_the_results_come_first(library: refdesk.Library, server: ChatServer) -> None:
    library.ask("What's new on sparse attention?")
    texts = list(shown(server.requests[-1]).values())
    told = [text for text in texts if "lowers memory use" in text]
    assert len(told) == len(titles(server.requests[-1]))
    assert not any("Code is available" in text or "Here we aim" in text for text in texts)


def test_papers_that_come_far_behind_the_best_are_not_shown(library: refdesk.Library) -> None:
    for question in ("Does sparse attention lower memory?", "What's new on sparse attention?"):
        retrieved = library.retrieve(question)
        breadth = BREADTH.get(retrieved.understood.kind, FOCUSED) if retrieved.understood else FOCUSED
        scores = {hit.paper_id: hit.score for hit in retrieved.hits}
        found = {evidence.paper.paper_id for evidence in gathered(retrieved, breadth)}
        assert found
        assert min(scores[name] for name in found) >= FLOOR * max(scores.values())


def test_a_comparison_shows_first_what_names_both_sides(library: refdesk.Library, server: ChatServer) -> None:
    server.reply = searching("sparse attention", "dense attention")
    library.ask("What is the difference between sparse attention and dense attention?")
    first = titles(server.requests[-1])["1"]
    assert "Sparse Attention" in first
    assert any(name == "1.5" and "dense attention" in text for name, text in shown(server.requests[-1]).items())


def test_the_evidence_keeps_within_the_budget_of_a_question(
    folder: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_MAX_TOKENS_PER_QUESTION", "6000")
    with refdesk.open_library(folder, model=f"openai:broad-{next(NUMBER)}") as library:
        usage = library.ask("What's new on sparse attention?").usage
    assert usage
    assert 0 < usage["input_tokens"] + usage["output_tokens"] <= 6000
    assert len(shown(server.requests[-1])) < 80


# ---- queries


def test_a_question_that_is_not_short_is_searched_by_the_models_queries_too(
    library: refdesk.Library, server: ChatServer
) -> None:
    server.reply = searching("pears in orchards")
    library.ask("Does sparse attention of cheap transformers lower memory use?")
    assert asked(server) == [False, True]
    assert any("Sparse Attention" in title for title in titles(server.requests[-1]).values())


def test_a_short_question_is_its_own_query(library: refdesk.Library, server: ChatServer) -> None:
    library.ask("sparse attention")
    assert asked(server) == [True]


def test_a_question_without_a_topic_asks_no_model(library: refdesk.Library, server: ChatServer) -> None:
    answer = library.ask("hello")
    assert answer.abstention
    assert "names no topic" in answer.abstention.reason
    assert server.requests == []


def test_queries_keep_to_the_span_of_the_question(library: refdesk.Library, server: ChatServer) -> None:
    server.reply = searching("sparse attention patterns", "memory use of attention")
    library.ask("What do papers say about sparse attention of cheap transformers since November 2025?")
    assert asked(server) == [False, True]
    numbers = [int(title.split()[1]) for title in titles(server.requests[-1]).values() if title.startswith("Pattern")]
    assert numbers
    assert all(number % 12 + 1 >= 11 for number in numbers)


def test_a_question_in_another_language_is_searched_in_english(library: refdesk.Library, server: ChatServer) -> None:
    question = "Welche Arbeiten gibt es über dünn besetzte Aufmerksamkeit?"
    server.reply = searching("Which papers are there on sparse attention?", "sparse attention patterns")
    answer = library.ask(question)
    assert answer.answered
    assert (answer.question, answer.mode) == (question, "generated")
    assert answer.understood
    assert (answer.understood.language, answer.understood.kind) == ("de", "list")
    assert chat_server.question(server.requests[-1]) == question
    assert len(titles(server.requests[-1])) >= 20


@pytest.mark.parametrize("reply", ['{"queries": ["sparse attention"]}', "```\n```", "?"])
def test_queries_that_cannot_be_read_are_passed_over(library: refdesk.Library, server: ChatServer, reply: str) -> None:
    server.reply = searching(reply)
    assert library.ask("Does sparse attention of cheap transformers lower memory use?").answered


# ---- replies that a capable model wrote from the prompts alone, over 17,145 papers


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The papers that the written replies cite, among 400 others."""
    if not DATA.exists():
        pytest.skip("the arXiv abstracts are not here: set REFDESK_TEST_DATA")
    cited = {name for written in WRITTEN for each in written["claims"] for name, _ in each["evidence"]}
    made = tmp_path_factory.mktemp("real")
    kept = []
    with gzip.open(DATA, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number % 100 == 0 or f"arxiv:{json.loads(line)['id']}" in cited:
                kept.append(line)
    (made / "papers.jsonl").write_text("".join(kept), encoding="utf-8")
    with refdesk.open_library(made / "library") as library:
        library.add(made / "papers.jsonl")
    return made / "library"


def replayed(written: dict[str, Any], library: refdesk.Library) -> Callable[[Body], str]:
    """The model that wrote a reply, with the numbers that the sentences have now."""

    def reply(body: Body) -> str:
        if not shown(body):
            return "\n".join(written["queries"])
        sources = {title.rpartition(" (")[0]: number for number, title in titles(body).items()}
        return as_reply(
            [
                claim(each["text"], *(f"{sources[library.show(name).title]}.{n}" for name, n in each["evidence"]))
                for each in written["claims"]
            ]
        )

    return reply


@pytest.mark.parametrize("written", WRITTEN, ids=["list", "German", "yes or no"])
def test_the_evidence_holds_what_a_model_found_in_it(real: Path, server: ChatServer, written: dict[str, Any]) -> None:
    with refdesk.open_library(real, model=f"openai:broad-{next(NUMBER)}") as library:
        server.reply = replayed(written, library)
        answer = library.ask(written["question"])
        assert [each.text for each in answer.claims] == [each["text"] for each in written["claims"]]
        assert answer.dropped == 0
        is_answer(json.loads(json.dumps(answer.to_dict())), lambda name: stored(library, name))
