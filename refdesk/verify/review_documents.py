"""
Checks what stands in the JSON of a review beside its claims: the numbers, dates and sources of its table, its months.

Which papers treat a topic, and how claims are grouped, is bound by the id of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from refdesk.verify.claims import Verified, Verifier, failed


def is_review(value: Any) -> bool:
    """True if a JSON document is a review."""
    return isinstance(value, dict) and {"topic", "headline", "themes", "papers", "table"} <= value.keys()


def beside(review: Mapping[str, Any], verifier: Verifier) -> Iterator[Verified]:
    """Report what is wrong in the table and the months of a review."""
    rows, papers, months, sources = (_objects(review.get(key)) for key in ("table", "papers", "months", "sources"))
    numbered = {(source.get("number"), source.get("paper_id")) for source in sources}
    if sorted(str(row.get("paper_id")) for row in rows) != sorted(str(paper.get("paper_id")) for paper in papers):
        yield failed("table", "table", "the table has other papers than the review")
    for row in rows:
        title, number, date = str(row.get("title")), row.get("number"), row.get("date")
        finding = row.get("finding")
        found = str(finding.get("text")) if isinstance(finding, dict) else ""
        if number is not None and str(number) not in found:
            yield failed(title, str(number), "the finding does not have this number", "number")
        if date is not None and not _is_date_of(str(date), str(row.get("paper_id")), verifier):
            yield failed(title, str(date), "the library has another date, or no such paper")
        if (row.get("source"), row.get("paper_id")) not in numbered:
            yield failed(title, str(row.get("source")), "no source of this number is this paper")
    for month in months:
        name, counted, listed = str(month.get("name")), month.get("papers"), month.get("listed")
        if not isinstance(counted, int) or not isinstance(listed, int) or not 0 <= counted <= listed:
            yield failed(name, str(counted), "a month cannot have more papers on the topic than papers", "number")
        elif month.get("share") != (round(counted / listed, 4) if listed else 0):
            yield failed(name, str(month.get("share")), "the share is not that of the papers", "number")


def _is_date_of(date: str, paper_id: str, verifier: Verifier) -> bool:
    """True if a paper was listed or published then, as exact as the date is."""
    known = {day for paper in verifier.citations.versions(paper_id) for day in (paper.listed, paper.published) if day}
    return any(day == date or day.startswith(f"{date}-") for day in known)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
