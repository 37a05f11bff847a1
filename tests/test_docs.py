"""
The README and the manual: their examples run as they stand, and what they name exists.

`make docs` writes docs/commands.md again (REFDESK_TEST_UPDATE=1).
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import chain
from pathlib import Path

import click
import pytest

from rag.types import Subscription
from refdesk.cli import cli as group
from refdesk.settings import config
from tests.commands import ROOT, Ran, ended, environment, start
from tests.copies import copied

DOCS = ROOT / "docs"
COMMANDS = DOCS / "commands.md"
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))
]}  # fmt: skip
WRITTEN = "\n".join(text for name, text in PAGES.items() if name != "docs/commands.md")
SETTINGS = PAGES["docs/settings.md"]


_FORGET = """
import sys
for _name in [name for name in sys.modules if name.partition(".")[0] in ("prompts", "rag", "refdesk", "stores")]:
    del sys.modules[_name]
del _name
"""
"""What of ours is imported is not there yet: an example may not use a module that it does not import."""


def blocks(language: str) -> list[tuple[str, str]]:
    """All code blocks of a language, with the name of their page and their number on it."""
    return [
        (f"{name}-{number}", block)
        for name, text in PAGES.items()
        for number, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL), start=1)
    ]


def parametrized(name: str, values: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, [value for _, value in values], ids=[place for place, _ in values])


@pytest.fixture
def place(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the sample in `examples`, as in the repository."""
    shutil.copytree(sample, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ---- examples


@parametrized("block", blocks("python"))
def test_the_python_of_the_manual_runs_as_it_stands(block: str, place: Path, sample_library: Path) -> None:
    copied(sample_library, place / "library")
    ran = ended(start(_FORGET + block))
    assert ran.status == 0, ran.err
    assert any(word in ran.out for word in ("rokking", "odular", "ecod"))


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a page's console blocks, and the output that is shown of each."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = command.partition("\n")
            yield line, shown


CONSOLES = [(name, text) for name, text in PAGES.items() if "```console\n" in text]


@parametrized("page", CONSOLES)
def test_the_commands_of_a_page_print_what_it_shows(
    page: str, place: Path, sample_library: Path, cli: Callable[..., Ran]
) -> None:
    listed = list(commands(page))
    if not listed[0][0].startswith("refdesk add"):
        copied(sample_library, Path(os.environ["REFDESK_LIBRARY"]))
    for line, shown in listed:
        program, *words = shlex.split(line, comments=True)
        assert program == "refdesk", line
        *words, file = words if ">" in words else [*words, ""]
        ran = cli(*(word for word in words if word != ">"))
        assert ran.status == 0, f"{line}: {ran.err}"
        if file:
            (place / file).write_text(ran.out, encoding="utf-8")
        if shown:
            wanted, got = (re.sub(r"in \d+\.\d s", "in N s", text) for text in (shown, ran.out))
            wanted = re.sub(r"^…$", "...", wanted, flags=re.MULTILINE)
            assert doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS), f"{line}\n{ran.out}"


@parametrized("block", blocks("toml"))
def test_the_settings_of_the_manual_are_settings(block: str, place: Path, cli: Callable[..., Ran]) -> None:
    assert cli("init").status == 0
    library = Path(os.environ["REFDESK_LIBRARY"])
    (library / "refdesk.toml").write_text(block, encoding="utf-8")
    ran = cli("status", "--json")
    assert ran.status == 0, ran.err
    assert not ran.json.get("error"), ran.json["error"]


def test_the_sample_settings_are_settings(tmp_path: Path, sample: Path) -> None:
    text = (sample / "refdesk.toml").read_text(encoding="utf-8")
    assert config.load(tmp_path, file=sample / "refdesk.toml", environment={}) == config.Config()
    for line in text.splitlines():
        if found := re.match(r"# (\w+) = ", line):
            assert found[1] in config.Config.__dataclass_fields__


# ---- what is named


def test_every_setting_is_in_the_manual() -> None:
    for field in fields(config.Config):
        if field.name == config.NO_SETTING:
            continue
        assert re.search(rf"^\| `{field.name}`(<br>| \|)", SETTINGS, re.MULTILINE), field.name
        assert field.name in config.TABLES or f"`REFDESK_{field.name.upper()}`" in SETTINGS
    for field in fields(Subscription):
        assert field.name == "name" or f"`{field.name}`" in SETTINGS, field.name


def test_every_kind_of_feed_and_its_settings_are_in_the_manual() -> None:
    from refdesk.settings.tables import FEEDS, Feed

    rows = [line.split("|") for line in PAGES["docs/feeds.md"].splitlines() if line.startswith("|")]
    for kind, model in FEEDS.items():
        line = next(row[2] for row in rows if f"`{kind}`" in row[1])
        for setting in set(model.model_fields) - set(Feed.model_fields):
            assert f"`{setting}`" in line, (kind, setting)


