"""
The ACL Anthology's own XML (`collection/volume/paper`), as its repository keeps it; `rag.sources.mods` reads its MODS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rag.sources import records, xml
from rag.types import Paper, Reject

_PAGE = "https://aclanthology.org/"


def recognise(head: str) -> bool:
    """True for XML whose root is a collection of volumes."""
    return xml.root_name(head) == "collection" and "<volume" in head


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per paper, with venue and year of the volume before it; a second title makes it a Reject."""
    volume: dict[str, str] = {}
    for where, item in xml.elements(stream, ("collection",), ("paper", "meta")):
        if isinstance(item, Reject):
            yield item
        elif xml.local_name(item) == "meta":
            date = " ".join(filter(None, (_first(item, "year"), _first(item, "month"))))
            volume = {"venue": _first(item, "booktitle"), "published": date}
        else:
            yield xml.repeated(item, where, "title", "abstract") or records.make_paper(
                volume | _fields(item), where, context
            )


def _first(element: xml.Element, path: str) -> str:
    """The text of the first element at a path, without the tags in it, such as `fixed-case`."""
    found = next(xml.at_path(element, path), None)
    return "" if found is None else xml.restored("".join(found.itertext())).strip()


def _fields(item: xml.Element) -> dict[str, object]:
    url = _first(item, "url")
    return {
        "id": _first(item, "bibkey"),
        "title": _first(item, "title"),
        "abstract": _first(item, "abstract"),
        "authors": [
            {"given": _first(author, "first"), "family": _first(author, "last")}
            for author in xml.at_path(item, "author")
        ],
        "doi": _first(item, "doi"),
        "url": url if records.web_link(url) else f"{_PAGE}{url}/" if url else "",
    }
