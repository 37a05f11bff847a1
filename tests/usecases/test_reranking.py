"""Reranking by a local model: it changes the order of what was found, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import refdesk
from rag.question import understand
from rag.retrieval.found import Retrieved
from rag.retrieval.reranking import PAPERS, SENTENCES, reranked
from rag.types import Paper, Sentence
from refdesk.library import examples
from refdesk.models.known import models_folder
from tests.commands import Ran
from tests.onnx_models import count, cross_encoder

Cli = Callable[..., Ran]
QUESTIONS = (
    "Do inline citations make the answers of language models less correct?",
    "How does retrieval help long-context models?",
    "sparse attention",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library") / "library"
    with refdesk.open_library(folder) as library:
        library.add(examples())
    return folder


@pytest.fixture(scope="module")
def texts(folder: Path) -> list[str]:
    with refdesk.open_library(folder) as library:
        return [*QUESTIONS, *(f"{paper.title} {paper.abstract}" for paper in library.papers())]


@pytest.fixture(params=[1.0, -1.0], ids=["the most in common first", "the least in common first"])
def factor(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def model(tmp_path: Path, texts: list[str], factor: float) -> Path:
    return cross_encoder(tmp_path / "reranker", texts, factor=factor)


@pytest.fixture
def plain(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as library:
        yield library


@pytest.fixture
def reranking(
    folder: Path, model: Path, plain: refdesk.Library, monkeypatch: pytest.MonkeyPatch
) -> Iterator[refdesk.Library]:
    monkeypatch.setenv("REFDESK_RERANKER", str(model))
    with refdesk.open_library(folder) as library:
        yield library


def papers(found: Retrieved) -> list[str]:
    return [hit.paper_id for hit in found.hits]


def sentences(found: Retrieved) -> list[tuple[str, int]]:
    return [(evidence.paper.paper_id, evidence.sentence.number) for evidence in found.evidence]


@pytest.mark.parametrize("question", QUESTIONS)
def test_papers_and_sentences_stand_in_the_order_of_the_models_scores(
    plain: refdesk.Library, reranking: refdesk.Library, question: str, factor: float
) -> None:
    before, after = plain.retrieve(question), reranking.retrieve(question)

    def by_hand(paper: Paper, sentence: Sentence) -> float:
        return factor * count(question, f"{paper.title} {sentence.text}")

    in_order = sorted(before.evidence, key=lambda found: -by_hand(found.paper, found.sentence))
    assert sentences(after) == [(found.paper.paper_id, found.sentence.number) for found in in_order]
    best: dict[str, float] = {}
    for found in in_order:
        best.setdefault(found.paper.paper_id, by_hand(found.paper, found.sentence))
    for hit in before.hits:
        best.setdefault(hit.paper_id, by_hand(hit.paper, hit.best_sentence))
    expected = sorted(before.hits[:PAPERS], key=lambda hit: -best[hit.paper_id])
    assert papers(after) == [hit.paper_id for hit in [*expected, *before.hits[PAPERS:]]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_only_the_order_changes_and_the_confidence_stays(
    plain: refdesk.Library, reranking: refdesk.Library, question: str
) -> None:
    before, after = plain.retrieve(question), reranking.retrieve(question)
    assert after.signals == before.signals
    assert [hit.score for hit in after.hits] == [hit.score for hit in before.hits]
    assert [each.score for each in after.evidence] == [each.score for each in before.evidence]
    assert sorted(papers(after)) == sorted(papers(before))
    assert sorted(sentences(after)) == sorted(sentences(before))
    others = {hit.paper_id: (hit.lexical, hit.vector, hit.held, hit.named) for hit in before.hits}
    assert {hit.paper_id: (hit.lexical, hit.vector, hit.held, hit.named) for hit in after.hits} == others
    first: dict[str, int] = {}
    for paper_id, number in sentences(after):
        first.setdefault(paper_id, number)
    for hit in after.hits:
        assert hit.best_sentence.number == first.get(hit.paper_id, hit.best_sentence.number)
    assert plain.ask(question).confidence == reranking.ask(question).confidence


def test_search_and_ask_use_the_reranked_order(plain: refdesk.Library, reranking: refdesk.Library) -> None:
    question = QUESTIONS[0]
    assert [hit.paper_id for hit in reranking.search(question)] == papers(reranking.retrieve(question, depth=10))[:10]
    assert reranking.search(question) != plain.search(question)
    assert len(reranking.search(question, limit=50)) == len(plain.search(question, limit=50))


class Longest:
    """A reranker that prefers long texts, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        self.asked.append((query, list(texts)))
        return [float(len(text)) for text in texts]


