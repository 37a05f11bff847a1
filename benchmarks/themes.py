"""
Clustering of real arXiv weeks into themes: agreement with arXiv's categories, stability, near-duplicates.

Agreement is the normalised mutual information with the first category of each paper: of the papers in themes; with the
others as one group; and with each of them in the theme with the nearest centre. The baseline, k-means (scikit-learn,
ten starts), gets all papers of the week, the same vectors, and as many groups as there are themes. Stability is the
adjusted Rand index over the remaining papers when a twentieth of them is removed.

    python -m benchmarks.themes [--weeks even|odd|all] [--draws 10]
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import defaultdict
from datetime import date
from random import Random
from time import process_time

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from benchmarks.report import data_folder, table, write_section
from rag.digests.themes import PaperSet, themes
from rag.embedders.static import StaticEmbedder
from rag.ports import Matrix
from rag.types import Paper

NEAR_DUPLICATE = 0.95


def weeks() -> dict[str, list[Paper]]:
    """The papers of each ISO week that has at least 200."""
    found: dict[str, list[Paper]] = defaultdict(list)
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            year, week, _ = date.fromisoformat(row["date"][:10]).isocalendar()
            given = row["categories"]
            categories = given.split() if isinstance(given, str) else given
            paper = Paper(
                paper_id=f"arxiv:{row['id']}",
                title=row["title"],
                abstract=row["abstract"],
                categories=tuple(categories),
            )
            found[f"{year}-W{week:02d}"].append(paper)
    return {name: papers for name, papers in sorted(found.items()) if len(papers) >= 200}


def embedded(name: str, papers: list[Paper]) -> PaperSet:
    """A week's papers with their vectors."""
    return PaperSet(name, papers, StaticEmbedder().embed([f"{paper.title}\n{paper.abstract}" for paper in papers]))


def labels(week: PaperSet) -> NDArray[np.intp]:
    """The number of each paper's theme; -1 if it has none."""
    theme_of = {paper_id: at for at, theme in enumerate(themes(week)[0]) for paper_id in theme.paper_ids}
    return np.array([theme_of.get(paper.paper_id, -1) for paper in week.papers], dtype=np.intp)


def joined(found: NDArray[np.intp], vectors: Matrix) -> NDArray[np.intp]:
    """The labels, with each paper without a theme in the theme with the nearest centre."""
    middles = np.array([vectors[found == number].mean(axis=0) for number in range(found.max() + 1)])
    nearest = (vectors @ (middles / np.linalg.norm(middles, axis=1, keepdims=True)).T).argmax(axis=1)
    return np.where(found < 0, nearest, found)


def measured(week: PaperSet, draws: int) -> dict[str, float]:
    """All measures of one week."""
    papers, vectors = week.papers, week.vectors
    primary = np.array([paper.categories[0] for paper in papers])
    began = process_time()
    found = labels(week)
    took_s = process_time() - began
    own = found >= 0
    count = int(found.max()) + 1
    kmeans = KMeans(count, n_init=10, random_state=0).fit_predict(vectors)
    stable = []
    for seed in range(draws):
        remaining = sorted(Random(seed).sample(range(len(papers)), round(0.95 * len(papers))))
        again = labels(PaperSet(week.name, [papers[at] for at in remaining], vectors[remaining]))
        stable.append(adjusted_rand_score(found[remaining], again))
    near = [float((vectors[found == n] @ vectors[found == n].T)[~np.eye((found == n).sum(), dtype=bool)].max())
            for n in range(count)]  # fmt: skip
    return {
        "papers": len(papers),
        "themes": count,
        "in no theme": float((found < 0).mean()),
        "largest": float(np.bincount(found[found >= 0]).max() / len(papers)),
        "nmi of the papers in themes": float(normalized_mutual_info_score(primary[own], found[own])),
        "nmi, the rest as a group": float(normalized_mutual_info_score(primary, found)),
        "nmi, each in a theme": float(normalized_mutual_info_score(primary, joined(found, vectors))),
        "nmi, k-means": float(normalized_mutual_info_score(primary, kmeans)),
        "stability": float(np.mean(stable)),
        "themes with a near-duplicate pair": float(np.mean([similarity > NEAR_DUPLICATE for similarity in near])),
        "seconds": took_s,
    }


def main() -> None:
    """Measure, print, and write the section “Themes” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", choices=["even", "odd", "all"], default="even")
    parser.add_argument("--draws", type=int, default=10)
    options = parser.parse_args()
    results = []
    for name, papers in weeks().items():
        parity = "odd" if int(name[-2:]) % 2 else "even"
        if options.weeks not in ("all", parity):
            continue
        results.append(measured(embedded(name, papers), options.draws))
        print(name, {key: round(value, 3) for key, value in results[-1].items()}, flush=True)
    rows = []
    for key in results[0]:
        values = [result[key] for result in results]
        rows.append([key, f"{np.mean(values):.3f}", f"{min(values):.3f} to {max(values):.3f}"])
    write_section("Themes", table([f"{len(results)} {options.weeks} weeks of 2025", "mean", "range"], rows))


if __name__ == "__main__":
    main()
