"""
Filtered questions of one library, beside questions without a filter in the same run.

    python -m benchmarks.filters LIBRARY [--questions 40]

For each filter: the papers that pass, the time of the first question with it, p50 and p95 of the others, the ratio of
both p50s, and recall@30 of the vector side, against all vectors compared one by one. The questions, and the filters of
days, categories and authors, suit libraries of `benchmarks.growth`; filters of tags that no paper has are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import refdesk
from benchmarks.halves import ASKED, Halves, questions
from benchmarks.report import table
from rag.retrieval.filtered import nearest, selection_of
from rag.retrieval.retriever import VECTOR_POOL
from rag.types import Filter
from stores.vectors.comparing import Rows

AT = 30
FILTERS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "day": {"since": "2025-06-04", "until": "2025-06-04"},
    "three days": {"since": "2025-06-03", "until": "2025-06-05"},
    "month": {"since": "2025-11", "until": "2025-11"},
    "half a year": {"since": "2025-07"},
    "broad category": {"categories": ("cs.CV",)},
    "narrow category": {"categories": ("cs.SE",)},
    "rare category": {"categories": ("math.ST",)},
    "tag, one of 2": {"tags": ("seen",)},
    "tag, one of 40": {"tags": ("lab",)},
    "tag, one of 500": {"tags": ("reading",)},
    "source": {"sources": ("json",)},
    "author": {"authors": ("Yang Liu",)},
    "category since": {"categories": ("cs.CL",), "since": "2025-10"},
    "author, category": {"authors": ("Yang Liu",), "categories": ("cs.CV",)},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--questions", type=int, default=40, metavar="N")
    options = parser.parse_args(arguments)
    some = questions(Halves().real)[:: max(1, ASKED // (options.questions + 1))]
    rows = list[list[str]]()
    with refdesk.open_library(options.library) as library:
        scan = Scan(library)
        for question in some:
            library.ask(question)
        for name, given in FILTERS.items():
            filter_ = Filter(**given)
            if not (passing := library._store.catalog.matching(filter_)):
                continue
            took = [asked(library, question, given) for question in some]
            unfiltered = [asked(library, question, {}) for question in some]
            ratio = statistics.median(took[1:]) / statistics.median(unfiltered[1:])
            tail = statistics.quantiles(took[1:], n=20)[-1]
            cells = [f"{ms:.1f}" for ms in (took[0], statistics.median(took[1:]), tail, ratio)]
            rows.append([name, f"{len(passing):,}", *cells, f"{scan.recall(filter_, passing, some):.3f}"])
            print(*rows[-1], sep="  ", flush=True)
    print(table(["filter", "papers", "first, ms", "p50, ms", "p95, ms", "times unfiltered", f"recall@{AT}"], rows))


def asked(library: Any, question: str, given: dict[str, Any]) -> float:
    """How long an answer takes, in ms."""
    began = time.perf_counter()
    library.ask(question, **given)
    return (time.perf_counter() - began) * 1000


class Scan:
    """All vectors of a library, compared one by one: what the nearest chunks of a filter are."""

    def __init__(self, library: Any) -> None:
        self._store, self._embedder = library._store, library._store.embedder
        ids = [chunk_id for chunk_id, _, _ in self._store.vectors.documents()]
        self._rows = Rows.of(self._store.vectors._embeddings(ids))
        self._paper_ids = np.array([paper_id for paper_id, _ in self._rows.keys])

    def recall(self, filter_: Filter, passing: Sequence[str], asked: Sequence[str]) -> float:
        """The share of the nearest chunks of the papers that pass that is found, in the mean of questions."""
        shares = []
        store, mask = self._store, np.isin(self._paper_ids, passing)
        for vector in self._embedder.embed(list(asked)):
            among = selection_of(filter_, store.catalog, store.lexical)
            found = {hit[:2] for hit in nearest(vector, among, store.lexical, store.vectors, limit=VECTOR_POOL)}
            cosines = np.where(mask, self._rows.matrix @ vector, -2.0)
            best = np.argsort(-cosines)[: min(AT, int(mask.sum()))]
            shares.append(sum(self._rows.keys[row] in found for row in best) / len(best))
        return statistics.mean(shares)


if __name__ == "__main__":
    main()
