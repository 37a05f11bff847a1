"""
Crash test: kill an import and a sync (SIGKILL) at random moments, and run them again; search beside an import.

Is the library consistent after each kill, and does the second run end as one that was never killed? Does a new process
end by a signal when it searches for the first time, beside an import or after it?

    python -m benchmarks.crashes [import] [sync] [search] [--kills 50] [--syncs 30] [--searches 80]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from benchmarks.report import data_folder, table, write_section
from refdesk import open_library
from stores.hnsw import graph_problem
from tests.feed_server import Entry, FeedServer, serving

PAPERS = 2_500
FED = 240
"""Papers of each provider; half as many of each stand in two files of a folder."""
KILLS, WHOLE, SAME = "kills", "`check`, the next command, finds it consistent", "run again: as if it had run through"
DIED, FAILED = "ended by a signal", "failed"
SEARCHED = 6_000
"""Papers of an import beside which others search."""
PARTLY = "killed with some, but not all, papers in"


def refdesk(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "refdesk", "--library", str(library), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def killed(library: Path, arguments: Sequence[str], after_s: float) -> bool:
    """Start a command and kill it after some seconds; True if it was still running then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "refdesk", "--library", str(library), *arguments],
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


def held(library: Path) -> str:
    """All papers of a library with all their fields, if `check` finds it consistent; else the findings."""
    found = refdesk(library, "check", "--json")
    return found.stdout if found.returncode else refdesk(library, "export", "--format", "jsonl").stdout


def measured(library: Path, prepare: Callable[[], None], arguments: Sequence[str], kills: int) -> Counter[str]:
    """
    Kill a command `kills` times, each time in a new library, and run it again.

    Args:
        library: Its folder.
        prepare: Makes in it what the command needs.
        arguments: The command.
        kills: How many.
    """
    moments = random.Random(20261122)
    prepare()
    began = time.perf_counter()
    ran = refdesk(library, *arguments)
    assert ran.returncode == 0, ran.stderr
    whole_s, expected = time.perf_counter() - began, held(library)
    papers = expected.count("\n")
    counts = Counter[str]()
    with suppress(KeyboardInterrupt):  # ended early, it reports what it has done
        while counts[KILLS] < kills:
            shutil.rmtree(library)
            prepare()
            if not killed(library, arguments, moments.uniform(0.3, whole_s)):
                continue
            found = json.loads(refdesk(library, "check", "--json").stdout)
            # a process killed before it made the catalog leaves no library, and then there is nothing to check
            nothing = found.get("error", {}).get("type") == "LibraryNotFound"
            refdesk(library, *arguments)
            counts[WHOLE] += nothing or found.get("ok", False)
            counts[SAME] += held(library) == expected
            counts[PARTLY] += 0 < found.get("papers", 0) < papers
            counts[KILLS] += 1
            print(f"kill {counts[KILLS]}: {found.get('papers', 0):,} of {papers:,}", file=sys.stderr, flush=True)
    return counts


def feeds(library: Path, box: Path, server: FeedServer) -> None:
    """A library without papers whose feeds are the server and a folder."""
    first = (datetime.now(UTC).date() - timedelta(days=3)).isoformat()
    tables = [f'[feeds.box]\nkind = "folder"\npath = "{box}"']
    for kind, options in (("openalex", ""), ("pubmed", 'query = "x"'), ("rss", "")):
        tables.append(f'[feeds.{kind}]\nkind = "{kind}"\nurl = "{server.url}/{kind}"\nsince = "{first}"\n{options}')
        tables[-1] += "\nallow_private = true"
    library.mkdir()
    (library / "refdesk.toml").write_text("\n".join(tables), encoding="utf-8")


def imports(folder: Path, lines: Sequence[str], kills: int) -> None:
    """Measure an import, and write the section “Crashes” of docs/evaluation.md."""
    source = folder / "papers.jsonl"
    source.write_text("".join(lines), encoding="utf-8")
    counts = measured(folder / "library", lambda: None, ["add", str(source)], kills)
    _write("Crashes", f"import of {PAPERS:,} papers, killed at a random moment", counts)


