"""
The arXiv API, as `export.arxiv.org/api/query` answers: an Atom feed.

`split_authors` and `flag_withdrawn` serve the other formats of arXiv too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from rag import identity, text
from rag.sources import records, xml
from rag.types import Paper, Reject

_ERROR = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors", re.IGNORECASE)
_WITHDRAWN = re.compile(r"\W*(?:withdrawn|retracted)\b(?! from)", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?", re.IGNORECASE)


def recognise(head: str) -> bool:
    """True for an Atom feed of arXiv's API, also for one that is empty or holds an error."""
    return xml.root_name(head) == "feed" and bool(
        "http://arxiv.org/schemas/atom" in head or re.search(r"<id>https?://(?:export\.)?arxiv\.org/api/", head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per entry; `published` is the day of version 1, `updated` that of the version in the feed."""
    for where, entry in xml.elements(stream, ("feed",), ("entry",)):
        if isinstance(entry, Reject):
            yield entry
            continue
        parts = xml.children_by_name(entry)
        id_url = xml.first_text(parts, "id")
        if _ERROR.match(id_url):
            message = records.printable(xml.first_text(parts, "summary"))
            yield Reject(where=where, reason=f"an error of arXiv's: {message}")
            continue
        categories = [
            category.get("term") for name in ("arxiv:primary_category", "category") for category in parts.get(name, [])
        ]
        pages = [link.get("href") for link in parts.get("link", []) if link.get("rel", "alternate") == "alternate"]
        fields = {
            ("arxiv_id" if identity.arxiv_id(id_url) else "id"): id_url,
            "doi": xml.first_text(parts, "arxiv:doi"),
            "title": xml.first_text(parts, "title"),
            "abstract": xml.first_text(parts, "summary"),
            "authors": [xml.first_text(xml.children_by_name(author), "name") for author in parts.get("author", [])],
            "published": xml.first_text(parts, "published"),
            "updated": xml.first_text(parts, "updated"),
            "venue": xml.first_text(parts, "arxiv:journal_ref"),
            "categories": categories,
            "url": next(iter(pages), id_url),
        }
        yield flag_withdrawn(records.make_paper(fields, where, context), xml.first_text(parts, "arxiv:comment"))


def flag_withdrawn(record: Paper | Reject, comment: str) -> Paper | Reject:
    """Flag a paper as withdrawn if the authors' comment says so; the comment itself is not kept."""
    if isinstance(record, Reject):
        return record
    if not (_WITHDRAWN.match(comment) or "withdrawn" in text.flags("", comment)):
        return record
    return replace(record, flags=text.flags(f"Withdrawn: {record.title}", record.abstract))


def split_authors(names: str) -> list[str]:
    """
    Split the authors that arXiv writes in one string, and drop the institutes in parentheses.

    >>> split_authors("Ada Byron (Univ. A, B), Plato, Sam Hay, Jr. and Liu Xin")
    ['Ada Byron', 'Plato', 'Sam Hay, Jr.', 'Liu Xin']
    """
    authors: list[str] = []
    for name in re.split(r", ?(?:and )?| and | ?; ?", " ".join(_without_parentheses(names).split())):
        if authors and _SUFFIX.fullmatch(name.strip()):
            authors[-1] += f", {name.strip()}"
        elif name.strip():
            authors.append(name.strip())
    return authors


def _without_parentheses(names: str) -> str:
    kept, depth = [], 0
    for part in re.split(r"([()])", names):
        if part in "()" and part:
            depth = max(0, depth + (1 if part == "(" else -1))
        elif not depth:
            kept.append(part)
    return "".join(kept)
