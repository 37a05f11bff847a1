"""The sample issue of the docs is what the sample library gives."""

from __future__ import annotations

from pathlib import Path

import refdesk
from tests.commands import ROOT

WEEK = "2026-W27"


def test_the_sample_issue_of_the_docs_is_that_of_the_sample_library(tmp_path: Path) -> None:
    page = ROOT / "docs" / "sample-issue.md"
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(ROOT / "examples" / "papers.jsonl", ROOT / "examples" / "papers.csv")
        issue = library.issues.rendered(library.digest(WEEK), "md").decode()
    again = f"refdesk --library /tmp/sample digest --week {WEEK} -o docs/sample-issue.md"
    assert page.read_text(encoding="utf-8") == issue, f"make it anew from examples/papers.jsonl and papers.csv: {again}"
