"""arXiv's daily announcements: the feeds `rss.arxiv.org/rss/…` and `/atom/…`, and the RDF feed from before 2024."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from rag import identity
from rag.sources import records, rss, xml
from rag.sources.arxiv_atom import split_authors
from rag.types import Paper, Reject

_FEED = re.compile(r"https?://(?:rss\.arxiv\.org/|export\.arxiv\.org/rss/|arxiv\.org/rss/)")
_GUID = re.compile(r"<(?:guid|id)\b[^<>]*>\s*oai:arXiv\.org:", re.IGNORECASE)
_IDENTIFIER = re.compile(r"oai:arXiv\.org:\s*(\S+)", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"\s*arXiv:(?P<id>\S+)\s+Announce\s+Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE
)
_OLD_TITLE = re.compile(r" ?\(arXiv:(?P<id>\S{1,40}) \[(?P<category>[\w.-]{1,40})\](?P<updated> UPDATED)?\)$")


def recognise(head: str) -> bool:
    """True for a feed whose entries, or whose own links, are those of arXiv's announcements."""
    return xml.root_name(head) in ("rss", "feed", "RDF") and bool(_GUID.search(head) or _FEED.search(head[:3000]))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per announcement, new, cross-listed or replaced; it is listed on the day of its `pubDate`.

    If the paper was replaced, that day is also the day of the update. The feed does not say when it was published.
    """
    return rss.parse_items(stream, context, _paper)


def _paper(item: xml.Element, where: str, context: records.Context) -> Paper | Reject:
    parts = xml.children_by_name(item)
    summary = xml.first_text(parts, "description", "summary")
    announcement = _ANNOUNCED.match(summary)
    title = " ".join(xml.first_text(parts, "title").split())
    rdf_title = _OLD_TITLE.search(title)
    identifier = _IDENTIFIER.search(xml.first_text(parts, "guid", "id"))
    hrefs = [element.get("href") for element in parts.get("link", [])]
    link = xml.first_text(parts, "link") or next(filter(None, hrefs), "")
    id_or_link = next((found["id"] for found in (announcement, rdf_title) if found), link)
    kind = xml.first_text(parts, "arxiv:announce_type") or (announcement["type"] if announcement else "")
    is_update = kind.startswith("replace") or (rdf_title and rdf_title["updated"])
    day = xml.first_text(parts, "pubDate", "published", "dc:date")
    creators = xml.texts(parts, "dc:creator")
    names = [re.sub(r"<[^<>]*>", "", creator) for creator in creators]
    atom_names = [xml.first_text(xml.children_by_name(author), "name") for author in parts.get("author", [])]
    terms = [category.get("term") or xml.inner_markup(category) for category in parts.get("category", [])]
    arxiv_id = identifier[1] if identifier else id_or_link
    fields = {
        "arxiv_id": arxiv_id,
        "id": "" if identity.arxiv_id(arxiv_id, named=True) else xml.first_text(parts, "guid", "id"),
        "doi": xml.first_text(parts, "arxiv:DOI", "arxiv:doi"),
        "title": title[: rdf_title.start()] if rdf_title else title,
        "abstract": summary[announcement.end() :] if announcement else summary,
        "authors": [*chain(*map(split_authors, names))] or [*chain(*map(split_authors, atom_names))],
        "updated": day if is_update else None,
        "listed": day,
        "venue": xml.first_text(parts, "arxiv:journal_reference", "arxiv:journal_ref"),
        "categories": terms or ([rdf_title["category"]] if rdf_title else []),
        "url": link,
    }
    return records.make_paper(fields, where, context)