def test_only_the_first_thirty_papers_and_sixty_sentences_are_read(plain: refdesk.Library) -> None:
    found = plain.retrieve(QUESTIONS[0], depth=59)
    assert (len(found.hits), len(found.evidence)) == (59, SENTENCES)
    found = replace(found, evidence=(*found.evidence, *found.evidence[:7]))
    longest = Longest()
    after = reranked(found, longest)
    assert papers(after)[PAPERS:] == papers(found)[PAPERS:]
    assert sentences(after)[SENTENCES:] == sentences(found)[SENTENCES:]
    ((_, read),) = longest.asked
    of_sentences = [f"{each.paper.title}\n{each.sentence.text}" for each in found.evidence[:SENTENCES]]
    others = set(papers(found)[:PAPERS]) - {paper_id for paper_id, _ in sentences(found)}
    assert others
    best = [f"{hit.title}\n{hit.best_sentence.text}" for hit in found.hits if hit.paper_id in others]
    assert read == of_sentences + best
    lengths = [len(hit.title) + len(hit.best_sentence.text) for hit in after.hits[:PAPERS]]
    assert lengths == sorted(lengths, reverse=True)


def test_the_model_reads_the_question_with_its_words_corrected(plain: refdesk.Library) -> None:
    question = "Does retreival help?"
    asked = replace(understand(question, today=date(2026, 7, 1)), corrected={"retreival": "retrieval"})
    longest = Longest()
    reranked(replace(plain.retrieve("retrieval"), question=question, understood=asked), longest)
    assert [query for query, _ in longest.asked] == ["Does retrieval help?"]


def test_an_empty_library_has_nothing_to_rerank(reranking: refdesk.Library, tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "empty") as empty:
        assert empty.retrieve("grokking").hits == ()


def test_a_single_paper_is_found_with_a_reranker_too(reranking: refdesk.Library) -> None:
    paper = next(reranking.papers())
    assert papers(reranking.retrieve("models", filter=refdesk.Filter(papers=(paper.paper_id,)))) == [paper.paper_id]


# ---- the setting


