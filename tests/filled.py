"""Libraries filled with a few invented records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import refdesk


def filled(place: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Make a library of these records in a folder of `place`, each a paper of its own, and return the folder."""
    (place / "papers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with refdesk.open_library(place / "library") as library:
        assert library.add(place / "papers.jsonl").added == len(rows)
    return place / "library"
