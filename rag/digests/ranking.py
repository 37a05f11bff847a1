"""
Rocchio relevance feedback with pseudo-relevance feedback: rank the papers of a period by a reader's interests.

Interests are topics in words, and papers liked and disliked. Without any, papers are ranked by centrality. The age of a
paper within the period plays no part. Threshold and size are applied in `rag.digests.selection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.checking.words import stems
from rag.digests.subjects import subjects
from rag.digests.tfidf import Array, Terms
from rag.ports import Matrix
from rag.types import Paper

# chosen and fitted as docs/evaluation.md, “Ranking by interest”, says
NEGATIVE_WEIGHT = 0.75
"""Rocchio's γ: the weight of the mean of all papers, which stand for the irrelevant ones, against a profile."""
FEEDBACK_PAPERS = 20
"""Pseudo-relevance feedback: the papers that rank first and are added to the profile."""
FEEDBACK_WEIGHT = 2.0
"""Total weight of the feedback papers, in liked papers."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """
    Constants for one kind of profile.

    Args:
        vectors: The weight of the cosine by vectors, beside that by words.
        slope, offset: Of the logistic curve from similarity to probability.
    """

    vectors: float
    slope: float
    offset: float


LIKED = Calibration(0.2, 6.5, -4.3)
TOPIC = Calibration(0.4, 5.5, -4.4)
DISLIKED = 0.25
"""The weight of similarity to disliked papers, against similarity to an interest."""
MANY = 100
"""From this many papers on, the first principal axis of their vectors is that of the field, not of one paper."""
ON_TOPIC = 0.1
"""Beside topics, a liked paper counts in full from this probability by a topic on, and below it in proportion."""
DIRECT = 0.065
"""The probability by a topic alone, before the feedback, from which a paper is on it; docs/evaluation.md, “Cards”."""
SHOWN_WORDS = 2
SHOWN_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """
    What a reader wants: topics in words, papers liked and disliked, and the papers of the reader's own library, the
    newest first. A paper that is both liked and disliked counts as disliked.
    """

    topics: tuple[str, ...] = ()
    liked: tuple[Paper, ...] = ()
    disliked: tuple[Paper, ...] = ()
    own: tuple[Paper, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A paper, its score, 0 to 1, and the reason; not `direct` if only the feedback brought it near to a topic."""

    paper_id: str
    score: float
    why: str
    direct: bool = True


@dataclass(frozen=True, slots=True)
class _Profile:
    """
    One interest: its rows of the space, its words after the feedback, the papers of the feedback with the weight of
    each in the words, and the probability of each paper.
    """

    kind: Literal["topic", "liked", "own"]
    rows: NDArray[np.intp]
    words: Array
    feedback: frozenset[int]
    weight: float
    direct: NDArray[np.bool_]
    scores: Array


def rank(
    papers: Sequence[Paper],
    vectors: Matrix,
    interests: Interests,
    *,
    topic_vectors: Matrix,
    liked_vectors: Matrix,
    disliked_vectors: Matrix,
    own_vectors: Matrix | None = None,
    background: Sequence[Paper] = (),
    background_vectors: Matrix | None = None,
) -> list[Ranked]:
    """
    Rank the papers of a period by a reader's interests. The order of the arguments' items changes no bit of the result.

    The liked papers together are one profile, and every topic is another. A profile has two parts. By words it is the
    mean of its rows of TF-IDF (stems, words, pairs of words, authors), less three quarters of the mean of all papers.
    By vectors it is the mean of its vectors, after the mean and the first principal axis of all are removed. A paper's
    similarity to a profile is the cosine by words plus 0.2 times that by vectors (0.4 for a topic, which has few
    words). The 20 most similar papers are then added to the profile, with the weight of two liked ones, and all papers
    are compared again. A paper's score is that of its best profile; similarity to disliked papers lowers it.

    The score is the probability that a reader who likes the profile's papers would take this one, if three of a hundred
    papers are to the reader's taste. It was fitted on systematic reviews and arXiv's categories with 2, 5 and 10 liked
    papers; with one or two it is too high. It does not depend on the other papers of the period, as long as the period
    and the background have some fifty papers; with fewer, scores are too low. Without topics and liked papers the score
    is centrality, and not a probability.

    Beside topics, a liked paper counts by its nearness to them: one of another field does not turn the issue to that
    field. The papers of the reader's own library are divided into subjects (k-means), each of which is a profile; in it
    the n-th newest paper weighs 1 / (1 + log10 n).

    Args:
        papers: Those of the period, n of them, each id once.
        vectors: Their unit rows, shape (n, d).
        interests: What the reader wants.
        topic_vectors, liked_vectors, disliked_vectors, own_vectors: Unit rows of the interests, in their order.
        background: Other papers of the same feeds, such as those of the weeks before. They tell common words from rare
            ones, which a slow week cannot; they are not ranked.
        background_vectors: Their unit rows.

    Returns:
        Every paper once, best first, ties by id.

    Sources: Rocchio, "Relevance feedback in information retrieval", 1971, with its pseudo-relevance feedback (Manning,
    Raghavan and Schütze, "Introduction to Information Retrieval", 2008, ch. 9); Mu and Viswanath, "All-but-the-Top",
    ICLR 2018 (the axis).
    """
    if not papers:
        return []
    if len(papers) >= MANY and interests == Interests():
        return _central(papers, vectors)
    groups = (
        (papers, vectors),
        (background, background_vectors),
        (interests.liked, liked_vectors),
        (interests.disliked, disliked_vectors),
        (interests.own, own_vectors),
    )
    space = _Space(groups, interests, topic_vectors)
    profiles = space.profiles()
    return _by_interest(space, profiles) if profiles else _by_centrality(space)


