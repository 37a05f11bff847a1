"""A proxy before a Chroma server, on loopback: TLS, a token, any other answer, and the limits of Chroma Cloud."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import trustme

TOKEN = "correct-horse-7f3a"
"""The token that it asks for."""
Answer = tuple[int, str, str]
"""Status, type of content, and content."""


class ChromaProxy:
    """
    What the proxy does, and the requests that it saw.

    `answers` gives another answer than the server's to a request's path, or None. `check` gives an error for a path
    and a body, or None.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream, self.port = upstream, 0
        self._client = httpx.Client(timeout=60)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.answers: Callable[[str], Answer | None] = lambda _: None
        self.check: Callable[[str, Any], str | None] = lambda *_: None

    def close(self) -> None:
        self._client.close()

    def reply(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.seen.append((method, path, headers))
        if headers.get("x-chroma-token") != TOKEN:
            return 401, "text/html", f"<h1>401</h1> {headers}"  # a careless proxy, which shows what it was sent
        if other := self.answers(path):
            return other
        if problem := self.check(path, json.loads(body) if body else None):
            return 422, "application/json", json.dumps({"error": "QuotaError", "message": problem})
        sent = self._client.request(
            method, f"{self.upstream}{path}", content=body, headers={"Content-Type": "application/json"}
        )
        return sent.status_code, sent.headers.get("content-type", ""), sent.text


def quotas(path: str, body: Any) -> str | None:
    """The quotas of Chroma Cloud, as its documentation gives them, for a database `papers` of a tenant `lab`."""
    open_to_all = ("/api/v2/tenants/lab", "/api/v2/auth/identity", "/api/v2/pre-flight-checks")
    if path not in open_to_all and not f"{path}/".startswith("/api/v2/tenants/lab/databases/papers/"):
        return f"no access to {path}"
    if not isinstance(body, dict) or path.endswith("/collections"):
        return None
    ids = body.get("ids") or []
    results = body.get("n_results", body.get("limit"))
    if path.endswith("/get") and not ids and results is None:
        return "a limit is missing"
    texts, metadatas = body.get("documents") or [], body.get("metadatas") or []
    values = [value for metadata in metadatas for value in metadata.values() if isinstance(value, str)]
    sizes = {
        "records": (len(ids), 300),
        "results": (results or 0, 300),
        "id bytes": (longest(ids), 128),
        "document bytes": (longest(texts), 16_384),
        "metadata value bytes": (longest(values), 4_096),
    }
    return next((f"{name}: {size}, not {most}" for name, (size, most) in sizes.items() if size > most), None)


def identity(path: str) -> Answer | None:
    """Whose key it is, as Chroma Cloud tells its own client."""
    document = {"user_id": "ada", "tenant": "lab", "databases": ["papers"]}
    return (200, "application/json", json.dumps(document)) if path == "/api/v2/auth/identity" else None


def longest(texts: list[str]) -> int:
    return max((len(text.encode()) for text in texts), default=0)


def make_database(server: str) -> None:
    """Make the database of `quotas` on a server, unless it is there."""
    for path, name in (("tenants", "lab"), ("tenants/lab/databases", "papers")):
        httpx.post(f"{server}/api/v2/{path}", json={"name": name})


@contextmanager
def running(upstream: str, authority: trustme.CA, *names: str) -> Iterator[ChromaProxy]:
    """A proxy on a free port, with a certificate for these names, or else for 127.0.0.1."""
    proxy = ChromaProxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, kind, text = proxy.reply(self.command, self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, address: Any) -> None:
            pass  # a client that does not like the certificate

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        proxy.port = server.server_address[1]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()
            proxy.close()
