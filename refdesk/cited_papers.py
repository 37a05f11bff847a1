"""Find the papers that a document cites: an answer or an issue that Refdesk wrote, as JSON or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rag.errors import PaperNotFound, UnreadableInput
from rag.types import Paper
from refdesk.filters import resolve_id
from refdesk.render.markdown import SOURCE
from stores.sql.catalog import SQLCatalog

_OTHER_FORMS = 20
"""How many ids are looked up in other forms, such as with a version: each such search reads all ids of the library."""


def cited_papers(document: str, catalog: SQLCatalog) -> list[Paper]:
    """
    List the papers that a document cites, each once, in the order of its sources.

    Raises:
        UnreadableInput: The document cites no paper, or is broken JSON.
        PaperNotFound: The library lacks some of the papers; the message names them.
    """
    text = document.lstrip("\ufeff").strip()
    ids = list(dict.fromkeys(_of_json(text) if text[:1] in ("{", "[") else _of_markdown(text)))
    if not ids:
        raise UnreadableInput(
            "The document cites no paper.",
            hint="Give the JSON or the Markdown that `refdesk ask` or `refdesk digest` writes.",
        )
    known = catalog.resolve(ids)
    others = [paper_id for paper_id in ids if paper_id not in known]
    known |= {paper_id: found for paper_id in others[:_OTHER_FORMS] if (found := resolve_id(catalog, paper_id))}
    if missing := [paper_id[:200] for paper_id in ids if paper_id not in known]:
        raise PaperNotFound(
            f"The library lacks {len(missing)} of {len(ids)} cited papers: {', '.join(missing[:20])}.",
            hint="Name the library that the answer is from with `refdesk --library DIR export …`.",
        )
    return list(catalog.papers(list(dict.fromkeys(known[paper_id] for paper_id in ids))).values())


def _of_json(text: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableInput(
            f"The document is broken JSON: {error}.", hint="Give it as `ask --json` wrote it."
        ) from error
    sources = document.get("sources") if isinstance(document, dict) else None
    return list(_ids(sources or document))


def _of_markdown(text: str) -> list[str]:
    return [source[3] for line in text.splitlines() if (source := SOURCE.match(line))]


def _ids(value: Any) -> Iterator[str]:
    """Yield every `paper_id` in a value, in order; not those of an abstention, which cites nothing."""
    if isinstance(value, dict):
        if isinstance(value.get("paper_id"), str):
            yield value["paper_id"]
        for key, each in value.items():
            if key != "abstention":
                yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)
