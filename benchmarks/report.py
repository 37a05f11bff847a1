"""Report tables: print them and write them into docs/evaluation.md; and find the folder of real data."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "evaluation.md"


def data_folder() -> Path:
    """The folder of real data. If there is none, the program ends with a message."""
    folder = os.environ.get("REFDESK_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        sys.exit("skipped: the benchmarks need real data, and REFDESK_TEST_DATA names no folder")
    return Path(folder)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """
    A Markdown table.

    >>> print(table(["a"], [["1"]]))
    | a |
    |---|
    | 1 |
    """
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell != "---" else cell for cell in line) + "|" for line in lines)


def write_section(name: str, body: str) -> None:
    """Print a section and put it into docs/evaluation.md, between the marks that name it."""
    print(f"\n## {name}\n\n{body}\n", flush=True)
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page:
        sys.exit(f"docs/evaluation.md has no place for “{name}”: add the line {begin} and the line {end}")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n\n{body}\n\n{end}", page), encoding="utf-8")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The records of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]
