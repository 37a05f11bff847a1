"""
Issues of a library: which papers belong to a period, what earlier issues showed, themes that go on, and the writing.

What is made depends on the library, the period and the subscription alone; the clock is not asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from rag import identity
from rag.digests import compose, selection
from rag.digests import themes as theming
from rag.digests.compose import Part
from rag.digests.period import day_of, kind, previous
from rag.digests.ranking import Interests, Ranked, rank, trending
from rag.digests.salience import cover, salient_sentences
from rag.digests.selection import Candidate, Decision
from rag.digests.tracking import TrackedTheme
from rag.ports import Matrix
from rag.types import Claim, Coverage, Digest, Evidence, Paper, Period, Subscription, Theme
from refdesk._version import __version__
from refdesk.ask import Ask
from refdesk.settings.config import Config
from stores.sql.issues import IssueRecord
from stores.sql.themes import ThemeRecord
from stores.store import LibraryStore, embedding_text

REMEMBERED = timedelta(days=185)
"""How long it is known what earlier issues showed and considered."""
BACKGROUND = 300
"""So many papers, with those of the periods before, say what is common and what is rare."""
BACK = 3
"""How many periods before are looked at for themes that go on, where nobody did so before; one of 2,000 papers takes
a second."""
TYPICAL = 60
"""Of a theme so many papers, the most typical ones, are looked at for the sentences that stand for it."""
MOST_BACK = 20_000
"""Papers of periods before that are clustered for that, at most."""
EVIDENCE_PAPERS = 8
"""Papers whose sentences a model is shown for a headline or a theme."""

HEADLINE = "What are the main findings of these papers? Name the most important ones, each in one plain sentence."
THEME = "What do these papers on “{}” find? Name their main findings, each in one plain sentence."
TLDR = "What does this paper find or contribute? Say it in one plain sentence."


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An issue, the decision on every paper, and the hash of each paper that was considered."""

    digest: Digest
    decisions: tuple[Decision, ...]
    considered: dict[str, str]


