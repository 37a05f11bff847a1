"""The public Python API, and that every error of the tree is raised by something."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

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
from refdesk.models import hub
from refdesk.models.known import on_hub
from stores.vectors.chroma import ChromaVectors
from tests.commands import ROOT, environment

QUESTION = "What explains grokking, the delayed generalization of networks?"
EXAMPLES = ROOT / "examples"


def test_the_public_names_exist() -> None:
    assert {"Library", "open_library", "errors", "__version__"} <= set(refdesk.__all__)
    assert sorted(refdesk.__all__) == sorted(set(refdesk.__all__))
    for name in refdesk.__all__:
        assert getattr(refdesk, name) is not None
        assert name in dir(refdesk)
    with pytest.raises(AttributeError, match="nothing"):
        _ = refdesk.nothing  # type: ignore[attr-defined]


def _classes(hint: Any) -> Iterator[type]:
    """The classes of this project in a type hint."""
    if isinstance(hint, type) and hint.__module__.partition(".")[0] in ("rag", "stores", "refdesk"):
        yield hint
    for inner in get_args(hint):
        yield from _classes(inner)


def _returned(kind: type) -> Iterator[type]:
    """The classes that the public methods, properties and fields of a class give."""
    public = {name: getattr(refdesk, name) for name in refdesk.__all__} | {"Runnable": Runnable}
    for name, member in inspect.getmembers(kind):
        function = getattr(member, "fget", None) or getattr(member, "func", None) or member
        if not name.startswith("_") and getattr(function, "__module__", "").partition(".")[0] in ("rag", "refdesk"):
            hints = get_type_hints(function, {**vars(sys.modules[function.__module__]), **public})
            yield from _classes(hints.get("return"))
    if is_dataclass(kind):
        hints = get_type_hints(kind, {**vars(sys.modules[kind.__module__]), **public})
        for name, hint in hints.items():
            if not name.startswith("_"):
                yield from _classes(hint)


def test_every_type_that_a_public_method_returns_is_exported_and_documented() -> None:
    reached, new = {refdesk.Library}, [refdesk.Library]
    while new:
        found = {each for each in _returned(new.pop()) if each not in reached}
        reached |= found
        new += found
    assert len(reached) > 25
    for kind in reached:
        assert getattr(refdesk, kind.__name__, None) is kind, f"refdesk does not export {kind.__name__}"
        assert (kind.__doc__ or "").strip(), kind.__name__
        assert not (kind.__doc__ or "").startswith(f"{kind.__name__}("), f"{kind.__name__} has no docstring"


SCRIPT = """
from typing import assert_type
import refdesk
from refdesk import Answer, Claim, FeedReport, Verified

with refdesk.open_library("library") as library:
    assert_type(library, refdesk.Library)
    assert_type(library.search("x", limit=3, since="2026-05", categories=["cs.CL"]), refdesk.Hits)
    assert_type(library.ask("x", max_sentences=2, papers="arxiv:2406.11741"), Answer)
    assert_type(library.ask("x").claims[0].citations[0].quote, str)
    assert_type([part for part in library.stream("x", strict=True)], list[Claim | Answer])
    assert_type(library.sync(), list[FeedReport])
    assert_type(library.verify("x")[0], Verified)
    assert_type(library.digest("2026-W27").papers[0].paper.title, str)
    assert_type(next(library.issues.run()).outcome == "done", bool)
    assert_type(library.as_retriever(k=2), refdesk.PaperRetriever)
    try:
        library.show("x")
    except refdesk.errors.PaperNotFound as error:
        assert_type(error.hint, str | None)
"""
VENDORS = (
    "alembic chromadb click filelock httpx jinja2 langchain langchain_core langchain_openai lxml numpy openai pydantic"
)
SETTINGS = f"""
[mypy]
strict = True
[mypy-{",".join(f"{name}.*" for name in [*VENDORS.split(), "pydantic_settings", "rich", "sqlalchemy", "tantivy"])}]
follow_imports = skip
"""
"""Without the types of others, which take two minutes to read and are not the matter here."""
WRONG = """
import refdesk

