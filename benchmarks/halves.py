"""
Synthetic papers, any number of them, made of halves of real abstracts; the same ones each time.

Each pass over the real papers, in no order, takes the day, the categories and the authors of each one as they are, the
first half of its title and abstract, and the second half of another one's. Ids continue those of the same month.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import data_folder, rows_of

WEEK = "2025-W16"
"""A week that has 10,800 of the first 400,000 papers, and 26,500 of the first 1,000,000."""
ASKED = 200
_STEP = 15_485_863  # a prime, so that a pass meets each paper once
_OTHER = 7_919  # another one: whose second half follows, and it changes with each pass
_MOST = 99_999  # of a month, by the form of an arXiv id; what is beyond is given to two years before


class Halves:
    """The papers by number, from 0."""

    def __init__(self) -> None:
        self.real = rows_of(data_folder() / "arxiv_daily" / "2025.jsonl.gz")
        self._of_month = Counter(paper["id"].partition(".")[0] for paper in self.real)
        seen = Counter[str]()
        self._rank = []
        for paper in self.real:
            seen[month := paper["id"].partition(".")[0]] += 1
            self._rank.append(seen[month])

    def paper(self, number: int) -> dict[str, Any]:
        """A record as JSON Lines files have it."""
        count = len(self.real)
        turn, first = number // count, number * _STEP % count
        second = (first + _OTHER * (turn + 1)) % count
        one, other = self.real[first], self.real[second]
        id_ = self._id(one["id"].partition(".")[0], turn, self._rank[first])
        return {
            "id": id_,
            "title": " ".join([*_halves(one["title"].split())[0], *_halves(other["title"].split())[1]]),
            "abstract": ". ".join(
                [*_halves(one["abstract"].split(". "))[0], *_halves(other["abstract"].split(". "))[1]]
            ),
            "date": one["date"],
            "url": f"https://arxiv.org/abs/{id_}",
            "authors": one["authors"],
            "categories": one["categories"],
        }

    def _id(self, month: str, turn: int, rank: int) -> str:
        years, number = divmod(turn * self._of_month[month] + rank, _MOST)
        return f"{int(month) - 200 * years:04d}.{number + 1:05d}"

    def write(self, file: Path, first: int, end: int) -> None:
        """Write the papers of these numbers into a file, one JSON document a line."""
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(self.paper(number)) + "\n" for number in range(first, end))


def questions(papers: Sequence[dict[str, Any]]) -> list[str]:
    """Questions spread over papers, at most `ASKED`: the part of a title after its colon, or the whole title."""
    step = max(1, len(papers) // ASKED)
    return [f"What is known about {paper['title'].split(':')[-1].strip()}?" for paper in papers[::step]][:ASKED]


def _halves(parts: list[str]) -> tuple[list[str], list[str]]:
    middle = (len(parts) + 1) // 2
    return parts[:middle], parts[middle:]
