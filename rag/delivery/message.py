"""
An issue as a mail message (RFC 5322): both texts, fixed ids, and headers into which nothing can be injected.

The same input gives the same bytes. Bodies are quoted-printable and headers ASCII, so that any server takes them.
"""

from __future__ import annotations

import re
from datetime import datetime
from email import headerregistry, policy
from email.message import EmailMessage
from hashlib import sha256
from urllib.parse import urlsplit

from rag.errors import ConfigError

LONGEST_SUBJECT = 200
"""Characters of a subject; the rest is cut."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(
    r'(?:(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<name>[^"<>()\[\],;:@\\]+?))?\s*(?P<angle><))?'
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>[^\s<>@]+)(?(angle)>)"
)
_URL = re.compile(r"[!-;=?-~]{1,900}")  # printable ASCII but angle brackets, within a line's 998 octets
_JOINERS = "\u200c\u200d"  # format characters that words of some languages are written with
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class _Verbatim(headerregistry.UnstructuredHeader):
    """A header that stays on its line: folding would encode a long URL as if it were words."""

    def fold(self, *, policy: policy.Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # of BaseHeader


_registry = headerregistry.HeaderRegistry()
for _name in ("message-id", "list-id", "list-unsubscribe"):
    _registry.map_to_type(_name, _Verbatim)  # type: ignore[arg-type]  # the registry adds BaseHeader itself
POLICY = policy.SMTP.clone(header_factory=_registry)


def message(
    *,
    subject: str,
    text: str,
    html: str,
    sender: str,
    to: str,
    message_id: str,
    list_id: str,
    date: datetime,
    list_unsubscribe: str | None = None,
    language: str = "en",
) -> EmailMessage:
    """
    The message for one reader; `as_bytes()` gives what is sent.

    Args:
        subject: Made one line, and cut to `LONGEST_SUBJECT` characters.
        text, html: The two forms of the issue, the first for readers without the second.
        sender, to: A mailbox each, `ada@example.org` or `Ada Byron <ada@example.org>`.
        message_id, list_id: As the functions of these names make them.
        date: When the issue was made, aware.
        list_unsubscribe: An `https:` or `mailto:` URL (RFC 2369; with one click for `https:`, RFC 8058).
        language: Of the texts (BCP 47).

    Raises:
        ConfigError: A mailbox or a URL that is none, named.
    """
    made = EmailMessage(POLICY)
    made["From"] = mailbox(sender)
    made["To"] = mailbox(to)
    made["Subject"] = one_line(subject, LONGEST_SUBJECT)
    made["Date"] = date
    made["Message-ID"] = message_id
    made["List-Id"] = list_id
    if list_unsubscribe:
        url = unsubscribe_url(list_unsubscribe)
        made["List-Unsubscribe"] = f"<{url}>"
        if url.startswith("https:"):
            made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made["Auto-Submitted"] = "auto-generated"
    bodies = [_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", body.replace("\r\n", "\n")) for body in (text, html)]
    made.set_content(bodies[0], cte="quoted-printable")
    made.add_alternative(bodies[1], subtype="html", cte="quoted-printable")
    for part in made.iter_parts():
        del part["MIME-Version"]
    made["Content-Language"] = one_line(language)
    whole = sha256("\0".join([message_id, *bodies]).encode()).hexdigest()
    made.set_boundary(f"=_{whole[:32]}")  # no line of quoted-printable text holds `=_` (RFC 2045)
    return made


def message_id(*, library: str, subscription: str, period: str, sender: str) -> str:
    """
    The `Message-ID` of an issue: the same however often it is sent, and to whom.

    Args:
        library: What tells this library from others that the sender may have, such as its id.
        subscription, period: Of the issue.
        sender: The mailbox that sends; its domain is that of the id.

    >>> message_id(library="7f3a", subscription="default", period="2026-W27", sender="Ada <ada@example.org>")
    '<2026-W27.default.13594b9e01c8@example.org>'
    """
    address = mailbox(sender)
    whole = "\0".join((library, subscription, address.addr_spec.lower())).encode("utf-8", "replace")
    return f"<{_slug(period)}.{_slug(subscription)}.{sha256(whole).hexdigest()[:12]}@{address.domain}>"


def list_id(*, subscription: str, sender: str) -> str:
    """
    The `List-Id` of a subscription (RFC 2919), for filters in mail programs.

    >>> list_id(subscription="Protein design", sender="ada@example.org")
    '<protein-design.refdesk.example.org>'
    """
    return f"<{_slug(subscription).lower()}.refdesk.{mailbox(sender).domain.lower()}>"


def mailbox(text: str) -> headerregistry.Address:
    """
    One mailbox: a name, if any, and an address in ASCII. The domain may be international, the part before it not.

    Raises:
        ConfigError: It is none, or more than one.

    >>> str(mailbox("Zoë <zoe@bücher.example>"))
    'Zoë <zoe@xn--bcher-kva.example>'
    """
    found = _MAILBOX.fullmatch(text.strip()) if one_line(text) == text.strip() else None
    try:
        domain = found["domain"].encode("idna").decode() if found else ""
    except UnicodeError:
        domain = ""
    if not found or not _DOMAIN.fullmatch(domain) or len(found["local"] + domain) > 253:
        raise ConfigError(f"“{one_line(text, 100)}” is no mail address.", hint="Write `Ada Byron <ada@example.org>`.")
    name = found["name"] or re.sub(r"\\(.)", r"\1", found["quoted"] or "")
    return headerregistry.Address(name, found["local"], domain)


def one_line(text: str, longest: int | None = None) -> str:
    """
    Text as one line without characters that cannot be seen or that turn the direction, cut with an ellipsis.

    >>> one_line("A title\\r\\nBcc: all@example.org")
    'A title Bcc: all@example.org'
    """
    line = " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())
    return line if longest is None or len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def unsubscribe_url(url: str) -> str:
    """
    The URL, if it is an `https:` or `mailto:` URL that fits into one header line.

    Raises:
        ConfigError: It is not.
    """
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) if parts.scheme == "https" else parts.scheme == "mailto" and bool(parts.path)
    except ValueError:  # `https://[bad`
        valid = False
    if not valid or not _URL.fullmatch(url):
        raise ConfigError(
            f"“{one_line(url, 100)}” is no address to unsubscribe at.",
            hint="Write an `https://…` or a `mailto:…` URL.",
        )
    return url


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60].strip("-") or "-"
