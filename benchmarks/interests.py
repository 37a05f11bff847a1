"""
Relevance feedback: ranking by five liked papers, or by a topic in words, beside other methods for that task.

The data are systematic reviews (screening sets) and weeks of arXiv, whose categories stand for interests. The settings
were chosen on all screening sets with other draws than the reported ones, and on the arXiv weeks in CHOOSING. The weeks
in REPORTED played no part.

    python -m benchmarks.interests [--choose]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from benchmarks.report import data_folder, table, write_section
from rag.digests import ranking
from rag.digests.ranking import Calibration, Interests, Ranked, rank
from rag.embedders.static import StaticEmbedder
from rag.evaluation import metrics
from rag.types import Paper

CHOOSING, REPORTED = (20, 30, 40), (15, 35)
"""ISO weeks of 2025."""
DRAWS, LIKED = 5, 5
CATEGORIES = {
    "eess.IV": "image and video processing", "cs.RO": "robotics", "cs.GR": "computer graphics",
    "cs.HC": "human-computer interaction", "cs.CY": "computers and society", "cs.IR": "information retrieval",
    "cs.SD": "sound and audio", "cs.CR": "cryptography and security", "cs.MM": "multimedia",
    "eess.AS": "audio and speech processing", "cs.MA": "multi-agent systems", "cs.SE": "software engineering",
}  # fmt: skip
"""arXiv's own names, which are put as topics."""
NONE = np.zeros((0, StaticEmbedder.dimension), dtype=np.float32)
REFDESK = "**Refdesk**"
Scores = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Task:
    """A ranking task: n papers, which of them are relevant, and liked papers from elsewhere, if there are any."""

    name: str
    papers: tuple[Paper, ...]
    vectors: Scores
    relevant: Scores
    elsewhere: tuple[Paper, ...] = ()
    elsewhere_vectors: Scores | None = None
    topic: str = ""

    def drawn(self, seed: int, count: int = LIKED) -> Draw:
        """Draw liked papers: of the relevant ones, which are not ranked then, or of those from elsewhere."""
        random = np.random.default_rng(seed)
        if self.elsewhere_vectors is not None:
            liked = np.sort(random.choice(len(self.elsewhere), count, replace=False))
            some = tuple(self.elsewhere[at] for at in liked)
            return Draw(self.papers, self.vectors, self.relevant, some, self.elsewhere_vectors[liked])
        liked = np.sort(random.choice(np.flatnonzero(self.relevant), count, replace=False))
        rest = np.setdiff1d(np.arange(len(self.papers)), liked)
        return Draw(
            tuple(self.papers[at] for at in rest), self.vectors[rest], self.relevant[rest],
            tuple(self.papers[at] for at in liked), self.vectors[liked],
        )  # fmt: skip


@dataclass(frozen=True)
class Draw:
    """The input of one ranking, and the papers that it should find."""

    papers: tuple[Paper, ...]
    vectors: Scores
    relevant: Scores
    liked: tuple[Paper, ...]
    liked_vectors: Scores

    def features(self, **options: Any) -> Any:
        """TF-IDF as arxiv-sanity-lite's compute.py makes it, of the papers and then the liked ones."""
        vectorizer = TfidfVectorizer(
            strip_accents="unicode", stop_words="english", token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
            ngram_range=(1, 2), max_features=20_000, sublinear_tf=True, min_df=5, **options,
        )  # fmt: skip
        both = [*self.papers, *self.liked]
        return vectorizer.fit_transform(" ".join([paper.title, paper.abstract, *paper.authors]) for paper in both)

    @cached_property
    def strict(self) -> Any:
        """With its own limit: no word that a tenth of the papers hold."""
        return self.features(max_df=0.1)

    @cached_property
    def kind(self) -> Any:
        """With its earlier limit, which suits papers of one field better."""
        return self.features(max_df=0.5)

    def ranked(self, **interests: Any) -> list[Ranked]:
        """The ranking by Refdesk."""
        given = {
            "liked": self.liked,
            "liked_vectors": self.liked_vectors,
            "topics": (),
            "topic_vectors": NONE,
        } | interests
        wanted = Interests(topics=given["topics"], liked=given["liked"], disliked=given.get("disliked", ()))
        return rank(
            self.papers, self.vectors, wanted, topic_vectors=given["topic_vectors"],
            liked_vectors=given["liked_vectors"], disliked_vectors=given.get("disliked_vectors", NONE),
            background=given.get("background", ()), background_vectors=given.get("background_vectors"),
        )  # fmt: skip

    def scores(self, ranked: Sequence[Ranked]) -> Scores:
        """The scores of a ranking, in the order of the papers."""
        score = {hit.paper_id: hit.score for hit in ranked}
        return np.array([score[paper.paper_id] for paper in self.papers])

    def precision(self, scores: Scores) -> float:
        """Average precision, ties by id."""
        order = sorted(range(len(self.papers)), key=lambda at: (-round(float(scores[at]), 9), self.papers[at].paper_id))
        return metrics.average_precision(self.relevant[order])


