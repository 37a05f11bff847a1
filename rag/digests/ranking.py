"""
Which papers of a period a reader would want: by topics in words and by papers liked and disliked; without them by how
central and how new they are; or by the attention that they have.

It chooses nothing and cuts nothing off: a threshold and a size are for whoever selects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.digests.tfidf import Array, Terms
from rag.ports import Matrix
from rag.types import Paper

# chosen and fitted as docs/evaluation.md, “Ranking by interest”, says
COMMON = 0.75
"""How much of the mean of all papers is taken from a profile (Rocchio's γ, with all papers for the irrelevant ones)."""
FEEDBACK = 20
"""How many of the papers that rank first lend their words to the profile."""
LENT = 2.0
"""As how many liked papers they count, all together."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a kind of profile is compared: what the vectors count beside the words, and the curve to a probability."""

    vectors: float
    slope: float
    offset: float


LIKED = Calibration(0.2, 6.5, -4.3)
TOPIC = Calibration(0.4, 5.5, -4.4)
DISLIKED = 0.25
"""How much likeness to a disliked paper counts against likeness to an interest."""
MANY = 100
"""From how many papers on the first principal axis of their vectors is that of the field, and not of a paper."""
HALF_LIFE_DAYS = 14
GRAVITY = 1.8
SHOWN_WORDS = 4
SHOWN_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """What a reader wants: topics in words, papers liked and disliked. One who is both is disliked."""

    topics: tuple[str, ...] = ()
    liked: tuple[Paper, ...] = ()
    disliked: tuple[Paper, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A paper with its score, 0 to 1 and higher is better, and why it has it, in words for people."""

    paper_id: str
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class _Profile:
    """One interest: the rows of the space that make it, and how each paper of the period scores."""

    kind: Literal["topic", "liked"]
    rows: NDArray[np.intp]
    scores: Array


def rank(
    papers: Sequence[Paper],
    vectors: Matrix,
    interests: Interests,
    *,
    topic_vectors: Matrix,
    liked_vectors: Matrix,
    disliked_vectors: Matrix,
    background: Sequence[Paper] = (),
    background_vectors: Matrix | None = None,
) -> list[Ranked]:
    """
    Rank the papers of a period by a reader's interests. The order in which anything is given changes no bit.

    The liked papers together are one profile and every topic is another. A profile is the mean of its rows of TF-IDF
    (stems, words, pairs of words, authors) less three quarters of the mean of all papers, and the mean of its vectors,
    from which the mean and the first principal axis of all are taken. A paper's likeness to it is the cosine by words
    and 0.2 times that by vectors (0.4 for a topic, which has few words). The 20 papers that are most alike then count
    as two liked ones, and all are compared once more. The best profile of a paper is its score; likeness to the
    disliked ones lessens it.

    The score is the probability that a reader who likes the profile's papers would take this one where three of a
    hundred papers are to his taste, as fitted on systematic reviews and arXiv's categories with 2, 5 and 10 liked
    papers; with one or two it promises more than it keeps. It does not depend on what else a period has, as long as the
    period and the background have some fifty papers; of fewer, scores are too low. Without topics and liked papers it
    is centrality times newness, and no probability.

    Args:
        papers: Those of the period, n of them, each id once.
        vectors: Their unit rows, shape (n, d).
        interests: What the reader wants.
        topic_vectors, liked_vectors, disliked_vectors: Unit rows of the interests, in their order.
        background: Other papers of the same feeds, such as those of the weeks before. They say what is common, which
            a slow week cannot say by itself; they are not ranked.
        background_vectors: Their unit rows.

    Returns:
        Every paper once, best first, ties by id.

    Sources: Rocchio, "Relevance feedback in information retrieval", 1971, with its pseudo-relevance feedback (Manning,
    Raghavan and Schütze, "Introduction to Information Retrieval", 2008, ch. 9); Mu and Viswanath, "All-but-the-Top",
    ICLR 2018 (the axis).
    """
    if not papers:
        return []
    groups = (
        (papers, vectors),
        (background, background_vectors),
        (interests.liked, liked_vectors),
        (interests.disliked, disliked_vectors),
    )
    space = _Space(groups, interests, topic_vectors)
    profiles = space.profiles()
    return _by_interest(space, profiles) if profiles else _by_centrality(space)


class _Space:
    """
    All papers that matter, and the topics, by words and by vectors. The rows are those of the groups (papers,
    background, liked, disliked; each in the order of its ids, a paper only where it comes first) and of the topics.
    """

    def __init__(
        self, groups: Sequence[tuple[Sequence[Paper], Matrix | None]], interests: Interests, topic_vectors: Matrix
    ) -> None:
        placed: dict[str, tuple[Paper, NDArray[np.float32]]] = {}
        sizes = []
        for papers, matrix in groups:
            of_group = zip(papers, [] if matrix is None else matrix, strict=True)
            for paper, vector in sorted(of_group, key=lambda each: each[0].paper_id):
                placed.setdefault(paper.paper_id, (paper, vector))
            sizes.append(len(placed))
        self.count, self.seen = sizes[:2]  # how many are ranked, and how many say what is common
        self.papers = [paper for paper, _ in placed.values()]
        named = sorted(zip(interests.topics, topic_vectors, strict=True), key=lambda each: each[0])
        self.topics = [topic for topic, _ in named]
        row = {paper_id: at for at, paper_id in enumerate(placed)}
        disliked = {row[paper.paper_id] for paper in interests.disliked}
        liked = {row[paper.paper_id] for paper in interests.liked}
        self.disliked = np.array(sorted(disliked), dtype=np.intp)
        self.liked = np.array(sorted(liked - disliked), dtype=np.intp)
        self.terms = Terms(self.papers, self.topics, known=self.seen)
        self.common = self.terms.mean(np.arange(self.seen))
        self.raw = np.array([vector for _, vector in [*placed.values(), *named]], dtype=np.float64)
        self.vectors = _centred(self.raw, self.seen)
        self._alone: dict[int, Array] = {}  # rows written out, by row

    def profiles(self) -> list[_Profile]:
        """Those of the topics, and that of the liked papers."""
        rows = [np.array([len(self.papers) + at]) for at in range(len(self.topics))]
        found = [_Profile("topic", each, self._twice(each, TOPIC)) for each in rows]
        if len(self.liked):
            found.append(_Profile("liked", self.liked, self._twice(self.liked, LIKED)))
        return found

    def likeness(self, rows: NDArray[np.intp], manner: Calibration, weights: Array | None = None) -> Array:
        """How alike each paper that is seen is to a mean of some rows: about 0 for any paper, at most 1 + vectors."""
        words = _unit(self.terms.mean(rows, weights) - COMMON * self.common)
        vector = _unit(self.vectors[rows].T @ (np.ones(len(rows)) if weights is None else weights))
        return np.round(self.terms.times(words) + manner.vectors * (self.vectors @ vector), 6)[: self.seen]

    def _twice(self, rows: NDArray[np.intp], manner: Calibration) -> Array:
        """Probabilities by a profile to which the papers that were first alike are added."""
        alike = self.likeness(rows, manner)
        judged = np.concatenate([self.liked, self.disliked])
        alike[judged[judged < self.seen]] = -2
        first = np.argsort(-alike, kind="stable")[:FEEDBACK]
        weights = np.concatenate([np.ones(len(rows)), np.full(len(first), LENT / max(1, len(first)))])
        alike = self.likeness(np.concatenate([rows, first]), manner, weights)
        if len(self.disliked):
            alike = alike - DISLIKED * np.maximum(self.likeness(self.disliked, LIKED), 0)
        return _probability(alike[: self.count], manner)

    def shared(self, one: int, other: int) -> str:
        """`: ` and the words that a paper shares with another row, or nothing."""
        if other not in self._alone:
            self._alone[other] = self.terms.mean(np.array([other]))
        return self.salience(one, self._alone[other])

    def salience(self, row: int, profile: Array) -> str:
        """`: ` and the words by which a paper is alike to a profile, or nothing."""
        words = self.terms.salience(row, profile, limit=SHOWN_WORDS)
        return f": {', '.join(words)}" if words else ""


def _by_interest(space: _Space, profiles: Sequence[_Profile]) -> list[Ranked]:
    probabilities = np.array([profile.scores for profile in profiles])
    best = probabilities.argmax(axis=0)
    to_liked = np.array([space.likeness(np.array([row]), LIKED)[: space.count] for row in space.liked])
    judged = dict.fromkeys(space.disliked.tolist(), "you disliked it") | dict.fromkeys(
        space.liked.tolist(), "you liked it"
    )
    ranked = []
    for row in range(space.count):
        profile, score = profiles[best[row]], float(probabilities[best[row], row])
        if row in judged:
            why = judged[row]
            score = 1.0 if why == "you liked it" else 0.0
        elif profile.kind == "topic":
            topic = int(profile.rows[0])
            why = f"near “{_short(space.topics[topic - len(space.papers)])}”, a topic{space.shared(row, topic)}"
        else:
            nearest = int(space.liked[to_liked[:, row].argmax()])
            why = f"like “{_short(space.papers[nearest].title)}”{space.shared(row, nearest)}"
        ranked.append(Ranked(paper_id=space.papers[row].paper_id, score=round(score, 6), why=why))
    return _best_first(ranked)


def _by_centrality(space: _Space) -> list[Ranked]:
    """Cosine to the mean vector of the period, halved with every fortnight that a paper is older than the newest."""
    count = space.count
    central = np.maximum(space.raw[:count] @ _unit(space.raw[:count].mean(axis=0)), 0)
    if len(space.disliked):
        central = central * (1 - np.clip(space.likeness(space.disliked, LIKED)[:count], 0, 1))
    days = [_day(paper.day) for paper in space.papers[:count]]
    newest = max((day for day in days if day), default=date.min)
    oldest = min((day for day in days if day), default=date.min)
    period = space.terms.mean(np.arange(count))
    ranked = []
    for row, day in enumerate(days):
        newness = 0.5 ** ((newest - (day or oldest)).days / HALF_LIFE_DAYS)
        score = 0.0 if row in space.disliked else round(float(central[row]) * newness, 6)
        why = f"central to the period{space.salience(row, period)}" + (f"; of {day}" if day else "")
        ranked.append(Ranked(paper_id=space.papers[row].paper_id, score=min(1.0, score), why=why))
    return _best_first(ranked)


def trending(papers: Sequence[Paper], attention: Mapping[str, int] | None = None, *, on: date) -> list[Ranked]:
    """
    Rank papers by their popularity signals, damped by age; those without any come last, by id.

    A paper's heat is count / (days + 2) ^ 1.8, its score heat / (1 + heat). Days are counted from the paper's own day
    to `on`; a paper whose day is unknown is as old as the oldest that has one.

    Args:
        papers: Those to rank.
        attention: Upvotes, stars or the like by paper id, less than one is none; None takes `popularity` of each.
        on: The day for which they are ranked.

    Source: the ranking of Hacker News, (points − 1) / (hours + 2) ^ 1.8 (Graham, news.arc), here in days, for papers
    are listed by the day.
    """
    counts = {paper.paper_id: popularity(paper) for paper in papers} if attention is None else attention
    ages = {paper.paper_id: (on - day).days for paper in papers if (day := _day(paper.day))}
    oldest = max(ages.values(), default=0)
    ranked = []
    for paper in papers:
        count, age = counts.get(paper.paper_id, 0), max(0, ages.get(paper.paper_id, oldest))
        heat = max(0, count) / (age + 2) ** GRAVITY
        why = f"attention {count:,} at {age} {'day' if age == 1 else 'days'}" if count > 0 else "no attention yet"
        ranked.append(Ranked(paper_id=paper.paper_id, score=round(heat / (1 + heat), 6), why=why))
    return _best_first(ranked)


def popularity(paper: Paper) -> int:
    """Upvotes; where nobody counts them stars, of which code gathers many more."""
    counts = {signal.name: signal.count for signal in paper.attention}
    return counts.get("upvotes", counts.get("stars", 0))


def _best_first(ranked: Sequence[Ranked]) -> list[Ranked]:
    return sorted(ranked, key=lambda each: (-each.score, each.paper_id))


def _day(written: str) -> date | None:
    """The first day of `2026`, `2026-06` or `2026-06-17`; None where there is none."""
    try:
        return date.fromisoformat((written + "-01-01")[:10] if len(written) < 10 else written[:10])
    except ValueError:
        return None


def _short(text: str) -> str:
    """
    A title or topic as it is named in a line, whole where it is not long.

    >>> len(_short("word " * 100)) <= SHOWN_TITLE
    True
    """
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_TITLE else text[: SHOWN_TITLE - 1].rsplit(" ", 1)[0] + "…"


def _centred(raw: Array, seen: int) -> Array:
    """Rows less what all of the first `seen` have in common, and made unit again."""
    rows = raw - raw[:seen].mean(axis=0)
    known = rows[:seen]
    if seen >= MANY:
        axis = _unit(known[np.argmax(np.round((known**2).sum(axis=1), 6))])
        for _ in range(30):  # power iteration
            axis = _unit(known.T @ (known @ axis))
        rows = rows - np.outer(rows @ axis, axis)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.where(lengths > 1e-6, rows / np.maximum(lengths, 1e-6), 0.0)


def _unit(vector: Array) -> Array:
    length = float(np.sqrt(vector @ vector))
    return vector / length if length > 1e-9 else np.zeros_like(vector)


def _probability(alike: Array, manner: Calibration) -> Array:
    """By a logistic curve over the root of a likeness, which is nearer to a straight line than likeness itself."""
    return 1 / (1 + np.exp(-(manner.slope * np.sign(alike) * np.sqrt(np.abs(alike)) + manner.offset)))
