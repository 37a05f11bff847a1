"""
A small server on loopback that speaks OpenAI's embeddings protocol, well or badly, as a test tells it.

A text's vector counts its words in buckets, so that texts which share words are near each other.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class EmbeddingServer:
    """
    The server's memory and its manners.

    Args:
        url: What OPENAI_BASE_URL is to be.
        moods: How the next requests are answered, one each; `mood` is for all after them.
        refuses: A status and an error for the texts of a request, or None; asked where the mood is `ok`.
        requests: The bodies that came, with the key that each was sent with under `key`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.mood = "ok"
        self.moods: list[str] = []
        self.dimension = 24
        self.refuses: Callable[[list[str]], tuple[int, Any] | None] = lambda texts: None
        self.requests: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.slow_s = 1.0

    def vector(self, text: str) -> list[float]:
        """The vector of a text, not of unit length."""
        values = [0.0] * self.dimension
        for word in text.lower().split():
            values[zlib.crc32(word.encode()) % self.dimension] += 1.0
        return values

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], key: str) -> None:
        """Answer one request in the mood that is due."""
        self.requests.append({**body, "key": key})
        self.times.append(time.monotonic())
        mood = self.moods.pop(0) if self.moods else self.mood
        data: list[dict[str, Any]] = [
            {"object": "embedding", "index": number, "embedding": self.vector(text)}
            for number, text in enumerate(body["input"])
        ]
        if mood == "ok" and (refusal := self.refuses(body["input"])):
            _reply(handler, *refusal)
        elif mood == "refused":
            _reply(
                handler, 401, {"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}}
            )
        elif mood == "missing":
            _reply(handler, 404, {"error": {"message": f"The model `{body['model']}` does not exist"}})
        elif mood == "busy":
            _reply(handler, 429, {"error": {"message": "Rate limit reached"}}, {"Retry-After": "1"})
        elif mood == "broken":
            _reply(handler, 500, {"error": {"message": f"traceback with {key}"}})
        elif mood == "html":
            _send(
                handler, 200, b"<html><body>Welcome to the hotel's network</body></html>", {"Content-Type": "text/html"}
            )
        elif mood == "not json":
            _send(handler, 200, b'{"data": [', {"Content-Type": "application/json"})
        elif mood == "closed":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif mood == "slow":
            time.sleep(self.slow_s)
            _reply(handler, 200, {"object": "list", "data": data, "model": body["model"]})
        else:
            if mood == "too few":
                data = data[:-1]
            elif mood == "too many":
                data.append(data[0])
            elif mood == "none":
                data = []
            elif mood == "nan":
                data[0]["embedding"][0] = float("nan")
            elif mood == "ragged":
                data[0]["embedding"].append(0.5)
            elif mood == "text":
                data[0]["embedding"] = "0.1 0.2"
            elif mood == "null":
                data[0]["embedding"] = None
            elif mood == "reversed":
                data.reverse()
            elif mood == "all numbered 0":
                data = [{**entry, "index": 0} for entry in data]
            elif mood == "not numbered":
                data = [{name: value for name, value in entry.items() if name != "index"} for entry in data]
            elif mood == "base64":
                for entry in data:
                    entry["embedding"] = base64.b64encode(struct.pack("<24f", *entry["embedding"])).decode()
            elif mood == "longer":
                data = [{**entry, "embedding": [*entry["embedding"], 0.0]} for entry in data]
            _reply(
                handler,
                200,
                {
                    "object": "list",
                    "data": data,
                    "model": body["model"],
                    "usage": {"prompt_tokens": 1, "total_tokens": 1},
                },
            )


def _reply(handler: BaseHTTPRequestHandler, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
    _send(handler, status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving() -> Iterator[EmbeddingServer]:
    """A server on a free port of loopback, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            try:
                if self.path == "/v1/embeddings":
                    server.answer(self, body, key)
                else:
                    _reply(self, 404, {"error": {"message": f"no such path {self.path}"}})
            except (BrokenPipeError, ConnectionResetError):
                pass  # a client that did not wait

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = EmbeddingServer(f"http://127.0.0.1:{listening.server_address[1]}/v1")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
