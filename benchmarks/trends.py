"""
Trends of themes in real arXiv weeks: do they hold in a second clustering, is a real change stated, is chance silent?

Borne out: each stated trend is looked for in a second clustering of 90 % of the papers of both weeks, drawn with seeds
that the product does not use. It is borne out if the theme with most of its papers moved the same way by a quarter or
more. Stated again: the second clustering states the same trend by itself.

Planted: the papers of two successive weeks are mixed and dealt into two halves, so that nothing changed but by chance.
Then papers of one category are taken out of the first half until their share of it is half of what it was. The doubling
is stated if a theme grows that has more papers of this category than of any other. Chance: what is stated of the halves
before anything is taken out.

    python -m benchmarks.trends [--weeks even|odd|all] [--draws 5]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np

from benchmarks.report import table, write_section
from benchmarks.themes import embedded, weeks
from rag.digests.themes import PaperSet, themes
from rag.digests.trends import CHANGE
from rag.types import Paper, Theme

SEED = 77_000
"""Above the seeds of the product's samples."""
LARGE = 0.05
"""The least share of the papers of a category whose share is doubled."""


def part(period: PaperSet, rows: Sequence[int]) -> PaperSet:
    """Some of a period's papers."""
    return PaperSet(period.name, [period.papers[row] for row in rows], period.vectors[list(rows)])


def sampled(period: PaperSet, seed: int) -> PaperSet:
    """Nine tenths of a period's papers."""
    count = len(period.papers)
    return part(period, sorted(Random(seed).sample(range(count), round(0.9 * count))))


def direction(theme: Theme) -> str:
    """Which way the share of a theme moved, by a quarter or more."""
    share_before = theme.previous_share or 0.0
    if theme.share >= CHANGE * share_before:
        return "growing"
    return "fading" if share_before >= CHANGE * theme.share else "steady"


def borne_out(now: PaperSet, before: PaperSet, draws: int) -> Counter[str]:
    """How many trends are stated, looked for in second clusterings, borne out and stated again there."""
    stated = [theme for theme in themes(now, before=before)[0] if theme.status in ("growing", "fading")]
    found: Counter[str] = Counter({"stated": len(stated)})
    for draw in range(draws if stated else 0):
        again = themes(sampled(now, SEED + 2 * draw), before=sampled(before, SEED + 2 * draw + 1))[0]
        for theme in stated:
            ids = set(theme.paper_ids)
            match = max(again, key=lambda other: (len(ids & set(other.paper_ids)), other.id), default=None)
            found["looked for"] += 1
            if match and ids & set(match.paper_ids):
                found["borne out"] += direction(match) == theme.status
                found["stated again"] += match.status == theme.status
    return found


def planted(now: PaperSet, before: PaperSet, seed: int) -> Counter[str]:
    """Doublings planted and stated; trends that are stated where there is only chance."""
    papers: list[Paper] = [*now.papers, *before.papers]
    mixed = PaperSet("mixed", papers, np.concatenate([now.vectors, before.vectors]))
    order = Random(seed).sample(range(len(papers)), len(papers))
    first, second = part(mixed, order[::2]), part(mixed, order[1::2])
    found: Counter[str] = Counter({"halves": 1})
    found["by chance"] = sum(theme.status in ("growing", "fading") for theme in themes(second, before=first)[0])
    category = {paper.paper_id: paper.categories[0] for paper in papers}
    sizes = Counter(category[paper.paper_id] for paper in second.papers)
    for name in sorted(name for name, size in sizes.items() if size >= LARGE * len(second.papers)):
        rows = [row for row, paper in enumerate(first.papers) if paper.categories[0] == name]
        others = len(first.papers) - len(rows)
        share = len(rows) / len(first.papers) / 2
        gone = set(Random(seed).sample(rows, len(rows) - round(share / (1 - share) * others)))
        fewer = part(first, [row for row in range(len(first.papers)) if row not in gone])
        growing = [theme for theme in themes(second, before=fewer)[0] if theme.status == "growing"]
        found["planted"] += 1
        found["planted and stated"] += any(
            Counter(category[paper_id] for paper_id in theme.paper_ids).most_common(1)[0][0] == name
            for theme in growing
        )
    return found


def main() -> None:
    """Measure, print, and write the section “Trends” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", choices=["even", "odd", "all"], default="even")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    found: Counter[str] = Counter()
    compared, before = 0, None
    for name, papers in weeks().items():
        now = embedded(name, papers)
        parity = "odd" if int(name[-2:]) % 2 else "even"
        if before and options.weeks in ("all", parity):
            compared += 1
            found += borne_out(now, before, options.draws)
            found += planted(now, before, SEED + compared)
            print(name, dict(found), flush=True)
        before = now
    rows = [
        ["trends stated", f"{found['stated']}"],
        ["borne out by a second clustering", f"{found['borne out'] / max(1, found['looked for']):.3f}"],
        ["stated again by it", f"{found['stated again'] / max(1, found['looked for']):.3f}"],
        ["doublings of a category planted; stated", f"{found['planted']}; {found['planted and stated']}"],
        ["trends stated where only chance is, a pair of weeks", f"{found['by chance'] / max(1, found['halves']):.2f}"],
    ]
    write_section("Trends", table([f"{compared} {options.weeks} weeks of 2025, each beside the week before", ""], rows))


if __name__ == "__main__":
    main()
