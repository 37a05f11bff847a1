"""Selections: filters in the form in which the indexes take them. It looks up no names: the catalog does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rag.authors import parse_name
from rag.types.paper import Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """
    Which papers an index looks at: those that match every field, by any value of the field.

    None does not limit; an empty field matches no paper. `since` and `until` are numbers as `day_number` gives them,
    both inclusive; categories and tags are in lower case; `authors` are keys of names, and `papers` are paper ids.
    """

    since: int | None = None
    until: int | None = None
    categories: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    authors: tuple[str, ...] | None = None
    papers: tuple[str, ...] | None = None

    @property
    def is_of_ids(self) -> bool:
        """True if it limits nothing but the ids."""
        return replace(self, papers=None) == Selection()

    def within(self, paper_ids: Iterable[str]) -> Selection:
        """The same among these papers only."""
        if self.papers is None:
            return replace(self, papers=tuple(paper_ids))
        own = frozenset(self.papers)
        return replace(self, papers=tuple(paper_id for paper_id in paper_ids if paper_id in own))


def day_number(day: str, *, last: bool = False) -> int:
    """
    A date of any exactness as YYYYMMDD, its first day, or a number after its last.

    >>> day_number("2024-06"), day_number("2024-06", last=True)
    (20240601, 20240699)
    """
    year, month, of_month = ([int(part) for part in day.split("-")] + [0, 0])[:3]
    beyond = 99 if last else 1
    return year * 10_000 + (month or beyond) * 100 + (of_month or beyond)


def labels(paper: Paper) -> list[tuple[str, str]]:
    """The kind and name of each label of a paper, once: categories and tags in lower case, and keys of authors."""
    named = [("category", name.lower()) for name in paper.categories] + [("tag", name.lower()) for name in paper.tags]
    named += [("author", name.key) for name in map(parse_name, paper.authors) if name]
    return list(dict.fromkeys(named))
