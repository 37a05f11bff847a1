"""What servers of models really do: each ends in an answer, or in the extractive one with the true reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rag.answers.replies import Reply, until
from rag.errors import ModelUnavailable
from rag.llm.dialect import PARTS, dialect_of
from rag.llm.reasoning import Visible
from refdesk.ask import ModelSettings
from refdesk.servers import chats

CASES = Path(__file__).parents[1] / "cases" / "field"
ANSWER = json.dumps(
    {
        "answerable": True,
        "claims": [
            {"text": "Lime wash reduced the cover by forty percent.", "evidence": ["1.2"]},
            {"text": "The effect lasted two winters.", "evidence": ["1.3"]},
        ],
        "missing": "",
    }
)
PAIRS = [("Lime wash reduced the cover by forty percent.", ("1.2",)), ("The effect lasted two winters.", ("1.3",))]
MESSAGES = [("system", "Answer in JSON."), ("human", "Question: what does lime wash do?")]
SCHEMA = {"extra_body": {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}}
NUMBER = count()
Body = dict[str, Any]


class Server:
    """
    A server on loopback that refuses, or sends as it is told.

    `refuses(body)` gives a status and a message, or None; `chunks` are sent as a stream, or `events` as they are, or
    `document` at once.
    """

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.refuses: Any = lambda body: None
        self.chunks: list[Body] = pieces(ANSWER)
        self.document: Body | None = None
        self.events: list[Body] = []
        self.url = ""

    def chat(self, max_output: int = 1_200) -> Any:
        """A chat with a model that nobody asked before."""
        environment = {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": "sk-test"}
        settings = ModelSettings(timeout_s=5, max_output_tokens=max_output)
        made = chats(f"openai:served-{next(NUMBER)}", settings, environment)
        return made(lambda: False)


def pieces(text: str, size: int = 9) -> list[Body]:
    """The chunks of a streamed reply, with its end."""
    found = [{"delta": {"content": text[at : at + size]}} for at in range(0, len(text), size)]
    return [*found, {"delta": {}, "finish_reason": "stop"}]


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.requests.append(body)
            if refusal := made.refuses(body):
                status, message = refusal
                self.sent(status, "application/json", json.dumps({"error": {"message": message}}).encode())
            elif made.document or not body.get("stream"):
                choices = [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}]
                self.sent(200, "application/json", json.dumps(made.document or {"choices": choices}).encode())
            else:
                events = [
                    {
                        "id": "c",
                        "object": "chat.completion.chunk",
                        "created": 1,
                        "model": "m",
                        "choices": [
                            {"index": 0, "delta": chunk.get("delta", {}), "finish_reason": chunk.get("finish_reason")}
                        ],
                        **({"usage": chunk["usage"]} if "usage" in chunk else {}),
                    }
                    for chunk in made.chunks
                ]
                events = made.events or events
                stream = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
                self.sent(200, "text/event-stream", stream + b"data: [DONE]\n\n")

        def sent(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{listening.server_address[1]}/v1"
    Thread(target=listening.serve_forever, daemon=True).start()
    yield made
    listening.shutdown()
    listening.server_close()


def case(name: str) -> Body:
    document: Body = json.loads((CASES / f"llm_{name}.json").read_text(encoding="utf-8"))
    return document


def drafts(texts: Iterator[str]) -> list[tuple[str, tuple[str, ...]]]:
    return [(draft.text, draft.ids) for draft in until(texts, Reply(), 12)]


def asked(chat: Any, **bound: Any) -> list[tuple[str, tuple[str, ...]]]:
    return drafts(chat.stream(MESSAGES, **bound))


# ---- reasoning


@pytest.mark.parametrize("size", [1, 4, 30, 10_000])
@pytest.mark.parametrize(
    "name", ["think_restates_schema", "think_discarded_draft", "think_prose_marks", "harmony", "bare_list"]
)
def test_only_what_comes_after_the_reasoning_is_read(server: Server, name: str, size: int) -> None:
    server.chunks = pieces(case(name)["reply"], size)
    assert asked(server.chat()) == PAIRS
    assert len(server.requests) == 1


REASONED = [
    "<{0}>The form is {draft}</{0}>\n{answer}".replace("{0}", name)
    for name in ("think", "thinking", "reasoning", "Thought", "THINK", "analysis")
] + [
    "Let me see [2.1]. {draft}\n</think>\n\n{answer}",
    "{draft} No, wait.</thinking>{answer}".replace("{draft}", "So: {draft}"),
    "<think>one</think><think>{draft}</think>{answer}",
    "Okay.<think>{draft}</think>{answer}",
    "◁think▷{draft}◁/think▷{answer}",
    "[THINK]{draft}[/THINK]{answer}",
    '<think duration="3">{draft}</think>{answer}',
    "<seed:think>{draft}</seed:think>{answer}",
    "<|START_THINKING|>{draft}<|END_THINKING|>{answer}",
    "<|begin_of_thought|>{draft}<|end_of_thought|>{answer}",
    "{quoted}",
    "{comma}",
    "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>commentary<|message|>x<|end|>"
    "<|start|>assistant<|channel|>final <|constrain|>json<|message|>{answer}<|return|>",
    "Draft:\n```json\n{draft}\n```\nFinal:\n```json\n{answer}\n```",
    "Here it is: {answer}",
    "```json\n{answer}\n```",
    "```\n{claims}\n```",
    "{claims}",
    "{lines}",
]
DRAFT = json.dumps({"answerable": True, "claims": [{"text": "It is 4 percent.", "evidence": ["2.2"]}], "missing": ""})
CLAIMS = json.loads(ANSWER)["claims"]


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("form", REASONED)
def test_every_form_of_reasoning_and_of_wrapping_gives_the_same_claims(server: Server, form: str, size: int) -> None:
    parts = {"draft": DRAFT, "answer": ANSWER, "claims": json.dumps(CLAIMS)}
    parts["quoted"], parts["comma"] = json.dumps(ANSWER), ANSWER.replace('"]}', '"],}')
    parts["lines"] = "\n".join(map(json.dumps, CLAIMS))
    text = form
    for name, part in parts.items():
        text = text.replace("{" + name + "}", part)
    server.chunks = pieces(text, size)
    assert asked(server.chat()) == PAIRS


def test_a_reply_that_begins_as_json_is_passed_on_as_it_comes() -> None:
    visible = Visible()
    assert "".join(visible.feed(piece) for piece in ('{"answer', 'able": true, "claims": [')) != ""
    assert visible.feed("<think>") == "<think>"  # within JSON it is text


@pytest.mark.parametrize("marks", ["[1.2]", "(1.2)", "【1.2】", "【1.2†source】", "[1.2; 1.3]"])
def test_sentences_with_marks_of_any_kind_are_claims(marks: str) -> None:
    found = drafts(iter([f"Lime wash reduced the cover {marks}."]))
    assert [(text, ids[0]) for text, ids in found] == [("Lime wash reduced the cover.", "1.2")]


def test_search_queries_are_what_comes_after_the_reasoning(server: Server) -> None:
    server.chunks = pieces(case("think_queries")["reply"])
    assert "".join(server.chat().stream(MESSAGES)).split("\n") == [
        "bryophyte cover masonry lime wash",
        "lime wash effect",
    ]


@pytest.mark.parametrize("name", ["reasoning_eats_budget", "think_eats_budget"])
def test_a_reply_that_is_cut_before_it_begins_says_at_how_many_tokens(server: Server, name: str) -> None:
    server.chunks = case(name)["chunks"]
    with pytest.raises(ModelUnavailable, match=r"cut at 1,200 tokens, before an answer began") as caught:
        asked(server.chat(), **SCHEMA)
    assert "max_output_tokens" in str(caught.value.hint)
    assert not caught.value.may_pass
    assert len(server.requests) == 1


# ---- what a server does not take


def refusing(part: str, status: int, message: str) -> Any:
    def refuses(body: Body) -> tuple[int, str] | None:
        roles = [message["role"] for message in body["messages"]]
        return (status, message) if part in body or part in roles else None

    return refuses


@pytest.mark.parametrize("status", [400, 404, 422, 500, 501])
@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("stream_options", "Extra inputs are not permitted: stream_options"),
        ("max_completion_tokens", "Unrecognized request argument supplied: max_completion_tokens"),
        ("system", "System role not supported"),
        ("system", "Only user and assistant roles are supported! Found system role"),
    ],
)
def test_an_optional_part_that_is_refused_is_left_out_and_asked_again_once(
    server: Server, status: int, part: str, message: str
) -> None:
    server.refuses = refusing(part, status, message)
    chat = server.chat()
    assert asked(chat) == PAIRS
    assert len(server.requests) <= (3 if status >= 500 else 2)
    assert part not in server.requests[-1]
    if part == "max_completion_tokens":
        assert server.requests[-1]["max_tokens"] == 1_200
    if part == "system":
        assert [message["role"] for message in server.requests[-1]["messages"]] == ["user"]
        assert server.requests[-1]["messages"][0]["content"] == "\n\n".join(text for _, text in MESSAGES)
    before = len(server.requests)
    assert asked(chat) == PAIRS
    assert len(server.requests) == before + 1, "it is remembered"


@pytest.mark.parametrize("status", [400, 404, 422, 500, 501])
def test_a_response_format_that_is_refused_lets_the_next_mode_be_tried(server: Server, status: int) -> None:
    message = case("schema_refused_otherwise")["body"]["error"]["message"]
    server.refuses = refusing("response_format", status, message)
    chat = server.chat()
    assert asked(chat, **SCHEMA) == PAIRS
    assert len(server.requests) <= 3
    assert "response_format" not in server.requests[-1]
    before = len(server.requests)
    assert asked(chat, **SCHEMA) == PAIRS
    assert len(server.requests) == before + 1, "it is remembered"


def test_a_model_that_is_not_there_is_not_asked_in_another_way(server: Server) -> None:
    server.refuses = lambda body: (404, "The model `m` does not exist")
    with pytest.raises(ModelUnavailable, match="no model of that name"):
        asked(server.chat(), **SCHEMA)
    assert len(server.requests) == 1


def test_usage_is_estimated_where_the_server_does_not_count(server: Server) -> None:
    server.refuses = refusing("stream_options", 400, "Extra inputs are not permitted: stream_options")
    chat = server.chat()
    asked(chat)
    assert chat.usage.estimated and chat.usage.tokens > 0


def test_usage_is_the_last_value_and_not_a_sum(server: Server) -> None:
    server.chunks = case("usage_in_every_chunk")["chunks"]
    chat = server.chat()
    asked(chat)
    assert (chat.usage.input_tokens, chat.usage.output_tokens) == (1_000, 60)


def test_a_document_in_place_of_a_stream_is_read(server: Server) -> None:
    server.document = case("answers_unstreamed")["body"]
    chat = server.chat()
    assert asked(chat) == PAIRS
    assert len(server.requests) == 2
    assert asked(chat) == PAIRS
    assert len(server.requests) == 3


def test_a_whole_reply_without_a_reason_of_its_end_is_read_and_half_a_one_is_not(server: Server) -> None:
    server.chunks = pieces(ANSWER)[:-1]
    assert asked(server.chat()) == PAIRS
    server.chunks = pieces(ANSWER)[:-4]
    with pytest.raises(ModelUnavailable, match="broke off"):
        asked(server.chat())


def test_the_call_of_a_tool_is_read_as_text(server: Server) -> None:
    called = {"index": 0, "id": "c1", "type": "function", "function": {"name": "answer", "arguments": ANSWER}}
    server.chunks = [{"delta": {"tool_calls": [called]}}, {"delta": {}, "finish_reason": "tool_calls"}]
    assert asked(server.chat()) == PAIRS


@pytest.mark.parametrize("bound", [{}, SCHEMA])
def test_a_window_that_is_exceeded_is_named(server: Server, bound: Body) -> None:
    message = case("window_exceeded")["body"]["error"]["message"]
    server.refuses = lambda body: (400, message)
    with pytest.raises(ModelUnavailable, match="context window") as caught:
        asked(server.chat(), **bound)
    assert "model_window" in str(caught.value.hint)
    assert len(server.requests) == 1


def test_a_dialect_is_one_for_a_server_and_forgets_after_a_day() -> None:
    assert dialect_of("openai:m", "http://a/v1") is dialect_of("openai:m", "http://a/v1")
    assert dialect_of("openai:m", "http://a/v1") is not dialect_of("openai:m", "http://b/v1")
    now = [0.0]
    dialect = type(dialect_of("openai:m", None))(lambda: now[0])
    dialect.leave_out(["system"])
    assert not dialect.takes("system")
    now[0] = 24 * 3_600.0
    assert dialect.takes("system")


@pytest.mark.parametrize(
    ("status", "message", "reason", "hint"),
    [
        (402, "Insufficient credits", "no credit left", ""),
        (413, "Request Entity Too Large", "context window", "model_window"),
        (
            400,
            "max_tokens is too large: 1200. This model supports at most 1024 completion tokens",
            "as long as",
            "Lower",
        ),
        (400, "Invalid parameter: top_k", "refused the request (400)", "doctor"),
        (400, "acme/model-9 is not a valid model ID", "no model of that name", "model"),
        (404, 'model "qwen" not found, try pulling it first', "no model of that name", "model"),
    ],
)
def test_the_reason_of_a_refusal_is_the_true_one(
    server: Server, status: int, message: str, reason: str, hint: str
) -> None:
    server.refuses = lambda body: (status, message)
    with pytest.raises(ModelUnavailable, match=re.escape(reason)) as caught:
        asked(server.chat(), **SCHEMA)
    assert hint in str(caught.value.hint)
    assert not caught.value.may_pass
    assert len(server.requests) <= 3


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "maximum context length is 4096 tokens", "code": 400}, "context window"),
        ({"message": "Provider overloaded", "code": 503}, "failed (503)"),
        ({"message": "Rate limited", "code": 429}, "rate limited"),
        ({"message": "No cookie auth", "code": "401"}, "refused the key"),
    ],
)
def test_an_error_in_place_of_a_reply_is_read_by_its_own_status(
    server: Server, error: Body, reason: str, streams: bool
) -> None:
    if streams:
        server.events = [{"error": error}]
    else:
        server.document = {"error": error}
    with pytest.raises(ModelUnavailable, match=re.escape(reason)):
        asked(server.chat())
    assert len(server.requests) <= 3


def test_the_text_among_the_parts_of_a_reply_is_read(server: Server) -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]}, {"type": "text", "text": ANSWER}]
    server.chunks = [{"delta": {"content": [part]}} for part in parts] + [{"delta": {}, "finish_reason": "stop"}]
    assert asked(server.chat()) == PAIRS


@pytest.mark.parametrize("name", [path.stem.removeprefix("llm_") for path in sorted(CASES.glob("llm_*.json"))])
def test_every_case_from_the_field_has_its_right_value(server: Server, name: str) -> None:
    document = case(name)
    chat, expected = server.chat(), PAIRS
    if "reply" in document:
        server.chunks = pieces(document["reply"])
    elif "chunks" in document:
        server.chunks = document["chunks"]
    elif "content-type" in document:
        server.document = document["body"]
    else:
        statuses = document["status"] if isinstance(document["status"], list) else [document["status"]]
        part = next((part for part in (*PARTS, "always") if part in document["when"]), "")
        message = document["body"]["error"]["message"]
        server.refuses = refusing(part, statuses[-1], message) if part != "always" else lambda _: (statuses[0], message)
    if name.endswith("eats_budget") or name == "window_exceeded":
        with pytest.raises(ModelUnavailable, match=r"cut at 1,200 tokens|context window") as caught:
            asked(chat, **SCHEMA)
        assert "max_output_tokens" in str(caught.value.hint) or "model_window" in str(caught.value.hint)
    elif name == "think_queries":
        assert "".join(chat.stream(MESSAGES)) == "bryophyte cover masonry lime wash\nlime wash effect"
    else:
        assert asked(chat, **SCHEMA) == expected
    assert len(server.requests) <= 3
