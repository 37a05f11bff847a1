"""Servers of embeddings with limits of their own: batches are halved, texts are cut, and a bad text costs one paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import refdesk
from rag.embedders.openai import OpenAIEmbedder
from rag.errors import EmbedderUnavailable
from refdesk.cli import main
from tests.embedding_server import EmbeddingServer, serving

CASES = Path(__file__).parents[1] / "cases" / "field"
KEY = "sk-test-0123456789abcdefghijklmnop"
EMBEDDER = "openai:words"
BAD = "unspeakable"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


@pytest.fixture
def embedder(server: EmbeddingServer) -> Iterator[OpenAIEmbedder]:
    made = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}, retries=0)
    yield made
    made._client.close()


def refusal(name: str) -> tuple[int, Any]:
    case = json.loads((CASES / f"emb_{name}.json").read_text(encoding="utf-8"))
    return case["status"], case["body"]


def papers(count: int, *, words: int = 12, bad: int | None = None) -> str:
    """JSON Lines of papers about different mosses; the text of one has a word that the server refuses."""
    lines = []
    for number in range(count):
        text = " ".join(f"moss{number} grows on wall{step}." for step in range(words))
        text += f" It is {BAD}." if number == bad else ""
        document = {"title": f"Moss number {number} on the walls", "abstract": text, "doi": f"10.5555/moss.{number}"}
        lines.append(json.dumps(document))
    return "\n".join(lines)


def unit(rows: list[list[float]]) -> Any:
    matrix = np.asarray(rows)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


# ---- the embedder


def test_batches_are_halved_until_the_server_takes_them_and_the_size_is_remembered(
    server: EmbeddingServer, embedder: OpenAIEmbedder
) -> None:
    server.refuses = lambda texts: refusal("batch_limit_32") if len(texts) > 32 else None
    texts = [f"text {number}" for number in range(57)]
    rows = embedder.embed(texts)
    assert np.allclose(rows, unit([server.vector(text) for text in texts]), atol=1e-6)
    assert [len(request["input"]) for request in server.requests] == [57, 1, 28, 29]
    server.requests.clear()
    embedder.embed(texts)
    assert [len(request["input"]) for request in server.requests] == [29, 28], "no batch is refused twice"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100, 200])
def test_batches_of_any_limit_give_all_vectors_in_order(
    server: EmbeddingServer, embedder: OpenAIEmbedder, limit: int
) -> None:
    server.refuses = lambda texts: (413, {"error": "payload too large"}) if len(texts) > limit else None
    texts = [f"text {number} of {number % 7}" for number in range(300)]
    assert np.allclose(embedder.embed(texts), unit([server.vector(text) for text in texts]), atol=1e-6)
    refused = [request for request in server.requests if len(request["input"]) > limit]
    assert len(refused) <= 9


@pytest.mark.parametrize(
    ("status", "error"),
    [
        refusal("input_too_long"),
        (400, {"error": {"message": "This model's maximum context length is 512 tokens, you requested 900."}}),
        (413, {"error": "Input validation error: `inputs` must have less than 512 tokens. Given: 900"}),
        (500, {"error": {"message": "input is too large to process. increase the physical batch size"}}),
        (400, {"error": "bad request"}),
    ],
)
def test_a_text_that_is_too_long_is_cut_and_the_others_are_whole(
    server: EmbeddingServer, embedder: OpenAIEmbedder, status: int, error: Any
) -> None:
    def refuses(texts: list[str]) -> tuple[int, Any] | None:
        return (status, error) if any(embedder.count(text) > 512 for text in texts) else None

    server.refuses = refuses
    texts = ["short one", "long " * 900, "short two", "word " * 500]
    rows = embedder.embed(texts)
    expected = unit([server.vector(text) for text in texts])
    assert ((rows * expected).sum(axis=1) > 0.999).all(), "a text of one word is as good when it is cut"
    before = len(server.requests)
    embedder.embed(["long " * 950])
    repeated = len(server.requests) - before
    assert repeated == 1 if "bad request" not in str(error) else repeated > 1, "a length is remembered if it was named"
    assert all(embedder.count(text) > 100 for request in server.requests for text in request["input"] if "long" in text)


def test_a_text_that_is_taken_in_no_form_has_no_row_and_a_reason(
    server: EmbeddingServer, embedder: OpenAIEmbedder
) -> None:
    server.refuses = lambda texts: (
        (400, {"error": {"message": f"Invalid token for key {KEY}"}}) if any(BAD in text for text in texts) else None
    )
    texts = ["one", f"{BAD} two", *(f"text {number}" for number in range(60))]
    rows, refused = embedder.embed_each(texts)
    assert refused == {1: "Invalid token for key *** (HTTP 400)"}
    assert not rows[1].any()
    others = [0, *range(2, 62)]
    assert np.allclose(rows[others], unit([server.vector(texts[at]) for at in others]), atol=1e-6)
    with pytest.raises(EmbedderUnavailable, match="refused a text") as caught:
        embedder.embed(texts)
    assert KEY not in str(caught.value.to_dict())
    server.requests.clear()
    embedder.embed(["good"] * 60)
    assert len(server.requests) == 1, "a bad text makes no batch smaller"


def test_a_text_at_which_a_server_fails_is_refused_alone(server: EmbeddingServer) -> None:
    server.refuses = lambda texts: (
        (500, {"error": "json: unsupported value: NaN"}) if any(BAD in text for text in texts) else None
    )
    embedder = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": server.url}, retries=1)
    rows, refused = embedder.embed_each(
        [f"{BAD} {number}" if number == 40 else f"text {number}" for number in range(60)]
    )
    assert refused == {40: "json: unsupported value: NaN (HTTP 500)"}
    assert np.allclose(np.linalg.norm(np.delete(rows, 40, axis=0), axis=1), 1, atol=1e-5)
    assert len(server.requests) < 25
    embedder._client.close()


def test_a_text_whose_vector_is_no_vector_is_refused_alone(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    server.mood = "nan"
    rows, refused = embedder.embed_each(["one", "two", "three"])
    assert refused == {0: "its vector has a value that is no number"}
    assert not rows[0].any()
    assert np.allclose(rows[1:], unit([server.vector("two"), server.vector("three")]), atol=1e-6)


def test_a_server_that_refuses_every_text_is_asked_twice(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    server.refuses = lambda texts: (400, {"error": {"message": "encoding_format is not supported"}})
    with pytest.raises(EmbedderUnavailable, match="refuses every text: encoding_format is not supported"):
        embedder.embed([f"text {number}" for number in range(200)])
    assert len(server.requests) == 2


# ---- a library


def test_a_file_is_imported_in_the_batches_that_a_server_takes(server: EmbeddingServer, tmp_path: Path) -> None:
    server.refuses = lambda texts: refusal("batch_limit_32") if len(texts) > 32 else None
    (tmp_path / "papers.jsonl").write_text(papers(57))
    with refdesk.open_library(tmp_path / "library", embedder=EMBEDDER) as library:
        report = library.add(tmp_path / "papers.jsonl")
        assert (report.added, report.rejected) == (57, ())
        assert library.check() == []
        assert library.status()["without_vectors"] == 0


def test_a_paper_that_is_too_long_for_a_server_is_imported_with_the_others(
    server: EmbeddingServer, tmp_path: Path
) -> None:
    server.refuses = lambda texts: refusal("input_too_long") if any(len(text.split()) > 512 for text in texts) else None
    lines = [papers(3), papers(4, words=400).splitlines()[-1]]
    (tmp_path / "papers.jsonl").write_text("\n".join(lines))
    with refdesk.open_library(tmp_path / "library", embedder=EMBEDDER) as library:
        report = library.add(tmp_path / "papers.jsonl")
        assert (report.added, report.rejected) == (4, ())
        assert library.check() == []
        assert library.search("moss3 grows on wall399")[0].paper_id == "doi:10.5555/moss.3", "its end has its words"


@pytest.mark.parametrize("count", [5, 1_500])
def test_a_bad_text_costs_one_record_of_an_import(server: EmbeddingServer, tmp_path: Path, count: int) -> None:
    server.refuses = lambda texts: (
        (422, {"detail": "unprocessable text"}) if any(BAD in text for text in texts) else None
    )
    (tmp_path / "papers.jsonl").write_text(papers(count, bad=2) + "\n" + papers(3, bad=2).splitlines()[-1])
    with refdesk.open_library(tmp_path / "library", embedder=EMBEDDER) as library:
        report = library.add(tmp_path / "papers.jsonl")
        assert report.added == count - 1
        assert report.updated == report.unchanged == 0
        assert len(report.rejected) == 2, "the record, and the same one once more"
        assert report.rejected[0].where == "record 3"
        assert report.rejected[0].title == "Moss number 2 on the walls"
        assert report.rejected[0].reason == "the embedder refused its text: unprocessable text (HTTP 422)"
        assert library.check() == []
        assert library.status()["papers"] == count - 1
        server.refuses = lambda texts: None
        again = library.add(tmp_path / "papers.jsonl")
        assert (again.added, again.unchanged) == (1, count)


def test_a_bad_text_of_a_reindex_leaves_its_paper_to_be_found_by_words(
    server: EmbeddingServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "library"
    (tmp_path / "papers.jsonl").write_text(papers(40, bad=7))
    with refdesk.open_library(folder) as library:
        library.add(tmp_path / "papers.jsonl")
    server.refuses = lambda texts: (400, {"error": "no"}) if any(BAD in text for text in texts) else None

    def called(*arguments: str) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--library", str(folder), *arguments])
        assert ended.value.code == 0
        return capfd.readouterr().out

    indexed = json.loads(called("reindex", "--embedder", EMBEDDER, "--json"))
    assert indexed == {"indexed": 40, "embedder": EMBEDDER, "without_vectors": 1}
    checked = json.loads(called("check", "--json"))
    assert (checked["ok"], checked["without_vectors"], checked["findings"]) == (True, 1, [])
    assert "1 by words only, because the embedder refused the text" in " ".join(called("check").split())
    assert "40 (1 found by words only)" in called("status")
    assert json.loads(called("status", "--json"))["without_vectors"] == 1
    hits = json.loads(called("search", "moss7 grows on wall3", "--json"))["hits"]
    assert hits[0]["paper_id"] == "doi:10.5555/moss.7"
    with refdesk.open_library(folder) as library:
        today = datetime.now(UTC).date().isoformat()
        assert library.digest(today).to_dict()["coverage"]["listed"] == 40
        changed = json.loads(papers(8, bad=7).splitlines()[-1]) | {"venue": "Moss Letters"}
        (tmp_path / "changed.jsonl").write_text(json.dumps(changed))
        report = library.add(tmp_path / "changed.jsonl")
        assert (report.updated, report.rejected) == (1, ()), "a paper that is here stays"
        assert library.check() == []
        assert library.status()["without_vectors"] == 1
