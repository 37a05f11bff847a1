"""Helpers of the importer tests: make records, and parse them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from rag import sources
from rag.types import Paper, Reject

TODAY = "2026-07-03"
ABSTRACT = "We train small models on long texts and find that the loss falls."


def fields(number: int = 1, **more: Any) -> dict[str, Any]:
    """The fields of a good record."""
    return {"id": f"{number}", "title": f"Title {number}", "abstract": f"{ABSTRACT} Case {number}.", **more}


def as_jsonl(entries: Iterable[Any]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def as_json(entries: Iterable[Any]) -> str:
    """A JSON list."""
    return json.dumps(list(entries))


def as_csv(entries: Iterable[Mapping[str, Any]], delimiter: str = ",") -> str:
    """A table with a header."""
    rows = list(entries)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["id", "title", "abstract"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parsed(
    content: str | bytes, name: str = "papers.txt", **options: Any
) -> tuple[list[Paper | Reject], tuple[str, ...]]:
    """All records of an input, and the notes about its text."""
    data = content.encode() if isinstance(content, str) else content
    records, usage = sources.parse(io.BytesIO(data), name, today=TODAY, **options)
    return list(records), usage.about_text


def used(content: str | bytes, name: str = "papers.txt", **options: Any) -> tuple[list[Paper | Reject], sources.Usage]:
    """All records of an input, and what was used of it."""
    data = content.encode() if isinstance(content, str) else content
    records, usage = sources.parse(io.BytesIO(data), name, today=TODAY, **options)
    return list(records), usage


def read(content: str | bytes, name: str = "papers.txt", **options: Any) -> list[Paper | Reject]:
    """All records of an input."""
    return parsed(content, name, **options)[0]


def titles(records: Iterable[Paper | Reject]) -> list[str]:
    """The titles of papers; for a reject, the reason after a dash."""
    return [record.title if isinstance(record, Paper) else f"- {record.reason}" for record in records]


def one(content: str | bytes, name: str = "papers.txt", **options: Any) -> Paper:
    """The only record, which is a paper."""
    (record,) = read(content, name, **options)
    assert isinstance(record, Paper), record
    return record


def paper_of(**more: Any) -> Paper:
    """The paper of one good record with these fields."""
    return one(as_jsonl([fields(**more)]))


def refused(**more: Any) -> Reject:
    """The reject of one record with these fields."""
    (record,) = read(as_jsonl([fields(**more)]))
    assert isinstance(record, Reject), record
    return record
