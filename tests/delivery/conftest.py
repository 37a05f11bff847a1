"""A certificate authority of the tests' own, servers, and a message to send."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme

from rag.delivery.message import list_id, message, message_id


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the servers' certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate in a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """A server's side of TLS, for a host."""

    def made(host: str = "127.0.0.1") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        return context

    return made


@pytest.fixture(scope="session")
def letter() -> Callable[..., EmailMessage]:
    """An issue as a message to a reader."""

    def made(to: str = "ada@example.com", period: str = "2026-W27") -> EmailMessage:
        sender = "Refdesk <desk@example.org>"
        return message(
            subject=f"Papers of {period}",
            text="A sentence [1].\n.\n..\n.leading dots\n" + "And more of them [2].\n" * 40,
            html="<p>A sentence [1].</p>\n",
            sender=sender,
            to=to,
            message_id=message_id(library="7f3a", subscription="default", period=period, sender=sender),
            list_id=list_id(subscription="default", sender=sender),
            date=datetime(2026, 7, 6, 6, tzinfo=UTC),
        )

    return made
