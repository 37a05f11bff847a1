"""
Questions about authors: of an author's newest papers, ten at most, the share that the answer lists.

Fifty authors with three papers or more of the arXiv abstracts of 2025, every nth of their sorted names, are asked for
in several forms. Whose paper it is, is read from the records by plain comparison of names; where a question gives
initials only, the papers of all authors with this family name and initial are right.

    python -m benchmarks.authors [--library DIR]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import refdesk
from benchmarks.report import data_folder, table, write_section
from benchmarks.topics import library_of, rows_of

AUTHORS, LEAST_PAPERS, LISTED = 50, 3, 10
SEED = 12


def _initials(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"{given[0]}. {family}"


def _family_first(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"{family}, {given}"


def _turned(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"{family} {given}"


FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "What did Ada King publish?": ("What did {} publish?", str),
    "papers by Ada King": ("papers by {}", str),
    "papers by ada king": ("papers by {}", str.lower),
    "papers by King, Ada": ("papers by {}", _family_first),
    "papers by King Ada": ("papers by {}", _turned),
    "What has A. King written?": ("What has {} written?", _initials),
}


def chosen(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Authors with enough papers: every nth of the sorted names, from a seeded start."""
    papers: dict[str, int] = {}
    for row in rows:
        for name in dict.fromkeys(row["authors"]):
            papers[name] = papers.get(name, 0) + 1
    names = sorted(name for name, count in papers.items() if count >= LEAST_PAPERS and " " in name)
    step = len(names) // AUTHORS
    return names[random.Random(SEED).randrange(step) :: step][:AUTHORS]


def papers_of(name: str, rows: Sequence[dict[str, Any]], *, initials: bool) -> list[dict[str, Any]]:
    """The records by an author, the newest first."""
    same = _initials(name).lower()
    found = [
        row
        for row in rows
        if name in row["authors"]
        or (initials and any(" " in other and _initials(other).lower() == same for other in row["authors"]))
    ]
    return sorted(found, key=lambda row: str(row["date"]), reverse=True)


def recall(answer: refdesk.Answer, right: Sequence[dict[str, Any]]) -> float:
    """The share of the newest right papers, ten at most, among the first ten sources; papers of one day are alike."""
    exist = min(LISTED, len(right))
    newest = {f"arxiv:{row['id']}" for row in right if row["date"] >= right[exist - 1]["date"]}
    return min(exist, sum(source.paper.paper_id in newest for source in answer.sources[:LISTED])) / exist


def measure(library: refdesk.Library, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[list[str]]:
    """By form of the question: mean recall, authors of whom all was found, and the median time."""
    measured = []
    for shown, (question, form) in FORMS.items():
        recalls, took = [], []
        for name in names:
            began = time.perf_counter()
            answer = library.ask(question.format(form(name)))
            took.append((time.perf_counter() - began) * 1000)
            recalls.append(recall(answer, papers_of(name, rows, initials=form is _initials)))
        whole = sum(value == 1 for value in recalls)
        measured.append([shown, f"{np.mean(recalls):.3f}", f"{whole} of {len(names)}", f"{np.median(took):.0f} ms"])
    return measured


def main() -> None:
    """Measure, print, and write the section “Authors” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, help="a library of all these records, to save the import")
    options = parser.parse_args()
    rows = list(rows_of(data_folder() / "arxiv_daily" / "2025.jsonl.gz"))
    names = chosen(rows)
    with tempfile.TemporaryDirectory(prefix="refdesk-authors-") as temporary:
        made = options.library and refdesk.open_library(options.library)
        with made or library_of(rows, Path(temporary)) as library:
            measured = measure(library, rows, names)
    write_section("Authors", table(["asked", "recall@10", "all found", "median time"], measured))


if __name__ == "__main__":
    main()
