"""
Zotero RDF: items, and beside them the journals and books that hold them, which they name by `isPartOf`.

Zotero writes the DOI of an article to its journal. Attachments, notes and collections are no records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import records, xml
from rag.types import Paper, Reject

_ITEMS = (
    "Article Book BookSection Document Description Thesis Report Manuscript Letter Interview Patent Legislation "
    "Recording Image Illustration MotionPicture ConferenceProceedings Data"
).split()
_CONTAINERS = "Journal Periodical Series Proceedings Newspaper Magazine Conference".split()
_NOT_PAPERS = ("attachment", "note", "annotation")
_MAX_HELD = 10_000
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def recognise(head: str) -> bool:
    """True for RDF with the namespaces of Zotero or of its bibliographic ontology."""
    return xml.root_name(head) == "RDF" and bool(re.search(r"zotero\.org/namespaces/export|purl\.org/net/biblio", head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per item; an item waits for the journal that it names, which comes after it."""
    waiting: dict[str, list[tuple[str, dict[str, Any]]]] = {}  # by the journal's id: places and fields
    venues: dict[str, str] = {}
    for where, item in xml.elements(stream, ("RDF",), (*_ITEMS, *_CONTAINERS)):
        if isinstance(item, Reject):
            yield item
        elif _is_item(item):
            if twice := xml.repeated(item, where, "title", "abstract", "itemType"):
                yield twice
                continue
            fields, holder = _fields(item), _holder_id(item)
            if holder and holder not in venues and len(waiting) < _MAX_HELD:
                waiting.setdefault(holder, []).append((where, fields))
            else:
                yield records.make_paper({"venue": venues.get(holder, "")} | fields, where, context)
        elif about := item.get(f"{_RDF}about"):
            held = waiting.pop(about, [])
            if len(venues) < _MAX_HELD:
                venues[about] = _first(item, "title")
            for place, fields in held:
                doi = {"doi": _doi(item)} if len(held) == 1 and not fields.get("doi") else {}
                yield records.make_paper({"venue": _first(item, "title")} | fields | doi, place, context)
    for place, fields in (entry for entries in waiting.values() for entry in entries):
        yield records.make_paper(fields, place, context)


def _is_item(element: xml.Element) -> bool:
    kind = _first(element, "itemType")
    if kind:
        return kind not in _NOT_PAPERS
    return xml.local_name(element) in _ITEMS and bool(_first(element, "abstract"))


def _first(element: xml.Element, *paths: str) -> str:
    """The first text, not blank, of the elements at the paths."""
    found = (xml.inner_markup(child).strip() for path in paths for child in xml.at_path(element, path))
    return next(filter(None, found), "")


def _holder_id(item: xml.Element) -> str:
    """The id of the journal that an item names and that stands elsewhere; empty if it stands within the item."""
    return next(
        (str(part.get(f"{_RDF}resource")) for part in xml.at_path(item, "isPartOf") if part.get(f"{_RDF}resource")), ""
    )


def _identifiers(element: xml.Element) -> list[str]:
    return [xml.inner_markup(child).strip() for child in xml.at_path(element, "identifier")]


def _doi(element: xml.Element) -> str:
    found = [text[4:].strip() for text in _identifiers(element) if text.upper().startswith("DOI ")]
    return found[0] if len(set(found)) == 1 else ""


def _fields(item: xml.Element) -> dict[str, Any]:
    inner = [holder for part in xml.at_path(item, "isPartOf") for holder in part]
    extra = _first(item, "description")
    ids = {name: found[1] for name, pattern in _EXTRA.items() if (found := pattern.search(extra))}
    about = str(item.get(f"{_RDF}about") or "")
    venue = next(filter(None, (_first(holder, "title") for holder in inner)), "") or _first(
        item, "presentedAt/Conference/title"
    )
    fields = {
        "title": _first(item, "title"),
        "abstract": _first(item, "abstract"),
        "authors": [
            {"given": _first(person, "givenName", "givenname"), "family": _first(person, "surname")}
            for person in xml.at_path(item, "authors/Seq/li/Person")
        ],
        "published": _first(item, "date"),
        "doi": _doi(item) or next(filter(None, map(_doi, inner)), "") or ids.pop("doi", ""),
        "url": next(filter(records.web_link, [_first(item, "identifier/URI/value"), about]), ""),
        "venue": venue,
        "tags": [_first(tag, "AutomaticTag/value") or xml.inner_markup(tag) for tag in xml.at_path(item, "subject")],
        **ids,
    }
    return {name: value for name, value in fields.items() if value}


_EXTRA = {
    "doi": re.compile(r"^\s*DOI:\s*(10\.\S+)", re.MULTILINE | re.IGNORECASE),
    "pmid": re.compile(r"^\s*PMID:\s*(\d{1,9})\b", re.MULTILINE | re.IGNORECASE),
    "pmcid": re.compile(r"^\s*PMCID:\s*(PMC\d{1,9})\b", re.MULTILINE | re.IGNORECASE),
    "arxiv_id": re.compile(r"^\s*arXiv:\s*(\S+)", re.MULTILINE | re.IGNORECASE),
}
"""Ids that Zotero keeps as lines of an item's field “Extra”."""
