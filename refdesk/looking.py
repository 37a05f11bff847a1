"""Looking at the papers of an open library: one by any of its ids, all of a filter, their texts and notices."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, Unpack

from rag.errors import BadFilter
from rag.types import Filter, FilterOptions, Notice, Paper, PaperPage, Revision, choose_filter
from refdesk.arguments import check_count
from refdesk.cited_papers import cited_papers
from refdesk.filters import checked_filter, resolve_paper
from refdesk.questions import Questions


class Looking(Questions):
    """The part of `Library` that shows papers; a `Library` is the only use of it."""

    @property
    def read_only(self) -> bool:
        """True if nothing of the library is written: it was opened so, or its place cannot be written."""
        return self._store.read_only

    def show(self, paper: str) -> Paper:
        """
        Find a paper.

        Args:
            paper: Any of its ids, where the scheme may be left out (`2406.11741`), or words of its title.

        Raises:
            PaperNotFound: No paper has this id or these words in its title, or several have.
        """
        paper_id = resolve_paper(self._store.catalog, paper)
        self._store.health.tell_problems()
        return self._store.catalog.papers([paper_id])[paper_id]

    def cited(self, document: str) -> list[Paper]:
        """
        List the papers that a document of Refdesk cites, in the order of its sources.

        Args:
            document: An answer or an issue, as JSON or Markdown.

        Raises:
            UnreadableInput: The document cites no paper.
            PaperNotFound: The library lacks some of the papers.
        """
        return cited_papers(document, self._store.catalog)

    def revisions(self, paper: str) -> list[Revision]:
        """List all texts that a paper has had, the first one first. Raises PaperNotFound, as `show`."""
        return self._store.catalog.revisions(resolve_paper(self._store.catalog, paper))

    def notice(self, paper: str) -> Notice | None:
        """The notice by which a feed of retractions flagged a paper; None if there is none. Raises as `show`."""
        return next(iter(self._store.catalog.notices().find(self.show(paper).aliases).values()), None)

    def papers(
        self,
        *,
        sort: Literal["id", "date"] = "id",
        after: str = "",
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Iterator[Paper]:
        """
        Yield all papers of a filter, by id, or the newest first. Filters and errors as in `search`.

        `after` leaves out the papers whose ids do not come after it; they are not read.
        """
        chosen = checked_filter(self._store.catalog, choose_filter(filter, filters))
        ids = [each for each in self._store.catalog.matching(chosen, newest_first=sort == "date") if each > after]
        for at in range(0, len(ids), 500):
            yield from self._store.catalog.papers(ids[at : at + 500]).values()

    def page(
        self,
        *,
        sort: Literal["id", "date"] = "id",
        after: str = "",
        limit: int = 50,
        facets: bool = True,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> PaperPage:
        """
        A page of the papers of a filter, with how many there are, and how many of each category, tag, source and year.

        Args:
            sort: By id, or the newest first.
            after: The id of the last paper of the page before; it may have been deleted where `sort` is `id`.
            limit: The most papers of a page.
            facets: False leaves the counts out, which are the same on each page.
            filter, filters: As in `search`.

        Raises:
            BadFilter: As `search`; or `limit` is below 1; or `after` is not among the papers of the newest first.
            PaperNotFound: As `search`.
        """
        check_count(limit, "limit")
        chosen = checked_filter(self._store.catalog, choose_filter(filter, filters))
        ids = self._store.catalog.matching(chosen, newest_first=sort == "date")
        at = bisect_right(ids, after) if sort == "id" else _behind(ids, after)
        shown, more = ids[at : at + limit], len(ids) > at + limit
        return PaperPage(
            papers=tuple(self._store.catalog.papers(shown).values()),
            count=len(ids),
            facets=self._store.catalog.facets(chosen) if facets else None,
            next=shown[-1] if more else None,
        )

    def extent(self) -> tuple[int, str | None]:
        """The number of papers, and the newest day that one is filed under (ISO 8601)."""
        days = self._store.catalog.days()
        return self._store.catalog.count(), days[1] if days else None

    def fingerprint(self) -> str:
        """A value that changes with every write of papers or of an index, and with the settings."""
        settings = hashlib.sha256(repr(self._settings).encode()).hexdigest()
        return f"{self._store.catalog.change_counter()}-{settings[:16]}"

    def warm(self) -> None:
        """Open and load all that a question needs, so that the first one is answered as fast as the next."""
        if self._store.catalog.count():
            self.retrieve("results of experiments")


def _behind(ids: Sequence[str], after: str) -> int:
    """The place behind an id. Raises BadFilter if it is not there."""
    if not after:
        return 0
    if after not in ids:
        raise BadFilter(f"The paper {after[:80]} is not among these.", hint="Begin with the first page.")
    return ids.index(after) + 1
