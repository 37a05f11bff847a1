"""The share of sentences with TeX that are shown without it, and the time that takes."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

from benchmarks.report import data_folder, table, write_section
from rag import text
from refdesk.render.tex import readable


def sentences() -> Iterator[str]:
    """Every title and sentence of the arXiv abstracts of 2025 that holds `$` or a backslash."""
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            if "$" not in line and "\\" not in line:
                continue
            row = json.loads(line)
            title, abstract = text.clean(row["title"]), text.clean(row["abstract"])
            if "$" in abstract or "\\" in abstract:
                found = [abstract[start:end] for start, end in text.split(abstract)]
            else:
                found = []
            yield from (part for part in (title, *found) if "$" in part or "\\" in part)


def main() -> None:
    """Print both figures, and write the section of docs/evaluation.md."""
    given = list(sentences())
    readable(r"$\alpha$")  # imports pylatexenc
    began = time.perf_counter()
    shown = [readable(sentence) for sentence in given]
    took = time.perf_counter() - began
    plain = sum("$" not in sentence and "\\" not in sentence for sentence in shown)
    rows = [
        ("sentences with TeX", f"{len(given):,}"),
        ("shown without `$` and backslash", f"{plain / len(given):.3f}"),
        ("seconds per 1,000 of them", f"{1000 * took / len(given):.2f}"),
    ]
    write_section("TeX", table(["measure", "value"], rows))


if __name__ == "__main__":
    main()
