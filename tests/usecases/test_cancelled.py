"""Cancelled questions: the model's call ends within a chunk of its reply, and its tokens are counted."""

from __future__ import annotations

import gc
import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest

import refdesk
from rag.answers.stream import AnswerStream
from rag.types import Answer, Claim
from tests import chat_server
from tests.chat_server import Body, ChatServer, as_reply, claim, serving
from tests.commands import ROOT, ended, environment, start
from tests.copies import copied

QUESTION = "What explains grokking?"
CHUNKS = 100
FEW = 4
"""Chunks that the server may send before it finds that nobody reads: the one that is read, and those under way."""
_CLI = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
NUMBER = count()


def one_claim_then_nothing_for_long(body: Body) -> str:
    """A claim, and then a second one that takes many chunks."""
    name, text = chat_server._firsts(body)[0]
    return as_reply([claim(text, name), claim("word " * 10_000, name)])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server whose reply takes some thirty seconds."""
    with serving() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        running.reply = one_claim_then_nothing_for_long
        running.chunk, running.pause_s = 60, 0.3
        yield running


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cancelled") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def folder(_template: Path, tmp_path: Path) -> Path:
    """The sample library, this test's own."""
    return copied(_template, tmp_path / "own")


@pytest.fixture
def library(folder: Path, server: ChatServer) -> Iterator[refdesk.Library]:
    """The sample library with a model."""
    with refdesk.open_library(folder, model=f"openai:cancelled-{next(NUMBER)}") as opened:
        yield opened


def until(condition: Callable[[], object], *, timeout_s: float = 60.0) -> None:
    """Wait for a condition."""
    limit = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.01)


def spent(library: refdesk.Library) -> int:
    """The tokens of the day."""
    return library._store.catalog.replies(read_only=True).spent(library._store.now()[:10])


def ends_soon(server: ChatServer, library: refdesk.Library, sent: int) -> None:
    """The server finds the connection closed after a few chunks, and what it was sent is counted."""
    until(lambda: server.hangups)
    assert len(server.stamps) <= sent + FEW < CHUNKS
    assert len(server.requests) == 1, "nothing else was asked"
    until(lambda: spent(library))
    asked = sum(len(message["content"]) for message in server.requests[0]["messages"])
    assert asked / 8 < spent(library) < asked + 60 * len(server.stamps)


def test_a_stream_that_another_thread_closes_ends_without_an_answer_or_an_error(
    library: refdesk.Library, server: ChatServer
) -> None:
    stream = library.stream(QUESTION)
    came: list[Claim | Answer | BaseException] = []

    def read() -> None:
        try:
            came.extend(stream)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            came.append(error)

    reader = Thread(target=read)
    reader.start()
    until(lambda: came and len(server.stamps) > 5)  # it waits for the second claim
    sent = len(server.stamps)
    stream.close()
    reader.join(30)
    assert not reader.is_alive()
    assert [type(part) for part in came] == [Claim]
    ends_soon(server, library, sent)
    assert list(stream) == []
    stream.close()


def _closed(stream: AnswerStream) -> None:
    next(stream)
    stream.close()


def _left(stream: AnswerStream) -> None:
    with stream:
        next(stream)


def _interrupted(stream: AnswerStream) -> None:
    with pytest.raises(KeyboardInterrupt), stream:
        next(stream)
        raise KeyboardInterrupt


@pytest.mark.parametrize("way", [_closed, _left, _interrupted])
def test_a_stream_that_is_closed_after_a_claim_reads_no_further(
    library: refdesk.Library, server: ChatServer, way: Callable[[AnswerStream], None]
) -> None:
    way(library.stream(QUESTION))
    ends_soon(server, library, len(server.stamps))


def test_a_stream_that_nobody_holds_any_longer_closes_itself(library: refdesk.Library, server: ChatServer) -> None:
    for part in library.stream(QUESTION):
        assert isinstance(part, Claim)
        break
    gc.collect()
    ends_soon(server, library, len(server.stamps))


def test_a_question_that_is_cancelled_by_its_event_says_so(library: refdesk.Library, server: ChatServer) -> None:
    cancel = Event()
    came = []
    with pytest.raises(CancelledError):
        for part in library.stream(QUESTION, cancel=cancel):
            came.append(part)
            cancel.set()
    assert len(came) == 1
    ends_soon(server, library, len(server.stamps))
    with pytest.raises(CancelledError):
        list(library.stream(QUESTION, cancel=cancel))
    assert len(server.requests) == 1, "a cancelled question is not asked"


def test_a_cancelled_question_gives_back_what_it_reserved_of_the_day(
    folder: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_MAX_TOKENS_PER_DAY", "50000")
    with refdesk.open_library(folder, model=f"openai:cancelled-{next(NUMBER)}") as library:
        stream = library.stream(QUESTION)
        next(stream)
        reserved = spent(library)
        stream.close()
        assert 0 < spent(library) < reserved - 500
        ends_soon(server, library, len(server.stamps))


def test_verifying_stops_before_the_next_claim_when_it_is_cancelled(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        document = json.dumps(library.ask(QUESTION).to_dict())
        cancel = Event()
        assert library.verify(document, cancel=cancel)
        cancel.set()
        with pytest.raises(CancelledError):
            library.verify(document, cancel=cancel)


def test_a_question_without_a_model_can_be_closed_too(folder: Path) -> None:
    with refdesk.open_library(folder) as library:
        stream = library.stream(QUESTION)
        assert isinstance(next(stream), Claim)
        stream.close()
        assert list(stream) == []
        assert library.ask(QUESTION).answered


def test_ctrl_c_in_the_terminal_ends_the_call_and_counts_its_tokens(folder: Path, server: ChatServer) -> None:
    process = start(_CLI, "--library", folder, "ask", QUESTION, "--model", "openai:cancelled", env=environment())
    until(lambda: len(server.stamps) > 5)
    sent = len(server.stamps)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.status, ran.err) == (130, "Interrupted.\n")
    with refdesk.open_library(folder) as library:
        ends_soon(server, library, sent)
