"""Libraries that a test may change or serve, and issues in every state that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import refdesk
from rag.types import Digest
from tests.commands import ROOT
from tests.copies import copied
from tests.faces import issues

EXAMPLES = ROOT / "examples"


@pytest.fixture
def folder(sample_library: Path, tmp_path: Path) -> Path:
    """The folder of a sample library that a test may change."""
    return copied(sample_library, tmp_path / "own")


@pytest.fixture
def lab(folder: Path) -> Iterator[refdesk.Library]:
    """That sample library, open, with two readers beside `local`: ada has an address, bob has none."""
    with refdesk.open_library(folder) as opened:
        opened.readers.add("ada", email="ada@example.org")
        opened.readers.add("bob")
        yield opened


@pytest.fixture(scope="session")
def issue_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library with hostile papers in it, to be read only."""
    folder = tmp_path_factory.mktemp("issues")
    with refdesk.open_library(folder / "library") as library:
        library.add(EXAMPLES / "papers.jsonl", EXAMPLES / "papers.csv")
        issues.add_hostile(library, folder)
    return folder / "library"


class States(dict[str, Digest]):
    """Issues by the name of their state; short where a failing test prints it."""

    def __repr__(self) -> str:
        return f"states of {len(self)}"


@pytest.fixture(scope="session")
def states(issue_library: Path) -> States:
    """An issue in every state that there is, by name."""
    with refdesk.open_library(issue_library, read_only=True) as library:
        every = issues.papers(library)
    hostile = [paper for paper in every if "hostile" in paper.paper_id]
    sample = [paper for paper in every if "hostile" not in paper.paper_id]
    week = [paper for paper in sample if "2026-06-29" <= (paper.listed or "") < "2026-07-06"]
    varied = issues.varied(issues.made(week[:18], themes=4, listed=40))
    return States(
        {
            "full": issues.made(sample[:40], themes=10, listed=1_996, near=sample[40:48]),
            "varied": varied,
            "generated": issues.generated(varied),
            "empty": issues.made([]),
            "one": issues.made(week[:1]),
            "first": issues.made(week[:12], themes=3, weeks=1),
            "hostile": issues.varied(issues.made([*hostile, *week[:4]], themes=3, names=issues.HOSTILE)),
        }
    )
