"""The README's Python runs as it stands, and what the docs name exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_the_readmes_python_runs_as_it_stands(block: str, tmp_path: Path, sample: Path) -> None:
    shutil.copytree(sample, tmp_path / "examples")
    prepare = "import refdesk\nwith refdesk.open_library('library') as made:\n    made.add('examples/papers.jsonl')\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", prepare + block],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "rokking" in done.stdout or "ecod" in done.stdout


def test_every_command_is_in_the_readme() -> None:
    from refdesk.cli import cli

    for name in cli.commands:
        assert f"`{name}" in README or f"· `{name}`" in README, name


def test_every_setting_is_in_the_readme() -> None:
    from dataclasses import fields

    from refdesk.settings.config import NO_SETTING, Config

    for field in fields(Config):
        if field.name == NO_SETTING:
            continue
        assert f"`{field.name}`" in README
        assert field.name in ("feeds", "subscriptions", "email") or f"REFDESK_{field.name.upper()}" in README


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[<>=\[]", each)[0] for each in wanted} <= pinned


def test_the_floors_of_the_docs_are_those_of_the_tests() -> None:
    from tests.test_floors import FLOORS

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in FLOORS:
        short = room.removeprefix("refdesk")
        assert f"`{room}`" in page or (short and f"`{short}`" in page) or room in ("prompts", "refdesk._version"), room


def test_the_sample_settings_are_settings(tmp_path: Path, sample: Path) -> None:
    from refdesk.settings import config

    text = (sample / "refdesk.toml").read_text(encoding="utf-8")
    assert config.load(tmp_path, file=sample / "refdesk.toml", environment={}) == config.Config()
    for line in text.splitlines():
        if found := re.match(r"# (\w+) = ", line):
            assert found[1] in config.Config.__dataclass_fields__
