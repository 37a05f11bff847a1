"""
arXiv's API, as `export.arxiv.org/api/query` answers: an Atom feed.

What all that comes from arXiv shares is here too: names in one string, and remarks on withdrawal.
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
    """Whether the text is an Atom feed of arXiv's API, be it empty or an error."""
    return xml.root(head) == "feed" and bool(
        "http://arxiv.org/schemas/atom" in head or re.search(r"<id>https?://(?:export\.)?arxiv\.org/api/", head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each entry; `published` is the day of version 1, `updated` that of the version given."""
    for where, entry in xml.elements(stream, ("feed",), ("entry",)):
        if isinstance(entry, Reject):
            yield entry
            continue
        parts = xml.named(entry)
        link = xml.value(parts, "id")
        if _ERROR.match(link):
            said = records._printable(xml.value(parts, "summary"))
            yield Reject(where=where, reason=f"an error of arXiv's: {said}")
            continue
        categories = [
            each.get("term") for name in ("arxiv:primary_category", "category") for each in parts.get(name, [])
        ]
        pages = [each.get("href") for each in parts.get("link", []) if each.get("rel", "alternate") == "alternate"]
        fields = {
            ("arxiv_id" if identity.arxiv_id(link) else "id"): link,
            "doi": xml.value(parts, "arxiv:doi"),
            "title": xml.value(parts, "title"),
            "abstract": xml.value(parts, "summary"),
            "authors": [xml.value(xml.named(author), "name") for author in parts.get("author", [])],
            "published": xml.value(parts, "published"),
            "updated": xml.value(parts, "updated"),
            "venue": xml.value(parts, "arxiv:journal_ref"),
            "categories": categories,
            "url": next(iter(pages), link),
        }
        yield remarked(records.paper(fields, where, context), xml.value(parts, "arxiv:comment"))


def remarked(record: Paper | Reject, comment: str) -> Paper | Reject:
    """A paper flagged where the authors' comment, which is not kept, says that they withdrew it."""
    if isinstance(record, Reject):
        return record
    if not (_WITHDRAWN.match(comment) or "withdrawn" in text.flags("", comment)):
        return record
    return replace(record, flags=text.flags(f"Withdrawn: {record.title}", record.abstract))


def people(names: str) -> list[str]:
    """
    The authors that arXiv writes in one string, without the institutes in brackets.

    >>> people("Ada Byron (Univ. A, B), Plato, Sam Hay, Jr. and Liu Xin")
    ['Ada Byron', 'Plato', 'Sam Hay, Jr.', 'Liu Xin']
    """
    found: list[str] = []
    for name in re.split(r", ?(?:and )?| and | ?; ?", " ".join(_without_brackets(names).split())):
        if found and _SUFFIX.fullmatch(name.strip()):
            found[-1] += f", {name.strip()}"
        elif name.strip():
            found.append(name.strip())
    return found


def _without_brackets(names: str) -> str:
    kept, depth = [], 0
    for part in re.split(r"([()])", names):
        if part in "()" and part:
            depth = max(0, depth + (1 if part == "(" else -1))
        elif not depth:
            kept.append(part)
    return "".join(kept)
