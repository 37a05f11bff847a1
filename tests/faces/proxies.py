"""nginx and Caddy with the configurations of `deploy/`, on loopback, before a real `refdesk serve` or a stand-in."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import httpx
import pytest
import trustme

from tests.commands import ROOT, environment

DEPLOY = ROOT / "deploy"
NAME = "papers.example.org"


def waited_for(happened: Callable[[], object], limit_s: float = 30) -> None:
    """Wait until a function is true."""
    limit = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.05)


@contextmanager
def running(words: list[str], *, log: Path, port: int, **env: str) -> Iterator[None]:
    """A process that listens on a port of loopback until the block ends; what it prints goes into a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=environment(**env))
        try:
            waited_for(lambda: listens(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text(encoding="utf-8")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class Proxy:
    """
    A proxy with the configuration of `deploy/`, on ports of loopback, in a folder of its own.

    Args:
        kind: `nginx` or `caddy`.
        folder: Its folder.
        authority: Signs its certificate.
        upstream: The port of Refdesk.
        oauth2: The port of what speaks as oauth2-proxy does; None where Refdesk signs readers in.
    """

    def __init__(
        self, kind: str, folder: Path, authority: trustme.CA, upstream: int, oauth2: int | None = None
    ) -> None:
        program = which(kind) or which(kind, path="/usr/sbin")
        if not program:
            pytest.skip(f"{kind} is not here")
        folder.mkdir()
        self.port, self._folder, plain = free_port(), folder, free_port()
        issued = authority.issue_cert(NAME)
        issued.private_key_pem.write_to_path(folder / "key.pem")
        for pem in issued.cert_chain_pems:
            pem.write_to_path(folder / "cert.pem", append=True)
        changed = {
            "8765": str(upstream),
            "4180": str(oauth2),
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(folder / "cert.pem"),
            f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(folder / "key.pem"),
            "/var/log/nginx/": f"{folder}/",
            f"\n{NAME} {{\n": f"\nhttps://{NAME}:{self.port} {{\n\tbind 127.0.0.1\n"
            f"\ttls {folder}/cert.pem {folder}/key.pem\n",
        }
        text = whole(kind, oauth2=oauth2 is not None)
        for before, after in changed.items():
            text = text.replace(before, after)
        if kind == "nginx":
            paths = "".join(
                f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            text = (
                f"daemon off;\npid {folder}/pid;\nerror_log {folder}/main.log crit;\nevents {{}}\n"
                f"http {{\n{paths}{text}}}\n"
            )
            self._words = [program, "-p", str(folder), "-c"]
        else:
            text = text.replace("{\n", "{\n\tadmin off\n\tauto_https off\n", 1)
            self._words = [program, "run", "--adapter", "caddyfile", "--config"]
        self._file = folder / "conf"
        self._file.write_text(text, encoding="utf-8")

    @contextmanager
    def run(self) -> Iterator[None]:
        """Run it until the block ends."""
        homes = {"HOME": str(self._folder), "XDG_DATA_HOME": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
        with running([*self._words, str(self._file)], log=self._folder / "out", port=self.port, **homes):
            yield

    @property
    def logs(self) -> str:
        """All that it has written, but for its configuration."""
        files = (path for path in self._folder.rglob("*") if path.is_file() and path != self._file)
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def whole(kind: str, *, oauth2: bool) -> str:
    """A proxy's configuration; with what stands in the place of its last block where the proxy signs readers in."""
    name, block = {
        "nginx": ("nginx.conf", r"    location / \{\n.*?\n    \}\n"),
        "caddy": ("Caddyfile", r"\treverse_proxy .*?\n\t\}\n"),
    }[kind]
    text = (DEPLOY / name).read_text(encoding="utf-8")
    if not oauth2:
        return text
    name = {"nginx": "nginx-oauth2-proxy.conf", "caddy": "Caddyfile-oauth2-proxy"}[kind]
    instead = (DEPLOY / name).read_text(encoding="utf-8")
    changed, count = re.subn(block, lambda _: instead, text, flags=re.DOTALL)
    assert count == 1
    return changed


def client(proxy: Proxy, authority: trustme.CA, **headers: str) -> httpx.Client:
    """A client that finds the proxy's name on loopback, and believes its certificate."""
    context = ssl.create_default_context()
    authority.configure_trust(context)

    def name(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = NAME

    return httpx.Client(
        base_url=f"https://127.0.0.1:{proxy.port}",
        headers={"Host": NAME, **headers},
        verify=context,
        event_hooks={"request": [name]},
        timeout=60,
        trust_env=False,
    )


@contextmanager
def refdesk_serves(folder: Path, log: Path, *words: str, **env: str) -> Iterator[tuple[int, str]]:
    """`refdesk serve`, as its unit runs it; gives its port and the path of the link that it prints."""
    port = free_port()
    arguments = ["--library", str(folder), "serve", "--port", str(port), "--public-url", f"https://{NAME}", *words]
    with running([sys.executable, "-m", "refdesk", *arguments], log=log, port=port, **env):
        waited_for(lambda: "Refdesk is at" in log.read_text(encoding="utf-8"))
        (path,) = re.findall(rf"Refdesk is at https://{NAME}(/\S*)", log.read_text(encoding="utf-8"))
        yield port, path


@contextmanager
def stand_in() -> Iterator[int]:
    """
    A server that replies as oauth2-proxy with `set_xauthrequest`, and elsewhere with the reader whom it is told.

    Who comes is in the cookie `who`. Gives its port.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            who = re.search(r"who=([^;]+)", self.headers.get("Cookie", ""))
            if self.path.startswith("/oauth2/sign_in"):
                self.send_response(200)
                back = self.headers["X-Auth-Request-Redirect"] or self.path.partition("?rd=")[2]
                self.send_header("X-Back-To", back.removeprefix(f"https://{NAME}"))
            elif self.path.partition("?")[0] == "/oauth2/auth" and who:
                self.send_response(202)
                if who[1] != "nobody":
                    self.send_header("X-Auth-Request-Email", who[1])
            elif not self.path.startswith("/oauth2/"):
                self.send_response(200)
                self.send_header("X-Reader", self.headers.get("X-Forwarded-User", ""))
            else:
                self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()
            thread.join()
