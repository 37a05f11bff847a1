"""Completion in real shells, each at a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import ROOT, Ran, environment, run_anew

SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], 'eval "$(refdesk completion bash)"'),
    "zsh": (["-f", "-i"], 'autoload -U compinit; compinit -u; eval "$(refdesk completion zsh)"'),
    "fish": (["--no-config", "-i"], "refdesk completion fish | source"),
}
CLEAR_LINE = "\x15"


pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # of pty.fork


class Terminal:
    """A shell at a terminal."""

    def __init__(self, shell: str, options: list[str], folder: Path, path: str) -> None:
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            kept = environment(PATH=path, HOME=str(folder), TERM="dumb", PS1="$ ", LANG="C.UTF-8")
            os.execvpe(shell, [shell, *options], kept)

    def type(self, keys: str, *, until: str, timeout_s: float = 30) -> str:
        """Type keys and wait for a text on the screen; what came until then, or until the time was up."""
        os.write(self._terminal, keys.encode())
        shown, end = "", time.monotonic() + timeout_s
        while until not in shown and time.monotonic() < end:
            if select.select([self._terminal], [], [], 0.1)[0]:
                shown += os.read(self._terminal, 65_536).decode(errors="replace")
        return shown

    def close(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._terminal)


@pytest.fixture(params=SHELLS)
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that has read the script of `refdesk completion`."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not here")
    program = tmp_path / "bin" / "refdesk"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m refdesk "$@"\n')
    program.chmod(0o755)
    (tmp_path / "abstracts.jsonl").write_text("")
    options, script = SHELLS[request.param]
    opened = Terminal(request.param, options, tmp_path, f"{program.parent}:{os.environ['PATH']}")
    try:
        opened.type(f"{script}; echo read''y\n", until="ready")
        yield opened
    finally:
        opened.close()


def test_a_shell_completes_commands_options_and_file_names(terminal: Terminal) -> None:
    for typed, completed in (
        ("refdesk sea", "refdesk search "),
        ("refdesk add --list-f", "--list-formats "),
        ("refdesk add abstr", "abstracts.jsonl "),
        ("refdesk export --answer abstr", "abstracts.jsonl "),
        ("refdesk export --format bib", "bibtex "),
        ("refdesk add --format bib", "bibtex "),
    ):
        shown = terminal.type(f"{CLEAR_LINE}{typed}\t", until=completed)
        assert completed in shown, typed


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_alone(shell: str) -> None:
    ran = run_anew("completion", shell)
    assert (ran.status, ran.err) == (0, "")
    assert "_REFDESK_COMPLETE" in ran.out
    assert run_anew(env=environment(_REFDESK_COMPLETE=f"{shell}_source")).out == ran.out


def test_a_shell_that_is_not_known_is_a_usage_error(cli: Callable[..., Ran]) -> None:
    assert cli("completion", "tcsh").status == 2