def syncs(folder: Path, lines: Sequence[str], kills: int) -> None:
    """Measure a sync of feeds on loopback, and write the section “Killed syncs” of docs/evaluation.md."""
    box = folder / "box"
    box.mkdir()
    for number in range(2):
        part = lines[number * FED : (number + 1) * FED]
        (box / f"{number}.jsonl").write_text("".join(part), encoding="utf-8")
    day = datetime.now(UTC).date()
    with serving() as server:
        server.papers = [Entry(number, (day - timedelta(days=number % 4)).isoformat()) for number in range(FED)]
        server.page = 60
        library = folder / "synced"
        counts = measured(library, lambda: feeds(library, box, server), ["sync"], kills)
    _write("Killed syncs", "sync of four feeds, killed at a random moment", counts)


def searches(folder: Path, lines: Sequence[str], count: int) -> None:
    """Search by new processes beside imports and after them, and write the section “First searches”."""
    base, more = folder / "base.jsonl", folder / "more.jsonl"
    base.write_text("".join(lines[:FED]), encoding="utf-8")
    more.write_text("".join(lines[FED:]), encoding="utf-8")
    titles = [json.loads(line)["title"] for line in lines[:FED]]
    import_module("stores.vectors.chroma")  # the new processes are forks, which have it
    ends: dict[str, Counter[str]] = {"beside": Counter(), "after": Counter()}
    imports = Counter[str]()
    with suppress(KeyboardInterrupt):  # ended early, it reports what it has done
        while ends["beside"].total() < count:
            library = folder / f"searched-{imports.total()}"
            refdesk(library, "add", str(base))
            adding = subprocess.Popen(
                [sys.executable, "-m", "refdesk", "--library", str(library), "add", str(more)],
                stdout=subprocess.DEVNULL,
            )
            while adding.poll() is None:
                ends["beside"][first_search(library, titles[ends["beside"].total() % FED])] += 1
            imports["sound" if graph_problem(library / "chroma") is None and not adding.returncode else "damaged"] += 1
            for _ in range(min(count - ends["after"].total(), count // 2)):
                ends["after"][first_search(library, titles[ends["after"].total() % FED])] += 1
            print(ends, imports, file=sys.stderr, flush=True)
            shutil.rmtree(library)
    rows = [
        [f"{when} an import of {len(lines):,} papers: {end}", f"{counts[end]} of {counts.total()}"]
        for when, counts in ends.items()
        for end in (DIED, FAILED)
    ]
    rows.append(["imports after which the graph has faults", f"{imports['damaged']} of {imports.total()}"])
    write_section("First searches", table(["first search of a process", "count"], rows))


def first_search(library: Path, text: str) -> str:
    """Search in a new process that has opened nothing yet, and say how it ended."""
    process = os.fork()
    if not process:
        try:
            with open_library(library, read_only=True) as opened:
                opened.search(text)
        except BaseException:  # noqa: BLE001 - a fork must not go on
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return DIED if os.WIFSIGNALED(status) else FAILED if status else "answered"


def _write(section: str, heading: str, counts: Counter[str]) -> None:
    write_section(
        section, table([heading, "count"], [[name, str(counts[name])] for name in (KILLS, WHOLE, SAME, PARTLY)])
    )


def main() -> None:
    """Measure, print, and write the sections of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="import|sync|search", help="only one of the three")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--syncs", type=int, default=30)
    parser.add_argument("--searches", type=int, default=80)
    options = parser.parse_args()
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
        lines = [line for line, _ in zip(stream, range(SEARCHED), strict=False)]
    with tempfile.TemporaryDirectory() as temporary:
        if "import" in options.what or not options.what:
            imports(Path(temporary), lines[:PAPERS], options.kills)
        if "sync" in options.what or not options.what:
            syncs(Path(temporary), lines, options.syncs)
        if "search" in options.what or not options.what:
            searches(Path(temporary), lines, options.searches)


if __name__ == "__main__":
    main()
