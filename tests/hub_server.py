"""A small hub of models on loopback that answers as Hugging Face's does, well or badly, as a test tells it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PLACES = {"model.onnx": "onnx/model.onnx", "tokenizer.json": "tokenizer.json", "config.json": "config.json"}


class Hub:
    """
    A hub with repositories of files.

    `mood` is `well`; `cut`, half a file under the length of the whole; `chunked`, half a file in chunks without an end;
    `moved`, files are redirected to; `slow`, each block after a while; or a status such as `503`.
    """

    def __init__(self, url: str) -> None:
        self.url, self.mood = url, "well"
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []

    def put(self, repository: str, folder: Path, *revisions: str, flat: bool = False) -> None:
        """Offer a model's files under revisions."""
        for revision in revisions or ("main", COMMIT):
            for path in folder.iterdir():
                place = path.name if flat else PLACES[path.name]
                self.files[f"/{repository}/resolve/{revision}/{place}"] = path.read_bytes()


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path)
            hub.asked.append(path)
            content = hub.files.get(path.removeprefix("/stored"))
            if content is None or hub.mood.isdigit():
                self.send_response(404 if content is None else int(hub.mood))
                self.send_header("content-length", "0")
                self.end_headers()
                return
            if hub.mood == "moved" and not path.startswith("/stored"):
                self.send_response(302)
                self.send_header("x-repo-commit", COMMIT)
                self.send_header("location", f"/stored{path}")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            self.send_response(200)
            if hub.mood != "moved":
                self.send_header("x-repo-commit", COMMIT)
            if hub.mood == "chunked":
                self.send_header("transfer-encoding", "chunked")
            else:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            with suppress(OSError):
                self.send(content)

        def send(self, content: bytes) -> None:
            half = content[: len(content) // 2]
            if hub.mood == "cut":
                self.wfile.write(half)
                self.close_connection = True
            elif hub.mood == "chunked":
                self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
                self.close_connection = True
            elif hub.mood == "slow":
                for at in range(0, len(content), 64):
                    self.wfile.write(content[at : at + 64])
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            pass  # clients break off on purpose

    server = Server(("127.0.0.1", 0), Handler)
    hub = Hub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
