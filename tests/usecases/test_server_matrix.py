"""What servers do, for each of the six kinds of requests: an answer, or the true reason, in at most three calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import refdesk
from rag.errors import ModelUnavailable
from rag.llm.dialect import dialect_of
from tests import chat_server
from tests.chat_server import Body, as_reply, claim, shown
from tests.commands import ROOT
from tests.copies import copied
from tests.faces.shapes import is_answer
from tests.faces.shapes import shown as stored

NUMBER = count()
QUESTION = "What explains grokking?"
LONG = "What explains grokking, the delayed generalization of small transformer networks long after memorization?"
KINDS = ("answer", "plain", "queries", "condense", "repair", "judge")
DRAFT = (
    '{"answerable": true, "claims": [{"text": "Cats sleep.", "evidence": ["9.9"]}], "judgements": [], "missing": ""}'
)
Sent = tuple[int, str, bytes]


def kind_of(body: Body) -> str:
    """What a request asks for."""
    said = "\n".join(str(message["content"]) for message in body["messages"])
    if chat_server.is_judge(body):
        return "judge"
    if "Claims that failed, and why:" in said:
        return "repair"
    if "You write search queries" in said:
        return "queries"
    if "You rewrite the last question" in said:
        return "condense"
    return "plain" if "NO ANSWER" in said else "answer"


# ---- behaviours: what a server sends for a body and the text that its model writes


def document(text: str, **rest: Any) -> Sent:
    choices = [{"index": 0, "message": {"role": "assistant", "content": text, **rest}, "finish_reason": "stop"}]
    return 200, "application/json", json.dumps({"id": "c", "object": "chat.completion", "choices": choices}).encode()


def stream(deltas: list[Body], finish: str | None = "stop", usage: bool = False) -> Sent:
    events = []
    for number, delta in enumerate([*deltas, {}], start=1):
        choice = {"index": 0, "delta": delta, "finish_reason": None if delta else finish}
        event: Body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        if usage:
            event["usage"] = {"prompt_tokens": 100, "completion_tokens": number, "total_tokens": 100 + number}
        events.append(b"data: " + json.dumps(event).encode() + b"\n\n")
    return 200, "text/event-stream", b"".join(events) + b"data: [DONE]\n\n"


def streamed(text: str, **rest: Any) -> Sent:
    return stream([{"content": text[at : at + 11]} for at in range(0, len(text), 11)], **rest)


def sent(body: Body, text: str) -> Sent:
    return streamed(text) if body.get("stream") else document(text)


def error(status: int, message: str) -> Sent:
    return status, "application/json", json.dumps({"error": {"message": message}}).encode()


def refusing(part: str, status: int, message: str) -> Callable[[Body, str], Sent]:
    def behave(body: Body, text: str) -> Sent:
        has = part in body or any(message["role"] == part for message in body["messages"])
        return error(status, message) if has else sent(body, text)

    return behave


def bare(body: Body, text: str) -> Sent:
    """The list without the object around it, in a fence; the lines of prose as they are."""
    if text.startswith("{"):
        found = json.loads(text)
        text = f"```json\n{json.dumps(found.get('claims', found.get('judgements')))}\n```"
    return sent(body, text)


def by_tool(body: Body, text: str) -> Sent:
    called = {"index": 0, "id": "c1", "type": "function", "function": {"name": "reply", "arguments": text}}
    return stream([{"tool_calls": [called]}], "tool_calls") if text.startswith("{") else sent(body, text)


BEHAVIOURS: dict[str, Callable[[Body, str], Sent]] = {
    "think": lambda body, text: sent(body, f"<think>\nFirst: {DRAFT}\nNo [1.1].\n</think>\n\n{text}"),
    "lone closing tag": lambda body, text: sent(body, f"Let me see [1.1]. {DRAFT}\n</think>\n{text}"),
    "harmony": lambda body, text: sent(
        body,
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{text}<|return|>",
    ),
    "reasoning content": lambda body, text: stream(
        [{"reasoning_content": DRAFT}, {"reasoning_content": "No."}, {"content": text}], usage=True
    ),
    "bare lists": bare,
    "tool calls": by_tool,
    "no stream": lambda body, text: document(text),
    "stream_options refused": refusing("stream_options", 400, "Extra inputs are not permitted: stream_options"),
    "max_completion_tokens refused": refusing("max_completion_tokens", 422, "max_completion_tokens: unexpected"),
    "system refused": refusing("system", 500, "System role not supported"),
    "schema refused": refusing("response_format", 500, "internal error"),
    "optional parts refused": lambda body, text: (
        error(400, "Bad Request")
        if {"stream_options", "response_format", "max_completion_tokens"} & set(body)
        else sent(body, text)
    ),
    "cut": lambda body, text: stream([{"content": "<think>Let me look again. " * 20}], "length"),
    "window": lambda body, text: error(400, "maximum context length is 4096 tokens, 5200 requested"),
    "not found": lambda body, text: error(404, "Not Found"),
    "failing": lambda body, text: error(500, "internal error"),
}
ANSWERS = tuple(BEHAVIOURS)[:12]
REASONS = {
    "cut": "cut at 1,200 tokens, before an answer began",
    "window": "longer than the model's context window",
    "not found": "no model of that name, or nothing at this address (404)",
    "failing": "server failed (500)",
}


class Server:
    """Behaves as told for one kind of request, and well for the others."""

    def __init__(self) -> None:
        self.kind, self.url, self.model = "", "", ""
        self.behave: Callable[[Body, str], Sent] = sent
        self.asked: list[str] = []

    def replies(self, body: Body) -> Sent:
        kind = kind_of(body)
        self.asked.append(kind)
        text = self.written(kind, body)
        return self.behave(body, text) if kind == self.kind else sent(body, text)

    def written(self, kind: str, body: Body) -> str:
        if kind == "judge":
            return chat_server.agreeing(body)
        if kind == "queries":
            return "grokking delayed generalization\nmemorization transformers"
        if kind == "condense":
            return "Does weight decay explain grokking?"
        if kind == "plain":
            return chat_server.markers(body)
        name, text = next(iter(shown(body).items()))
        if kind == "answer" and self.kind == "plain":
            return "Networks are fascinating."
        if kind == "answer" and self.kind == "repair":
            other, number = next((name, text) for name, text in shown(body).items() if re.search(r"\d{3}", text))
            return as_reply([claim(text, name), claim(re.sub(r"\d{3}", "777", number, count=1), other)])
        if kind == "repair":
            return as_reply([claim(text, name) for name, text in shown(body).items() if re.search(r"\d{3}", text)][:1])
        if kind == "answer" and self.kind == "judge":
            return as_reply([claim(text, name), claim("Networks may seem to learn a thing late in training.", name)])
        return as_reply([claim(text, name)])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content_type, content = made.replies(body)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    made.url = f"http://127.0.0.1:{listening.server_address[1]}/v1"
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", made.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    yield made
    listening.shutdown()
    listening.server_close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matrix") / "library"
    with refdesk.open_library(folder) as library:
        library.add(ROOT / "examples" / "papers.jsonl")
    return folder


@pytest.fixture
def library(template: Path, tmp_path: Path, server: Server) -> Iterator[refdesk.Library]:
    folder = copied(template, tmp_path / "own")
    server.model = f"openai:matrix-{next(NUMBER)}"
    with refdesk.open_library(folder, model=server.model) as opened:
        yield opened


def asked(library: refdesk.Library, kind: str) -> str | None:
    """Ask so that a request of the kind is made; the reason if it came to nothing, None if it did its work."""
    if kind == "condense":
        try:
            found = library.follow_up([QUESTION], "does weight decay explain it?")
        except ModelUnavailable as failure:
            return failure.message
        assert found.question == "Does weight decay explain grokking?"
        return None
    answer = library.ask(LONG if kind == "queries" else QUESTION, fresh=True)
    is_answer(json.loads(json.dumps(answer.to_dict())), lambda name: stored(library, name))
    assert answer.answered
    assert "Cats" not in answer.text
    if kind == "repair":
        return None if answer.dropped == 0 and answer.mode == "generated" else "repair"
    if answer.degraded:
        assert answer.degraded["from"] == ("judge" if kind == "judge" else "generated")
        return str(answer.degraded["reason"])
    assert answer.mode == "generated"
    return None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_every_request_ends_in_an_answer_or_in_the_true_reason(
    server: Server, library: refdesk.Library, behaviour: str, kind: str
) -> None:
    server.kind, server.behave = kind, BEHAVIOURS[behaviour]
    for most in (2, 2) if behaviour == "not found" else (5, 3):
        server.asked.clear()
        reason = asked(library, kind)
        assert 1 <= server.asked.count(kind) <= most, server.asked
        if behaviour in ANSWERS:
            assert reason is None, server.asked
        else:
            assert reason and (kind == "repair" or REASONS[behaviour] in reason)


@pytest.mark.parametrize("behaviour", [name for name in ANSWERS if "refused" in name] + ["no stream"])
def test_the_next_process_asks_as_the_last_one_learned(
    server: Server, library: refdesk.Library, behaviour: str, tmp_path: Path
) -> None:
    server.kind, server.behave = "answer", BEHAVIOURS[behaviour]
    assert asked(library, "answer") is None
    server.asked.clear()
    dialect_of.cache_clear()  # all that a process remembers
    with refdesk.open_library(tmp_path / "own", model=server.model) as other:
        assert asked(other, "answer") is None
    assert server.asked.count("answer") == 1


def test_a_failure_that_passes_leaves_nothing_out(server: Server, library: refdesk.Library) -> None:
    server.kind = "answer"
    bodies: list[Body] = []

    def once(body: Body, text: str) -> Sent:
        bodies.append(body)
        return error(500, "internal error") if len(bodies) == 1 else sent(body, text)

    server.behave = once
    assert asked(library, "answer") is None
    assert len(bodies) == 2
    assert set(bodies[0]) == set(bodies[1])