def test_every_format_is_in_the_manual() -> None:
    from refdesk.library import formats

    for name in formats():
        assert f"(`{name}`)" in PAGES["docs/feeds.md"], name


def test_every_command_is_explained_in_the_manual() -> None:
    for name in group.commands:
        assert f"`refdesk {name}" in WRITTEN or f"$ refdesk {name}" in WRITTEN, name


def test_every_command_that_the_manual_names_exists() -> None:
    for name in re.findall(r"(?:`|\$ |^)refdesk ([a-z]+)\b", WRITTEN, re.MULTILINE):
        assert name in group.commands, name


def test_every_public_method_is_in_the_manual() -> None:
    from refdesk.library import Library

    table = PAGES["docs/python.md"].partition("## The methods")[2]
    for name in dir(Library):
        assert name.startswith("_") or name == "close" or f"`{name}" in table, name


def test_every_page_is_in_the_sites_table_of_contents() -> None:
    listed = re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "examples/README.md"])
def test_a_link_outside_the_site_leads_to_a_file(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    extras = project["optional-dependencies"]
    wanted = [each for each in (*project["dependencies"], *chain(*extras.values())) if not each.startswith("refdesk[")]
    assert {re.split(r"[<>=\[]", requirement)[0] for requirement in wanted} <= pinned


def test_the_floors_of_the_docs_are_those_of_the_tests() -> None:
    from tests.test_floors import FLOORS

    page = PAGES["docs/architecture.md"]
    for room in FLOORS:
        short = room.removeprefix("refdesk")
        assert f"`{room}`" in page or (short and f"`{short}`" in page) or room in ("prompts", "refdesk._version"), room


# ---- the reference of the commands

INTRODUCTION = """\
# Commands

<!-- Written by `make docs` from the commands' own help; edit tests/test_docs.py and refdesk/cli/. -->

```text
refdesk [--library DIR] [--config FILE] [-v|-q] COMMAND …
```

Options of all commands stand before the command. `-v` shows where an error came from, `-q` leaves out notices and
progress.

**JSON.** Every command that a program may read takes `--json`. It then prints one JSON document on standard output
(`run`, and `ask` with `--stream`: one a line). Words for people go to standard error.

| exit status | what it says |
|---|---|
| 0 | done |
| 1 | a failure of Refdesk's own |
| 2 | the command was called wrongly |
| 3 | a setting is wrong |
| 4 | the input was refused |
| 5 | a store cannot be used |
| 6 | a model, a feed or a delivery failed |
| 7 | `check` or `verify` found something |
| 8 | the library holds no answer (`ask --exit-code`) |
| 9 | `run` had nothing to do |
| 130 | interrupted |
"""


def reference() -> str:
    """docs/commands.md: an introduction, a table of all commands, and the help of each."""
    rows = [
        f"| [`{name}`](#refdesk-{name}) | {command.get_short_help_str(200).replace('|', chr(92) + '|')} |"
        for name, command in group.commands.items()
    ]
    parts = [INTRODUCTION, "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"]
    context = group.make_context("refdesk", ["status"], terminal_width=100, max_content_width=100)
    for name, command in group.commands.items():
        parts.extend(_helps(command, name, context))
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """The help of a command, and of the commands below it."""
    with click.Context(command, parent=parent, info_name=name, terminal_width=100) as context:
        heading = "#" * len(context.command_path.split())
        yield f"{heading} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        for below, of_name in getattr(command, "commands", {}).items():
            yield from _helps(of_name, below, context)


def test_the_reference_of_the_commands_is_their_own_help() -> None:
    if os.environ.get("REFDESK_TEST_UPDATE"):
        COMMANDS.write_text(reference(), encoding="utf-8")
    assert COMMANDS.read_text(encoding="utf-8") == reference(), "run `make docs`"


# ---- the tour and the site


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal of 80 columns"])
def test_the_tour_is_at_most_sixty_lines_with_an_answer_first(
    terminal: bool, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    if terminal:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("COLUMNS", "80")
    ran = cli("demo")
    assert ran.status == 0, ran.err
    lines = ran.out.splitlines()
    assert len(lines) <= 60
    order = [
        "refdesk ask",
        "[1]",
        "Sources",
        "does not hold an answer",
        "ONLY THREE",
        "temporary folder",
        "refdesk add",
    ]
    found = [next(number for number, line in enumerate(lines) if part in line) for part in order]
    assert found == sorted(found)
    assert found[2] < 30


def test_the_site_builds_strictly_and_asks_no_other_server(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env=environment(NO_MKDOCS_2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= len(list(DOCS.glob("*.md")))
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert not re.findall(r'(?:<script[^>]+src|<link[^>]+href|<img[^>]+src)="?(?:https?:)?//[^">]+', html), page