class _Space:
    """
    All papers and topics by words and by vectors.

    Its rows are those of the groups (papers, background, liked, disliked, own) and then those of the topics. A group is
    in the order of its ids; a paper of several groups has one row, in the first of them.
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
        self.count, self.seen = sizes[:2]  # how many are ranked; and how many tell common words from rare ones
        self.papers = [paper for paper, _ in placed.values()]
        named = sorted(zip(interests.topics, topic_vectors, strict=True), key=lambda each: each[0])
        self.topics = [topic for topic, _ in named]
        row = {paper_id: at for at, paper_id in enumerate(placed)}
        disliked = {row[paper.paper_id] for paper in interests.disliked}
        liked = {row[paper.paper_id] for paper in interests.liked}
        self.disliked = np.array(sorted(disliked), dtype=np.intp)
        self.liked = np.array(sorted(liked - disliked), dtype=np.intp)
        self.counts = np.ones(len(self.liked))
        self.own = np.array([row[paper.paper_id] for paper in interests.own], dtype=np.intp)
        self.terms = Terms(self.papers, self.topics, known=self.seen)
        self.background = self.terms.mean(np.arange(self.seen))
        self.raw = np.array([vector for _, vector in [*placed.values(), *named]], dtype=np.float64)
        self.vectors = _centred(self.raw, self.seen)

    def profiles(self) -> list[_Profile]:
        """One profile of each topic, one of the liked papers, and one of each subject of the reader's own ones."""
        rows = [np.array([len(self.papers) + at]) for at in range(len(self.topics))]
        found = [self._profile("topic", each, np.ones(1), TOPIC) for each in rows]
        if len(self.liked):
            if found:
                nearest = np.max([profile.scores[self.liked] for profile in found], axis=0)
                self.counts = np.round(np.clip(nearest / ON_TOPIC, 0.0, 1.0), 3)
            found.append(self._profile("liked", self.liked, self.counts, LIKED))
        if len(self.own):
            weights = 1 / (1 + np.log10(np.arange(len(self.own)) + 1))
            for at in subjects(self.vectors[self.own]):
                found.append(self._profile("own", self.own[at], np.asarray(weights[at] / weights[at].max()), LIKED))
        return found

    def similarity(self, rows: NDArray[np.intp], calibration: Calibration, weights: Array | None = None) -> Array:
        """
        The similarity of each paper to the weighted mean of some rows: about 0 for any paper, at most
        1 + `calibration.vectors`.
        """
        words = _unit(self.terms.mean(rows, weights) - NEGATIVE_WEIGHT * self.background)
        vector = _unit(self.vectors[rows].T @ (np.ones(len(rows)) if weights is None else weights))
        similarity = np.round(self.terms.times(words) + calibration.vectors * (self.vectors @ vector), 6)
        return np.asarray(similarity[: len(self.papers)])

    def _profile(
        self, kind: Literal["topic", "liked", "own"], rows: NDArray[np.intp], counts: Array, calibration: Calibration
    ) -> _Profile:
        """A profile of some rows, each counting so much, after pseudo-relevance feedback."""
        similarity = self.similarity(rows, calibration, counts)
        direct = _probability(similarity, calibration) >= (DIRECT if kind == "topic" and self.seen >= MANY else 0.0)
        similarity = similarity[: self.seen]
        judged = np.concatenate([self.liked, self.disliked, self.own])
        similarity[judged[judged < self.seen]] = -2
        first = np.argsort(-similarity, kind="stable")[:FEEDBACK_PAPERS]
        weights = np.concatenate([counts, np.full(len(first), FEEDBACK_WEIGHT / max(1, len(first)))])
        rows_and_first = np.concatenate([rows, first])
        similarity = self.similarity(rows_and_first, calibration, weights)
        if len(self.disliked):
            similarity = similarity - DISLIKED * np.maximum(self.similarity(self.disliked, LIKED), 0)
        words = self.terms.mean(rows_and_first, weights) - NEGATIVE_WEIGHT * self.background
        scores = counts.max() * _probability(similarity, calibration)
        share = float(weights[-1] / weights.sum()) if len(first) else 0.0
        return _Profile(kind, rows, words, frozenset(first.tolist()), share, direct, scores)

    def telling(self, row: int, profile: _Profile) -> str:
        """`: ` and the words by which a paper is similar to a profile, its own words last; or nothing."""
        part = profile.weight if row in profile.feedback else 0.0
        words = self.terms.salience(row, profile.words, limit=4 * SHOWN_WORDS, part=part)
        own = set(stems(re.findall(r"\w+", self.topics[int(profile.rows[0]) - len(self.papers)].lower())))
        other = [word for word in words if stems([word.lower()])[0] not in own]
        return f": {', '.join((other or words)[:SHOWN_WORDS])}" if words else ""


