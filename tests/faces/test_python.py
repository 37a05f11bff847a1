"""The public Python API, and that every error of the tree is raised by something."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from shapes import is_answer, shown

import refdesk
from rag import embedders
from rag.embedders.openai import OpenAIEmbedder
from refdesk import errors
from refdesk.feeds.fetching import Fetcher
from tests.commands import ROOT

QUESTION = "What explains grokking, the delayed generalization of networks?"
EXAMPLES = ROOT / "examples"


def test_the_public_names_are_these() -> None:
    assert sorted(refdesk.__all__) == [
        "Answer",
        "Digest",
        "Filter",
        "Hit",
        "ImportReport",
        "Library",
        "__version__",
        "errors",
        "open_library",
    ]
    for name in refdesk.__all__:
        assert getattr(refdesk, name) is not None
        assert name in dir(refdesk)
    with pytest.raises(AttributeError, match="nothing"):
        _ = refdesk.nothing


def test_the_readmes_way_works(tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "library") as library:
        report = library.add(EXAMPLES / "papers.jsonl")
        assert isinstance(report, refdesk.ImportReport)
        assert report.added + report.updated + report.unchanged + len(report.rejected) == 58
        hits = library.search("grokking", limit=10)
        assert isinstance(hits[0], refdesk.Hit)
        assert all((hits[0].paper_id, hits[0].title, hits[0].score, hits[0].best_sentence.text))
        assert len(hits) == 10
        answer = library.ask(QUESTION)
        assert isinstance(answer, refdesk.Answer)
        document = json.loads(json.dumps(answer.to_dict()))
        is_answer(document, lambda name: shown(library, name))


@pytest.fixture(scope="module")
def open_sample(sample_library: Path) -> Any:
    with refdesk.open_library(sample_library) as library:
        yield library


def test_the_same_question_gets_the_same_answer(open_sample: refdesk.Library, sample_library: Path) -> None:
    first = {**open_sample.ask(QUESTION).to_dict(), "took_ms": 0}
    open_sample.ask("Something else about robots?")
    assert {**open_sample.ask(QUESTION).to_dict(), "took_ms": 0} == first
    with refdesk.open_library(sample_library) as again:
        assert {**again.ask(QUESTION).to_dict(), "took_ms": 0} == first


def test_a_langchain_retriever_gives_documents_with_the_best_sentence(open_sample: refdesk.Library) -> None:
    retriever = open_sample.as_retriever(limit=3)
    assert isinstance(retriever, BaseRetriever)
    found = retriever.invoke("grokking")
    assert len(found) == 3
    for document in found:
        assert isinstance(document, Document)
        metadata = document.metadata
        assert document.page_content[metadata["start"] : metadata["end"]] == metadata["best_sentence"]
        assert open_sample.show(metadata["paper_id"]).abstract == document.page_content
    only = open_sample.as_retriever(filter=refdesk.Filter(papers=("sample:0007",))).invoke("quantization")
    assert [document.id for document in only] == [open_sample.show("sample:0007").paper_id]


def test_a_langchain_runnable_composes(open_sample: refdesk.Library) -> None:
    chain = open_sample.as_runnable()
    assert isinstance(chain, Runnable)
    assert chain.invoke(QUESTION).answered
    texts = chain | RunnableLambda(lambda answer: answer.text)
    assert texts.invoke(QUESTION) == open_sample.ask(QUESTION).text


def test_questions_can_be_put_in_a_batch(open_sample: refdesk.Library) -> None:
    questions = [QUESTION, "Does tactile feedback help a robot to route cables?"] * 4
    together = [answer.text for answer in open_sample.as_runnable().batch(questions)]
    assert together == [open_sample.ask(question).text for question in questions]


def test_results_are_frozen(open_sample: refdesk.Library) -> None:
    with pytest.raises(AttributeError):
        open_sample.ask(QUESTION).text = "other"  # type: ignore[misc]


def test_papers_of_a_filter_come_by_id(open_sample: refdesk.Library) -> None:
    papers = list(open_sample.papers(filter=refdesk.Filter(categories=("cs.RO",))))
    assert [paper.paper_id for paper in papers] == sorted(paper.paper_id for paper in papers)
    assert len(papers) == 10


def test_a_model_that_nobody_knows_is_a_wrong_setting(sample_library: Path) -> None:
    with (
        refdesk.open_library(sample_library, model="nobody:nothing") as library,
        pytest.raises(errors.ConfigError, match="nobody:nothing"),
    ):
        library.ask("What explains grokking?")


def test_withdrawn_papers_and_orders_to_models_support_no_answer(open_sample: refdesk.Library) -> None:
    withdrawn = open_sample.show("sample:0032")
    assert "withdrawn" in withdrawn.flags
    assert withdrawn.paper_id not in {source.paper.paper_id for source in open_sample.ask(withdrawn.title).sources}
    ordered = open_sample.show("sample:0024")
    assert "instructions" in ordered.flags
    text = open_sample.ask(ordered.title, max_sentences=50).text.lower()
    assert "ignore" not in text or "previous" not in text


# ---- every leaf of the error tree


def leaves(kind: type[errors.RefdeskError]) -> set[type[errors.RefdeskError]]:
    below = kind.__subclasses__()
    return {kind} if not below else set().union(*map(leaves, below))


def _library(at: SimpleNamespace, **rest: Any) -> refdesk.Library:
    at.opened.append(refdesk.open_library(at.path / "library", **rest))
    return at.opened[-1]


def _locked(at: SimpleNamespace) -> None:
    (at.path / "library").mkdir()
    (at.path / "library" / "refdesk.toml").write_text("lock_timeout_s = 0.1\n")
    library = _library(at)
    with FileLock(at.path / "library" / "lock", thread_local=False).acquire(timeout=5):
        library.add(EXAMPLES / "papers.csv")


def _full(at: SimpleNamespace) -> None:
    from stores.sql.schema import translated

    engine = sqlite3.connect(at.path / "small.sqlite3")
    try:
        import sqlalchemy as sa

        with translated("sqlite:///small.sqlite3"):
            try:
                engine.execute("PRAGMA max_page_count = 2")
                rows = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 9999) SELECT * FROM n"
                engine.execute(f"CREATE TABLE t AS {rows}")
            except sqlite3.OperationalError as error:
                raise sa.exc.OperationalError("", {}, error) from error
    finally:
        engine.close()


def _damaged(at: SimpleNamespace) -> None:
    (at.path / "library").mkdir()
    (at.path / "library" / "catalog.sqlite3").write_bytes(b"no database " * 999)
    _library(at)


def _mismatched(at: SimpleNamespace) -> None:
    _library(at)
    _library(at, embedder="minilm")


def _unmodelled(at: SimpleNamespace) -> None:
    library = _library(at, model="openai:none")
    library.add(EXAMPLES / "papers.csv")
    library.ask("What explains grokking, the delayed generalization of networks?", strict=True)


WAYS: dict[type[errors.RefdeskError], Callable[[SimpleNamespace], object]] = {
    errors.ConfigError: lambda at: _library(at, embedder="nothing"),
    errors.UnknownFormat: lambda at: _library(at).add(EXAMPLES / "papers.csv", format_name="nothing"),
    errors.UnreadableInput: lambda at: _library(at).add(at.path / "none"),
    errors.BadQuestion: lambda at: _library(at).ask("what is the"),
    errors.BadFilter: lambda at: _library(at).search("grokking", filter=refdesk.Filter(since="soon")),
    errors.PaperNotFound: lambda at: _library(at).show("arxiv:2406.11741"),
    errors.LibraryNotFound: lambda at: _library(at, create=False),
    errors.LibraryLocked: _locked,
    errors.LibraryReadOnly: lambda at: (_library(at), _library(at, read_only=True).add(EXAMPLES / "papers.csv")),
    errors.StoreMismatch: _mismatched,
    errors.StoreDamaged: _damaged,
    errors.StoreFull: _full,
    errors.EmbedderUnavailable: lambda at: at.unreachable(),
    errors.ModelUnavailable: _unmodelled,
    errors.FeedUnavailable: lambda _: Fetcher(pause_s=0).get("http://127.0.0.1:9/"),
}


def test_there_is_a_way_to_every_leaf_of_the_error_tree() -> None:
    assert leaves(errors.RefdeskError) == set(WAYS)


@pytest.mark.parametrize("kind", sorted(WAYS, key=lambda each: each.__name__), ids=lambda each: each.__name__)
def test_every_leaf_of_the_error_tree_is_raised_with_a_sentence_and_a_hint(
    tmp_path: Path, kind: type[errors.RefdeskError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    def unreachable() -> None:
        embedder = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, retries=0)
        try:
            embedder.embed(["text"])
        finally:
            embedder._client.close()

    at = SimpleNamespace(path=tmp_path, opened=[], unreachable=unreachable)
    try:
        with pytest.raises(kind) as caught:
            WAYS[kind](at)
        assert type(caught.value) is kind
        assert caught.value.message.endswith(".")
        assert caught.value.hint
        assert caught.value.to_dict()["error"]["type"] == kind.__name__  # type: ignore[index]
        assert caught.value.exit_code in (3, 4, 5, 6)
    finally:
        for library in at.opened:
            library.close()


def test_the_default_embedder_is_the_one_the_library_names(open_sample: refdesk.Library) -> None:
    assert open_sample.status()["embedder"] == embedders.DEFAULT
