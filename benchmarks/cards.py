"""
The cards of issues: which papers they are, what they tell, and how long an issue takes to read.

The cut is measured on systematic reviews and on arXiv's categories as topics. Each screening set is halved by the hash
of the ids: the drop was chosen on one half, and is reported on the other, as the arXiv weeks in REPORTED are. What
cards tell is measured on abstracts that people labelled, and on issues of 2025 by the roles of their sentences.

    python -m benchmarks.cards [--choose] [--library DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

import refdesk
from benchmarks.interests import CHOOSING, REPORTED, Draw, Scores, Task, arxiv, by_topic, screening
from benchmarks.report import data_folder, table, write_section
from benchmarks.roles import csabstruct, pubmedqa
from rag.digests import selection
from rag.digests.ranking import Ranked
from rag.digests.telling import told
from rag.roles import with_roles
from rag.types import Digest, IssuePaper, Paper, Subscription

DRAWS = 5
FEWEST = 8
"""Relevant papers that a half of a set needs."""
BEFORE = Subscription(topics=("as before",), size=40, threshold=0.1)
"""The cut of the first issues: .1, and forty papers."""
NOW = Subscription(topics=("as now",))
WEEKS = tuple(range(13, 49, 5))
"""Weeks of 2025 whose issues are read."""
TOPICS = ("efficient reasoning", "medical image segmentation", "speech recognition for low-resource languages")

Ranking = tuple[Scores, Scores, Scores]
"""Scores, the highest first, which papers are relevant, and which are near to an interest directly."""


def half(paper: Paper) -> int:
    """The half of a set in which a paper is."""
    return int(hashlib.sha256(paper.paper_id.encode()).hexdigest(), 16) % 2


def reviews(part: int) -> Iterator[Ranking]:
    """Rankings by five liked papers in one half of each screening set."""
    for task in screening():
        at = np.array([row for row, paper in enumerate(task.papers) if half(paper) == part])
        some = Task(task.name, tuple(task.papers[row] for row in at), task.vectors[at], task.relevant[at])
        if some.relevant.sum() >= FEWEST:
            for seed in range(DRAWS):
                draw = some.drawn(seed)
                yield _best_first(draw, draw.ranked())


def categories(weeks: Sequence[int]) -> Iterator[Ranking]:
    """Rankings of weeks of arXiv by the name of a category as the topic."""
    for draw, ranked, _ in by_topic(arxiv(weeks)):
        yield _best_first(draw, ranked)


def _best_first(draw: Draw, ranked: Sequence[Ranked]) -> Ranking:
    scores, direct = draw.scores(ranked), {each.paper_id: each.direct for each in ranked}
    order = np.argsort(-scores, kind="stable")
    return scores[order], draw.relevant[order], np.array([direct[draw.papers[at].paper_id] for at in order])


def shown(ranking: Ranking, subscription: Subscription, drop: float) -> Scores:
    """Which papers an issue tells of a ranking are relevant."""
    scores, relevant, direct = ranking
    told_ = scores >= subscription.least
    if subscription.threshold is None:
        told_ &= direct
        return relevant[told_][: min(selection.until_drop(scores[told_].tolist(), drop), subscription.size)]
    return relevant[told_][: subscription.size]


def cut(rankings: Sequence[Ranking], subscription: Subscription, drop: float = selection.DROP) -> list[str]:
    """The mean number of cards, the share of relevant ones, and the share of relevant papers that are shown."""
    cards = [shown(ranking, subscription, drop) for ranking in rankings]
    precision = np.mean([relevant.mean() for relevant in cards if len(relevant)])
    pairs = zip(cards, rankings, strict=True)
    recall = np.mean([relevant.sum() / ranking[1].sum() for relevant, ranking in pairs])
    return [f"{np.mean([len(relevant) for relevant in cards]):.1f}", f"{precision:.3f}", f"{recall:.3f}"]


def cuts() -> str:
    """Today's cut beside the one before, where neither was chosen."""
    groups = {"screening sets, the other half": list(reviews(1)), "arXiv, topics": list(categories(REPORTED))}
    rows = []
    for name, rankings in groups.items():
        rows.append([name, "a score of .1, 40 papers", *cut(rankings, BEFORE)])
        rows.append([name, "**the same, to the drop, 10 papers**", *cut(rankings, NOW)])
    return table(["papers", "cut", "cards", "relevant among them", "recall"], rows)


def chosen() -> str:
    """What each drop is worth where it was chosen."""
    groups = {"screening sets, one half": list(reviews(0)), "arXiv, topics": list(categories(CHOOSING))}
    rows = [
        [name, f"{drop:.1f}", *cut(rankings, NOW, drop)]
        for name, rankings in groups.items()
        for drop in (0.0, 0.5, 0.6, 0.7, 0.8)
    ]
    return table(["papers", "drop", "cards", "relevant among them", "recall"], rows)