library = refdesk.open_library("library")
library.search("x", sinse="2026")  # E: call-arg
library.ask("x", max_sentences="many")  # E: arg-type
library.ask("x", since=2026)  # E: arg-type
library.ask("x").texts  # E: attr-defined
refdesk.open_libary("library")  # E: attr-defined
"""


@pytest.fixture(scope="module")
def checked_scripts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The errors that mypy in strict mode finds in the two scripts, in a folder of a user."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "script.py").write_text(SCRIPT)
    (folder / "wrong.py").write_text(WRONG)
    (folder / "mypy.ini").write_text(SETTINGS)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "script.py", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), check=False)
    assert not done.stderr, done.stderr
    return done.stdout


def test_mypy_knows_the_types_of_a_users_script(checked_scripts: str) -> None:
    assert "script.py" not in checked_scripts, checked_scripts


def test_mypy_finds_the_mistakes_of_a_users_script(checked_scripts: str) -> None:
    expected = [
        f"{number}:{line.partition('# E: ')[2]}" for number, line in enumerate(WRONG.splitlines(), 1) if "# E: " in line
    ]
    found = re.findall(r"wrong\.py:(\d+): error: .*\[([\w-]+)\]", checked_scripts)
    assert [f"{number}:{code}" for number, code in found] == expected, checked_scripts


def test_the_wheel_says_that_its_packages_are_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    assert {f"{package}/py.typed" for package in ("rag", "stores", "refdesk")} <= set(zipfile.ZipFile(wheel).namelist())


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


RETRIEVER_OPTIONS = [
    ({"k": 1}, 1),
    ({"k": 3}, 3),
    ({"papers": "sample:0007"}, 1),
    ({"k": 2, "papers": ["sample:0007", "sample:0008", "sample:0009"]}, 2),
    ({"since": "2030"}, 0),
    ({"filter": refdesk.Filter(papers=("sample:0007",))}, 1),
]


@pytest.mark.parametrize(("options", "count"), RETRIEVER_OPTIONS)
def test_a_langchain_retriever_takes_k_and_filters_when_made_and_per_call(
    open_sample: refdesk.Library, options: dict[str, Any], count: int
) -> None:
    assert len(open_sample.as_retriever(**options).invoke("model training")) == count
    retriever = open_sample.as_retriever(limit=5, categories="cs.LG")
    assert len(retriever.invoke("model training", **options)) <= count
    assert len(open_sample.as_retriever().invoke("model training", **options)) == count
    assert len(asyncio.run(open_sample.as_retriever().ainvoke("model training", **options))) == count
    assert len(open_sample.as_retriever().bind(**options).batch(["model training"])[0]) == count


def test_a_filter_of_a_call_replaces_the_same_field_of_the_retriever(open_sample: refdesk.Library) -> None:
    retriever = open_sample.as_retriever(papers="sample:0007", k=5)
    [first] = retriever.invoke("model training")
    [other] = retriever.invoke("model training", papers="sample:0008")
    assert first.id != other.id
    assert retriever.invoke("model training", since="2030") == []


def test_a_langchain_retriever_refuses_options_that_it_does_not_know(open_sample: refdesk.Library) -> None:
    retriever = open_sample.as_retriever()
    for wrong in ({"limit": 3}, {"top_k": 3}, {"sinse": "2026"}):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            retriever.invoke("grokking", **wrong)
        with pytest.raises(TypeError, match=next(iter(wrong))):
            asyncio.run(retriever.ainvoke("grokking", **wrong))
        with pytest.raises(ValueError, match=next(iter(wrong))):
            refdesk.PaperRetriever(search=open_sample.search, **wrong)
    with pytest.raises(ValueError, match="at least 1"):
        retriever.invoke("grokking", k=0)
    with pytest.raises(ValueError, match="k is '3'; it must be a whole number"):
        retriever.invoke("grokking", k="3")
    with pytest.raises(errors.BadFilter, match="`k` is 0"):
        open_sample.as_retriever(k=0)
    with pytest.raises(
        TypeError, match=r"takes no search_kwargs; give k and the filters directly: as_retriever\(k=3\)"
    ):
        open_sample.as_retriever(search_kwargs={"k": 3})  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="limit and k"):
        open_sample.as_retriever(k=1, limit=2)


@pytest.mark.parametrize("wrong", [0, -3, "3", 2.5, True])
def test_a_number_that_is_not_whole_or_below_one_is_refused(open_sample: refdesk.Library, wrong: Any) -> None:
    calls: dict[str, Callable[[], object]] = {
        "limit": lambda: open_sample.search("grokking", limit=wrong),
        "max_sentences": lambda: open_sample.ask(QUESTION, max_sentences=wrong),
        "k": lambda: open_sample.as_retriever(k=wrong),
    }
    for name, call in calls.items():
        with pytest.raises(
            errors.BadFilter, match=f"`{name}` is .*; it must be a whole number of at least 1"
        ) as raised:
            call()
        assert raised.value.hint == f"Try {name}=5."


@pytest.mark.parametrize("wrong", [7, 2, -2, "1", 1.0, True, None])
def test_a_rating_other_than_one_minus_one_and_zero_is_refused(open_sample: refdesk.Library, wrong: Any) -> None:
    with pytest.raises(errors.BadFilter, match="is not a rating") as raised:
        open_sample.rate("sample:0007", wrong)
    assert raised.value.hint == "Give 1 (liked), -1 (disliked) or 0 (no rating)."
    assert open_sample.issues.ratings() == {}


# ---- filters as keyword arguments

WRONG_FILTERS = [{"categories": 5}, {"tags": [5]}, {"since": 2026}]


@pytest.mark.parametrize("wrong", WRONG_FILTERS)
def test_a_filter_that_is_no_text_is_refused(open_sample: refdesk.Library, wrong: dict[str, Any]) -> None:
    name, value = next(iter(wrong.items()))
    with pytest.raises(errors.BadFilter, match=re.escape(f"`{name}` is {value!r}, which is no text")):
        open_sample.search("grokking", **wrong)


@pytest.mark.parametrize("field", ["categories", "tags", "sources", "papers", "authors", "since"])
def test_a_filter_with_half_a_character_is_refused_as_any_unknown_name(
    open_sample: refdesk.Library, field: str
) -> None:
    with pytest.raises((errors.BadFilter, errors.PaperNotFound), match=r"“a.b”"):
        open_sample.search("grokking", **{field: "a\udcffb"})  # type: ignore[arg-type]
    with pytest.raises(errors.PaperNotFound, match="“a\ufffdb”"):
        open_sample.show("a\udcffb")


def test_a_long_text_that_is_no_date_is_told_shortened(open_sample: refdesk.Library) -> None:
    with pytest.raises(errors.BadFilter, match=r"^“x{60}” is not a date") as raised:
        open_sample.search("grokking", since="x" * 5_000)
    assert len(raised.value.message) < 100


FILTERED: dict[str, Callable[..., list[str]]] = {
    "search": lambda library, **given: [hit.paper_id for hit in library.search("model training", limit=100, **given)],
    "ask": lambda library, **given: sorted(source.paper.paper_id for source in library.ask(QUESTION, **given).sources),
    "stream": lambda library, **given: [
        citation.paper_id
        for part in library.stream(QUESTION, **given)
        if isinstance(part, refdesk.Claim)
        for citation in part.citations
    ],
    "papers": lambda library, **given: [paper.paper_id for paper in library.papers(**given)],
    "retrieve": lambda library, **given: [hit.paper_id for hit in library.retrieve("model training", **given).hits],
    "as_runnable": lambda library, **given: [
        source.paper.paper_id for source in library.as_runnable(**given).invoke(QUESTION).sources
    ],
    "as_retriever": lambda library, **given: [
        str(document.id) for document in library.as_retriever(k=100, **given).invoke("model training")
    ],
}


@pytest.mark.parametrize("method", FILTERED)
def test_keyword_arguments_choose_the_papers_of_a_whole_filter(open_sample: refdesk.Library, method: str) -> None:
    found = FILTERED[method]
    whole = found(open_sample, filter=refdesk.Filter(since="2026-06", categories=("cs.LG", "cs.CL")))
    assert found(open_sample, since="2026-06", categories=["cs.LG", "cs.CL"]) == whole
    assert whole
    assert found(open_sample, categories="cs.RO") == found(open_sample, filter=refdesk.Filter(categories=("cs.RO",)))
    assert found(open_sample, since=None, tags=None) == found(open_sample)


@pytest.mark.parametrize("method", FILTERED)
def test_a_whole_filter_and_keyword_arguments_at_once_are_refused(open_sample: refdesk.Library, method: str) -> None:
    with pytest.raises(errors.BadFilter, match=r"Both a whole filter and since were given\."):
        FILTERED[method](open_sample, filter=refdesk.Filter(tags=("x",)), since="2026")
    with pytest.raises(TypeError, match="'sinse'; the filters are since, until, categories, tags, sources, papers"):
        FILTERED[method](open_sample, sinse="2026")


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


def _first(library: refdesk.Library) -> str:
    return next(library.papers()).paper_id


WAYS: dict[type[errors.RefdeskError], Callable[[SimpleNamespace], object]] = {
    errors.ConfigError: lambda at: _library(at, embedder="nothing"),
    errors.UnknownFormat: lambda at: _library(at).add(EXAMPLES / "papers.csv", format_name="nothing"),
    errors.UnreadableInput: lambda at: _library(at).add(at.path / "none"),
    errors.BadQuestion: lambda at: _library(at).ask("what is the"),
    errors.BadFilter: lambda at: _library(at).search("grokking", filter=refdesk.Filter(since="soon")),
    errors.PaperNotFound: lambda at: _library(at).show("arxiv:2406.11741"),
    errors.NotThere: lambda at: _library(at).readers.get("nobody"),
    errors.NotAllowed: lambda at: _library(at).readers.add("ada").require("curator"),
    errors.NothingToSplit: lambda at: (lambda it: (it.add(EXAMPLES / "papers.csv"), it.split(_first(it))))(
        _library(at)
    ),
    errors.LibraryNotFound: lambda at: _library(at, create=False),
    errors.LibraryLocked: _locked,
    errors.LibraryReadOnly: lambda at: (_library(at), _library(at, read_only=True).add(EXAMPLES / "papers.csv")),
    errors.StoreMismatch: _mismatched,
    errors.StoreDamaged: _damaged,
    errors.StoreFull: _full,
    errors.VectorsUnavailable: lambda at: ChromaVectors("http://127.0.0.1:9").count(),
    errors.EmbedderUnavailable: lambda at: at.unreachable(),
    errors.ModelUnavailable: _unmodelled,
    errors.FeedUnavailable: lambda _: Fetcher(pause_s=0).get("http://127.0.0.1:9/"),
    errors.RayUnavailable: lambda at: _library(at).add(EXAMPLES / "papers.csv", ray="head"),
    errors.HubUnavailable: lambda _: hub.get(on_hub("tests/nothing")),
}


def test_there_is_a_way_to_every_leaf_of_the_error_tree() -> None:
    own = {kind for kind in leaves(errors.RefdeskError) if kind.__module__ == "rag.errors"}
    assert own == set(WAYS)  # those of the served library have tests of their own, which may have loaded them


@pytest.mark.parametrize("kind", sorted(WAYS, key=lambda each: each.__name__), ids=lambda each: each.__name__)
def test_every_leaf_of_the_error_tree_is_raised_with_a_sentence_and_a_hint(
    tmp_path: Path, kind: type[errors.RefdeskError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

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
