"""Atom feeds (RFC 4287) of a subscription's issues, with ids that never change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

ATOM = "http://www.w3.org/2005/Atom"
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    An issue in a feed.

    Args:
        period: Its period, which its id is made of.
        title: Its title.
        updated: When it was made; it has a timezone.
        summary: Plain text.
        html: The issue as HTML for the inside of a `<div>`; None where only its `url` or its summary is given.
        url: A page with the issue.
    """

    period: str
    title: str
    updated: datetime
    summary: str
    html: str | None = None
    url: str | None = None


def identity(*, library: str, subscription: str, period: str | None = None) -> str:
    """
    The id of an issue, or of the feed itself: a UUID made from the three names (RFC 9562, version 5).

    >>> identity(library="7f3a", subscription="default", period="2026-W27")
    'urn:uuid:7fb2bc12-5f94-58f3-beb3-4c915d963005'
    """
    names = ["refdesk", library, subscription, *([period] if period is not None else [])]
    return f"urn:uuid:{uuid5(NAMESPACE_URL, chr(0).join(names))}"


def feed(
    entries: Sequence[Entry], *, library: str, subscription: str, title: str, author: str, url: str | None = None
) -> bytes:
    """
    Make the feed as a document in UTF-8, newest issue first. The same input gives the same bytes.

    Args:
        entries: The issues in any order, at most one per period.
        library: The library's id.
        subscription: The name of the subscription.
        title, author: The title and the author of the feed.
        url: The URL of the feed itself, if it is known.
    """
    newest = sorted(entries, key=lambda entry: (entry.updated, entry.period), reverse=True)
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _add(root, "id", identity(library=library, subscription=subscription))
    _add(root, "title", title)
    _add(root, "updated", _instant(newest[0].updated if newest else datetime(1970, 1, 1, tzinfo=UTC)))
    _add(_add(root, "author"), "name", author)
    _add(root, "generator", "Refdesk")
    if url:
        _add(root, "link", rel="self", type="application/atom+xml", href=url)
    for entry in newest:
        node = _add(root, "entry")
        _add(node, "id", identity(library=library, subscription=subscription, period=entry.period))
        _add(node, "title", entry.title)
        _add(node, "updated", _instant(entry.updated))
        if entry.url:
            _add(node, "link", rel="alternate", type="text/html", href=entry.url)
        _add(node, "summary", entry.summary)
        if entry.html is not None:
            _add(node, "content", entry.html, type="html")
        elif not entry.url:
            _add(node, "content", entry.summary)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    node = ElementTree.SubElement(parent, name, {key: _clean(value) for key, value in attributes.items()})
    node.text = None if text is None else _clean(text)
    return node


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
