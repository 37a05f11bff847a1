"""OpenAlex works, as `/works` and `/works/{id}` answer, and as its snapshot holds them (JSON Lines)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag import identity
from rag.sources import crossref, json_records, records
from rag.types import Paper, Reject

_HEADING = re.compile(  # a heading that publishers glue to the abstract, where what follows begins one
    r"\A(?:Abstract:?\s+)+(?=\w+:|(?:A|An|The|This|These|In|On|To|For|With|We|Our|Here|It|As|Although|While|Many|Most|"
    r"Recent|Background|Introduction|Objectives?|Purpose|Aims?|Methods?|Context|Importance|Motivation)\b)"
)


def recognise(head: str) -> bool:
    """Whether the text is JSON with an inverted index, or begins with a work or with the head of a list of none."""
    if not json_records.recognise(head):
        return False
    work = re.search(r'"id"\s*:\s*"https://openalex\.org/W\d+"', head)
    return (
        bool(re.search(r'"abstract_inverted_index"\s*:', head))
        or bool(work and re.search(r'"(?:authorships|display_name|primary_location|publication_year)"\s*:', head))
        or bool(re.match(r'\s*\{\s*"meta"\s*:\s*\{', head) and re.search(r'"results"\s*:\s*\[\s*\]', head))
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each work that has an abstract."""
    for where, entry in crossref.works(stream, "results"):
        if isinstance(entry, Reject):
            yield entry
        elif not isinstance(entry, dict):
            yield Reject(where=where, reason="not a work")
        elif entry.get("error") and "id" not in entry:
            said = records._printable(str(entry.get("message") or entry["error"]))
            yield Reject(where=where, reason=f"an error of OpenAlex's: {said}")
        else:
            yield _paper(entry, where, context)


def _paper(work: dict[str, Any], where: str, context: records.Context) -> Paper | Reject:
    places = [_object(place) for place in [work.get("primary_location"), *_list(work.get("locations"))]]
    links = [str(place.get(key) or "") for place in places for key in ("landing_page_url", "pdf_url")]
    ids = _object(work.get("ids"))
    fields = {
        "id": work.get("id") or ids.get("openalex"),
        "doi": work.get("doi") or ids.get("doi"),
        "pmid": "".join(re.findall(r"(?<!\d)\d{1,9}$", str(ids.get("pmid") or "").rstrip("/"))),
        "pmcid": ids.get("pmcid"),
        "arxiv_id": next((link for link in links if identity.arxiv_id(link)), None),
        "title": work.get("title") or work.get("display_name"),
        "abstract": abstract(work.get("abstract_inverted_index")),
        "authors": [_author(each) for each in _list(work.get("authorships"))],
        "published": work.get("publication_date"),
        "year": work.get("publication_year"),
        "venue": _object(places[0].get("source")).get("display_name")
        or _object(work.get("host_venue")).get("display_name"),
        "url": next(filter(records.web_link, links[:1]), None) or work.get("doi") or work.get("id"),
    }
    found = records.paper(fields, where, context)
    is_notice = work.get("type") == "retraction"
    return records.retracted(found) if work.get("is_retracted") is True and not is_notice else found


def abstract(index: Any) -> str:
    """
    The text of an inverted index: each word at each of its positions.

    >>> abstract({"a": [1, 4], "rose": [2, 5], "is": [3], "That": [0]})
    'That a rose is a rose'
    """
    if not isinstance(index, dict):
        return ""
    places = [(place, str(word)) for word, found in index.items() for place in _list(found) if type(place) is int]
    words = " ".join(word for _, word in sorted(places, key=lambda each: each[0]))
    return (
        _HEADING.sub("", str(crossref.jats(words)), count=1) if words.startswith("Abstract") else crossref.jats(words)
    )


def _author(authorship: Any) -> Any:
    entry = _object(authorship)
    return _object(entry.get("author")).get("display_name") or entry.get("raw_author_name")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