def _by_interest(space: _Space, profiles: Sequence[_Profile]) -> list[Ranked]:
    probabilities = np.array([profile.scores[: space.count] for profile in profiles])
    best = probabilities.argmax(axis=0)
    to_liked = np.array(
        [
            count * space.similarity(np.array([row]), LIKED)[: space.count]
            for row, count in zip(space.liked, space.counts, strict=True)
        ]
    )
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
            topic = space.topics[int(profile.rows[0]) - len(space.papers)]
            why = f"your topic “{_short(topic)}”{space.telling(row, profile)}"
        else:
            if profile.kind == "liked":
                nearest = int(space.liked[to_liked[:, row].argmax()])
            else:
                nearest = int(profile.rows[np.round(space.vectors[profile.rows] @ space.vectors[row], 6).argmax()])
            why = f"like “{_short(space.papers[nearest].title)}”"
        direct = bool(profile.direct[row])
        ranked.append(Ranked(paper_id=space.papers[row].paper_id, score=round(score, 6), why=why, direct=direct))
    return best_first(ranked)


def _central(papers: Sequence[Paper], vectors: Matrix) -> list[Ranked]:
    """Cosine to the mean vector, without the words of each paper, which take far longer to find for many papers."""
    order = sorted(range(len(papers)), key=lambda at: papers[at].paper_id)
    rows = np.asarray(vectors, dtype=np.float64)[order]
    central = np.clip(np.round(rows @ _unit(rows.mean(axis=0)), 6), 0.0, 1.0)
    return best_first(
        Ranked(paper_id=papers[at].paper_id, score=float(score), why="central to the period")
        for at, score in zip(order, central, strict=True)
    )


def _by_centrality(space: _Space) -> list[Ranked]:
    """Cosine to the mean vector of the period."""
    count = space.count
    central = np.maximum(space.raw[:count] @ _unit(space.raw[:count].mean(axis=0)), 0)
    if len(space.disliked):
        central = central * (1 - np.clip(space.similarity(space.disliked, LIKED)[:count], 0, 1))
    central[[row for row in space.disliked if row < count]] = 0.0
    period = space.terms.mean(np.arange(count))
    ranked = []
    for row, score in enumerate(central):
        words = space.terms.salience(row, period, limit=SHOWN_WORDS)
        why = f"central to the period{': ' if words else ''}{', '.join(words)}"
        ranked.append(Ranked(paper_id=space.papers[row].paper_id, score=min(1.0, round(float(score), 6)), why=why))
    return best_first(ranked)


def best_first(ranked: Iterable[Ranked]) -> list[Ranked]:
    """By score, ties by id."""
    return sorted(ranked, key=lambda each: (-each.score, each.paper_id))


def _short(text: str) -> str:
    """
    A title or topic, cut to one line where it is long.

    >>> len(_short("word " * 100)) <= SHOWN_TITLE
    True
    """
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_TITLE else text[: SHOWN_TITLE - 1].rsplit(" ", 1)[0] + "…"


def _centred(raw: Array, seen: int) -> Array:
    """Unit rows, less the mean and the first principal axis of the first `seen` rows ("all but the top")."""
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


def _probability(similarity: Array, calibration: Calibration) -> Array:
    """Platt scaling: a logistic curve over the root of the similarity, which fits better than similarity itself."""
    root = np.sign(similarity) * np.sqrt(np.abs(similarity))
    return 1 / (1 + np.exp(-(calibration.slope * root + calibration.offset)))