def svm(features: Any, liked: int) -> Scores:
    """arxiv-sanity-lite's ranking (serve.py): a linear SVM of the liked papers against all others."""
    wanted = np.arange(features.shape[0]) >= features.shape[0] - liked
    fitted = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01).fit(features, wanted)
    return np.asarray(fitted.decision_function(features)[:-liked])


def cosine(features: Any, liked: int) -> Scores:
    """Cosine to the centroid of the liked papers."""
    return np.asarray(features[:-liked] @ np.asarray(features[-liked:].mean(axis=0)).ravel())


WAYS: dict[str, Callable[[Draw], Scores]] = {
    "linear SVM on TF-IDF, as arxiv-sanity-lite": lambda draw: svm(draw.strict, LIKED),
    "the same, words of up to half of the papers": lambda draw: svm(draw.kind, LIKED),
    "TF-IDF cosine to the centroid": lambda draw: cosine(draw.strict, LIKED),
    "the same, words of up to half of the papers ": lambda draw: cosine(draw.kind, LIKED),
    "vectors, cosine to the centroid": lambda draw: draw.vectors @ draw.liked_vectors.mean(axis=0),
    REFDESK: lambda draw: draw.scores(draw.ranked()),
}


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def paper_of(record: dict[str, Any]) -> Paper:
    """A paper of a record."""
    authors = record.get("authors") or ()
    return Paper(
        paper_id=record["id"], title=record["title"] or "", abstract=record["abstract"] or "",
        authors=(authors,) if isinstance(authors, str) else tuple(authors), listed=record.get("date"),
    )  # fmt: skip


def vectors_of(papers: Sequence[Paper]) -> Scores:
    """The vectors of the papers, as the library stores them."""
    return StaticEmbedder().embed([f"{paper.title}\n{paper.abstract}" for paper in papers])


def screening() -> list[Task]:
    """The systematic reviews."""
    tasks = []
    for path in sorted((data_folder() / "screening").glob("*.jsonl.gz")):
        records = lines(path)
        papers = tuple(map(paper_of, records))
        relevant = np.array([bool(record["label_included"]) for record in records])
        tasks.append(Task(path.name.partition(".")[0], papers, vectors_of(papers), relevant))
    return tasks


def arxiv(weeks: Sequence[int]) -> list[Task]:
    """Weeks of arXiv: one task per category with six papers; liked papers are of the three weeks before."""
    records = sorted(lines(data_folder() / "arxiv_daily" / "2025.jsonl.gz"), key=lambda record: str(record["id"]))
    week_of = [date.fromisoformat(record["date"]).isocalendar()[1] for record in records]
    tasks = []
    for week in weeks:
        now = [record for record, record_week in zip(records, week_of, strict=True) if record_week == week]
        before = [
            record for record, record_week in zip(records, week_of, strict=True) if week - 3 <= record_week < week
        ]
        papers, earlier = tuple(map(paper_of, now)), tuple(map(paper_of, before))
        vectors, earlier_vectors = vectors_of(papers), vectors_of(earlier)
        for category, topic in CATEGORIES.items():
            relevant = np.array([category in record["categories"] for record in now])
            of = [at for at, record in enumerate(before) if category in record["categories"]]
            if relevant.sum() >= 6 and len(of) >= 20:
                elsewhere = tuple(earlier[at] for at in of)
                tasks.append(
                    Task(f"{week} {category}", papers, vectors, relevant, elsewhere, earlier_vectors[of], topic)
                )
    return tasks


def measured(tasks: Sequence[Task], seeds: Sequence[int]) -> dict[str, Scores]:
    """Average precision by method, shape (tasks, seeds)."""
    drawn = [[task.drawn(seed) for seed in seeds] for task in tasks]
    return {
        name: np.array([[draw.precision(way(draw)) for draw in draws] for draws in drawn]) for name, way in WAYS.items()
    }


def interval(values: Scores, resamples: int = 2000) -> str:
    """The mean and its 95 % interval, by bootstrap over the draws of each task."""
    at = np.random.default_rng(0).integers(0, values.shape[1], size=(resamples, *values.shape))
    low, high = np.percentile(np.take_along_axis(values[None], at, axis=2).mean(axis=(1, 2)), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.3f}, {high:.3f}]"


