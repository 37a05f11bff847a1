"""
RSS 0.9 to 2.0, RDF and Atom feeds of any site: a journal, a preprint server, a search, a web log.

The abstract is the description, summary or content, without what publishers put around it: the first of them that is
neither short nor cut off. The pages that a feed links to are not read, and a link is no identity: the item may be about
the paper, or about anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TextIO

from rag import identity
from rag.sources import furniture, records, xml
from rag.types import Paper, Reject

_ROOTS = ("rss", "feed", "RDF")
_SHORTEST_WHOLE = 250
_LONGEST_EMAIL = 300
_LONGEST_NAMES = 20_000
_CUT_OFF = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&#8230;\]|&hellip;)\s*(?:<[^<>]*>\s*)*$")
_TAG = re.compile(r"<[^<>]*>")
_EMAIL_AND_NAME = re.compile(r"\S+@\S+\s+\((.+)\)$")
_NAME_WITH_INITIALS = re.compile(r"([^,;]{1,80}, (?:[\w-]{1,3}\.[ -]?)+)(?:, |,?$)")
_ASAP = re.compile(r"\A\s*\[ASAP\]\s*")
"""What the ACS puts before the title of a paper that is in no issue yet."""
_PMID = re.compile(r"(?:pubmed|pmid):(\d{1,9})$", re.IGNORECASE)


def recognise(head: str) -> bool:
    """True for RSS, Atom, or RDF that holds a channel."""
    name = xml.root_name(head)
    return name in ("rss", "feed") or (
        name == "RDF" and re.search(r"purl\.org/rss|netscape\.com/rdf", head) is not None
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per item or entry."""
    return parse_items(stream, context, _paper)


def parse_items(
    stream: TextIO,
    context: records.Context,
    paper: Callable[[xml.Element, str, records.Context], Paper | Reject],
) -> Iterator[Paper | Reject]:
    """Yield the record that `paper` makes of each item or entry of a feed."""
    for where, item in xml.elements(stream, _ROOTS, ("item", "entry")):
        if isinstance(item, Reject):
            yield item
        else:
            yield paper(item, where, context)


def _paper(item: xml.Element, where: str, context: records.Context) -> Paper | Reject:
    parts = xml.children_by_name(item)
    guid, link = xml.first_text(parts, "guid", "id"), _link(parts)
    named = [*xml.texts(parts, "prism:doi"), *xml.texts(parts, "dc:identifier")]
    if records.web_link(guid):
        guid = "" if identity.scheme_ids(guid) or guid == link else guid
    elif any(paper_id.startswith("arxiv:") for paper_id in identity.scheme_ids(guid)):
        guid = ""  # arXiv's own feeds have formats of their own
    ids = [*named, *([] if records.web_link(guid) else [guid])]
    pmid = next((found[1] for text in ids if (found := _PMID.match(text))), None)
    cover_date = xml.first_text(parts, "prism:publicationDate", "prism:coverDate", "dc:date")
    posted = xml.first_text(parts, "pubDate", "published", "issued")
    title, authors = _ASAP.sub("", xml.first_text(parts, "title", "dc:title")), _authors(parts)
    venue = xml.first_text(parts, "prism:publicationName")
    fields = {
        "id": "" if pmid else guid,
        "doi": next(filter(None, map(_doi, ids)), None),
        "pmid": pmid,
        "title": title,
        "abstract": _abstract(parts, title, [*([authors] if isinstance(authors, str) else authors), venue]),
        "authors": authors,
        "published": cover_date or posted or xml.first_text(parts, "updated", "modified"),
        "updated": xml.first_text(parts, "updated", "modified", "dc:modified"),
        "listed": posted if cover_date else None,
        "venue": venue,
        "categories": [category.get("term") or xml.inner_markup(category) for category in parts.get("category", [])]
        or xml.texts(parts, "dc:subject"),
    }
    record = records.make_paper(fields, where, context)
    return record if isinstance(record, Reject) else replace(record, url=records.web_link(link) or record.url)


def _doi(text: str) -> str | None:
    """
    The DOI that a text is, or that stands in the URL of a publisher's page; None if there is none.

    >>> _doi("https://onlinelibrary.example/doi/abs/10.1002/x.1?af=R")
    '10.1002/x.1'
    """
    ids = (
        paper_id
        for paper_id in identity.scheme_ids(text.strip())
        if paper_id.startswith("doi:") and identity.scheme_of(paper_id) != "doi:arxiv"
    )
    page = re.match(r"https?://[^/\s]+/doi/(?:(?:abs|full|pdf|epdf)/)?(10\.\d{4,9}/[^\s?#]+)", text)
    return next(ids, "").removeprefix("doi:") or (page[1] if page else None)


def _link(parts: dict[str, list[xml.Element]]) -> str:
    if url := xml.first_text(parts, "feedburner:origLink") or xml.first_text(parts, "link"):
        return url
    links = [link for link in parts.get("link", []) if link.get("href")]
    page = next((link for link in links if link.get("rel", "alternate") == "alternate"), None)
    if page is not None:
        return str(page.get("href")).strip()
    return next(filter(records.web_link, xml.texts(parts, "guid", "id")), "")


def _abstract(parts: dict[str, list[xml.Element]], title: str, names: list[str]) -> str:
    fields = ("description", "summary", "dc:description", "content:encoded", "content", "dc:abstract")
    markup = [text for name in fields if (text := xml.first_text(parts, name))]
    if not (short := [text for text in markup if len(text) <= records.MAX_ABSTRACT_CHARS]):
        return markup[0] if markup else ""
    texts = [furniture.abstract_of(text, title, names) for text in short]
    lengths = {text: len(_TAG.sub("", text).strip()) for text in texts}
    whole = (text for text in texts if lengths[text] >= _SHORTEST_WHOLE and not _CUT_OFF.search(text[-200:]))
    return next(whole, None) or max(texts, key=lengths.__getitem__)


def _authors(parts: dict[str, list[xml.Element]]) -> list[str] | str:
    names = xml.texts(parts, "dc:creator")
    for author in parts.get("author", []) if not names else ():
        name = xml.first_text(xml.children_by_name(author), "name") if len(author) else xml.inner_markup(author).strip()
        names.append(found[1] if (found := _EMAIL_AND_NAME.match(name[:_LONGEST_EMAIL])) else name)
    if len(names) != 1 or len(names[0]) > _LONGEST_NAMES:
        return names
    pairs = [pair.strip() for pair in _NAME_WITH_INITIALS.findall(names[0])]
    if len(pairs) > 1 and ", ".join(pairs) == names[0].strip().rstrip(","):
        return pairs  # "Byron, A., Hay, A. B."
    return names[0]
