"""
An import killed (SIGKILL) at random moments: after each, is the library whole, and does the import complete?

    python -m benchmarks.crashes [--kills 50]
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.report import data_folder, table, write_section

PAPERS = 2_500


def refdesk(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "refdesk", "--library", str(library), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def killed_import(library: Path, source: Path, after_s: float) -> bool:
    """Begin an import and kill it after some seconds; whether it was still running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "refdesk", "--library", str(library), "add", str(source)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def main() -> None:
    """Measure, print, and write the section “Crashes” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    moments = random.Random(20261122)
    counts = {
        "kills": 0,
        "`check`, the next command, finds it whole": 0,
        "complete after the import is run again": 0,
    }
    left: list[int] = []
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "papers.jsonl"
        with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
            source.write_text("".join(line for line, _ in zip(stream, range(PAPERS), strict=False)), encoding="utf-8")
        library = Path(temporary) / "library"
        began = time.perf_counter()
        assert refdesk(library, "add", str(source)).returncode == 0
        whole_s = time.perf_counter() - began
        with suppress(KeyboardInterrupt):  # ended early, it reports what it has done
            while counts["kills"] < options.kills:
                shutil.rmtree(library)
                if not killed_import(library, source, moments.uniform(0.5, whole_s)):
                    continue
                found = json.loads(refdesk(library, "check", "--json").stdout)
                # a process killed before it made the catalog leaves no library, and then there is nothing to check
                nothing = found.get("error", {}).get("type") == "LibraryNotFound"
                again = json.loads(refdesk(library, "add", str(source), "--json").stdout)
                last = json.loads(refdesk(library, "check", "--json").stdout)
                complete = again["added"] + again["unchanged"] == PAPERS
                complete = complete and last == {"ok": True, "papers": PAPERS, "findings": []}
                left.append(found.get("papers", 0))
                counts["`check`, the next command, finds it whole"] += nothing or found.get("ok", False)
                counts["complete after the import is run again"] += complete
                counts["kills"] += 1
                print(f"kill {counts['kills']}: {left[-1]:,} papers were in", file=sys.stderr, flush=True)
    partly = sum(0 < papers < PAPERS for papers in left)
    rows = [[name, str(count)] for name, count in counts.items()] + [
        ["killed with some, but not all, papers in", str(partly)]
    ]
    write_section("Crashes", table([f"import of {PAPERS:,} papers, killed at a random moment", "count"], rows))


if __name__ == "__main__":
    main()
