"""Hugging Face daily papers, as `/api/daily_papers` answers: a JSON list of objects with a `paper` inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from rag.sources import json_records, records
from rag.types import Attention, Paper, Reject


def recognise(head: str) -> bool:
    """Whether the text is a list whose first object holds a `paper`."""
    return bool(re.match(r"\s*\[\s*\{", head)) and bool(re.search(r'"paper"\s*:\s*\{', head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    The papers of the list.

    The abstract is `summary`, never `ai_summary`; the listing date is `submittedOnDailyAt`, for the outer `publishedAt`
    is shifted by some hours. Upvotes, and stars of the paper's code, are kept with the day of the import.
    """
    for where, entry in json_records.entries(stream):
        if isinstance(entry, Reject):
            yield entry
            continue
        paper = entry.get("paper") if isinstance(entry, dict) else None
        if not isinstance(paper, dict):
            yield Reject(where=where, reason="no `paper` in the entry")
            continue
        arxiv = str(paper.get("id") or "")
        authors = paper.get("authors")
        fields = {
            "arxiv_id": arxiv,
            "title": paper.get("title") or entry.get("title"),
            "abstract": paper.get("summary"),
            "authors": authors if isinstance(authors, list) else [],
            "published": paper.get("publishedAt"),
            "listed": paper.get("submittedOnDailyAt"),
            "url": f"https://huggingface.co/papers/{arxiv}" if arxiv else None,
        }
        record = records.paper(fields, where, context)
        yield record if isinstance(record, Reject) else replace(record, attention=tuple(_attention(paper, context)))


def _attention(paper: dict[str, Any], context: records.Context) -> Iterator[Attention]:
    for name, key in (("stars", "githubStars"), ("upvotes", "upvotes")):
        count = paper.get(key)
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 1 << 31:
            yield Attention(name=name, count=count, seen=context.today)
