"""
Semantic Scholar's papers, as its Graph API answers: a search, a batch, the papers of an author, references, or one.

The abstract is `abstract`; `tldr` was written by a model and is never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import crossref, json_records, records
from rag.types import Paper, Reject

_WITHIN = ("citingPaper", "citedPaper")


def recognise(head: str) -> bool:
    """Whether the text is JSON with a paper id of Semantic Scholar's, or begins as a search that found nothing."""
    return json_records.recognise(head) and bool(
        re.search(r'"paperId"\s*:\s*"[0-9a-f]{40}"', head)
        or re.match(r'\s*\{\s*"total"\s*:\s*0\s*,(?:\s*"(?:offset|token)"\s*:\s*\w+\s*,)?\s*"data"\s*:\s*\[\s*\]', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each entry that has an abstract; a batch holds null for an id that is not known."""
    for where, entry in crossref.works(stream, "data", "recommendedPapers"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict):
            yield Reject(where=where, reason="the id is not known there" if entry is None else "not a paper")
        elif "paperId" not in entry and (said := entry.get("error") or entry.get("message")):
            yield Reject(where=where, reason=f"an error of Semantic Scholar's: {records._printable(str(said))}")
        elif "paperId" not in entry and entry.get("total") == 0:
            continue
        else:
            within = next((entry[key] for key in _WITHIN if isinstance(entry.get(key), dict)), entry)
            yield _paper(within, where, context)


def _paper(entry: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    ids = _object(entry.get("externalIds"))
    own = str(entry.get("paperId") or "")
    venue = entry.get("venue") or _object(entry.get("publicationVenue")).get("name")
    authors, subjects = entry.get("authors"), entry.get("fieldsOfStudy")
    fields = {
        "id": f"s2:{own}" if re.fullmatch(r"[0-9a-f]{40}", own) else own,
        "arxiv_id": ids.get("ArXiv"),
        "doi": ids.get("DOI"),
        "pmid": ids.get("PubMed"),
        "pmcid": ids.get("PubMedCentral"),
        "title": entry.get("title"),
        "abstract": entry.get("abstract"),
        "authors": authors if isinstance(authors, list) else [],
        "published": entry.get("publicationDate"),
        "year": entry.get("year"),
        "venue": venue or _object(entry.get("journal")).get("name"),
        "categories": subjects if isinstance(subjects, list) else [],
        "url": entry.get("url"),
    }
    return records.paper(fields, where, context)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
