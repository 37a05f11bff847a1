"""
Semantic Scholar papers, as its Graph API answers: a search, a batch, an author's papers, references, or one paper.

The abstract is `abstract`. `tldr` is never read: a model wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import json_records, json_stream, records
from rag.sources.json_stream import as_list, as_object
from rag.types import Paper, Reject

_LINKED_PAPERS = ("citingPaper", "citedPaper")


def recognise(head: str) -> bool:
    """True for JSON with a paper id of Semantic Scholar's, or with the answer to a search that found nothing."""
    return json_records.recognise(head) and bool(
        re.search(r'"paperId"\s*:\s*"[0-9a-f]{40}"', head)
        or re.match(r'\s*\{\s*"total"\s*:\s*0\s*,(?:\s*"(?:offset|token)"\s*:\s*\w+\s*,)?\s*"data"\s*:\s*\[\s*\]', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per entry; a batch holds null for an id that the API does not know."""
    for where, entry in json_stream.entries_at(stream, "data", "recommendedPapers"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict):
            reason = "Semantic Scholar does not know the id" if entry is None else "not a paper"
            yield Reject(where=where, reason=reason)
        elif "paperId" not in entry and (message := entry.get("error") or entry.get("message")):
            yield Reject(where=where, reason=f"an error of Semantic Scholar's: {records.printable(str(message))}")
        elif "paperId" not in entry and entry.get("total") == 0:
            continue
        else:
            linked = next((entry[key] for key in _LINKED_PAPERS if isinstance(entry.get(key), dict)), entry)
            yield _paper(linked, where, context)


def _paper(entry: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    ids = as_object(entry.get("externalIds"))
    paper_id = str(entry.get("paperId") or "")
    venue = entry.get("venue") or as_object(entry.get("publicationVenue")).get("name")
    fields = {
        "id": f"s2:{paper_id}" if re.fullmatch(r"[0-9a-f]{40}", paper_id) else paper_id,
        "arxiv_id": ids.get("ArXiv"),
        "doi": ids.get("DOI"),
        "pmid": ids.get("PubMed"),
        "pmcid": ids.get("PubMedCentral"),
        "title": entry.get("title"),
        "abstract": entry.get("abstract"),
        "authors": as_list(entry.get("authors")),
        "published": entry.get("publicationDate"),
        "year": entry.get("year"),
        "venue": venue or as_object(entry.get("journal")).get("name"),
        "categories": as_list(entry.get("fieldsOfStudy")),
        "url": entry.get("url"),
    }
    return records.make_paper(fields, where, context)
