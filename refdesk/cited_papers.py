"""The papers that a document of Refdesk's cites: an answer or a digest, as JSON or Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rag.errors import PaperNotFound, UnreadableInput

if TYPE_CHECKING:
    from rag.types import Paper
    from refdesk.library import Library

_SOURCE = re.compile(r"^\s*\d{1,5}\.\s+\*\*.*?\*\*.*?`([^`]+)`", re.MULTILINE)


def cited(document: str, library: Library) -> list[Paper]:
    """
    The papers that a document cites, each once, in the order of its sources.

    Raises:
        UnreadableInput: It cites none, or is no whole JSON.
        PaperNotFound: The library lacks some of them; the message names them.
    """
    text = document.lstrip("\ufeff").strip()
    ids = list(dict.fromkeys(_of_json(text) if text[:1] in ("{", "[") else _SOURCE.findall(text)))
    if not ids:
        raise UnreadableInput(
            "The document cites no paper.",
            hint="Give the JSON or the Markdown that `refdesk ask` or `refdesk digest` writes.",
        )
    papers, missing = [], []
    for paper_id in ids:
        try:
            papers.append(library.show(paper_id))
        except PaperNotFound:
            missing.append(paper_id[:200])
    if missing:
        raise PaperNotFound(
            f"The library lacks {len(missing)} of {len(ids)} cited papers: {', '.join(missing[:20])}.",
            hint="Name the library that the answer is from with `refdesk --library DIR export …`.",
        )
    return papers


def _of_json(text: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableInput(
            f"The document is no whole JSON: {error}.", hint="Give it as `ask --json` wrote it."
        ) from error
    sources = document.get("sources") if isinstance(document, dict) else None
    return list(_ids(sources or document))


def _ids(value: Any) -> Iterator[str]:
    """Every `paper_id` in a value, in its order, save of papers that only came near an answer."""
    if isinstance(value, dict):
        if isinstance(value.get("paper_id"), str):
            yield value["paper_id"]
        for key, each in value.items():
            if key != "abstention":
                yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)
