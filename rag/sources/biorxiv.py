"""bioRxiv and medRxiv, as their API answers `details` and `pubs` in JSON: one entry a version of a preprint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import json_records, json_stream, records
from rag.types import Paper, Reject

_DAY_IN_DOI = re.compile(r"10\.\d{4,5}/(\d{4})\.(\d\d)\.(\d\d)\.")


def recognise(head: str) -> bool:
    """True for an answer of the API, also for one without preprints, or text that begins with one of its entries."""
    if not json_records.recognise(head):
        return False
    return bool(re.search(r'"(?:jatsxml|author_corresponding|biorxiv_doi)"\s*:', head)) or bool(
        re.match(r'\s*\{\s*"messages"\s*:\s*\[', head) and re.search(r'"collection"\s*:\s*\[', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per entry. Versions of one preprint follow each other, and the last one's text counts."""
    for where, entry in json_stream.entries_at(stream, "collection"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict):
            yield Reject(where=where, reason="not a preprint")
        elif "messages" not in entry:
            yield _paper(entry, where, context)


def _paper(entry: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    doi = str(entry.get("doi") or entry.get("biorxiv_doi") or entry.get("preprint_doi") or "")
    day = entry.get("date") or entry.get("preprint_date")
    version = str(entry.get("version") or "1")
    posted = _DAY_IN_DOI.match(doi)
    server = str(entry.get("server") or entry.get("preprint_platform") or "biorxiv").lower()
    fields = {
        "doi": doi,
        "title": entry.get("title") or entry.get("preprint_title"),
        "abstract": entry.get("abstract") or entry.get("preprint_abstract"),
        "authors": entry.get("authors") or entry.get("preprint_authors"),
        "published": day if version == "1" else "-".join(posted.groups()) if posted else None,
        "updated": None if version == "1" else day,
        "venue": {"biorxiv": "bioRxiv", "medrxiv": "medRxiv"}.get(server),
        "categories": [entry.get("category") or entry.get("preprint_category")],
    }  # `published` of an entry is a journal's DOI or "NA": another text, and no date
    record = records.make_paper(fields, where, context)
    return records.flag_retracted(record) if str(entry.get("type")).lower() == "withdrawn" else record