def labelled() -> str:
    """The sentence of a card of abstracts whose sentences people labelled, and which state a result."""
    rows = []
    for name, corpus in {
        "CSAbstruct, dev": csabstruct(data_folder(), "dev"),
        "PubMedQA, a third by PubMed id": pubmedqa(data_folder(), held_out=True),
    }.items():
        right, specific = [], []
        for number, one in enumerate(corpus):
            results = {at for at, role in enumerate(one.gold, start=1) if role in ("result", "conclusion")}
            if results:
                found = told(_paper(f"{number}", one.title, one.sentences))
                right.append(found.serves.number in results)
                specific += [right[-1]] if found.specific else []
        rows.append([name, f"{len(right):,}", f"{np.mean(right):.3f}", f"{np.mean(specific):.3f}"])
    headings = ["labelled abstracts with a result", "abstracts", "the card tells one", "of those it calls specific"]
    return table(headings, rows)


def _paper(name: str, title: str, sentences: Sequence[str]) -> Paper:
    ends = np.cumsum([len(sentence) + 1 for sentence in sentences]).tolist()
    spans = tuple((end - 1 - len(sentence), end - 1) for sentence, end in zip(sentences, ends, strict=True))
    return Paper(paper_id=name, title=title, abstract=" ".join(sentences), spans=spans)


class _Read(HTMLParser):
    """The words of a page before its sources, without what is folded away."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self._off = 0, 0
        self.feed(page.partition('aria-labelledby="sources"')[0].partition("<body")[2])

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._off += tag in ("details", "style")

    def handle_endtag(self, tag: str) -> None:
        self._off -= tag in ("details", "style")

    def handle_data(self, data: str) -> None:
        self.words += 0 if self._off else len(data.split())


def tells(paper: IssuePaper) -> bool:
    """True if the sentence of a card is a result or a conclusion by the roles of its sentences."""
    [roled] = with_roles([paper.paper])
    return roled.roles[paper.tldr.citations[0].sentence - 1].name in ("result", "conclusion")


def weekdays(digests: Sequence[Digest], library: refdesk.Library) -> float:
    """The largest difference, in points, of the share of a weekday among the cards and among all that was listed."""
    days = {paper.paper_id: date.fromisoformat(paper.day[:10]) for paper in library.papers()}
    spans = [(digest.period.first, digest.period.end) for digest in digests]
    every = Counter(day.weekday() for day in days.values() if any(first <= day < end for first, end in spans))
    cards = Counter(days[paper.paper.paper_id].weekday() for digest in digests for paper in digest.papers)
    return max(abs(100 * cards[day] / cards.total() - 100 * every[day] / every.total()) for day in range(7))


def issues(library: refdesk.Library) -> str:
    """What issues of 2025 are like, without interests and with a topic."""
    periods = [f"2025-W{week:02d}" for week in WEEKS]
    groups = {"without interests": [library.digest(period) for period in periods]}
    for topic in TOPICS:
        groups[f"“{topic}”"] = [library.digest(period, subscription=_name(topic)) for period in periods]
    rows = []
    for name, digests in groups.items():
        pages = [library.issues.rendered(digest, "html").decode() for digest in digests]
        first = [paper for digest in digests for paper in digest.first]
        cards = [paper for digest in digests for paper in digest.papers]
        headed = [paper.heading is not None for digest in digests for paper in digest.papers]
        words = [_Read(page).words for page in pages]
        rows.append(
            [
                name,
                f"{len(cards) / len(digests):.1f}",
                f"{_share(first, tells)}; {_share(cards, tells)}",
                f"{np.mean(headed):.2f}",
                f"{np.mean(words) / 240:.1f}; {max(words) / 240:.1f}",
                f"{max(len(page.encode()) for page in pages) / 1000:.0f}",
                f"{weekdays(digests, library):.0f}" if name == "without interests" else "",
            ]
        )
    headings = [
        f"{len(periods)} weeks of 2025", "cards", "tell a result: three first; all", "under a heading",
        "minutes at 240 words: mean; most", "HTML, KB at most", "points by weekday",
    ]  # fmt: skip
    return table(headings, rows)


def _share(papers: Sequence[IssuePaper], holds: Callable[[IssuePaper], bool]) -> str:
    return f"{np.mean([holds(paper) for paper in papers]):.2f}" if papers else "none"


def _name(topic: str) -> str:
    return re.sub(r"\W+", "-", topic)


def _configured(folder: Path) -> None:
    tables = [f'[subscriptions.{_name(topic)}]\ntopics = ["{topic}"]\n' for topic in TOPICS]
    folder.mkdir(exist_ok=True)
    (folder / "refdesk.toml").write_text("[subscriptions.default]\n" + "".join(tables), encoding="utf-8")


def main() -> None:
    """Measure, print, and write the section “Cards” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="instead, what each drop is worth where it was chosen")
    parser.add_argument("--library", type=Path, help="a library of the papers of 2025; made if it is not there")
    options = parser.parse_args()
    if options.choose:
        print(chosen())
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.library or Path(temporary) / "library"
        if not (folder / "catalog.sqlite3").exists():
            _configured(folder)
            with refdesk.open_library(folder) as library:
                library.add(data_folder() / "arxiv_daily" / "2025.jsonl.gz")
        with refdesk.open_library(folder) as library:
            of_issues = issues(library)
    write_section("Cards", "\n\n".join([cuts(), labelled(), of_issues]))


if __name__ == "__main__":
    main()
