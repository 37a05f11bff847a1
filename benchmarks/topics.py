"""
Questions about topics: of the first ten papers, how many have the topic's phrase in their title.

A topic is a phrase of two or three words in 8 to 60 titles of a period of arXiv. It is asked plainly, within a
question, and with two letters exchanged. Weights are chosen on the first months (`benchmarks.fit`); the last are
reported.

    python -m benchmarks.topics [--topics 60]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import refdesk
from benchmarks.report import data_folder, rows_of, table, write_section
from rag.question.words import FUNCTION_WORDS, SCAFFOLD_NOUNS, VERBS

FIRST_HELD_OUT = "2025-09"
LEAST_TITLES, MOST_TITLES = 8, 60
FORMS = {
    "plain": "{}",
    "in a question": "What do recent papers say about {}?",
    "two letters exchanged": "{}",
}
_DULL = FUNCTION_WORDS | VERBS | SCAFFOLD_NOUNS | frozenset("using via towards toward based driven aware free".split())


def words_of(text: str) -> list[str]:
    """The words of a title, lower case."""
    return re.findall(r"[a-z0-9]+", text.lower())


def topics(titles: Iterable[str], count: int) -> list[str]:
    """Phrases of these titles, in an order that does not depend on what they are."""
    found: Counter[tuple[str, ...]] = Counter()
    for title in titles:
        words = words_of(title)
        found.update({tuple(words[at : at + size]) for size in (2, 3) for at in range(len(words) - size + 1)})
    chosen = [
        " ".join(phrase)
        for phrase, titles_with in found.items()
        if LEAST_TITLES <= titles_with <= MOST_TITLES
        and not {phrase[0], phrase[-1]} & _DULL
        and all(word.isalpha() and len(word) > 2 for word in phrase)
    ]
    return sorted(chosen, key=lambda phrase: zlib.crc32(phrase.encode()))[:count]


def misspelt(phrase: str) -> str:
    """The phrase with two neighbouring letters of its longest word exchanged, neither the first nor equal."""
    longest = max(phrase.split(), key=len)
    places = [at for at in range(1, len(longest) - 1) if longest[at] != longest[at + 1]]
    if not places:
        return phrase
    at = random.Random(phrase).choice(places)
    return phrase.replace(longest, longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :], 1)


def holds(phrase: str, text: str) -> bool:
    """True if a text has the words of a phrase side by side."""
    return f" {phrase} " in f" {' '.join(words_of(text))} "


def measure(library: refdesk.Library, rows: Sequence[dict[str, Any]], phrases: Sequence[str]) -> list[list[str]]:
    """By form of the question: the share of the first ten with the phrase in the title, and in title or abstract."""
    table_rows = []
    for name, form in FORMS.items():
        titled, held = [], []
        for phrase in phrases:
            exist = min(10, sum(holds(phrase, row["title"]) for row in rows))
            asked = form.format(misspelt(phrase) if name.startswith("two") else phrase)
            hits = library.search(asked, limit=10)
            titled.append(min(exist, sum(holds(phrase, hit.title) for hit in hits[:exist])) / exist)
            held.append(np.mean([holds(phrase, f"{hit.title} {hit.paper.abstract}") for hit in hits] or [0.0]))
        table_rows.append([name, f"{np.mean(titled):.2f}", f"{np.mean(held):.2f}"])
    return table_rows


def library_of(rows: Sequence[dict[str, Any]], folder: Path) -> refdesk.Library:
    """A library of these records."""
    source = folder / "papers.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    library = refdesk.open_library(folder / "library")
    library.add(source)
    return library


def main() -> None:
    """Measure, print, and write the section “Topics” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", type=int, default=60)
    options = parser.parse_args()
    rows = [row for row in rows_of(data_folder() / "arxiv_daily" / "2025.jsonl.gz") if row["date"] >= FIRST_HELD_OUT]
    phrases = topics((row["title"] for row in rows), options.topics)
    with (
        tempfile.TemporaryDirectory(prefix="refdesk-topics-") as temporary,
        library_of(rows, Path(temporary)) as library,
    ):
        measured = measure(library, rows, phrases)
    write_section("Topics", table(["asked", "phrase in the title", "in title or abstract"], measured))


if __name__ == "__main__":
    main()
