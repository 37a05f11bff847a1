"""OpenAlex works, as `/works` and `/works/{id}` answer, and as its snapshot holds them (JSON Lines)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag import identity
from rag.sources import jats, json_records, json_stream, records
from rag.sources.json_stream import as_list, as_object
from rag.types import Paper, Reject

_HEADING = re.compile(  # the heading "Abstract" that publishers glue to the text, if a sentence begins after it
    r"\A(?:Abstract:?\s+)+(?=\w+:|(?:A|An|The|This|These|In|On|To|For|With|We|Our|Here|It|As|Although|While|Many|Most|"
    r"Recent|Background|Introduction|Objectives?|Purpose|Aims?|Methods?|Context|Importance|Motivation)\b)"
)


def recognise(head: str) -> bool:
    """True for JSON with an inverted index, with a work at its beginning, or with an empty list of works."""
    if not json_records.recognise(head):
        return False
    work_id = re.search(r'"id"\s*:\s*"https://openalex\.org/W\d+"', head)
    return (
        bool(re.search(r'"abstract_inverted_index"\s*:', head))
        or bool(work_id and re.search(r'"(?:authorships|display_name|primary_location|publication_year)"\s*:', head))
        or bool(re.match(r'\s*\{\s*"meta"\s*:\s*\{', head) and re.search(r'"results"\s*:\s*\[\s*\]', head))
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per work; an error of the API is a Reject."""
    for where, entry in json_stream.entries_at(stream, "results"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict):
            yield Reject(where=where, reason="not a work")
        elif entry.get("error") and "id" not in entry:
            detail = records.printable(str(entry.get("message") or entry["error"]))
            yield Reject(where=where, reason=f"an error of OpenAlex's: {detail}")
        else:
            yield _paper(entry, where, context)


def _paper(work: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    locations = [as_object(location) for location in [work.get("primary_location"), *as_list(work.get("locations"))]]
    links = [str(location.get(key) or "") for location in locations for key in ("landing_page_url", "pdf_url")]
    ids = as_object(work.get("ids"))
    fields = {
        "id": work.get("id") or ids.get("openalex"),
        "doi": work.get("doi") or ids.get("doi"),
        "pmid": "".join(re.findall(r"(?<!\d)\d{1,9}$", str(ids.get("pmid") or "").rstrip("/"))),
        "pmcid": ids.get("pmcid"),
        "arxiv_id": next((link for link in links if identity.arxiv_id(link)), None),
        "title": work.get("title") or work.get("display_name"),
        "abstract": text_of_index(work.get("abstract_inverted_index")),
        "authors": [_author(authorship) for authorship in as_list(work.get("authorships"))],
        "published": work.get("publication_date"),
        "year": work.get("publication_year"),
        "venue": as_object(locations[0].get("source")).get("display_name")
        or as_object(work.get("host_venue")).get("display_name"),
        "url": next(filter(records.web_link, links[:1]), None) or work.get("doi") or work.get("id"),
    }
    record = records.make_paper(fields, where, context)
    is_notice = work.get("type") == "retraction"
    return records.flag_retracted(record) if work.get("is_retracted") is True and not is_notice else record


def text_of_index(index: Any) -> str:
    """
    The abstract that an inverted index holds: each word at each of its positions.

    >>> text_of_index({"a": [1, 4], "rose": [2, 5], "is": [3], "That": [0]})
    'That a rose is a rose'
    """
    if not isinstance(index, dict):
        return ""
    words = [
        (position, str(word))
        for word, positions in index.items()
        for position in as_list(positions)
        if type(position) is int
    ]
    text = " ".join(word for _, word in sorted(words, key=lambda pair: pair[0]))
    abstract = str(jats.tidy_abstract(text))
    return _HEADING.sub("", abstract, count=1) if text.startswith("Abstract") else abstract


def _author(authorship: Any) -> Any:
    entry = as_object(authorship)
    return as_object(entry.get("author")).get("display_name") or entry.get("raw_author_name")
