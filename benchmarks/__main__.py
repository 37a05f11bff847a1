"""`python -m benchmarks`: run every benchmark in turn; each writes its section of docs/evaluation.md."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.report import data_folder

SCRIPTS = (
    "quality", "authors", "topics", "evidence", "verifier", "claims", "interests", "cards", "roles", "findings", "tldr",
    "themes", "digests", "parsing", "scale", "reranking", "threads", "serve", "load", "crashes", "runs", "fuzz", "tex",
)  # fmt: skip


def main() -> None:
    """Run every benchmark in a process of its own."""
    data_folder()
    for script in SCRIPTS:
        subprocess.run([sys.executable, "-m", f"benchmarks.{script}"], check=True)


if __name__ == "__main__":
    main()
