"""
Load the inputs of an issue, and store the tracked themes that the next issue needs.

`rag.digests.build` builds the issue in between. An issue depends only on the library, the period and the subscription.
Loading reads and embeds; storing is one short transaction. Neither holds a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from rag.digests import compose
from rag.digests.inputs import LOOKBACK, DigestInputs, Embedded, choose
from rag.digests.period import of_days
from rag.digests.selection import EarlierPaper
from rag.digests.tracking import TrackedPeriod, TrackedTheme
from rag.ports import Matrix
from rag.types import JsonDict, Paper, PaperStatus, Period, Subscription
from refdesk._version import __version__
from refdesk.digest.named_papers import canonical_ids
from refdesk.digest.own_papers import own_papers
from stores.embedding import embedding_text
from stores.sql.issues import IssueRecord
from stores.sql.themes import ThemeRecord
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.digests.generation import Writer
    from refdesk.ask import Ask

FEED_KEYS = ("name", "state", "last", "error")
"""The keys of a feed's state that an issue stores."""
PAGE = 500
"""The number of vectors that one read returns."""


class Builder:
    """
    Loads the inputs of issues of an open library, and stores tracked themes.

    Args:
        store: The library.
        feed_states: Gives the states of the feeds as they were at the last pull.
    """

    def __init__(self, store: LibraryStore, feed_states: Callable[[], Sequence[JsonDict]] = tuple) -> None:
        self._store, self._feed_states = store, feed_states

    def load(self, period: Period, subscription: Subscription) -> DigestInputs:
        """
        Read all that an issue is built from; embed the papers that the vector index lacks.

        Args:
            period: In the subscription's timezone.
            subscription: What is wanted.
        """
        self._store.refresh()
        subscription = self._with_ratings(subscription)
        late, shown = self._history(period, subscription)
        by_interest = subscription.order == "interest"
        own = own_papers(self._store, subscription.profile) if subscription.profile and by_interest else []
        if not own:
            subscription = replace(subscription, profile=None)
        listed, stored = cache(self._listed), self._stored
        chosen = choose(period, subscription, late=late, shown=shown, own=own, listed=listed, stored=stored)
        topics, liked, disliked = (subscription.topics, subscription.liked, subscription.disliked)
        return DigestInputs(
            period=period,
            subscription=subscription,
            candidates=chosen.candidates,
            eligible=self._embedded(chosen.eligible),
            topics=self._topic_vectors(topics if by_interest else ()),
            liked=self._embedded(self._papers(liked if by_interest else ())),
            disliked=self._embedded(self._papers(disliked if by_interest else ())),
            own=self._embedded(own),
            background=self._embedded(chosen.background),
            scope=chosen.scope,
            tracked=chosen.tracked,
            past=tuple((name, self._embedded(papers)) for name, papers in chosen.past),
            feeds=tuple({key: state[key] for key in FEED_KEYS} for state in self._feed_states()),
            embedder=self._store.embedder_name,
            version=__version__,
        )

    def remember(self, scope: str, tracked: Sequence[TrackedPeriod]) -> None:
        """
        Store the tracked themes of a scope, in one short transaction; nothing in a library opened read-only.
        """
        records = [
            ThemeRecord(
                scope=scope,
                period=period.period,
                papers=compose.digest_of(dict.fromkeys(period.paper_ids, "")),
                themes=[theme.to_dict() for theme in period.themes],
            )
            for period in tracked
        ]
        self._store.catalog.themes(read_only=self._store.read_only).keep(records)

    # ---- which papers

    def _history(self, period: Period, subscription: Subscription) -> tuple[list[Paper], list[EarlierPaper]]:
        """The papers that came too late for the issue of their period, and those that earlier issues showed."""
        issues = self._store.catalog.issues()
        earlier = issues.earlier(subscription.name, period, since=period.first - LOOKBACK)
        past = [issue for issue in earlier if date.fromisoformat(issue.end) <= period.first]
        return self._late(past), self._shown(earlier)

    def _late(self, past: Sequence[IssueRecord]) -> list[Paper]:
        catalog = self._store.catalog
        spans = [(date.fromisoformat(issue.first), date.fromisoformat(issue.end)) for issue in past]
        known = {paper_id for issue in past for paper_id in issue.considered}
        ids = dict.fromkeys(paper_id for span in spans for paper_id in catalog.listed(*span) if paper_id not in known)
        papers = catalog.papers(sorted(ids)).values()
        return of_days((paper for paper in papers if known.isdisjoint(paper.aliases)), spans)

    def _shown(self, earlier: Sequence[IssueRecord]) -> list[EarlierPaper]:
        catalog = self._store.catalog
        last: dict[str, tuple[str, PaperStatus]] = {}
        rows = [
            (paper, issue.document["manifest"]["papers"]) for issue in earlier for paper in issue.document["papers"]
        ]
        ids = catalog.resolve(dict.fromkeys(paper["paper_id"] for paper, _ in rows))  # it may have been merged since
        for paper, hashes in rows:
            if paper["paper_id"] in ids:
                last[ids[paper["paper_id"]]] = (hashes[paper["paper_id"]], paper["status"])
        shown = []
        papers = catalog.papers(sorted(last))
        withdrawn = [paper for paper in papers.values() if "withdrawn" in paper.flags]
        notices = catalog.notices().find([alias for paper in withdrawn for alias in paper.aliases])
        for paper_id, paper in papers.items():
            text_hash, status = last[paper_id]
            changed = compose.text_hash(paper) != text_hash
            revisions = catalog.revisions(paper_id) if changed else []
            notice = next((notices[alias] for alias in paper.aliases if alias in notices), None)
            earlier_paper = EarlierPaper(
                paper=paper, text_hash=text_hash, status=status, revisions=revisions, notice=notice
            )
            shown.append(earlier_paper)
        return shown

    def _listed(self, period: Period) -> list[Paper]:
        """The papers whose day is in a period, by id."""
        catalog = self._store.catalog
        papers = catalog.papers(catalog.listed(period.first, period.end))
        return of_days(papers.values(), [(period.first, period.end)])

    def _stored(self, scope: str, period: str) -> tuple[TrackedTheme, ...] | None:
        record = self._store.catalog.themes(read_only=True).find(scope, period)
        return tuple(TrackedTheme.from_dict(theme) for theme in record.themes) if record else None

    def _papers(self, ids: Sequence[str]) -> tuple[Paper, ...]:
        return tuple(self._store.catalog.papers(ids).values())

    def _with_ratings(self, subscription: Subscription) -> Subscription:
        """The subscription with the papers that its reader rated, all by their canonical ids."""
        ratings = self._store.catalog.ratings(subscription.reader).all()
        liked = [*subscription.liked, *(paper_id for paper_id, rating in ratings.items() if rating > 0)]
        disliked = [*subscription.disliked, *(paper_id for paper_id, rating in ratings.items() if rating < 0)]
        return replace(subscription, liked=self._known(liked), disliked=self._known(disliked))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        ids = canonical_ids(self._store.catalog, names)
        for name, paper_id in ids.items():
            if not paper_id:
                self._store.notify(f"The paper “{name}”, which a subscription names, is not in the library.")
        return tuple(sorted({paper_id for paper_id in ids.values() if paper_id}))

    # ---- their vectors

    def _topic_vectors(self, topics: Sequence[str]) -> Matrix:
        return self._store.embedder.embed(topics) if topics else self._none()

    def _embedded(self, papers: Sequence[Paper]) -> Embedded:
        """Papers with their vectors, read page by page; those that the index lacks are embedded."""
        rows: dict[str, Matrix] = {}
        for at in range(0, len(papers), PAGE):
            rows |= self._store.indexes.rows([paper.paper_id for paper in papers[at : at + PAGE]])
        if missing := [paper for paper in papers if paper.paper_id not in rows]:
            texts = [
                embedding_text(paper, self._store.cut(paper)[0]) if paper.spans else paper.title for paper in missing
            ]
            embedded, _ = self._store.embedder.embed_each(texts)  # a text that it refuses is like no other
            rows |= {paper.paper_id: row for paper, row in zip(missing, embedded, strict=True)}
        vectors = np.stack([rows[paper.paper_id] for paper in papers]) if papers else self._none()
        return Embedded(tuple(papers), vectors)

    def _none(self) -> Matrix:
        """No vector, shape (0, dimension)."""
        return np.zeros((0, int(self._store.catalog.setting("dimension") or 0)), dtype=np.float32)


def writer(
    answering: Ask, model: str | None, notify: Callable[[str], None], *, fresh: bool, cancel: Event | None
) -> Writer | None:
    """Make the writer of an issue; None without a model."""
    if not model:
        return None
    from rag.digests.generation import Writer

    chosen = answering.for_issue(fresh=fresh)
    return Writer(
        model=model,
        generator=chosen.generator,
        options=chosen.options,
        budget=chosen.budget,
        notify=notify,
        cancel=cancel,
    )
