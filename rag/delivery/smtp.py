"""
SMTP client (RFC 5321): sends one message to one reader and reports exactly what became of it.

A server has a message once it has read the line `.` that ends it. A failure before the first byte of that line is sent
means that the message was not delivered. A failure after it, without a reply, means that it may have been delivered.
Nothing is tried twice here: `rag.delivery.outbox` decides on that.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from threading import Timer
from typing import Any, Literal, get_args

from rag.delivery.message import one_line
from rag.delivery.outcome import HandOver, Outcome
from rag.errors import ConfigError

Security = Literal["starttls", "tls", "none"]
_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PATIENCE = 10  # a whole message may take ten timeouts: a server may send a byte now and then
MAX_TIMEOUT_S = 86_400
Reply = tuple[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """
    A mail server to hand messages to.

    Args:
        host, port: Its address; None is the usual port for its security.
        security: `starttls`, `tls` from the first byte, or `none`. Nothing falls back to `none`.
        username, password: The login; never logged or shown, and without TLS only sent on loopback.
        ca_file: Certificates to trust in place of the system's (PEM).
        timeout_s: How long to wait for the connection and for each reply, at most a day.

    Raises:
        ConfigError: A value is impossible, or two do not fit together.
    """

    host: str
    port: int | None = None
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.security not in get_args(Security):
            raise ConfigError(
                f"The mail server's security cannot be “{self.security}”.",
                hint="It is `starttls`, `tls` or, on a network you trust, `none`.",
            )
        try:
            valid = bool(self.host.encode("idna")) and self.host == "".join(one_line(self.host).split())
        except UnicodeError:
            valid = False
        if not valid:
            raise ConfigError(
                f"“{one_line(self.host, 100)}” is not the name of a mail server.",
                hint="Write its name, `mail.example.org`.",
            )
        if self.port is not None and not 0 < self.port < 65_536:
            raise ConfigError(f"The mail server's port cannot be {self.port}.", hint="It is usually 587, 465 or 25.")
        if not 0 < self.timeout_s <= MAX_TIMEOUT_S:  # NaN is not, either
            raise ConfigError(
                f"The mail server's timeout cannot be {self.timeout_s} seconds.",
                hint=f"It is more than 0 and at most {MAX_TIMEOUT_S:,}.",
            )
        if (self.username is None) != (self.password is None):
            raise ConfigError(
                f"The mail server {self.host} needs both a username and a password, or neither.",
                hint="Set both, or remove the one that is set.",
            )
        if self.password is not None and self.security == "none" and self.host not in _LOOPBACK:
            raise ConfigError(
                f"A password would cross the network to {self.host} unencrypted.",
                hint="Use `starttls` or `tls`, or no password.",
            )


class _Refused(Exception):
    """The server refused, or gave no clear yes, before the end of the message."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def send(message: EmailMessage, server: Server, *, hand_over: HandOver = lambda: None) -> Outcome:
    """
    Send a message to the one mailbox in its `To`.

    Args:
        message: Made by `rag.delivery.message`.
        server: The mail server.
        hand_over: Called after the text is sent and before the line that ends it.

    Returns:
        What became of it; `unknown` only after `hand_over`. A failure of the network is an outcome, not an error.

    Raises:
        ConfigError: The file of certificates cannot be read.
    """
    sender, reader = (message[name].addresses[0].addr_spec for name in ("From", "To"))
    text = re.sub(rb"(?m)^\.", b"..", message.as_bytes())
    context = None if server.security == "none" else _context(server.ca_file)
    ending = False
    try:
        with _connected(server, context) as session:
            _expect(220, session.getreply(), server, "the connection")
            _expect(250, session.ehlo(), server, "the greeting")
            if server.security == "starttls":
                assert context is not None
                _encrypt(session, server, context)
            if server.username is not None:
                _log_in(session, server)
            _expect(250, session.mail(sender), server, f"the sender {sender}")
            _expect(250, session.rcpt(reader), server, f"the recipient {reader}")
            _expect(354, session.docmd("DATA"), server, "the message")
            session.sock.sendall(text)
            if _speaks(session):
                raise _Refused(Outcome("later", f"{server.host} broke off before the end of the message."))
            hand_over()
            ending = True
            session.sock.sendall(b".\r\n")
            reply = session.getreply()
            with suppress(OSError):
                session.putcmd("QUIT")
    except _Refused as refused:
        return refused.outcome
    except OSError as error:  # those of smtplib and ssl are
        if ending:
            return Outcome("unknown", f"{server.host} had the whole message and did not answer: {_why(error)}.")
        return Outcome("later", f"{server.host} could not be used: {_why(error)}.")
    if reply[0] == 250:
        return Outcome("sent", f"{server.host} accepted the message: {_reply_text(reply, server)}.")
    if reply[0] // 100 in (4, 5):
        return _no(reply, server, "the message")
    return Outcome("unknown", f"{server.host} had the whole message and gave no answer that says what became of it.")


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"The certificates in {ca_file} cannot be read: {_why(error)}.", hint="Check that it is a PEM file."
        ) from error


