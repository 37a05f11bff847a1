"""Sending by SMTP: against a real server, and against one that fails in every way, each told for what it is."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Keeping
from aiosmtpd.smtp import AuthResult, LoginPassword

from rag.delivery.outcome import Outcome
from rag.delivery.smtp import Server, send
from rag.errors import ConfigError
from tests.smtp_server import PASSWORD, USERNAME, MailServer, serving

Letter = Callable[..., EmailMessage]
Tls = Callable[..., ssl.SSLContext]


def to(mail: MailServer, **changes: Any) -> Server:
    return Server(**{"host": "127.0.0.1", "port": mail.port, "security": "none", "timeout_s": 0.5, **changes})


# ---- a real server


class _Kept(Keeping):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture
def real(tls: Tls) -> Iterator[Callable[..., tuple[Controller, _Kept]]]:
    """Starts aiosmtpd on a free port, with more of its settings."""
    running: list[Controller] = []

    def started(**settings: Any) -> tuple[Controller, _Kept]:
        kept = _Kept()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(kept, hostname="127.0.0.1", port=port, **settings)
        controller.start()
        running.append(controller)
        return controller, kept

    yield started
    for controller in running:
        controller.stop()


def _known(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=(data.login.decode(), data.password.decode()) == (USERNAME, PASSWORD))


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
@pytest.mark.parametrize("excluded", [["LOGIN"], ["PLAIN"], None], ids=["PLAIN", "LOGIN", "no password"])
def test_aiosmtpd_gets_the_message_whole(
    real: Any, tls: Tls, ca_file: Path, letter: Letter, security: str, excluded: list[str] | None
) -> None:
    settings: dict[str, Any] = {}
    if excluded is not None:
        settings = {
            "authenticator": _known, "auth_required": True, "auth_require_tls": security == "starttls",
            "auth_exclude_mechanism": excluded,
        }  # fmt: skip
    if security == "starttls":
        settings |= {"tls_context": tls(), "require_starttls": True}
    elif security == "tls":
        settings["ssl_context"] = tls()
    controller, kept = real(**settings)
    server = Server(
        host="127.0.0.1", port=controller.port, security=security, ca_file=ca_file,
        **({} if excluded is None else {"username": USERNAME, "password": PASSWORD}),
    )  # fmt: skip
    outcome = send(letter(), server)
    assert (outcome.result, outcome.detail) == (
        "sent",
        "127.0.0.1 accepted the message: 250 OK.",
    )
    (got,) = kept.messages
    assert (got["X-MailFrom"], got["X-RcptTo"]) == ("desk@example.org", "ada@example.com")
    sent = email.message_from_bytes(letter().as_bytes())
    assert got["Message-ID"] == sent["Message-ID"]
    assert [part.get_payload(decode=True) for part in got.get_payload()] == [
        part.get_payload(decode=True) for part in sent.get_payload()
    ]


# ---- servers that fail

BEFORE = ("connect", "ehlo", "mail", "rcpt", "data")


def test_the_server_gets_exactly_the_bytes_of_the_message(letter: Letter) -> None:
    with serving() as mail:
        assert send(letter(), to(mail)).result == "sent"
    assert mail.accepted == [("ada@example.com", letter().as_bytes())]
    assert mail.commands[0] == "ehlo [127.0.0.1]"


@pytest.mark.parametrize("step", [*BEFORE, "end"])
@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ("451 4.3.0 Try again later", "later"),
        ("421 4.3.2 Closing", "later"),
        ("554 5.7.1 Never", "refused"),
        ("what is this", None),
    ],
)
def test_a_reply_that_is_no_yes_is_told_for_what_it_is(
    letter: Letter, step: str, reply: str, result: str | None
) -> None:
    with serving(does={step: reply}) as mail:
        outcome = send(letter(), to(mail))
    assert outcome.result == (result or ("unknown" if step == "end" else "later"))
    assert result is None or reply in outcome.detail
    assert outcome.detail.isprintable()
    assert len(mail.accepted) == (result is None and step == "end")


@pytest.mark.parametrize("way", ["drop", "hang"])
@pytest.mark.parametrize("step", [*BEFORE, "body"])
def test_what_breaks_before_the_end_of_the_message_did_not_deliver(letter: Letter, step: str, way: str) -> None:
    handed: list[bool] = []
    with serving(does={step: way}) as mail:
        outcome = send(letter(), to(mail), hand_over=lambda: handed.append(True))
    if (step, way) == ("body", "hang"):  # the server listens to the end, and has it
        assert (outcome.result, handed) == ("unknown", [True])
    elif step == "body":  # whether the end was sent before the news of the drop came is chance
        assert outcome.result == ("unknown" if handed else "later")
    else:
        assert (outcome.result, handed) == ("later", [])
        assert "too slow" in outcome.detail if way == "hang" else "closed" in outcome.detail
    assert mail.accepted == []


@pytest.mark.parametrize("way", ["drop", "hang"])
def test_what_breaks_after_the_end_of_the_message_is_unknown(letter: Letter, way: str) -> None:
    with serving(does={"end": way}) as mail:
        outcome = send(letter(), to(mail))
    assert outcome.result == "unknown"
    assert "had the whole message and did not answer" in outcome.detail
    assert len(mail.accepted) == 1


def test_what_breaks_while_the_end_is_sent_is_unknown(letter: Letter) -> None:
    with serving(does={"body": "reset"}) as mail:

        def breaking() -> None:
            mail.closing.set()
            time.sleep(0.1)

        assert send(letter(), to(mail), hand_over=breaking).result == "unknown"
    assert mail.accepted == []


@pytest.mark.parametrize("way", ["drop", "hang", "500 no"])
def test_what_breaks_after_the_reply_changes_nothing(letter: Letter, way: str) -> None:
    with serving(does={"quit": way}) as mail:
        began = time.monotonic()
        assert send(letter(), to(mail, timeout_s=5)).result == "sent"
        assert time.monotonic() - began < 2
    assert len(mail.accepted) == 1


@pytest.mark.parametrize(("step", "result"), [("connect", "later"), ("rcpt", "later"), ("end", "unknown")])
def test_a_server_that_never_comes_to_an_end_of_its_reply_is_cut_off(letter: Letter, step: str, result: str) -> None:
    with serving(does={step: "drip"}) as mail:
        assert send(letter(), to(mail, timeout_s=0.1)).result == result


def test_a_server_that_says_no_before_the_end_is_not_told_the_end(letter: Letter) -> None:
    with serving(does={"data": "354 Go\r\n552 5.3.4 Too big"}) as mail:
        time.sleep(0.05)
        outcome = send(letter(), to(mail), hand_over=lambda: pytest.fail("it was handed over"))
    assert (outcome.result, mail.accepted) == ("later", [])


def test_nobody_there_and_no_such_host_are_for_another_time(letter: Letter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = send(letter(), Server(host="127.0.0.1", port=port, security="none"))
    assert outcome == Outcome("later", "127.0.0.1 could not be used: Connection refused.")
    assert send(letter(), Server(host="mail.invalid", security="none")).result == "later"


def test_the_end_is_not_sent_when_handing_over_fails(letter: Letter) -> None:
    def failing() -> None:
        raise RuntimeError("the catalog is gone")

    with serving() as mail:
        with pytest.raises(RuntimeError, match="the catalog is gone"):
            send(letter(), to(mail), hand_over=failing)
        time.sleep(0.1)
    assert mail.accepted == []


# ---- TLS and passwords


def test_a_server_without_starttls_gets_neither_message_nor_password(letter: Letter) -> None:
    with serving() as mail:
        outcome = send(letter(), to(mail, security="starttls", username=USERNAME, password=PASSWORD))
    assert outcome.result == "later"
    assert "offers no STARTTLS" in outcome.detail
    assert mail.accepted == []
    assert [command.split()[0] for command in mail.commands] == ["ehlo"]


def test_a_server_that_will_not_begin_tls_gets_nothing(letter: Letter, tls: Tls, ca_file: Path) -> None:
    for reply in ("454 4.7.0 Not now", "drop", "220 Go ahead\r\n250 injected"):
        with serving(tls=tls(), does={"starttls": reply}) as mail:
            outcome = send(letter(), to(mail, security="starttls", ca_file=ca_file))
        assert (outcome.result, len(mail.accepted)) == (("sent", 1) if "injected" in reply else ("later", 0))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_is_checked(letter: Letter, tls: Tls, ca_file: Path, security: str) -> None:
    for host, trusted in (("127.0.0.1", None), ("other.example", ca_file)):
        with serving(tls=tls(host), tls_from_the_start=security == "tls") as mail:
            outcome = send(letter(), to(mail, security=security, ca_file=trusted))
        assert outcome.result == "later"
        assert "certificate is not trusted" in outcome.detail
        assert mail.accepted == []


def test_tls_where_the_server_speaks_plainly_is_an_outcome(letter: Letter) -> None:
    with serving() as mail:
        assert send(letter(), to(mail, security="tls")).result == "later"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_wrong_password_is_refused_after_one_try_and_never_told(letter: Letter, mechanism: str) -> None:
    wrong = "wröng, and secret"
    forms = [wrong, *(b64encode(text.encode()).decode() for text in (wrong, f"\0{USERNAME}\0{wrong}"))]
    said = "535 5.7.8 not accepted: " + " ".join(forms)
    with serving(offers=(f"AUTH {mechanism}",), does={"auth": said}) as mail:
        server = to(mail, username=USERNAME, password=wrong)
        outcome = send(letter(), server)
    assert outcome == Outcome("refused", "127.0.0.1 refused to log in: 535 5.7.8 not accepted: … … ….")
    assert [command.split()[0] for command in mail.commands].count("AUTH") == 1
    assert wrong not in repr(server)


@pytest.mark.parametrize(
    ("offers", "reply", "result"),
    [((), None, "refused"), (("AUTH CRAM-MD5",), None, "refused"), (("AUTH PLAIN",), "454 4.7.0 Later", "later")],
)
def test_a_server_where_nobody_can_log_in_is_not_sent_to(
    letter: Letter, offers: tuple[str, ...], reply: str | None, result: str
) -> None:
    with serving(offers=offers, does={"auth": reply} if reply else {}) as mail:
        assert send(letter(), to(mail, username=USERNAME, password=PASSWORD)).result == result
    assert mail.accepted == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"security": "ssl"}, "cannot be “ssl”"),
        ({"host": ""}, "is not the name of a mail server"),
        ({"host": "mail example"}, "is not the name of a mail server"),
        ({"host": "a" * 70 + ".org"}, "is not the name of a mail server"),
        ({"username": "ada"}, "needs both a username and a password"),
        ({"password": "secret"}, "needs both a username and a password"),
        ({"port": 0}, "port cannot be 0"),
        ({"port": 70_000}, "port cannot be 70000"),
        ({"timeout_s": 0}, "timeout cannot be 0 seconds"),
        ({"timeout_s": float("inf")}, "timeout cannot be inf seconds"),
        ({"timeout_s": float("nan")}, "timeout cannot be nan seconds"),
        ({"timeout_s": 1e300}, r"timeout cannot be 1e\+300 seconds"),
        ({"security": "none", "username": "ada", "password": "secret"}, "unencrypted"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Server(**{"host": "mail.example.org", **settings})
    assert "secret" not in caught.value.message


def test_a_file_that_holds_no_certificates_is_named(letter: Letter, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pem", Path(__file__)):
        with pytest.raises(ConfigError, match=path.name):
            send(letter(), Server(host="127.0.0.1", ca_file=path))
