"""
Processes beside the server: a thread starts one when there is something to do, and ends it with the server.

What writes the indexes has a process of its own, for embedded Chroma keeps Python's lock for seconds when it writes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

STOP_S = 20.0
"""How long the end of the server waits for a process to end."""
_POLL_S = 0.2
_NICE = 5


def place(folder: Path, config: Path | None) -> list[str]:
    """The arguments of a process: the library, and the settings file that is read in place of its own."""
    return [str(folder), *([str(config)] if config else [])]


@contextmanager
def looking(look: Callable[[Event], None], *, wake: Callable[[], None] = lambda: None) -> Iterator[None]:
    """
    Run `look` in a thread until the block ends.

    Args:
        look: Returns soon after its event is set.
        wake: Called after the event is set, where `look` waits for something else.
    """
    over = Event()
    thread = Thread(target=look, args=(over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        wake()
        thread.join()


def run(command: Sequence[str], over: Event, *, captures: bool = False) -> tuple[int, str]:
    """
    Run a process to its end, or to the server's.

    Args:
        command: Our own.
        over: Set when the server ends; the process is asked to end then, and killed after `STOP_S`.
        captures: True gives what it says on standard error, which else goes to the server's.

    Returns:
        Its return code, and the last line that it said.
    """
    said = ""
    with subprocess.Popen(  # noqa: S603 - our own
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if captures else None,
        text=True,
    ) as process:
        while process.returncode is None:
            try:
                said = process.communicate(timeout=_POLL_S)[1] or ""  # reads what it says, or the pipe would fill
            except subprocess.TimeoutExpired:
                if over.is_set():
                    _end(process)
    return process.returncode, (said.strip().splitlines() or [""])[-1]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def go_last() -> None:
    """Let whoever asks the server go first: called by a process of its own."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
