"""Stored documents by the papers that they cite. A search by text finds candidates; their sources decide."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa


def holding(document: sa.ColumnElement[Any], paper_ids: Iterable[str]) -> sa.ColumnElement[bool]:
    """A condition: the JSON of a document has one of these ids as a string anywhere."""
    text = sa.cast(document, sa.Text)
    return sa.or_(sa.false(), *(text.contains(json.dumps(paper_id), autoescape=True) for paper_id in paper_ids))


def cites(sources: Iterable[Any] | None, paper_ids: Collection[str]) -> bool:
    """True if one of these papers is among the sources of a document."""
    return any(source["paper_id"] in paper_ids for source in sources or ())
