"""arXiv's daily announcements: `rss.arxiv.org/rss/…` and `/atom/…`, and the RDF that it gave before 2024."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from rag import identity
from rag.sources import records, xml
from rag.sources.arxiv_atom import people
from rag.types import Paper, Reject

_FEED = re.compile(r"https?://(?:rss\.arxiv\.org/|export\.arxiv\.org/rss/|arxiv\.org/rss/)")
_GUID = re.compile(r"<(?:guid|id)\b[^<>]*>\s*oai:arXiv\.org:", re.IGNORECASE)
_IDENTIFIER = re.compile(r"oai:arXiv\.org:\s*(\S+)", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"\s*arXiv:(?P<id>\S+)\s+Announce\s+Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_OLD_TITLE = re.compile(r" ?\(arXiv:(?P<id>\S{1,40}) \[(?P<category>[\w.-]{1,40})\](?P<updated> UPDATED)?\)$")


def recognise(head: str) -> bool:
    """Whether the text is a feed whose entries, or whose own links, are of arXiv's announcements."""
    return xml.root(head) in ("rss", "feed", "RDF") and bool(_GUID.search(head) or _FEED.search(head[:3000]))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    A paper of each announcement, new, cross-listed or replaced; it is listed on the day of its `pubDate`.

    When it was published is not told; where it was replaced, that day is also the one of the update.
    """
    for where, item in xml.elements(stream, ("rss", "feed", "RDF"), ("item", "entry")):
        if isinstance(item, Reject):
            yield item
        else:
            yield _paper(item, where, context)


def _paper(item: xml.Element, where: str, context: records.Context) -> Paper | Reject:
    parts = xml.named(item)
    summary = xml.value(parts, "description", "summary")
    announced = _ANNOUNCED.match(summary)
    title = " ".join(xml.value(parts, "title").split())
    old = _OLD_TITLE.search(title)
    identifier = _IDENTIFIER.search(xml.value(parts, "guid", "id"))
    link = xml.value(parts, "link") or next((href for each in parts.get("link", []) if (href := each.get("href"))), "")
    named = next((found["id"] for found in (announced, old) if found), link)
    kind = xml.value(parts, "arxiv:announce_type") or (announced["type"] if announced else "")
    day = xml.value(parts, "pubDate", "published", "dc:date")
    creators = xml.values(parts, "dc:creator")
    authors = [each for author in parts.get("author", []) for each in people(xml.value(xml.named(author), "name"))]
    terms = [each.get("term") or xml.markup(each) for each in parts.get("category", [])]
    arxiv = identifier[1] if identifier else named
    fields = {
        "arxiv_id": arxiv,
        "id": "" if identity.arxiv_id(arxiv, named=True) else xml.value(parts, "guid", "id"),
        "doi": xml.value(parts, "arxiv:DOI", "arxiv:doi"),
        "title": title[: old.start()] if old else title,
        "abstract": summary[announced.end() :] if announced else summary,
        "authors": [name for each in creators for name in people(re.sub(r"<[^<>]*>", "", each))] or authors,
        "updated": day if kind.startswith("replace") or (old and old["updated"]) else None,
        "listed": day,
        "venue": xml.value(parts, "arxiv:journal_reference", "arxiv:journal_ref"),
        "categories": terms or ([old["category"]] if old else []),
        "url": link,
    }
    return records.paper(fields, where, context)
