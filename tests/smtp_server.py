"""
A small mail server on loopback that behaves, well or badly, as a test tells it.

It counts as accepted what it has read to the line that ends it and did not refuse, whether its reply arrived or not.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

USERNAME, PASSWORD = "ada", "pässword & more"
_PLAIN = b64encode(f"\0{USERNAME}\0{PASSWORD}".encode()).decode()
_GOOD = {
    "connect": "220 mail.example.org ESMTP", "starttls": "220 Go ahead", "auth": "235 2.7.0 Accepted",
    "mail": "250 2.1.0 Ok", "rcpt": "250 2.1.5 Ok", "data": "354 End data with <CR><LF>.<CR><LF>",
    "end": "250 2.0.0 Ok: queued as 4F2A1", "quit": "221 Bye",
}  # fmt: skip


@dataclass
class MailServer:
    """
    What it does at each step, and what came.

    `does` has, by step (`connect ehlo starttls auth mail rcpt data body end quit`; `body` is amid the text), a reply to
    give in the place of the good one, or `drop` (close), `hang` (say nothing), `reset` (say nothing, and break off when
    `closing` is set) or `drip` (say it without an end).
    """

    port: int
    tls: ssl.SSLContext | None = None
    tls_from_the_start: bool = False
    offers: tuple[str, ...] = ("PIPELINING", "SIZE 10240000", "STARTTLS", "AUTH PLAIN LOGIN", "8BITMIME")
    does: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    commands: list[str] = field(default_factory=list)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def readers(self) -> list[str]:
        """Whom the accepted messages are for."""
        return [reader for reader, _ in self.accepted]


class _Over(Exception):
    """The connection ends here."""


class _Session(StreamRequestHandler):
    ours: MailServer

    def handle(self) -> None:
        self.encrypted = False
        with suppress(_Over, OSError):
            if self.ours.tls_from_the_start:
                self._encrypt()
            self._say("connect")
            while line := self.rfile.readline(2000):
                self._answer(line.decode().strip())

    def _answer(self, line: str) -> None:
        self.ours.commands.append(line)
        time.sleep(self.ours.delay_s)
        verb = line.partition(" ")[0].upper()
        if verb == "EHLO":
            offers = [each for each in self.ours.offers if each != "STARTTLS" or (self.ours.tls and not self.encrypted)]
            lines = ["mail.example.org", *offers]
            good = "\r\n".join([*(f"250-{each}" for each in lines[:-1]), f"250 {lines[-1]}"])
            self._say("ehlo", good)
        elif verb == "STARTTLS":
            self._say("starttls")
            self._encrypt()
        elif verb == "AUTH":
            self._log_in(line)
        elif verb == "RCPT":
            self.reader = line.partition("<")[2].partition(">")[0]
            self._say("rcpt")
        elif verb == "DATA":
            self._say("data")
            if "data" not in self.ours.does:
                self._take()
        elif verb == "QUIT":
            self._say("quit")
            raise _Over
        else:
            self._say(verb.lower(), _GOOD.get(verb.lower(), "502 5.5.2 What?"))

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise _Over
            lines.append(line)
            if len(lines) == 5 and "body" in self.ours.does:
                self._say("body")
        time.sleep(self.ours.delay_s)
        if self.ours.does.get("end", "2")[0] not in "45":
            text = b"".join(each.removeprefix(b".") for each in lines)
            self.ours.accepted.append((self.reader, text))
        self._say("end")

    def _log_in(self, line: str) -> None:
        if line.upper() == "AUTH LOGIN":
            given = []
            for prompt in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
                self._write(prompt)
                given.append(self.rfile.readline().decode().strip())
            right = given == [b64encode(each.encode()).decode() for each in (USERNAME, PASSWORD)]
        else:
            right = line == f"AUTH PLAIN {_PLAIN}"
        self._say("auth", _GOOD["auth"] if right else "535 5.7.8 Username and Password not accepted")

    def _encrypt(self) -> None:
        assert self.ours.tls
        self.connection = self.ours.tls.wrap_socket(self.connection, server_side=True)
        self.setup_streams()
        self.encrypted = True

    def setup_streams(self) -> None:
        self.rfile = self.connection.makefile("rb", self.rbufsize)

    def _say(self, step: str, good: str | None = None) -> None:
        said = self.ours.does.get(step, good or _GOOD.get(step, "250 Ok"))
        if said == "drop":
            raise _Over
        if said in ("hang", "reset"):
            self.ours.closing.wait(20)
            if said == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _Over
        while said == "drip":
            self.connection.sendall(b"2")
            if self.ours.closing.wait(0.05):
                raise _Over
        self._write(said)

    def _write(self, text: str) -> None:
        self.connection.sendall(f"{text}\r\n".encode())

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        with suppress(OSError):
            self.connection.close()


@contextmanager
def serving(**behaviour: Any) -> Iterator[MailServer]:
    """A server on a free port of loopback, until the block ends."""

    class Handler(_Session):
        @property
        def ours(self) -> MailServer:
            return server

    class Listening(ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    with Listening(("127.0.0.1", 0), Handler) as listening:
        server = MailServer(listening.server_address[1], **behaviour)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            listening.shutdown()
            thread.join()
