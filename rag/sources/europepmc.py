"""Europe PMC, as its REST service answers a search in JSON with `resultType=core`: articles, preprints, books."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import jats, json_records, json_stream, records
from rag.sources.json_stream import as_list, as_object
from rag.types import Paper, Reject

_HEADING = re.compile(r"<h4>\s*([^<>]{1,200}?)[\s:]*</h4>", re.IGNORECASE)


def recognise(head: str) -> bool:
    """True for an answer of the service, or text that begins with a result as the service describes it."""
    if not json_records.recognise(head):
        return False
    return bool(re.search(r'"resultList"\s*:\s*\{', head)) or bool(
        re.search(r'"(?:authorString|abstractText)"\s*:', head) and re.search(r'"pubYear"\s*:', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per result."""
    for where, entry in json_stream.entries_at(stream, "resultList.result"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict) or not entry.get("title"):
            if not isinstance(entry, dict) or "resultList" not in entry:  # an answer without results
                yield Reject(where=where, reason="no title" if isinstance(entry, dict) else "not a result")
        else:
            yield _paper(entry, where, context)


def _paper(result: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    journal = as_object(result.get("journalInfo"))
    abstract = result.get("abstractText")
    book = as_object(result.get("bookOrReportDetails"))
    pmid = result.get("pmid") or (result.get("id") if result.get("source") == "MED" else None)
    fields = {
        "doi": result.get("doi"),
        "pmid": pmid,
        "pmcid": result.get("pmcid"),
        "id": None if pmid or result.get("doi") or result.get("pmcid") else result.get("id"),
        "title": result.get("title"),
        "abstract": jats.tidy_abstract(_HEADING.sub(r" \1: ", abstract) if isinstance(abstract, str) else None),
        "authors": _authors(result),
        "published": result.get("firstPublicationDate") or journal.get("printPublicationDate"),
        "year": result.get("pubYear"),
        "venue": as_object(journal.get("journal")).get("title") or book.get("publisher"),
        "tags": [
            word for word in as_list(as_object(result.get("keywordList")).get("keyword")) if isinstance(word, str)
        ],
    }
    record = records.make_paper(fields, where, context)
    types = [str(kind).lower() for kind in as_list(as_object(result.get("pubTypeList")).get("pubType"))]
    comments = as_list(as_object(result.get("commentCorrectionList")).get("commentCorrection"))
    notices = [str(as_object(comment).get("type")).lower() for comment in comments]
    is_retracted = "retracted publication" in types or "retraction in" in notices
    return records.flag_retracted(record) if is_retracted else record


def _authors(result: dict[str, Any]) -> list[str]:
    """The names of the list, or of the line of all names where that has more."""
    listed = [as_object(author) for author in as_list(as_object(result.get("authorList")).get("author"))]
    names = [_name(author) for author in listed]
    line = result.get("authorString")
    in_line = [name.strip() for name in line.rstrip(". ").split(", ")] if isinstance(line, str) and line else []
    return names if len(names) >= len(in_line) else in_line


def _name(author: dict[str, Any]) -> str:
    first, last = author.get("firstName"), author.get("lastName")
    whole = f"{first} {last}" if first and last else None
    return str(whole or author.get("fullName") or author.get("collectiveName") or last or "")
