"""
MODS, the XML of library catalogues, in which the ACL Anthology exports its papers: `modsCollection/mods`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from rag.sources import records, xml
from rag.types import Paper, Reject

_ROOTS = ("modsCollection", "mods")
_ABSTRACTS = ("", "abstract", "summary", "scope and content", "description")
"""Types of the element `abstract` that tell what a paper is about, the best first; the rest are reviews and notes."""


def recognise(head: str) -> bool:
    """True for XML whose root is one or several MODS records."""
    return xml.root_name(head) in _ROOTS


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per `mods`; a second title makes it a Reject."""
    for where, item in xml.elements(stream, _ROOTS, ("mods",)):
        if isinstance(item, Reject):
            yield item
            continue
        titles = {_title(info) for info in xml.at_path(item, "titleInfo") if not info.get("type")} - {""}
        twice = Reject(where=where, reason="not valid MODS: the title stands twice") if len(titles) > 1 else None
        yield twice or records.make_paper(_fields(item), where, context)


def _first(element: xml.Element, *paths: str) -> str:
    """The first text, not blank, of the elements at the paths."""
    found = (xml.inner_markup(child).strip() for path in paths for child in xml.at_path(element, path))
    return next(filter(None, found), "")


def _title(info: xml.Element) -> str:
    start = " ".join(filter(None, (_first(info, "nonSort"), _first(info, "title"))))
    return f"{start}: {subtitle}" if (subtitle := _first(info, "subTitle")) else start


def _first_title(element: xml.Element) -> str:
    """The title that is neither abbreviated nor translated."""
    infos = (info for info in xml.at_path(element, "titleInfo") if not info.get("type"))
    return next(map(_title, infos), "")


def _abstract(item: xml.Element) -> str:
    """The text of the element `abstract` of the best type; one of another type is no abstract."""
    texts: dict[str, str] = {}
    for child in xml.at_path(item, "abstract"):
        if text := xml.inner_markup(child).strip():
            texts.setdefault(str(child.get("type", "")).strip().lower(), text)
    return next((texts[kind] for kind in _ABSTRACTS if kind in texts), "")


def _names(item: xml.Element) -> Iterator[dict[str, str]]:
    for name in xml.at_path(item, "name"):
        roles = {xml.inner_markup(role).strip().lower() for role in xml.at_path(name, "role/roleTerm")}
        if roles and not roles & {"author", "aut", "creator", "cre"}:
            continue
        parts = [(part.get("type"), xml.inner_markup(part).strip()) for part in xml.at_path(name, "namePart")]
        given, family, whole = (
            " ".join(text for kind, text in parts if kind == wanted) for wanted in ("given", "family", None)
        )
        yield {"given": given, "family": family} if family else {"name": whole}


def _fields(item: xml.Element) -> dict[str, object]:
    ids = {
        str(child.get("type", "")).lower(): xml.inner_markup(child).strip() for child in xml.at_path(item, "identifier")
    }
    host = next((part for part in xml.at_path(item, "relatedItem") if part.get("type") == "host"), None)
    dates = ("originInfo/dateIssued", "originInfo/copyrightDate")
    return {
        "id": ids.get("citekey", "") or str(item.get("ID") or ""),
        "title": _first_title(item),
        "abstract": _abstract(item),
        "authors": [*_names(item)],
        "published": _first(item, *dates, "part/date")
        or (_first(host, *dates, "part/date") if host is not None else ""),
        "doi": ids.get("doi", ""),
        "pmid": ids.get("pmid", ""),
        "arxiv_id": ids.get("arxiv", ""),
        "url": _first(item, "location/url") or ids.get("uri", ""),
        "venue": _first_title(host) if host is not None else "",
        "tags": [
            text for part in xml.at_path(item, "subject/topic") for text in re.split("[;,]", xml.inner_markup(part))
        ],
    }
