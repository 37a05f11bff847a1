"""Crossref works, as `/works` and `/works/{doi}` answer (`message.items` or one `message`), and its data files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import jats, json_records, json_stream, records
from rag.sources.json_stream import as_list, as_object
from rag.types import Paper, Reject

_RETRACTED = {"retraction", "withdrawal", "removal", "partial_retraction"}


def recognise(head: str) -> bool:
    """True for an answer of Crossref's API, or text that begins with a work as Crossref describes it."""
    if not json_records.recognise(head):
        return False
    return bool(re.search(r'"message-type"\s*:\s*"', head[:2000])) or bool(
        re.search(r'"DOI"\s*:\s*"', head)
        and re.search(r'"(?:reference-count|is-referenced-by-count|content-domain|date-parts)"\s*:', head)
        and re.search(r'"title"\s*:\s*\[', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per work; an error of the API is a Reject."""
    for where, entry in json_stream.entries_at(stream, "message.items", "items"):
        message = entry.get("message") if isinstance(entry, dict) else None
        if isinstance(entry, Reject):
            yield entry
        elif isinstance(message, list | str):  # validation failures
            for failure in message if isinstance(message, list) else [message]:
                detail = failure.get("message") if isinstance(failure, dict) else failure
                yield Reject(where=where, reason=f"an error of Crossref's: {records.printable(str(detail))}")
        else:
            yield _paper(message if isinstance(message, dict) else entry, where, context)


def _paper(work: Any, where: str, context: records.Context) -> Paper | Reject:
    if not isinstance(work, dict):
        return Reject(where=where, reason="not a work")
    fields = {
        "doi": work.get("DOI"),
        "title": _first(work.get("title")),
        "abstract": jats.tidy_abstract(work.get("abstract")),
        "authors": as_list(work.get("author")),
        "published": _date(work.get("issued")) or _date(work.get("published")),
        "date": _date(work.get("published-online")) or _date(work.get("published-print")),
        "venue": _first(work.get("container-title")),
        "categories": as_list(work.get("subject")),
        "url": work.get("URL"),
    }
    record = records.make_paper(fields, where, context)
    return records.flag_retracted(record) if _is_retracted(work) else record


def _is_retracted(work: dict[str, Any]) -> bool:
    """
    True for the paper that was retracted, not for the notice that retracts it.

    A notice names the retracted paper in `update-to`; only an entry there that names the work itself counts.
    """
    doi = str(work.get("DOI")).lower()
    updates = [as_object(update) for update in as_list(work.get("update-to"))]
    updates = [update for update in updates if str(update.get("DOI")).lower() == doi]
    updates += [as_object(update) for update in as_list(work.get("updated-by"))]
    return any(str(update.get("type")).lower() in _RETRACTED for update in updates)


def _first(value: Any) -> Any:
    """The first title of a list of them; the others are translations."""
    return next((title for title in value if title), None) if isinstance(value, list) else value


def _date(value: Any) -> str | None:
    """
    A date of `date-parts`, as exact as it is given.

    >>> _date({"date-parts": [[2018, 10]]})
    '2018-10'
    """
    parts = value.get("date-parts") if isinstance(value, dict) else None
    parts = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    return records.iso_date("-".join(f"{part:02d}" for part in parts[:3] if isinstance(part, int))) if parts else None