@pytest.fixture
def library(own_library: Path, tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library to change, and a downloaded model named `tests/mine`."""
    monkeypatch.setenv("REFDESK_LIBRARY", str(own_library))
    cross_encoder(models_folder() / "tests--mine", texts, factor=-1.0)
    return own_library


def configure(library: Path, name: str) -> None:
    (library / "refdesk.toml").write_text(f"reranker = {json.dumps(name)}\n", encoding="utf-8")


def order(cli: Cli) -> list[str]:
    ran = cli("search", "--json", QUESTIONS[0])
    assert ran.status == 0, ran.out
    return [hit["paper_id"] for hit in ran.json["hits"]]


def test_a_model_is_named_by_its_name_or_its_folder_and_status_shows_it(cli: Cli, library: Path) -> None:
    without = order(cli)
    assert cli("status", "--json").json["reranker"] is None
    assert "reranker" not in cli("status").out
    configure(library, "tests/mine")
    by_name = order(cli)
    assert by_name != without
    assert cli("status", "--json").json["reranker"] == "tests/mine"
    assert "reranker    tests/mine" in cli("status").out
    configure(library, str(models_folder() / "tests--mine"))
    assert order(cli) == by_name


WRONG = {
    "ms-marco-MiniLM-L6-v2": ("is not on this machine", "Get it with `refdesk models get ms-marco-MiniLM-L6-v2`"),
    "tests/other": ("is not on this machine", "Get it with `refdesk models get tests/other`"),
    "nothing": ("No model has the name “nothing”", "Known are ms-marco-MiniLM-L6-v2"),
    "minilm": ("is an embedder, not a reranker", "It goes into `embedder`"),
    "~nosuchuser/model": ("is of a user that this machine does not have", "Write the whole path"),
    "a" * 300: ("No model has the name “aaa", "Known are ms-marco-MiniLM-L6-v2"),
    "/" + "a" * 300: ("cannot be read: File name too long", "Check the path"),
    "/no/such/folder": ("/no/such/folder is not a folder", "A model is a folder with model.onnx"),
    "tests/halved": ("tests--halved has no tokenizer.json", "A model is a folder with model.onnx"),
}


@pytest.mark.parametrize("name", WRONG, ids=lambda name: name[:30])
def test_a_reranker_that_is_not_there_is_an_error_of_questions_and_of_nothing_else(
    cli: Cli, library: Path, texts: list[str], name: str
) -> None:
    (cross_encoder(models_folder() / "tests--halved", texts) / "tokenizer.json").unlink()
    configure(library, name)
    says, hint = WRONG[name]
    for command in (["search", "grokking"], ["ask", "What explains grokking?"]):
        ran = cli(*command)
        assert ran.status == 3
        assert says in ran.err
        assert hint in ran.err
        assert "Refdesk failed" not in ran.err
    shown = cli("status", "--json")
    assert shown.status == 0
    (error,) = shown.json["settings"]
    assert error["table"] == "reranker"
    assert says in error["error"]
    assert says in " ".join(cli("status").out.split())
    assert cli("check").status == 0
    assert cli("export").status == 0


def test_a_model_with_labels_is_no_reranker(cli: Cli, library: Path, texts: list[str]) -> None:
    cross_encoder(models_folder() / "tests--judge", texts, labels=("entailment", "neutral"))
    configure(library, "tests/judge")
    ran = cli("search", "grokking")
    assert ran.status == 3
    assert "is no reranker: it has the labels entailment, neutral" in ran.err


def test_an_open_library_takes_a_new_reranker_when_it_reloads_its_settings(library: Path) -> None:
    with refdesk.open_library(library) as opened:
        before = papers(opened.retrieve(QUESTIONS[0]))
        configure(library, "tests/mine")
        assert papers(opened.retrieve(QUESTIONS[0])) == before
        opened.reload()
        assert papers(opened.retrieve(QUESTIONS[0])) != before


# ---- measuring it


def test_eval_measures_with_a_reranker_and_compares_with_a_run_without(
    cli: Cli, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "qrels").mkdir(parents=True)
    with refdesk.open_library(library) as opened:
        found = list(opened.papers())
    corpus = [{"_id": str(row), "title": paper.title, "text": paper.abstract} for row, paper in enumerate(found)]
    queries = [{"_id": f"q{row}", "text": paper.title} for row, paper in enumerate(found[:8])]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (data / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    relevant = "".join(f"q{row}\t{row}\t1\n" for row in range(8))
    (data / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{relevant}", encoding="utf-8")
    base = tmp_path / "base.json"
    ran = cli("eval", data, "--json")
    assert ran.status == 0, ran.out
    assert ran.json["reranker"] is None
    base.write_text(ran.out, encoding="utf-8")

    monkeypatch.setenv("REFDESK_RERANKER", "tests/mine")
    ran = cli("eval", data, "--json", "--compare", base)
    assert ran.status == 0, ran.out
    assert ran.json["reranker"] == "tests/mine"
    compared = ran.json["comparison"]
    assert compared["base"]["reranker"] is None
    measure = compared["splits"]["test"]["measures"]["ndcg@10"]
    assert measure["base"] > 0.9  # each title finds its own paper
    assert measure["difference"] < -0.5  # the model puts last what has most in common
    assert measure["p"] < 0.05
    assert "reranker: tests/mine" in cli("eval", data).out
