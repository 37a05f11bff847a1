"""The part of a library that a batch of records may change: its papers, and how they are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rag import identity
from rag.types import Paper


@dataclass(slots=True)
class Known:
    """
    The part of a library that a batch of records may change.

    Args:
        papers: By id, with all their aliases.
        owners: The id of the paper that each alias belongs to.
        titles: Ids of the papers under each normalised title.
        hashes: The hashes of all texts that each paper has had.
        apart: Pairs of ids of papers that a reader split; no record unites them again.
    """

    papers: dict[str, Paper] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    titles: dict[str, list[str]] = field(default_factory=dict)
    hashes: dict[str, set[str]] = field(default_factory=dict)
    apart: frozenset[tuple[str, str]] = frozenset()

    def put(self, paper: Paper, hashes: Iterable[str]) -> None:
        """Add a paper, or replace it by its present state."""
        self.papers[paper.paper_id] = paper
        for alias in paper.aliases:
            self.owners.setdefault(alias, paper.paper_id)
        under_title = self.titles.setdefault(identity.normalised_title(paper.title), [])
        if paper.paper_id not in under_title:
            under_title.append(paper.paper_id)
        self.hashes.setdefault(paper.paper_id, set()).update(hashes)

    def merge(self, merged_id: str, paper: Paper) -> None:
        """Replace a merged paper by `paper`, which has all its aliases."""
        self.owners.update(dict.fromkeys(self.papers.pop(merged_id).aliases, paper.paper_id))
        self.put(paper, self.hashes.pop(merged_id))

    def are_apart(self, paper: Paper, other: Paper) -> bool:
        """True if a reader split these two."""
        return any(
            (first in paper.aliases and second in other.aliases) or (first in other.aliases and second in paper.aliases)
            for first, second in self.apart
        )

    def under(self, title: str) -> list[Paper]:
        """The papers that have or had this title, by id; for a merged id, the surviving paper."""
        ids = self.titles.get(identity.normalised_title(title), [])
        canonical_ids = {self.owners.get(paper_id, paper_id) for paper_id in ids}
        return [self.papers[paper_id] for paper_id in sorted(canonical_ids, key=identity.rank)]
