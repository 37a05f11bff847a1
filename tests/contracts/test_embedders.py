"""The embedder port: static, MiniLM where its weights are, and OpenAI's client against a real server on loopback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings

from rag import embedders
from rag.embedders.openai import MAX_TEXTS_PER_CALL, OpenAIEmbedder
from rag.embedders.static import StaticEmbedder
from rag.embedders.worker import ahead
from rag.errors import ConfigError, EmbedderUnavailable
from rag.ports import Embedder
from rag.text import split
from tests.commands import environment
from tests.embedding_server import EmbeddingServer, serving

KEY = "sk-test-0123456789abcdefghijklmnop"
TEXTS = [
    "Grokking is delayed generalization.",
    "",
    "Proteins fold.",
    "短い要旨。",
    "a " * 4_000,
    "x",
    "<|endoftext|> \x00 \ud7ff",
]


@pytest.fixture(scope="session")
def static() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with serving() as running:
        yield running


@pytest.fixture
def made(server: EmbeddingServer) -> Iterator[Callable[..., OpenAIEmbedder]]:
    """An embedder at the server; closed afterwards."""
    opened: list[OpenAIEmbedder] = []

    def make(model: str = "text-embedding-3-small", **rest: object) -> OpenAIEmbedder:
        settings_ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        opened.append(OpenAIEmbedder(model, environment=settings_, **{"retries": 1, **rest}))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for each in opened:
        each._client.close()


@pytest.fixture
def minilm(monkeypatch: pytest.MonkeyPatch) -> Embedder:
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    models = os.environ.get("REFDESK_TEST_MODELS")
    if not models or not (Path(models) / "all-MiniLM-L6-v2" / "onnx" / "model.onnx").exists():
        pytest.skip("the weights of MiniLM are not here: REFDESK_TEST_MODELS is not set")
    monkeypatch.setattr(ONNXMiniLM_L6_V2, "DOWNLOAD_PATH", Path(models) / "all-MiniLM-L6-v2")
    return embedders.embedder("minilm")


@pytest.fixture(params=["static", "openai", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "openai":
        found: Embedder = request.getfixturevalue("made")()
        return found
    any_: Embedder = request.getfixturevalue(request.param)
    return any_


# ---- what all of them do


def test_rows_are_of_unit_length_finite_and_float32(embedder: Embedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_in_any_batch_and_order(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    assert np.allclose(together[::-1], embedder.embed(TEXTS[::-1]), atol=1e-5)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.allclose(embedder.embed([text])[0], row, atol=1e-5), text[:40]


def test_threads_get_the_vectors_that_one_thread_gets(embedder: Embedder) -> None:
    batches = [[f"{text} {number}" for text in TEXTS] for number in range(8)]
    expected = [embedder.embed(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embedder.embed, batches))
    for rows, expected_rows in zip(found, expected, strict=True):
        assert np.allclose(rows, expected_rows, atol=1e-6)


def test_threads_load_the_static_embedder_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        models = set(pool.map(lambda _: id(StaticEmbedder()._model), range(8)))
    assert len(models) == 1


def test_no_texts_make_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)
    assert embedder.embed_documents([]) == []


def test_langchains_methods_give_the_same_rows_as_lists(embedder: Embedder) -> None:
    assert isinstance(embedder, Embeddings)
    rows = embedder.embed(TEXTS[:3])
    assert np.allclose(embedder.embed_documents(TEXTS[:3]), rows, atol=1e-6)
    assert np.allclose(embedder.embed_query(TEXTS[0]), rows[0], atol=1e-5)
    assert type(embedder.embed_query("x")[0]) is float


def test_texts_that_share_words_are_nearer_than_texts_that_do_not(embedder: Embedder) -> None:
    one, near, far = embedder.embed(
        ["grokking in small transformers", "small transformers show grokking", "yeast cells divide at night"]
    )
    assert one @ near > one @ far + 0.1


def test_counting_grows_with_the_text(embedder: Embedder) -> None:
    assert embedder.count("") == 0
    assert 0 < embedder.count("one word") < embedder.count("one word " * 50)
    assert embedder.max_tokens > 100


# ---- by name


@pytest.mark.parametrize("name", ["", "nothing", "openai", "openai:", "static-512", "minilm:x"])
def test_a_name_that_no_embedder_has_is_a_wrong_setting(name: str) -> None:
    with pytest.raises(ConfigError, match="no embedder") as caught:
        embedders.embedder(name)
    assert "static" in str(caught.value.hint)


def test_static_is_short_for_its_full_name() -> None:
    assert embedders.canonical("static") == embedders.embedder("static").name == embedders.DEFAULT
    assert embedders.canonical("openai:x") == "openai:x"


# ---- static


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.text(max_size=80), max_size=70))
def test_any_texts_have_static_vectors(static: StaticEmbedder, texts: list[str]) -> None:
    rows = static.embed(texts)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)


def test_loading_the_static_embedder_leaves_logging_as_it_was() -> None:
    code = (
        "import logging; before = logging.getLogger().level, list(logging.getLogger().handlers)\n"
        "from rag.embedders.static import StaticEmbedder; StaticEmbedder().embed(['x'])\n"
        "assert before == (logging.getLogger().level, list(logging.getLogger().handlers))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), timeout=60)
    assert logging.getLogger().level in (logging.WARNING, logging.NOTSET)


def test_embedding_ahead_gives_the_same_vectors_in_order(static: StaticEmbedder) -> None:
    batches = [TEXTS, [], ["another batch"] * 3, TEXTS[:1]]
    with ahead(static) as submit:
        futures = [submit(batch, ["One. Two.", *batch]) for batch in batches]
        for batch, future in zip(batches, futures, strict=True):
            prepared = future.result(timeout=60)
            assert np.allclose(prepared.vectors, static.embed(batch), atol=1e-6)
            assert list(prepared.spans) == [split(text) for text in ["One. Two.", *batch]]


# ---- MiniLM


def test_minilm_cuts_a_text_where_the_model_stops_reading(minilm: Embedder) -> None:
    text = "word " * 250
    assert np.allclose(minilm.embed([text + "yes " * 200]), minilm.embed([text + "yes " * 300]), atol=1e-5)


def test_minilm_without_its_weights_says_what_to_do(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "def refuse(*_): raise OSError('the network is unreachable')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from rag import embedders\n"
        "from rag.errors import EmbedderUnavailable\n"
        "try: embedders.embedder('minilm')\n"
        "except EmbedderUnavailable as error: print(error.message); print(error.hint)\n"
    )
    env = environment(HOME=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, env=env, timeout=120, capture_output=True, text=True
    )
    assert "minilm" in done.stdout
    assert "static" in done.stdout
    assert "\n  " not in done.stdout.strip(), "one sentence, no traceback"


# ---- OpenAI's protocol


def test_requests_carry_the_model_the_key_and_the_texts(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]
) -> None:
    made("words").embed(["one", "two"])
    [request] = server.requests
    assert (request["model"], request["input"], request["key"]) == ("words", ["one", "two"], KEY)


def test_no_call_has_more_texts_than_the_limit(server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]) -> None:
    texts = [f"text {number}" for number in range(2 * MAX_TEXTS_PER_CALL + 1)]
    rows = made().embed(texts)
    assert [len(request["input"]) for request in server.requests] == [MAX_TEXTS_PER_CALL, MAX_TEXTS_PER_CALL, 1]
    expected = np.asarray([server.vector(text) for text in texts])
    assert np.allclose(rows, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_no_call_has_more_tokens_than_the_limit(server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]) -> None:
    embedder = made()
    embedder.embed(["many words " * 4_000] * 30)
    assert len(server.requests) > 1
    for request in server.requests:
        assert sum(map(embedder.count, request["input"])) <= 100_000
        assert all(embedder.count(text) <= embedder.max_tokens for text in request["input"])
    assert sum(len(request["input"]) for request in server.requests) == 30


@pytest.mark.parametrize("mood", ["reversed", "all numbered 0", "not numbered", "base64"])
def test_vectors_are_put_in_the_order_of_their_numbers(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder], mood: str
) -> None:
    server.mood = mood
    expected = np.asarray([server.vector(text) for text in ("one", "two two", "three")])
    assert np.allclose(
        made().embed(["one", "two two", "three"]), expected / np.linalg.norm(expected, axis=1, keepdims=True)
    )


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]
) -> None:
    server.moods = ["busy"]
    assert made().embed(["one"]).shape == (1, 24)
    assert len(server.requests) == 2
    assert server.times[1] - server.times[0] >= 0.95


@pytest.mark.parametrize("mood", ["broken", "closed"])
def test_a_call_that_fails_once_is_tried_again(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder], mood: str
) -> None:
    server.moods = [mood]
    assert made().embed(["one"]).shape == (1, 24)


@pytest.mark.parametrize(
    ("mood", "reason", "calls"),
    [
        ("refused", "the key was refused (HTTP 401)", 1),
        ("missing", "it has no such model (HTTP 404)", 1),
        ("busy", "rate limited (HTTP 429)", 2),
        ("broken", "it failed (HTTP 500)", 3),
        ("closed", "no connection", 2),
        ("html", "not a list of vectors", 1),
        ("not json", "", 1),
        ("too few", "2 usable vectors to 3 texts", 1),
        ("too many", "4 usable vectors to 3 texts", 1),
        ("none", "", 1),
        ("nan", "its vector has a value that is no number", 1),
        ("ragged", "not a list of vectors", 1),
        ("text", "not a list of vectors", 1),
        ("null", "not a list of vectors", 1),
    ],
)
def test_what_a_server_does_wrong_is_told_in_a_sentence_without_the_key(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder], mood: str, reason: str, calls: int
) -> None:
    server.mood = mood
    with pytest.raises(EmbedderUnavailable) as caught:
        made("words").embed(["one", "two", "three"])
    error = caught.value
    assert reason in error.message
    assert "openai:words" in error.message
    assert server.url in error.message
    assert len(server.requests) == calls
    assert KEY not in json.dumps(error.to_dict())


def test_the_key_is_in_no_traceback_either(server: EmbeddingServer) -> None:
    server.moods = ["refused", "broken", "broken", "closed", "html"]  # one that fails is asked about another text
    env = environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.url)
    code = (
        "import traceback\n"
        "from rag.embedders.openai import OpenAIEmbedder\n"
        "for _ in range(4):\n"
        "    try: OpenAIEmbedder('words', retries=0).embed(['one'])\n"
        "    except Exception: traceback.print_exc()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, timeout=60, capture_output=True, text=True, check=True)
    assert done.stderr.count("rag.errors.EmbedderUnavailable") == 4
    assert [request["key"] for request in server.requests] == [KEY] * 5
    assert KEY not in done.stderr


def test_a_server_that_does_not_answer_in_time_is_given_up(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]
) -> None:
    server.mood = "slow"
    with pytest.raises(EmbedderUnavailable, match="did not answer in time"):
        made(timeout_s=0.2, retries=0).embed(["one"])


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    embedder = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": "http://me:secret@127.0.0.1:9/v1"}, retries=0)
    with pytest.raises(EmbedderUnavailable, match=r"http://127\.0\.0\.1:9/v1") as caught:
        embedder.embed(["one"])
    assert "no connection" in caught.value.message
    assert "secret" not in json.dumps(caught.value.to_dict())
    embedder._client.close()


def test_a_server_that_changes_the_dimension_is_not_trusted(
    server: EmbeddingServer, made: Callable[..., OpenAIEmbedder]
) -> None:
    embedder = made()
    assert embedder.dimension == 24
    server.mood = "longer"
    with pytest.raises(EmbedderUnavailable, match="from 24 to 25 dimensions"):
        embedder.embed(["one"])


def test_without_a_key_and_a_server_of_ones_own_the_setting_is_wrong() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        OpenAIEmbedder("words", environment={})


def test_a_server_of_ones_own_needs_no_key(server: EmbeddingServer) -> None:
    embedder = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": server.url})
    assert embedder.embed(["one"]).shape == (1, 24)
    embedder._client.close()


@pytest.mark.parametrize("key", ["sk-with-a-näme", "sk-with\nline", "sk-“quoted”"])
def test_a_key_that_cannot_be_one_is_a_wrong_setting_and_is_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        OpenAIEmbedder("words", environment={"OPENAI_API_KEY": key})
    assert key not in str(caught.value.to_dict())


def test_white_space_around_a_key_is_no_part_of_it(server: EmbeddingServer) -> None:
    embedder = OpenAIEmbedder("words", environment={"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": f" {KEY}\n"})
    embedder.embed(["one"])
    assert server.requests[0]["key"] == KEY
    embedder._client.close()


def test_libraries_of_one_process_share_the_static_model() -> None:
    one, other = StaticEmbedder(), StaticEmbedder()
    assert one.embed(["word"]).tolist() == other.embed(["word"]).tolist()
    assert one._model is other._model
