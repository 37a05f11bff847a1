"""Hugging Face daily papers, as `/api/daily_papers` answers: a JSON list of objects, each with a `paper`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from rag.sources import json_stream, records
from rag.sources.json_stream import as_list
from rag.types import Attention, Paper, Reject


def recognise(head: str) -> bool:
    """True if the text is a list of objects that hold a `paper`."""
    return bool(re.match(r"\s*\[\s*\{", head)) and bool(re.search(r'"paper"\s*:\s*\{', head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per entry of the list.

    The abstract is `summary`; `ai_summary` is never read. The listing date is `submittedOnDailyAt`, because the outer
    `publishedAt` is some hours off. Upvotes, and the stars of the paper's code, are kept with the day of the import.
    """
    for where, entry in json_stream.entries_at(stream):
        if isinstance(entry, Reject):
            yield entry
            continue
        paper = entry.get("paper") if isinstance(entry, dict) else None
        if not isinstance(paper, dict):
            yield Reject(where=where, reason="no `paper` in the entry")
            continue
        arxiv_id = str(paper.get("id") or "")
        fields = {
            "arxiv_id": arxiv_id,
            "title": paper.get("title") or entry.get("title"),
            "abstract": paper.get("summary"),
            "authors": as_list(paper.get("authors")),
            "published": paper.get("publishedAt"),
            "listed": paper.get("submittedOnDailyAt"),
            "url": f"https://huggingface.co/papers/{arxiv_id}" if arxiv_id else None,
        }
        record = records.make_paper(fields, where, context)
        yield record if isinstance(record, Reject) else replace(record, attention=tuple(_popularity(paper, context)))


def _popularity(paper: dict[str, Any], context: records.Context) -> Iterator[Attention]:
    for name, key in (("stars", "githubStars"), ("upvotes", "upvotes")):
        count = paper.get(key)
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 1 << 31:
            yield Attention(name=name, count=count, seen=context.today)
