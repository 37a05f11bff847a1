"""The command line as people run it: a process of its own, or the same entry point within the test's process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.warm import Process

ROOT = Path(__file__).parent.parent
_REFDESK = "from refdesk.cli import run; run()"


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit status and its two streams."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        return json.loads(self.out)


def environment(**added: str) -> dict[str, str]:
    """The test's environment with more in it."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **added}


def run(
    *arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> Ran:
    """`refdesk …` to its end, in a process of its own."""
    return ended(Process(_REFDESK, list(map(str, arguments)), env or environment(), stdin), timeout_s=timeout_s)


def run_anew(
    *arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> Ran:
    """The same as `python -m refdesk …`: Python is started and imports what it needs, as for a user."""
    done = subprocess.run(
        [sys.executable, "-m", "refdesk", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=dict(env or environment()),
        timeout=timeout_s,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(
    code: str,
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    before: Callable[[], object] | None = None,
) -> Process | subprocess.Popen[bytes]:
    """
    A Python process that runs `code` with arguments in `sys.argv[1:]`, its streams piped, in a group of its own.

    Where `before` is given, Python is started anew, and calls it first.
    """
    words = list(map(str, arguments))
    if before is None:
        return Process(code, words, env or environment())
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(env or environment()),
        start_new_session=True,
        preexec_fn=before,
    )


def ended(process: Process | subprocess.Popen[bytes], *, timeout_s: float = 120) -> Ran:
    """Wait for a process that `start` started; one that does not end is killed with its group."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Ran(process.returncode, out.decode(), err.decode())
