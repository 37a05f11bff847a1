"""
Any feed that no other importer knows: RSS 0.9 to 2.0, RDF, Atom; of a journal, a preprint server, a search, a web log.

The abstract is what stands as description, summary or content: the first of them that is neither short nor cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from rag import identity
from rag.sources import records, xml
from rag.types import Paper, Reject

_ROOTS = ("rss", "feed", "RDF")
_WHOLE = 250
_LONGEST_MAIL = 300
_LONGEST_NAMES = 20_000
_CUT = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\]|\[&#8230;\]|&hellip;)\s*(?:<[^<>]*>\s*)*$")
_TAG = re.compile(r"<[^<>]*>")
_MAIL = re.compile(r"\S+@\S+\s+\((.+)\)$")
_INITIALS = re.compile(r"([^,;]{1,80}, (?:[\w-]{1,3}\.[ -]?)+)(?:, |,?$)")
_PMID = re.compile(r"(?:pubmed|pmid):(\d{1,9})$", re.IGNORECASE)


def recognise(head: str) -> bool:
    """Whether the text is RSS, Atom, or RDF that holds a channel."""
    name = xml.root(head)
    return name in ("rss", "feed") or (
        name == "RDF" and re.search(r"purl\.org/rss|netscape\.com/rdf", head) is not None
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each item or entry that has a title and an abstract."""
    for where, item in xml.elements(stream, _ROOTS, ("item", "entry")):
        if isinstance(item, Reject):
            yield item
        else:
            yield _paper(item, where, context)


def _paper(item: xml.Element, where: str, context: records.Context) -> Paper | Reject:
    parts = xml.named(item)
    guid, link = xml.value(parts, "guid", "id"), _link(parts)
    given = [*xml.values(parts, "prism:doi"), *xml.values(parts, "dc:identifier"), link, guid]
    pmid = next((found[1] for each in given if (found := _PMID.match(each))), None)
    dated = xml.value(parts, "prism:publicationDate", "prism:coverDate", "dc:date")
    posted = xml.value(parts, "pubDate", "published", "issued")
    fields = {
        "id": "" if pmid or guid == link else guid,
        "doi": next((doi for each in given if (doi := _doi(each))), None),
        "pmid": pmid,
        "title": xml.value(parts, "title", "dc:title"),
        "abstract": _abstract(parts),
        "authors": _authors(parts),
        "published": dated or posted or xml.value(parts, "updated", "modified"),
        "updated": xml.value(parts, "updated", "modified", "dc:modified"),
        "listed": posted if dated else None,
        "venue": xml.value(parts, "prism:publicationName"),
        "categories": [each.get("term") or xml.markup(each) for each in parts.get("category", [])]
        or xml.values(parts, "dc:subject"),
        "url": link,
    }
    return records.paper(fields, where, context)


def _doi(text: str) -> str | None:
    """
    The DOI of a text, where it is one; a DOI within the address of a publisher's page counts.

    >>> _doi("https://onlinelibrary.example/doi/abs/10.1002/x.1?af=R")
    '10.1002/x.1'
    """
    ids = (each for each in identity.scheme_ids(text.strip()) if each.startswith("doi:"))
    page = re.match(r"https?://[^/\s]+/doi/(?:(?:abs|full|pdf|epdf)/)?(10\.\d{4,9}/[^\s?#]+)", text)
    return next(ids, "").removeprefix("doi:") or (page[1] if page else None)


def _link(parts: dict[str, list[xml.Element]]) -> str:
    if original := xml.value(parts, "feedburner:origLink") or xml.value(parts, "link"):
        return original
    pages = [each for each in parts.get("link", []) if each.get("href")]
    page = next((each for each in pages if each.get("rel", "alternate") == "alternate"), None)
    if page is not None:
        return str(page.get("href")).strip()
    return next((each for each in xml.values(parts, "guid", "id") if records.web_link(each)), "")


def _abstract(parts: dict[str, list[xml.Element]]) -> str:
    names = ("description", "summary", "dc:description", "content:encoded", "content", "dc:abstract")
    found = [value for name in names if (value := xml.value(parts, name)) and len(value) <= records.MAX_ABSTRACT_CHARS]
    seen = {each: len(_TAG.sub("", each).strip()) for each in found}
    whole = (each for each in found if seen[each] >= _WHOLE and not _CUT.search(each[-200:]))
    return next(whole, None) or max(found, key=seen.__getitem__, default=xml.value(parts, *names))


def _authors(parts: dict[str, list[xml.Element]]) -> list[str] | str:
    names = xml.values(parts, "dc:creator")
    for author in parts.get("author", []) if not names else ():
        name = xml.value(xml.named(author), "name") if len(author) else xml.markup(author).strip()
        names.append(found[1] if (found := _MAIL.match(name[:_LONGEST_MAIL])) else name)
    if len(names) != 1 or len(names[0]) > _LONGEST_NAMES:
        return names
    pairs = [pair.strip() for pair in _INITIALS.findall(names[0])]
    if len(pairs) > 1 and ", ".join(pairs) == names[0].strip().rstrip(","):
        return pairs  # "Byron, A., Hay, A. B."
    return names[0]
