"""Models that fail: the answer in the papers' own sentences, one sentence about it, and never the key."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

import refdesk
from refdesk.cli import main
from tests import chat_server
from tests.chat_server import FAILING, LATE, SILENT, UNREADABLE, Body, ChatServer, serving, shown
from tests.commands import ROOT, Ran, environment, run
from tests.copies import copied
from tests.faces.shapes import is_answer
from tests.faces.shapes import shown as stored

QUESTION = "What explains grokking?"
KEY = "sk-very-secret-0123456789abcdef"
TOLD = "The model was not used: "
MOST_REQUESTS, MOST_SECONDS = 9, 12
NUMBER = count()
REASONS = {
    "refused": "refused the key (401)",
    "forbidden": "refused the key (403)",
    "missing": "no model of that name (404)",
    "busy": "rate limited (429)",
    "busy bare": "rate limited (429)",
    "quota": "rate limited (429)",
    "broken": "failed (500)",
    "down": "failed (503)",
    "slow": "did not answer in time",
    "closed": "cannot be reached",
    "filtered": "refused to answer",
}
MOODS = [
    *FAILING,
    *UNREADABLE,
    *LATE,
    *SILENT,
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that OPENAI_BASE_URL names, and a key that nobody may see."""
    with serving() as running:
        running.slow_s = 8.0
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("REFDESK_MODEL_TIMEOUT_S", "1")
        yield running


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("failing") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def folder(_template: Path, tmp_path: Path) -> Path:
    """The sample library, this test's own."""
    return copied(_template, tmp_path / "own")


