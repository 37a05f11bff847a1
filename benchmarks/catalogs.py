"""
`python -m benchmarks.catalogs FILE URL`: a library in SQLite, and one in an empty PostgreSQL database.

It imports FILE into both, times what readers do, and then moves the first catalog to a third database, the URL with
`_moved` behind its name, which must be empty too. It writes no page of the manual.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import refdesk
from stores.locks import WriterOfPapers
from stores.moving import move_catalog
from stores.place import Place


def median_ms(action: Callable[[], object], times: int) -> float:
    """The median time of an action, in milliseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return 1000 * statistics.median(found)


def measure(folder: Path, file: Path) -> None:
    """Import into a new library and print what things take."""
    with refdesk.open_library(folder) as library:
        began = time.perf_counter()
        papers = library.add(file).added
        print(f"  import: {papers / (time.perf_counter() - began):.0f} papers/s")
        ids = iter([paper.paper_id for paper in islice(library.papers(), 50)])
        actions: dict[str, tuple[Callable[[], object], int]] = {
            "search": (lambda: library.search("grokking of neural networks"), 15),
            "ask": (lambda: library.ask("What explains grokking?"), 15),
            "rate": (lambda: library.rate(next(ids), 1), 40),
            "check": (library.check, 1),
        }
        for name, (action, times) in actions.items():
            print(f"  {name}: {median_ms(action, times):.1f} ms")
    print(f"  open and close: {median_ms(lambda: refdesk.open_library(folder).close(), 5):.1f} ms")


def main(file: Path, url: str) -> None:
    """Measure both, then the move."""
    with tempfile.TemporaryDirectory() as place:
        for kind in ("sqlite", "postgresql"):
            print(kind)
            if kind == "postgresql":
                os.environ["REFDESK_CATALOG"] = url
            measure(Path(place) / kind, file)
        folder = Path(place) / "sqlite"
        began = time.perf_counter()
        rows = move_catalog(Place(folder), f"{url}_moved", make_lock=partial(WriterOfPapers, folder))
        print(f"move: {sum(rows.values()) / (time.perf_counter() - began):.0f} rows/s, {rows['papers']} papers")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
