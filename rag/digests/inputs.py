"""
The inputs of an issue, and the choice of its papers.

`choose` reads through two functions that it is given; the caller then adds the papers' vectors. Nothing is ranked,
embedded or stored here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from rag.digests import selection
from rag.digests.clusters import FEWEST
from rag.digests.period import before, kind
from rag.digests.selection import Candidate, EarlierPaper
from rag.digests.tracking import TrackedTheme
from rag.ports import Matrix
from rag.types import JsonDict, Paper, Period, Subscription

LOOKBACK = timedelta(days=185)
"""How far back earlier issues are read: what they showed and considered."""
BACKGROUND = 300
"""Papers that tell common words from rare ones: those of the period and, if it has fewer, of periods before."""
BACK = 3
"""The most past periods whose themes are found now if they are not stored; one of 2,000 papers takes half a second."""
MOST_BACK = 20_000
"""The most papers of those periods."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Papers, and a unit row for each, shape (len(papers), dimension)."""

    papers: tuple[Paper, ...]
    vectors: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestInputs:
    """
    All that an issue is built from.

    Args:
        period: The days that it is about.
        subscription: What is wanted; the papers that its reader rated are among its liked and disliked ones.
        candidates: The papers of the period by id, the excluded ones with the reason.
        eligible: Those that are not excluded.
        topics: A unit row for each topic.
        liked, disliked: The papers that the subscription names, as far as the library has them.
        own: The papers of the reader's own library, the newest first.
        background: Papers of the periods before, if this one has too few to tell common words from rare ones.
        scope: Names the papers among which themes are tracked.
        past: Name and papers of the periods before this one that its themes are compared with, the oldest first.
        tracked: The themes of the oldest of them; None if none are stored.
        feeds: The states of the feeds.
        embedder, version: What made the vectors and the issue, for the manifest.
    """

    period: Period
    subscription: Subscription
    candidates: tuple[Candidate, ...]
    eligible: Embedded
    topics: Matrix
    liked: Embedded
    disliked: Embedded
    own: Embedded
    background: Embedded
    scope: str
    tracked: tuple[TrackedTheme, ...] | None
    past: tuple[tuple[str, Embedded], ...]
    feeds: tuple[JsonDict, ...]
    embedder: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The papers of an issue, before they have vectors; fields as in `DigestInputs`."""

    candidates: tuple[Candidate, ...]
    eligible: tuple[Paper, ...]
    background: tuple[Paper, ...]
    scope: str
    tracked: tuple[TrackedTheme, ...] | None
    past: tuple[tuple[str, tuple[Paper, ...]], ...]


def choose(
    period: Period,
    subscription: Subscription,
    *,
    late: Sequence[Paper],
    shown: Sequence[EarlierPaper],
    own: Sequence[Paper] = (),
    listed: Callable[[Period], Sequence[Paper]],
    stored: Callable[[str, str], tuple[TrackedTheme, ...] | None],
) -> Chosen:
    """
    Choose the papers that an issue is built from.

    Args:
        period: The days that it is about.
        subscription: What is wanted.
        late: Papers of periods before that were imported after their issue was made.
        shown: The papers of earlier issues.
        own: The papers of the reader's own library.
        listed: Reads the papers of a period.
        stored: Reads the tracked themes of a scope and a period; None if they are not stored.
    """
    scope = _scope(subscription, period)
    periods = list(islice(before(period), LOOKBACK.days))
    candidates = selection.apply_filters(selection.candidates(listed(period), late, shown), subscription, own)
    eligible = selection.eligible(candidates)
    background: list[Paper] = []
    wanted = BACKGROUND - len(eligible) if subscription.order == "interest" else 0
    for each in periods:
        if len(background) >= wanted:
            break
        background += [paper for paper in listed(each) if paper.abstract]
    past: list[tuple[str, tuple[Paper, ...]]] = []
    tracked, papers_back = None, 0
    for each in periods[:BACK]:
        tracked = stored(scope, each.name)
        filtered = selection.apply_filters((Candidate(paper=paper) for paper in listed(each)), subscription)
        papers = selection.eligible(filtered)
        papers_back += len(papers)
        if tracked is None and (len(papers) < FEWEST or papers_back > MOST_BACK):
            break
        past.append((each.name, papers))
        if tracked is not None:
            break
    return Chosen(
        candidates=tuple(candidates),
        eligible=eligible,
        background=tuple(background[: max(wanted, 0)]),
        scope=scope,
        tracked=tracked,
        past=tuple(reversed(past)),
    )


def _scope(subscription: Subscription, period: Period) -> str:
    """Twelve hexadecimal digits over the subscription's name, its filters, and the kind of period."""
    filters = [sorted(words) for words in (subscription.categories, subscription.must, subscription.must_not)]
    length = kind(period) or (period.end - period.first).days
    return hashlib.sha256(json.dumps([subscription.name, filters, length]).encode()).hexdigest()[:12]