@pytest.fixture
def ask(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`refdesk ask` with a model that nobody asked before, through its entry point in this process."""

    def called(*options: str, verbose: bool = False) -> Ran:
        capfd.readouterr()
        arguments = ["--library", str(folder), *(["-v"] if verbose else []), "ask", QUESTION]
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--model", f"openai:failing-{next(NUMBER)}", *options])
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return called


def degraded(ran: Ran, folder: Path) -> str:
    """The reason of an extractive answer in JSON, of which standard error has one sentence."""
    assert ran.status == 0
    document = ran.json
    assert (document["mode"], document["answered"]) == ("extractive", True)
    assert document["degraded"]["from"] == "generated"
    with refdesk.open_library(folder) as library:
        is_answer(document, lambda name: stored(library, name))
    reason = str(document["degraded"]["reason"])
    assert reason
    told = ran.err.splitlines()
    assert told == [f"{TOLD}{reason}. The answer is in the papers' own sentences."]
    return reason


def secret(*texts: str) -> None:
    """Nothing holds the key, nor a good part of it, nor a traceback of ours."""
    for text in texts:
        assert KEY not in text
        assert KEY[3:20] not in text


@pytest.mark.parametrize("mood", MOODS)
def test_a_model_that_fails_leaves_an_extractive_answer_and_one_sentence(
    server: ChatServer, ask: Callable[..., Ran], folder: Path, mood: str
) -> None:
    server.mood = mood
    began = time.monotonic()
    ran = ask("--json", verbose=True)
    assert time.monotonic() - began < MOST_SECONDS
    assert len(server.requests) <= MOST_REQUESTS
    secret(ran.out, ran.err)
    assert {body["key"] for body in server.requests} == {KEY}
    assert REASONS.get(mood, "") in degraded(ran, folder)


@pytest.mark.parametrize("mood", MOODS)
def test_a_model_that_fails_is_an_error_when_strict(server: ChatServer, ask: Callable[..., Ran], mood: str) -> None:
    server.mood = mood
    began = time.monotonic()
    ran = ask("--strict", "--json", verbose=True)
    assert time.monotonic() - began < MOST_SECONDS
    assert ran.status == 6
    error = ran.json["error"]
    assert error["type"] == "ModelUnavailable"
    assert REASONS.get(mood, "") in error["message"]
    assert error["hint"]
    secret(ran.out, ran.err)


@pytest.mark.parametrize("mood", ["refused", "broken", "cut", "other shape", "refusal"])
def test_an_error_when_strict_is_one_sentence_and_a_hint_for_people(
    server: ChatServer, ask: Callable[..., Ran], mood: str
) -> None:
    server.mood = mood
    ran = ask("--strict")
    assert (ran.status, ran.out) == (6, "") if mood != "cut" else ran.status == 6
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["Error", "Hint"]
    assert "Traceback" not in ran.err
    secret(ran.err)


@pytest.mark.parametrize("mood", ["refused", "broken", "html", "no choices"])
def test_people_read_the_extractive_answer_on_standard_output_and_the_reason_beside_it(
    server: ChatServer, ask: Callable[..., Ran], mood: str
) -> None:
    server.mood = mood
    ran = ask()
    assert ran.status == 0
    assert "[1]" in ran.out
    assert "Sources" in ran.out
    assert ran.err.startswith(TOLD)
    assert len(ran.err.splitlines()) == 1
    secret(ran.out, ran.err)


@pytest.mark.xfail(strict=True, reason="LangChain's stream hands no refusal on, so the reply counts as empty")
def test_a_refusal_of_the_model_is_called_one(server: ChatServer, ask: Callable[..., Ran], folder: Path) -> None:
    server.mood = "refusal"
    assert "refused" in degraded(ask("--json"), folder)


def test_a_server_that_is_not_there(
    folder: Path, ask: Callable[..., Ran], server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    began = time.monotonic()
    assert "cannot be reached" in degraded(ask("--json"), folder)
    assert ask("--strict").status == 6
    assert time.monotonic() - began < 2 * MOST_SECONDS


@pytest.mark.parametrize(
    "reply",
    [
        chat_server.refusing,
        lambda _: "It is well known that networks grok.",
        lambda _: '{"answer": "It rose."}',
        lambda _: '{"claims": null}',
        lambda _: "null",
        lambda _: "   ",
        lambda _: "networks grok " * 5_000,
        chat_server.inventing,
        chat_server.ten_thousand,
    ],
    ids=["no", "prose", "other keys", "null claims", "null", "white", "endless", "invented ids", "ten thousand"],
)
def test_a_reply_of_no_use_leaves_an_extractive_answer(
    server: ChatServer, ask: Callable[..., Ran], folder: Path, reply: chat_server.Model
) -> None:
    server.reply, server.chunk = reply, 100
    server.judge = chat_server.judging(lambda text, texts: "follows" if text in texts else "not said")
    began = time.monotonic()
    ran = ask("--json")
    assert time.monotonic() - began < MOST_SECONDS
    assert len(server.requests) <= MOST_REQUESTS
    assert degraded(ran, folder)


def test_a_server_that_refuses_every_form_of_request(server: ChatServer, ask: Callable[..., Ran], folder: Path) -> None:
    server.mood = "teapot"  # 418: no status that anybody expects
    assert degraded(ask("--json"), folder)
    assert len(server.requests) <= MOST_REQUESTS


@pytest.mark.parametrize("mood", ["busy", "down", "broken", "closed", "cut", "no choices", "null content"])
def test_a_failure_that_passes_is_waited_for(server: ChatServer, ask: Callable[..., Ran], mood: str) -> None:
    server.moods = [mood]
    ran = ask("--json")
    assert (ran.status, ran.err) == (0, "")
    assert (ran.json["mode"], ran.json["degraded"]) == ("generated", None)
    assert len(server.requests) == 2
    waited = server.times[1] - server.times[0]
    assert 0.2 < waited < 3
    if mood == "busy":
        assert waited >= 0.9, "the server said how long"


@pytest.mark.parametrize("mood", ["refused", "forbidden", "missing", "quota", "filtered"])
def test_a_failure_that_does_not_pass_is_asked_about_once(
    server: ChatServer, ask: Callable[..., Ran], mood: str
) -> None:
    server.mood = mood
    ask("--json")
    assert len(server.requests) == 1


def test_waits_differ_from_one_time_to_the_next(server: ChatServer, ask: Callable[..., Ran]) -> None:
    waits = []
    for _ in range(4):
        server.moods, server.times = ["no choices"], []
        ask("--json")
        waits.append(server.times[1] - server.times[0])
    assert max(waits) - min(waits) > 0.005


def test_a_stream_that_breaks_off_shows_only_checked_claims_and_then_the_extractive_answer(
    server: ChatServer, ask: Callable[..., Ran]
) -> None:
    server.mood = "cut"
    ran = ask("--json", "--stream")
    assert ran.status == 0
    events = [line for line in ran.out.splitlines() if line]
    assert all(line.startswith('{"event": "') for line in events)
    assert '"mode": "extractive"' in events[-1]
    assert all('"support": "verbatim"' in line for line in events[:-1])


def test_a_failure_while_searching_is_no_other(server: ChatServer, folder: Path) -> None:
    server.mood = "down"
    with refdesk.open_library(folder, model=f"openai:failing-{next(NUMBER)}") as library:
        answer = library.ask("Why do networks suddenly get the point long afterwards?")
    assert answer.degraded
    assert not answer.answered
    assert answer.abstention


def test_what_a_failed_call_used_is_counted_towards_the_day(
    server: ChatServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_MAX_TOKENS_PER_DAY", "5000")
    server.mood = "bad chunk"
    reasons = []
    with refdesk.open_library(folder, model=f"openai:failing-{next(NUMBER)}") as library:
        for _ in range(4):
            answer = library.ask(QUESTION)
            assert answer.degraded
            reasons.append(answer.degraded["reason"])
    assert "day's budget" in reasons[-1]
    assert len(server.requests) <= 4


def test_nothing_of_a_failure_is_stored(server: ChatServer, folder: Path) -> None:
    server.mood = "bad chunk"
    with refdesk.open_library(folder, model=f"openai:failing-{next(NUMBER)}") as library:
        assert library.ask(QUESTION).degraded
        server.mood = "ok"
        answer = library.ask(QUESTION)
        assert answer.degraded is None
        assert len(answer.claims) == 3


def test_chat_goes_on_after_a_failure(server: ChatServer, folder: Path) -> None:
    def reply(body: Body) -> str:
        return chat_server.honest(body) if shown(body) else "Does weight decay explain grokking in networks?"

    server.reply, server.moods = reply, ["refused"]
    ran = run(
        "--library", folder, "chat", "--model", "openai:chatting",
        stdin=f"{QUESTION}\nDoes weight decay explain it?\n/quit\n".encode(),
        env=environment(),
    )  # fmt: skip
    assert ran.status == 0
    assert TOLD in ran.err
    assert "Read as: Does weight decay explain grokking in networks?" in ran.err
    assert "written by openai:chatting, and checked" in ran.out
    secret(ran.out, ran.err)


def test_chat_takes_a_follow_up_as_it_stands_where_condensing_fails(server: ChatServer, folder: Path) -> None:
    server.moods = ["ok", "refused", "refused"]
    ran = run(
        "--library", folder, "chat", "--model", "openai:chatting",
        stdin=f"{QUESTION}\nDoes weight decay explain grokking in networks?\n/quit\n".encode(),
        env=environment(),
    )  # fmt: skip
    assert ran.status == 0
    assert "The question is read by rule." in ran.err
    assert ran.err.count(TOLD) == 1
    assert "weight decay" in ran.out


def test_the_key_is_in_no_file_of_the_library(server: ChatServer, ask: Callable[..., Ran], folder: Path) -> None:
    for mood in ("refused", "broken", "ok"):
        server.mood = mood
        ask("--json", verbose=True)
    held = [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert held == []
