"""
Upkeep: index what a killed import or an interrupted rebuild left, while the server answers from what is there; and
delete answers that were kept for their days.

A process of its own does the indexing, for embedded Chroma keeps Python's lock for seconds when it writes. The server
sees what it has written as it sees what any other process writes.

    python -m refdesk.serve.upkeep LIBRARY [SETTINGS]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from rag.errors import RefdeskError
from refdesk.library import Library

LOOK_S = 30.0
"""How often a server looks whether its indexes lack papers."""
_AFTER_FAILURE_S = 600.0
_POLL_S = 0.2
_NICE = 5


@contextmanager
def kept_up(
    library: Library, folder: Path, config: Path | None, tell: Callable[[str], None], *, look_s: float = LOOK_S
) -> Iterator[None]:
    """
    Keep the indexes and the kept answers up to date until the block ends.

    Args:
        library: The open library. One that is only read is left alone.
        folder, config: Its place, and the settings file that is read in place of its own.
        tell: Told why the indexes could not be brought up to date.
        look_s: Seconds between two looks.
    """
    over = Event()
    command = [sys.executable, "-m", "refdesk.serve.upkeep", str(folder), *([str(config)] if config else [])]
    thread = Thread(target=_look, args=(library, command, tell, over, look_s), daemon=True)
    if not library.read_only:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if thread.is_alive():
            thread.join()


def _look(library: Library, command: list[str], tell: Callable[[str], None], over: Event, look_s: float) -> None:
    """Start the process where the indexes lack the same as at the look before, so that nobody is at work on it."""
    before: dict[str, int] | None = None  # at the start, nobody of this server can be
    wait_s = 0.0
    while not over.wait(wait_s):
        wait_s = look_s
        try:
            library.shelf().expire()
            lacks = library.lacks()
        except RefdeskError:  # the catalog is away
            continue
        if lacks and before in (None, lacks) and (failure := _run(command, over)):
            tell(f"The indexes could not be brought up to date: {failure}")
            wait_s = _AFTER_FAILURE_S
        before = lacks


def _run(command: list[str], over: Event) -> str:
    """Run the process to its end, or to the server's; what it failed of."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None:
        if over.wait(_POLL_S):
            process.terminate()
            break
    said = process.communicate()[1].strip().splitlines()
    if over.is_set() or not process.returncode:
        return ""
    return said[-1] if said else f"the process ended with {process.returncode}"


def main(folder: str, config: str | None = None) -> None:
    """Index what the indexes lack."""
    from refdesk.opening import open_library

    if hasattr(os, "nice"):
        os.nice(_NICE)  # whoever asks goes first
    try:
        with open_library(folder, config=config, create=False) as library:
            library.catch_up()
    except RefdeskError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