def better(found: dict[str, Scores]) -> str:
    """The difference of Refdesk to the best of the other methods, with its interval."""
    peer = max((name for name in found if name != REFDESK), key=lambda name: found[name].mean())
    gain = found[REFDESK].mean() / found[peer].mean() - 1
    return f"{gain:+.0%}; difference to “{peer.strip()}” {interval(found[REFDESK] - found[peer])}"


@contextmanager
def having(**settings: Any) -> Iterator[None]:
    """Rank with other settings than those in use."""
    before = {name: getattr(ranking, name) for name in settings}
    try:
        for name, value in settings.items():
            setattr(ranking, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ranking, name, value)


def likeness(probability: Scores, manner: Calibration) -> Scores:
    """The signed root of the similarity from which a probability was computed."""
    held = np.clip(probability, 1e-6, 1 - 1e-6)
    return (np.log(held / (1 - held)) - manner.offset) / manner.slope


def judged(draw: Draw, ranked: Sequence[Ranked]) -> tuple[Scores, Scores]:
    """The scores and the relevance of a draw's papers."""
    return draw.scores(ranked), draw.relevant


def curve_of(pairs: Sequence[tuple[Scores, Scores]], before: Calibration) -> tuple[float, float]:
    """Fit the logistic curve to scores that were made with another curve; every draw counts alike."""
    roots = np.concatenate([likeness(scores, before) for scores, _ in pairs])[:, None]
    weights = np.concatenate([np.full(len(scores), 1_000 / len(scores)) for scores, _ in pairs])
    fitted = LogisticRegression(C=1e4).fit(roots, np.concatenate([labels for _, labels in pairs]), weights)
    return round(float(fitted.coef_[0, 0]), 2), round(float(fitted.intercept_[0]), 2)


def by_topic(tasks: Sequence[Task]) -> list[tuple[Draw, list[Ranked], Scores]]:
    """The tasks with their topic in place of liked papers: the ranking, and the topic's vector."""
    found = []
    for task in tasks:
        draw, vector = task.drawn(0), StaticEmbedder().embed([task.topic])
        none = {"liked": (), "liked_vectors": NONE}
        found.append((draw, draw.ranked(topics=(task.topic,), topic_vectors=vector, **none), vector[0]))
    return found


def pools(tasks: Sequence[Task]) -> list[list[str]]:
    """The mean score of relevant and of other papers when a period has fewer papers, alone and with a background."""
    rows = []
    for size in (5, 20, 50, 200, 700):
        means = []
        for task in tasks:
            draw = task.drawn(0)
            random = np.random.default_rng(0)
            relevant = np.flatnonzero(draw.relevant)[:2]
            rest = random.permutation(np.flatnonzero(~draw.relevant))
            at = np.concatenate([relevant, rest[: size - 2]])
            some = replace(
                draw,
                papers=tuple(draw.papers[row] for row in at),
                vectors=draw.vectors[at],
                relevant=draw.relevant[at],
            )
            behind = rest[-300:] if size < 700 else rest[:0]
            others = {
                "background": tuple(draw.papers[row] for row in behind), "background_vectors": draw.vectors[behind]
            }  # fmt: skip
            scores = np.concatenate([some.scores(some.ranked()), some.scores(some.ranked(**others))])
            means.append(
                [scores[:2].mean(), scores[2:size].mean(), scores[size : size + 2].mean(), scores[size + 2 :].mean()]
            )
        rows.append([f"{size}", *(f"{value:.3f}" for value in np.mean(means, axis=0))])
    return rows


def seconds() -> float:
    """Seconds to rank 2,000 papers by 20 liked ones; the best of five runs."""
    records = lines(data_folder() / "arxiv_daily" / "2025.jsonl.gz")[:2_020]
    papers = tuple(map(paper_of, records))
    vectors = vectors_of(papers)
    draw = Draw(papers[20:], vectors[20:], np.ones(2_000, dtype=bool), papers[:20], vectors[:20])
    took = []
    for _ in range(5):
        started = time.perf_counter()
        draw.ranked()
        took.append(time.perf_counter() - started)
    return min(took)


