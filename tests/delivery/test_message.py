"""Messages: any program reads back what went in, the same input gives the same bytes, nothing gets into a header."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.delivery.message import LONGEST_SUBJECT, list_id, mailbox, message, message_id, one_line
from rag.errors import ConfigError

SENDER, READER = "Refdesk <desk@example.org>", "Ada Byron <ada@example.com>"
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted", "MIME-Version", "Content-Type",
    "Content-Language",
]  # fmt: skip


def made(**changes: Any) -> EmailMessage:
    given: dict[str, Any] = {
        "subject": "Week 27",
        "text": "One sentence [1].\n",
        "html": "<p>One sentence [1].</p>\n",
        "sender": SENDER,
        "to": READER,
        "message_id": message_id(library="7f3a", subscription="default", period="2026-W27", sender=SENDER),
        "list_id": list_id(subscription="default", sender=SENDER),
        "date": datetime(2026, 7, 6, 6, tzinfo=UTC),
    }
    return message(**{**given, **changes})


def read(sent: EmailMessage) -> EmailMessage:
    found = email.message_from_bytes(sent.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def bodies(sent: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in read(sent).iter_parts()]


anything = st.text(st.characters() | st.sampled_from("\r\n\0\t\x0b\x0c\x85\u2028\u202e\ud800 .=-"), max_size=400)


@settings(deadline=None)
@given(anything, anything)
def test_any_text_is_read_back_and_any_bytes_that_are_sent_are_ascii_in_short_lines(text: str, html: str) -> None:
    sent = made(text=text, html=html)
    raw = sent.as_bytes()
    assert raw.isascii() and b"\0" not in raw
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 100
    for before, after in zip((text, html), bodies(sent), strict=True):
        kept = re.sub("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "�", before.replace("\r\n", "\n"))
        assert after.rstrip("\n") == kept.rstrip("\n")
    assert sent.as_bytes() == made(text=text, html=html).as_bytes()


@settings(deadline=None)
@given(anything)
def test_no_subject_adds_a_header_and_any_that_can_be_seen_is_read_back(subject: str) -> None:
    found = read(made(subject=subject))
    assert found.keys() == HEADERS
    assert found["Subject"] == one_line(subject, LONGEST_SUBJECT)


@settings(deadline=None)
@given(anything)
def test_no_name_adds_a_header(name: str) -> None:
    try:
        sent = made(to=f'"{name}" <ada@example.com>', sender=f"{name} <desk@example.org>")
    except ConfigError:
        return
    assert read(sent).keys() == HEADERS
    assert [read(sent)[each].addresses[0].addr_spec for each in ("To", "From")] == [
        "ada@example.com",
        "desk@example.org",
    ]


def test_the_text_comes_first_and_the_headers_say_what_it_is() -> None:
    found = read(made())
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Content-Language"] == "en"
    assert found["List-Id"] == "<default.refdesk.example.org>"
    assert found["Date"].datetime == datetime(2026, 7, 6, 6, tzinfo=UTC)
    assert found["List-Unsubscribe"] is None
    assert all(not part.defects for part in (found, *found.iter_parts()))


@pytest.mark.parametrize("url", [f"https://example.org/off?{'u' * 300}", "mailto:off@example.org?subject=off"])
def test_an_address_to_unsubscribe_at_stays_whole_and_one_click_is_for_https(url: str) -> None:
    raw = made(list_unsubscribe=url).as_bytes().decode()
    assert f"\r\nList-Unsubscribe: <{url}>\r\n" in raw
    assert ("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw) is url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/off", "off@example.org", "https://", "https://e.org/\nBcc: a@b.c", "https://e.org/>, <x",
        "https://[bad", "https:///off", "mailto:",
    ],
)  # fmt: skip
def test_what_nobody_can_unsubscribe_at_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="unsubscribe"):
        made(list_unsubscribe=url)


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "@example.org", "ada@", "ada@example.org, bob@example.org", "Byron, Ada <ada@example.org>",
        "ada@example.org\nBcc: bob@example.org", "Ada\r\nBcc: bob@example.org <ada@example.org>", "a b@example.org",
        "ada@exa mple.org", "adä@example.org", '"a b"@example.org', "ada@-example.org", "ada@example..org",
        "ada@[127.0.0.1]", "<ada@example.org", "ada@example.org>\0", "a" * 250 + "@example.org",
        f"ada@{'ü' * 70}.org", "ada@example.org\u202e", "Group: ada@example.org;",
    ],
)  # fmt: skip
def test_what_is_no_mailbox_is_refused_by_name(address: str) -> None:
    with pytest.raises(ConfigError, match="is not a mail address") as caught:
        made(to=address)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ada@example.org", "", "ada@example.org"),
        ("Zoë Łukasz <zoe@example.org>", "Zoë Łukasz", "zoe@example.org"),
        ('"Byron, Ada" <ada+papers@example.org>', "Byron, Ada", "ada+papers@example.org"),
        ("阿达 <ada@bücher.example>", "阿达", "ada@xn--bcher-kva.example"),
        ("root@localhost", "", "root@localhost"),
    ],
)
def test_a_mailbox_may_have_a_name_in_any_script(text: str, name: str, address: str) -> None:
    assert (mailbox(text).display_name, mailbox(text).addr_spec) == (name, address)
    found = read(made(to=text))["To"].addresses[0]
    assert (found.display_name, found.addr_spec) == (name, address)


def test_an_id_is_the_same_for_every_reader_and_another_for_another_issue() -> None:
    def of(**changes: str) -> str:
        return message_id(
            **{"library": "7f3a", "subscription": "default", "period": "2026-W27", "sender": SENDER, **changes}
        )

    ids = [
        of(), of(library="7f3b"), of(subscription="other"), of(subscription="other!"), of(period="2026-W28"),
        of(sender="x@example.org"),
    ]  # fmt: skip
    assert len(set(ids)) == len(ids)
    assert of() == of(sender="Another Name <DESK@example.org>")
    assert of(subscription="a b\r\nBcc: ü>").isprintable()
