"""
Upkeep: index what a killed import or an interrupted rebuild left, while the server answers from what is there; follow
other machines that share the catalog; and delete answers that were kept for their days.

A process of its own does the indexing. The server sees what it has written as it sees what any other process writes.

    python -m refdesk.serve.upkeep LIBRARY [SETTINGS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from rag.errors import RefdeskError
from refdesk.library import Library
from refdesk.serve import beside

LOOK_S = 30.0
"""How often a server looks whether its indexes lack papers."""
_AFTER_FAILURE_S = 600.0
_FOLLOW_S = 0.5


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
    if library.read_only:
        yield
        return
    command = [sys.executable, "-m", "refdesk.serve.upkeep", *beside.place(folder, config)]
    with (
        beside.looking(lambda over: _look(library, command, tell, over, look_s)),
        beside.looking(lambda over: _follow(library, over)),
    ):
        yield


def _follow(library: Library, over: Event) -> None:
    """Find within a second what other machines add; the word index of a folder is written beside its readers."""
    shared = True
    while shared and not over.wait(_FOLLOW_S):
        with suppress(RefdeskError):  # the catalog is away
            shared = library.follow()


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
    """Run the process; what it failed of, unless the server ended."""
    status, said = beside.run(command, over, captures=True)
    if over.is_set() or not status:
        return ""
    return said or f"the process ended with {status}"


def main(folder: str, config: str | None = None) -> None:
    """Index what the indexes lack."""
    from refdesk.opening import open_library

    beside.go_last()
    try:
        with open_library(folder, config=config, create=False) as library:
            library.catch_up()
    except RefdeskError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main(*sys.argv[1:])