def report(sets: Sequence[Task]) -> None:
    """The tables of docs/evaluation.md."""
    seeds = range(DRAWS)
    found = measured(sets, seeds)
    many = measured(sets, range(200, 240))
    weeks = arxiv(REPORTED)
    weekly = measured(weeks, range(2))
    rows = [[task.name, *(f"{found[way][at].mean():.3f}" for way in WAYS)] for at, task in enumerate(sets)]
    rows.append(["**all seven, five draws**", *(interval(found[way]) for way in WAYS)])
    rows.append(["all seven, forty other draws", *(interval(many[way]) for way in WAYS)])
    rows.append([f"arXiv, {len(weeks)} interests, two draws", *(interval(weekly[way]) for way in WAYS)])
    topics = by_topic(weeks)
    gains = {"all seven, five draws": better(found), "forty other draws": better(many), "arXiv": better(weekly)}
    judgements = [judged(draw, draw.ranked()) for task in weeks for draw in (task.drawn(0),)]
    judgements += [judged(draw, draw.ranked()) for task in sets for draw in (task.drawn(0),)]
    body = [
        table(["average precision", *(way.strip() for way in WAYS)], rows),
        table(["Refdesk against the best peer", "mean of the gain"], [[name, gain] for name, gain in gains.items()]),
        table(
            [f"arXiv, {len(topics)} topics in words", "average precision"],
            [
                [REFDESK, f"{np.mean([draw.precision(draw.scores(ranked)) for draw, ranked, _ in topics]):.3f}"],
                [
                    "cosine of the vectors",
                    f"{np.mean([draw.precision(draw.vectors @ at) for draw, _, at in topics]):.3f}",
                ],
            ],
        ),
        "Scores, five liked papers, arXiv and the seven sets:",
        table(["score", "papers", "mean", "relevant"], reliability(judgements)),
        "Scores by the size of the period, two relevant papers in it, arXiv:",
        table(
            ["papers", "relevant", "others", "relevant, with a background of 300", "others, with it"],
            pools(weeks[::4]),
        ),
        f"2,000 papers by 20 liked ones: {seconds():.2f} s.",
    ]
    write_section("Interests", "\n\n".join(body))


def reliability(pairs: Sequence[tuple[Scores, Scores]]) -> list[list[str]]:
    """Per range of scores: how many papers, the mean score, and the share of relevant ones."""
    scores, labels = (np.concatenate([pair[part] for pair in pairs]) for part in (0, 1))
    rows = []
    for low, high in ((0, 0.02), (0.02, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.35), (0.35, 1.01)):
        of = (scores >= low) & (scores < high)
        if of.any():
            rows.append(
                [f"{low} to {min(high, 1)}", f"{of.sum():,}", f"{scores[of].mean():.3f}", f"{labels[of].mean():.3f}"]
            )
    return rows


def choose(sets: Sequence[Task]) -> None:
    """The figures of each setting on the data for choosing, and the curves that fit there."""
    weeks = arxiv(CHOOSING)
    rows, pairs = [], []
    liked = ranking.LIKED
    settings: list[dict[str, Any]] = [
        {}, {"NEGATIVE_WEIGHT": 0.0}, {"NEGATIVE_WEIGHT": 0.5}, {"NEGATIVE_WEIGHT": 1.0},
        {"LIKED": replace(liked, vectors=0.0)}, {"LIKED": replace(liked, vectors=0.5)},
        {"FEEDBACK_WEIGHT": 0.0}, {"MANY": 10**9},
    ]  # fmt: skip
    for setting in settings:
        with having(**setting):
            means = []
            for group, seeds in ((sets, range(100, 110)), (weeks, range(100, 101))):
                drawn = [task.drawn(seed) for task in group for seed in seeds]
                means.append(f"{np.mean([draw.precision(draw.scores(draw.ranked())) for draw in drawn]):.3f}")
            topics = by_topic(weeks)
            means.append(f"{np.mean([draw.precision(draw.scores(ranked)) for draw, ranked, _ in topics]):.3f}")
        rows.append([", ".join(f"{name} = {value}" for name, value in setting.items()) or "as chosen", *means])
    for count in (2, 5, 10):
        drawn = [
            task.drawn(seed, count) for task in sets for seed in range(100, 103) if task.relevant.sum() > count + 3
        ]
        drawn += [task.drawn(100, count) for task in weeks[::3]]
        pairs += [judged(draw, draw.ranked()) for draw in drawn]
    topical = [judged(draw, ranked) for draw, ranked, _ in by_topic(weeks)]
    curves = {
        "liked": ((ranking.LIKED.slope, ranking.LIKED.offset), curve_of(pairs, ranking.LIKED)),
        "topic": ((ranking.TOPIC.slope, ranking.TOPIC.offset), curve_of(topical, ranking.TOPIC)),
    }
    body = [
        table(["average precision where it was chosen", "sets", "arXiv, liked", "arXiv, topics"], rows),
        table(["curve", "in the code", "fitted again"], [[name, *map(str, pair)] for name, pair in curves.items()]),
    ]
    write_section("Interests, chosen", "\n\n".join(body))


def main() -> None:
    """Measure, print, and write the sections of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--choose", action="store_true", help="instead, what the settings are worth where they were chosen"
    )
    options = parser.parse_args()
    (choose if options.choose else report)(screening())


if __name__ == "__main__":
    main()
