"""Pages of papers, and the facets of a set of papers: how many have each category, tag, source and year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rag.types.paper import JsonDict, Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """
    The number of papers by category, tag, source and year of `Paper.day`.

    The most frequent come first, then by name; years come the newest first.
    """

    categories: Mapping[str, int]
    tags: Mapping[str, int]
    sources: Mapping[str, int]
    years: Mapping[str, int]

    @classmethod
    def of(cls, papers: Iterable[Paper]) -> Facets:
        """Count papers that are at hand."""
        categories, tags, sources, years = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for paper in papers:
            categories.update(set(paper.categories))
            tags.update(set(paper.tags))
            sources.update([paper.source] if paper.source else [])
            years.update([paper.day[:4]] if paper.day else [])
        return cls(
            categories=most_first(categories),
            tags=most_first(tags),
            sources=most_first(sources),
            years=dict(sorted(years.items(), reverse=True)),
        )

    def to_dict(self) -> JsonDict:
        """The facets as the API gives them."""
        return {name: dict(getattr(self, name)) for name in ("categories", "tags", "sources", "years")}


def most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """
    Counts, the greatest first, then by name.

    >>> most_first({"b": 1, "a": 1, "c": 2})
    {'c': 2, 'a': 1, 'b': 1}
    """
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPage:
    """
    A page of the papers of a filter.

    `count` and `facets` are of all its papers; the facets are None where they were not asked for. `next` is the `after`
    of the next page; None if this is the last one.
    """

    papers: tuple[Paper, ...]
    count: int
    facets: Facets | None
    next: str | None