class Digesting:
    """
    Makes issues of an open library.

    Args:
        store: The library.
        settings: Its settings.
        answering: Writes with the model, where there is one.
        notify: Told, in a sentence, what is worth knowing beside the issue.
    """

    def __init__(self, store: LibraryStore, settings: Config, answering: Ask, notify: Callable[[str], None]) -> None:
        self._store, self._settings, self._answering, self._notify = store, settings, answering, notify

    def make(self, period: Period, subscription: Subscription, *, fresh: bool = False) -> Made:
        """
        The issue of a period.

        Args:
            period: In the subscription's timezone.
            subscription: What is wanted.
            fresh: Ask the model anew, also what it was asked before.
        """
        with self._store.indexes.guard:
            self._store.refresh()
            subscription = self._with_ratings(subscription)
            earlier = self._store.catalog.issues().earlier(
                subscription.name, period.first, since=period.first - REMEMBERED
            )
            candidates = self._candidates(period, earlier)
            sieved = selection.apply_filters(candidates, subscription)
            papers = [each.paper for each in sieved if not each.reason]
            vectors = self._vectors(papers)
            ranked = self._ranked(papers, vectors, subscription, period)
            decisions = selection.select(sieved, ranked, subscription)
            told = self._themes(period, subscription, papers, vectors)
        here = {each.candidate.paper.paper_id for each in decisions if each.rank}
        wanted = subscription.topics or subscription.liked or subscription.authors
        if wanted:  # of other themes this reader did not ask to hear
            told = tuple(theme for theme in told if here.intersection(theme.paper_ids))
        parts = self._parts(decisions, papers, vectors, told, among=here if wanted else None)
        by_id = {each.paper.paper_id: each.paper for each in sieved}
        shown = [each for each in decisions if each.rank]
        considered = {paper_id: compose.text_hash(paper) for paper_id, paper in sorted(by_id.items())}
        coverage = Coverage(
            listed=len(decisions),
            included=len(shown),
            excluded=selection.excluded(decisions),
            late=sum(each.late for each in sieved),
            feeds=tuple(self._feeds()),
        )
        claims: dict[str, Sequence[Claim]] = {part.name: part.claims for part in parts}
        written = self._written(parts, fresh=fresh) if self._settings.model else {}
        claims |= written.get("claims", {})
        digest = compose.issue(
            period=period,
            subscription=subscription,
            decisions=shown,
            coverage=coverage,
            themes=told,
            parts=claims,
            papers=by_id,
            manifest={
                "refdesk": __version__,
                "embedder": self._store.embedder_name,
                "prompts": written.get("prompts", {}),
                "considered": compose.digest_of(considered),
            },
            model=self._settings.model if written.get("claims") else None,
            usage=written.get("usage"),
            degraded=written.get("degraded"),
        )
        return Made(digest=digest, decisions=tuple(decisions), considered=considered)

    # ---- which papers

    def _candidates(self, period: Period, earlier: Sequence[IssueRecord]) -> list[Candidate]:
        """The papers of the period, those that came in late for an earlier issue, and those that come back."""
        catalog = self._store.catalog
        showings = [
            (paper["paper_id"], issue.document["manifest"]["papers"][paper["paper_id"]], paper["status"])
            for issue in earlier
            for paper in issue.document["papers"]
        ]
        ids = catalog.resolve(dict.fromkeys(name for name, _, _ in showings))  # a paper may have been united since
        last = {ids[name]: (hash_, status) for name, hash_, status in showings if name in ids}
        own, late = self._listed(period), self._late(period, earlier)
        found: dict[str, Candidate] = {}
        for paper, is_late in [*((paper, False) for paper in own), *((paper, True) for paper in late)]:
            reason = "shown in an earlier issue" if paper.paper_id in last else None
            found[paper.paper_id] = Candidate(paper=paper, late=is_late, reason=reason)
        for paper in catalog.papers(sorted(last)).values():
            hash_, status = last[paper.paper_id]
            if status != "withdrawn" and (back := selection.returning(paper, hash_, catalog.revisions(paper.paper_id))):
                found[paper.paper_id] = back
        return list(found.values())

    def _listed(self, period: Period) -> list[Paper]:
        """The papers whose day is in a period, by id."""
        papers = self._store.catalog.papers(self._store.catalog.listed(period.first, period.end))
        return [paper for paper in papers.values() if period.first <= day_of(paper) < period.end]

    def _late(self, period: Period, earlier: Sequence[IssueRecord]) -> list[Paper]:
        """Papers of periods that had their issue before the papers came in."""
        past = [each for each in earlier if date.fromisoformat(each.end) <= period.first]
        known = {paper_id for each in past for paper_id in each.considered}
        ids: dict[str, None] = {}
        for each in past:
            first, end = date.fromisoformat(each.first), date.fromisoformat(each.end)
            ids |= dict.fromkeys(name for name in self._store.catalog.listed(first, end) if name not in known)
        days = [(date.fromisoformat(each.first), date.fromisoformat(each.end)) for each in past]
        return [
            paper
            for paper in self._store.catalog.papers(sorted(ids)).values()
            if known.isdisjoint(paper.aliases) and any(first <= day_of(paper) < end for first, end in days)
        ]

    # ---- in which order

    def _with_ratings(self, subscription: Subscription) -> Subscription:
        """The subscription with the papers that its reader rated, all by their own ids."""
        ratings = self._store.catalog.ratings().all()
        liked = [*subscription.liked, *(paper_id for paper_id, rating in ratings.items() if rating > 0)]
        disliked = [*subscription.disliked, *(paper_id for paper_id, rating in ratings.items() if rating < 0)]
        return replace(subscription, liked=self._known(liked), disliked=self._known(disliked))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = {name: [name, *identity.scheme_ids(name)] for name in dict.fromkeys(names)}
        found = self._store.catalog.resolve([each for some in wanted.values() for each in some])
        ids: dict[str, None] = {}
        for name, some in wanted.items():
            if own := next((found[each] for each in some if each in found), None):
                ids[own] = None
            else:
                self._notify(f"The paper “{name}”, which a subscription names, is not in the library.")
        return tuple(sorted(ids))

    def _ranked(
        self, papers: Sequence[Paper], vectors: Matrix, subscription: Subscription, period: Period
    ) -> list[Ranked]:
        catalog = self._store.catalog
        if subscription.order == "trending":
            return trending(papers, {paper.paper_id: _attention(paper) for paper in papers}, on=period.end)
        liked, disliked = (list(catalog.papers(ids).values()) for ids in (subscription.liked, subscription.disliked))
        topics = self._store.embedder.embed(subscription.topics) if subscription.topics else self._vectors([])
        others = self._background(period, BACKGROUND - len(papers))
        return rank(
            papers,
            vectors,
            Interests(topics=subscription.topics, liked=tuple(liked), disliked=tuple(disliked)),
            topic_vectors=topics,
            liked_vectors=self._vectors(liked),
            disliked_vectors=self._vectors(disliked),
            background=others,
            background_vectors=self._vectors(others),
        )

    def _background(self, period: Period, wanted: int) -> list[Paper]:
        """Papers of the periods before, for one that has too few to say what is common."""
        found: list[Paper] = []
        for _ in range(REMEMBERED.days if wanted > 0 else 0):
            period = previous(period)
            found += self._listed(period)
            if len(found) >= wanted:
                break
        return found[: max(wanted, 0)]

    def _vectors(self, papers: Sequence[Paper]) -> Matrix:
        """A unit row for each paper; what the index lacks is embedded."""
        if not papers:
            return np.zeros((0, int(self._store.catalog.setting("dimension") or 0)), dtype=np.float32)
        rows = self._store.vectors.rows([paper.paper_id for paper in papers])
        for paper in papers:
            if paper.paper_id not in rows:
                whole = [embedding_text(paper, chunk) for chunk in self._store.cut(paper)]
                rows[paper.paper_id] = self._store.embedder.embed(whole)[0]
        return np.stack([rows[paper.paper_id] for paper in papers])

    # ---- under which themes

    def _themes(
        self, period: Period, subscription: Subscription, papers: Sequence[Paper], vectors: Matrix
    ) -> tuple[Theme, ...]:
        scope = _scope(subscription, period)
        before = self._before(period, subscription, scope)
        told, kept = theming.themes(papers, vectors, period_name=period.name, previous=before)
        self._keep(scope, period, papers, kept)
        return told

    def _before(self, period: Period, subscription: Subscription, scope: str) -> Sequence[TrackedTheme] | None:
        """The themes of the period before, found one period after the other where nobody found them before."""
        memory = self._store.catalog.themes(read_only=True)
        chain: list[tuple[Period, list[Paper]]] = []
        known: Sequence[TrackedTheme] | None = None
        at, looked = previous(period), 0
        while len(chain) < BACK:
            if record := memory.find(scope, at.name):
                known = [TrackedTheme.from_dict(each) for each in record.themes]
                break
            sieved = selection.apply_filters((Candidate(paper=paper) for paper in self._listed(at)), subscription)
            papers = [each.paper for each in sieved if not each.reason]
            looked += len(papers)
            if len(papers) < theming.FEWEST or looked > MOST_BACK:
                break
            chain.append((at, papers))
            at = previous(at)
        for at, papers in reversed(chain):
            _, known = theming.themes(papers, self._vectors(papers), period_name=at.name, previous=known)
            self._keep(scope, at, papers, known)
        return known

    def _keep(self, scope: str, period: Period, papers: Sequence[Paper], kept: Sequence[TrackedTheme]) -> None:
        hashes = compose.digest_of({paper.paper_id: "" for paper in papers})
        record = ThemeRecord(scope=scope, period=period.name, papers=hashes, themes=[each.to_dict() for each in kept])
        memory = self._store.catalog.themes(read_only=self._store.read_only)
        if memory.find(scope, period.name) != record:
            memory.keep(record)

    # ---- in which sentences

    def _parts(
        self,
        decisions: Sequence[Decision],
        papers: Sequence[Paper],
        vectors: Matrix,
        themes: Sequence[Theme],
        *,
        among: set[str] | None,
    ) -> list[Part]:
        """The parts in their order; the sentences of themes are those of all their papers, or of some `among` them."""
        row = {paper.paper_id: at for at, paper in enumerate(papers)}
        score = {each.candidate.paper.paper_id: each.score for each in decisions}
        shown = [each.candidate.paper for each in decisions if each.rank]
        parts: list[Part] = []

        def group(name: str, question: str, members: Sequence[Paper], weights: Sequence[float], limit: int) -> None:
            chosen = cover(members, vectors[[row[each.paper_id] for each in members]], weights, limit=limit)
            evidence = [each for paper in members[:EVIDENCE_PAPERS] for each in _evidence(paper)]
            claims = tuple(compose.verbatim(paper, sentence) for paper, sentence in chosen)
            parts.append(Part(name=name, question=question, evidence=tuple(evidence), claims=claims, limit=limit))

        if shown:
            weights = [score[each.paper_id] for each in shown]
            group(compose.HEADLINE, HEADLINE, shown, weights, compose.HEADLINE_SENTENCES)
        by_id = {paper.paper_id: paper for paper in papers}
        for number, theme in enumerate(themes):
            chosen = [paper_id for paper_id in theme.paper_ids if among is None or paper_id in among]
            members = [by_id[paper_id] for paper_id in chosen[:TYPICAL]]
            typical = [1 - at / (len(members) + 1) for at in range(len(members))]
            group(theme.id, THEME.format(theme.name), members, typical, 2 if number < compose.MAIN_THEMES else 1)
        for paper, sentence in zip(shown, salient_sentences(shown), strict=True):
            own = (compose.verbatim(paper, sentence),)
            parts.append(
                Part(name=paper.paper_id, question=TLDR, evidence=tuple(_evidence(paper)), claims=own, limit=1)
            )
        return parts

    def _written(self, parts: Sequence[Part], *, fresh: bool) -> dict[str, Any]:
        """What the model wrote in place of the parts, for `compose.issue`."""
        from rag.digests.generation import estimate, write

        generator, options, budget, spend = self._answering.for_issue(fresh=fresh)
        most = sum(estimate(parts, generator, options).values())
        within = f" of the {budget:,} that it may" if budget is not None else ""
        self._notify(f"{len(parts)} parts are written by {self._settings.model}: {most:,} tokens at most{within}.")
        written = write(parts, generator, options, budget=budget, tell=spend)
        degraded = None
        if written.failures:
            reasons = ", ".join(dict.fromkeys(written.failures.values()))
            said = f"{len(written.failures)} of {len(parts)} parts are in the papers' own sentences: {reasons}"
            degraded = {"from": "generated", "reason": said}
        prompts = {name: generator.prompts[name].id for name in ("answer", "repair")}
        usage = written.usage(options.prices)
        return {"claims": written.claims, "prompts": prompts, "usage": usage, "degraded": degraded}

    def _feeds(self) -> list[dict[str, Any]]:
        if not self._settings.feeds:
            return []
        from refdesk.feeds.syncing import states

        kept = ("name", "state", "last", "error")
        return [{name: each[name] for name in kept} for each in states(self._store, self._settings, at_last_pull=True)]


def _attention(paper: Paper) -> int:
    """Upvotes, or where nobody counts them stars, of which code gathers many more."""
    counts = {signal.name: signal.count for signal in paper.attention}
    return counts.get("upvotes", counts.get("stars", 0))


def _evidence(paper: Paper) -> list[Evidence]:
    return [Evidence(paper=paper, sentence=sentence, score=1.0) for sentence in paper.sentences]


def _scope(subscription: Subscription, period: Period) -> str:
    """Among which papers themes go on: twelve digits over the subscription, its filters, and the kind of period."""
    filters = [sorted(each) for each in (subscription.categories, subscription.must, subscription.must_not)]
    length = kind(period) or (period.end - period.first).days
    return hashlib.sha256(json.dumps([subscription.name, filters, length]).encode()).hexdigest()[:12]
