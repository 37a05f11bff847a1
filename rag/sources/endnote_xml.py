"""
EndNote XML (`xml/records/record`), which Mendeley, Citavi and Rayyan write too: each text within runs of `style`.

EndNote's tagged text is read by `rag.sources.endnote`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TextIO

from rag.sources import records, xml
from rag.sources.record_lines import parse_name
from rag.types import Paper, Reject

_ROOTS = ("xml", "records")
_OF_A_RECORD = ("records", "record", "contributors", "titles", "title", "dates", "abstract")
"""Elements that no title and no abstract holds, unless an end tag was lost and what follows was taken in."""
_RECORD = re.compile(r"<records?\b")


def recognise(head: str) -> bool:
    """True for XML whose root is `xml` or `records`, with a reference's type or contributors inside."""
    return (
        xml.root_name(head) in _ROOTS
        and bool(_RECORD.search(head))
        and bool(re.search("<(?:ref-type|contributors|titles)\\b", head))
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per reference; a second title or abstract makes it a Reject, beside the first or within it."""
    for where, item in xml.elements(stream, _ROOTS, ("record",)):
        if isinstance(item, Reject):
            yield item
            continue
        twice = next((path for path in ("titles/title", "abstract") if len(set(_texts(item, path))) > 1), None)
        within = next(filter(None, (_within(item, path) for path in ("titles/title", "abstract"))), "")
        if within:
            yield Reject(where=where, reason=f"not valid EndNote XML: {within}")
        elif twice:
            yield Reject(where=where, reason=f"not valid EndNote XML: the field {twice} stands twice")
        else:
            yield records.make_paper(_fields(item), where, context)


def _within(record: xml.Element, path: str) -> str:
    """What is wrong with an element at a path that holds an element of a record; empty if none does."""
    names = (xml.local_name(part) for found in xml.at_path(record, path) for part in found.iterdescendants("*"))
    return next((f"the field {path} holds an element {name}" for name in names if name in _OF_A_RECORD), "")


def _texts(record: xml.Element, path: str) -> list[str]:
    """The texts, none blank, of all elements at a path, with superscripts and subscripts as tags."""
    return [text for element in xml.at_path(record, path) if (text := _styled(element).strip())]


def _first(record: xml.Element, *paths: str) -> str:
    return next((text for path in paths for text in _texts(record, path)), "")


def _styled(element: xml.Element) -> str:
    """The text of an element, whose runs are in `style` elements; those of the face `superscript` become `sup`."""
    parts = [html.escape(element.text or "", quote=False)]
    for child in element:
        face = str(child.get("face", ""))
        tag = next((tag for tag, name in (("sup", "superscript"), ("sub", "subscript")) if name in face), "")
        text = _styled(child)
        parts += [f"<{tag}>{text}</{tag}>" if tag else text, html.escape(child.tail or "", quote=False)]
    return xml.restored("".join(parts))


def _fields(record: xml.Element) -> dict[str, object]:
    year, day = _first(record, "dates/year"), _first(record, "dates/pub-dates/date")
    database = _first(record, "remote-database-name").lower()
    links = [link for kind in ("related-urls", "web-urls", "pdf-urls") for link in _texts(record, f"urls/{kind}/url")]
    return {
        "title": _first(record, "titles/title"),
        "abstract": _first(record, "abstract"),
        "authors": [parse_name(name) for name in _texts(record, "contributors/authors/author")],
        "published": day if re.search(r"\d{4}", day) else f"{year} {day}".strip(),
        "date": year,
        "doi": _first(record, "electronic-resource-num"),
        "pmid": _first(record, "accession-num") if "pubmed" in database or "medline" in database else "",
        "pmcid": _first(record, "custom2"),
        "url": next(filter(records.web_link, map(html.unescape, links)), ""),
        "venue": _first(record, "titles/secondary-title", "periodical/full-title", "alt-periodical/full-title"),
        "tags": [
            part for text in _texts(record, "keywords/keyword") for part in re.split(r"[;\r\n]", html.unescape(text))
        ],
    }
