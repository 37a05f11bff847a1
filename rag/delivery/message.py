"""
Mail messages (RFC 5322): an issue as plain text and HTML, with fixed ids and headers that are safe from injection.

The same input gives the same bytes. Bodies are quoted-printable and headers are ASCII, so that any server takes them.
Nothing is sent here: `rag.delivery.smtp` does that.
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
    """A header that is never folded: folding would encode a long URL as if it were words."""

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
    Make the message for one reader; its `as_bytes()` is what is sent.

    Args:
        subject: The subject; it is made one line and cut to `LONGEST_SUBJECT` characters.
        text, html: The issue as plain text and as HTML; a mail program shows one of them.
        sender, to: One mailbox each, `ada@example.org` or `Ada Byron <ada@example.org>`.
        message_id, list_id: Made by the functions of these names.
        date: When the issue was made; it has a timezone.
        list_unsubscribe: An `https:` or `mailto:` URL (RFC 2369; with one click for `https:`, RFC 8058).
        language: Of the texts (BCP 47).

    Raises:
        ConfigError: A mailbox or the URL is not valid.
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
    The `Message-ID` of an issue. It is the same each time the issue is sent, and for every reader.

    Args:
        library: The library's id, because a sender may have several.
        subscription, period: The issue.
        sender: The mailbox that sends; the id has its domain.

    >>> message_id(library="7f3a", subscription="default", period="2026-W27", sender="Ada <ada@example.org>")
    '<2026-W27.default.13594b9e01c8@example.org>'
    """
    address = mailbox(sender)
    whole = "\0".join((library, subscription, address.addr_spec.lower())).encode("utf-8", "replace")
    return f"<{_slug(period)}.{_slug(subscription)}.{sha256(whole).hexdigest()[:12]}@{address.domain}>"


def list_id(*, subscription: str, sender: str) -> str:
    """
    The `List-Id` of a subscription (RFC 2919); mail programs filter by it.

    >>> list_id(subscription="Protein design", sender="ada@example.org")
    '<protein-design.refdesk.example.org>'
    """
    return f"<{_slug(subscription).lower()}.refdesk.{mailbox(sender).domain.lower()}>"


def mailbox(text: str) -> headerregistry.Address:
    """
    Parse one mailbox: an optional name and an address. Only the domain of the address may be international.

    Raises:
        ConfigError: The text is not exactly one mailbox.

    >>> str(mailbox("Zoë <zoe@bücher.example>"))
    'Zoë <zoe@xn--bcher-kva.example>'
    """
    found = _MAILBOX.fullmatch(text.strip()) if one_line(text) == text.strip() else None
    try:
        domain = found["domain"].encode("idna").decode() if found else ""
    except UnicodeError:
        domain = ""
    if not found or not _DOMAIN.fullmatch(domain) or len(found["local"] + domain) > 253:
        raise ConfigError(
            f"“{one_line(text, 100)}” is not a mail address.", hint="Write `Ada Byron <ada@example.org>`."
        )
    name = found["name"] or re.sub(r"\\(.)", r"\1", found["quoted"] or "")
    return headerregistry.Address(name, found["local"], domain)


def one_line(text: str, longest: int | None = None) -> str:
    """
    Make text one line, without invisible characters and those that change the direction; cut it with an ellipsis.

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
            f"“{one_line(url, 100)}” is not a URL to unsubscribe at.",
            hint="Write an `https://…` or a `mailto:…` URL.",
        )
    return url


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60].strip("-") or "-"
