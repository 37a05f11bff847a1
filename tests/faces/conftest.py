"""The sample library, made once, and the command line within the test's process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import refdesk
from refdesk.cli import main
from tests.commands import ROOT, Ran

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library, to be read only."""
    folder = tmp_path_factory.mktemp("sample") / "library"
    with refdesk.open_library(folder) as library:
        library.add(EXAMPLES / "papers.jsonl", EXAMPLES / "papers.csv")
    return folder


@pytest.fixture
def own_library(sample_library: Path, tmp_path: Path) -> Path:
    """A copy of the sample library that a test may change."""
    return Path(shutil.copytree(sample_library, tmp_path / "own"))


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`refdesk …` through its entry point, in this process."""

    def called(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return called