@contextmanager
def _connected(server: Server, context: ssl.SSLContext | None) -> Iterator[Any]:
    """
    An SMTP session, whose connection is cut when the whole takes too long.

    Typed as Any, for `smtplib` types the session's socket as None.
    """
    port = server.port or _PORTS[server.security]
    with socket.create_connection((server.host, port), timeout=server.timeout_s) as plain, plain.dup() as twin:
        watch = Timer(_PATIENCE * server.timeout_s, _cut, [twin])
        watch.daemon = True
        watch.start()
        address = plain.getsockname()[0].partition("%")[0]
        literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        session: Any = smtplib.SMTP(local_hostname=literal)  # given, so that no name server is asked for our own name
        try:
            wrap = context is not None and server.security == "tls"
            session.sock = context.wrap_socket(plain, server_hostname=server.host) if wrap and context else plain
            yield session
        finally:
            watch.cancel()
            session.close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _encrypt(session: Any, server: Server, context: ssl.SSLContext) -> None:
    """Switch to TLS or refuse; what the server said before TLS is discarded (RFC 3207, 4.2)."""
    if not session.has_extn("starttls"):
        raise _Refused(
            Outcome("later", f"{server.host} offers no STARTTLS, and nothing is sent unencrypted; try security `tls`.")
        )
    _expect(220, session.docmd("STARTTLS"), server, "STARTTLS")
    session.file.close()
    session.file = None
    session.sock = context.wrap_socket(session.sock, server_hostname=server.host)
    _expect(250, session.ehlo(), server, "the greeting")


def _log_in(session: Any, server: Server) -> None:
    """
    Log in by PLAIN (RFC 4616) or LOGIN, in UTF-8.

    One try: a second one with a wrong password may lock the account.
    """
    offered = session.esmtp_features.get("auth", "").upper().split()
    both, name, password = _credentials(server)
    if "PLAIN" in offered:
        reply = session.docmd("AUTH", f"PLAIN {both}")
    elif "LOGIN" in offered:
        reply = session.docmd("AUTH", "LOGIN")
        for credential in (name, password):
            _expect(334, reply, server, "to log in")
            reply = session.docmd(credential)
    else:
        raise _Refused(Outcome("refused", f"{server.host} offers neither PLAIN nor LOGIN to log in."))
    _expect(235, reply, server, "to log in")


def _credentials(server: Server) -> tuple[str, str, str]:
    """Encode the login: first both as PLAIN sends them, then the username and the password as LOGIN sends them."""
    name, password = (server.username or "", server.password or "")
    texts = (f"\0{name}\0{password}", name, password)
    both, name, password = (b64encode(text.encode("utf-8", "replace")).decode() for text in texts)
    return both, name, password


def _speaks(session: Any) -> bool:
    """True if the server has sent something or closed the connection while it should be listening."""
    timeout_s = session.sock.gettimeout()
    session.sock.settimeout(0)
    try:
        return bool(session.file.peek(1)) or session.sock.recv(1) is not None
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        session.sock.settimeout(timeout_s)


def _expect(code: int, reply: Reply, server: Server, what: str) -> None:
    if reply[0] != code and not (code == 250 and reply[0] == 251):  # 251: will forward
        raise _Refused(_no(reply, server, what))


def _no(reply: Reply, server: Server, what: str) -> Outcome:
    result: Literal["refused", "later"] = "refused" if reply[0] // 100 == 5 else "later"
    word = "refused" if reply[0] // 100 in (4, 5) else "did not understand"
    return Outcome(result, f"{server.host} {word} {what}: {_reply_text(reply, server)}.")


def _reply_text(reply: Reply, server: Server) -> str:
    """A reply as one line; a password that the server repeats is removed in every encoding."""
    text = f"{reply[0]} {reply[1].decode('utf-8', 'replace')}" if reply[0] > 0 else "no reply that is valid in SMTP"
    for secret in (*_credentials(server), server.password) if server.password else ():
        text = text.replace(secret, "…")
    return one_line(text, 300).rstrip(".")


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {error.verify_message}"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "it was too slow"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection"
    return one_line(error.strerror or str(error), 200).rstrip(".") or type(error).__name__
