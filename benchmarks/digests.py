"""
An extractive issue of a week of real papers: time, memory, size, and whether it keeps its guarantees.

    python -m benchmarks.digests [--week 2025-W22] [--weeks 6]
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.report import data_folder, table, write_section
from rag.digests.period import parse


def papers(week: str, weeks: int) -> list[str]:
    """The JSON lines of the papers of a week, and of the weeks before it."""
    period = parse(week)
    first, end = (period.first - timedelta(days=7 * (weeks - 1))).isoformat(), period.end.isoformat()
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [line for line in stream if first <= json.loads(line)["date"][:10] < end]


def made(folder: str, week: str) -> dict[str, Any]:
    """Make an issue twice in one open library, and measure it."""
    import refdesk

    with refdesk.open_library(folder) as library:
        library.search("anything at all", limit=1)  # what is slow to load is loaded
        took_s = []
        for _ in range(2):
            began = time.perf_counter()
            digest = library.digest(week)
            took_s.append(time.perf_counter() - began)
        document = digest.to_dict()
        claims = [
            *document["headline"],
            *(claim for theme in document["themes"] for claim in theme["claims"]),
            *(paper["tldr"] for paper in document["papers"]),
        ]
        quotes = [citation for claim in claims for citation in claim["citations"]]
        forms = {name: library.issues.rendered(digest, name) for name in ("json", "md", "html")}
        checked = {name: library.verify(forms[name].decode()) for name in ("json", "md")}
        return {
            "first_s": took_s[0],
            "again_s": took_s[1],
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "listed": digest.coverage.listed,
            "papers": len(document["papers"]),
            "themes": len(document["themes"]),
            "claims": len(claims),
            "cited": sum(bool(claim["citations"]) for claim in claims),
            "quotes": len(quotes),
            "verbatim": sum(
                library.show(shown["paper_id"]).abstract[shown["start"] : shown["end"]] == shown["quote"]
                for shown in quotes
            ),
            "failed": {
                name: sum(claim.verdict.support == "unsupported" for claim in checked[name]) for name in checked
            },
            "bytes": {name: len(content) for name, content in forms.items()},
            "document": forms["json"].decode(),
        }


def measured(lines: list[str], week: str, seed: int, folder: Path) -> dict[str, Any]:
    """Measure in a new process, over a library whose papers were added in another order."""
    mixed = list(lines)
    random.Random(seed).shuffle(mixed)
    source = folder / f"{seed}.jsonl"
    source.write_text("".join(mixed), encoding="utf-8")
    library = str(folder / f"library-{seed}")
    subprocess.run([sys.executable, "-m", "refdesk", "-q", "--library", library, "add", str(source)], check=True)
    code = f"import json; from benchmarks.digests import made; print(json.dumps(made({library!r}, {week!r})))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure, print, and write the section “Issues” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--week", default="2025-W22")
    parser.add_argument("--weeks", type=int, default=6, help="how many weeks the library holds, this one the last")
    options = parser.parse_args()
    lines = papers(options.week, options.weeks)
    with tempfile.TemporaryDirectory() as temporary:
        one, other = (measured(lines, options.week, seed, Path(temporary)) for seed in (1, 2))
    same = "yes" if one["document"] == other["document"] else "NO"
    rows = [
        ["papers of the week; in the library", f"{one['listed']:,}; {len(lines):,}"],
        ["the issue, library open, themes of the weeks before not yet known", f"{one['first_s']:.1f} s"],
        ["the same once they are", f"{one['again_s']:.1f} s"],
        ["most memory of the process", f"{one['memory_mb']:,.0f} MB"],
        ["papers and themes in it", f"{one['papers']} and {one['themes']}"],
        ["sentences; of them with a citation", f"{one['claims']}; {one['cited']}"],
        ["quotes; of them equal to the stored abstract", f"{one['quotes']}; {one['verbatim']}"],
        ["claims that `verify` refuses, JSON; Markdown", f"{one['failed']['json']}; {one['failed']['md']}"],
        ["HTML; Markdown", f"{one['bytes']['html'] / 1000:,.0f} KB; {one['bytes']['md'] / 1000:,.0f} KB"],
        ["the same bytes, papers imported in another order, another process", same],
    ]
    write_section("Issues", table([f"extractive issue {options.week}", "measured"], rows))


if __name__ == "__main__":
    main()
