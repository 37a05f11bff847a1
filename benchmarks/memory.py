"""The memory that a process has now."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB, as Linux tells it; 0 for one that has ended."""
    return _told("VmRSS", pid)


def own_mb(pid: int) -> float:
    """The same without the pages of files, such as tantivy's, which Linux takes back when memory is short."""
    return _told("RssAnon", pid)


def _told(name: str, pid: int) -> float:
    with suppress(OSError):
        if found := re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii")):
            return int(found[1]) / 1024
    return 0.0
