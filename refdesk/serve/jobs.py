"""
Working off the queue beside the server: a worker, in a process of its own, does the jobs whenever there are some.

Servers of one library may each start a worker; the locks of `refdesk.jobs` let one of them work at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Event

from rag.errors import RefdeskError
from refdesk.jobs import Jobs
from refdesk.library import Library
from refdesk.serve import beside

WORKER = (sys.executable, "-m", "refdesk.serve.worker")
LOOK_S = 1.0
"""How often a server looks for jobs that another one was asked for, or left."""
_AFTER_FAILURE_S = 15.0


def worked_off(
    library: Library, folder: Path, config: Path | None, tell: Callable[[str], None]
) -> AbstractContextManager[None]:
    """
    Have the jobs of a library done until the block ends.

    Args:
        library: The open library. One that is only read has no jobs.
        folder, config: Its place, and the settings file that is read in place of its own.
        tell: Told why no job could be done.
    """
    if library.read_only:
        return nullcontext()
    jobs, command = library.jobs, [*WORKER, *beside.place(folder, config)]
    return beside.looking(lambda over: _look(jobs, command, tell, over), wake=jobs.added.set)


def _look(jobs: Jobs, command: list[str], tell: Callable[[str], None], over: Event) -> None:
    while not over.is_set():
        jobs.added.clear()
        try:
            failed = jobs.is_due() and beside.run(command, over)[0] != 0  # the worker says why on standard error
        except RefdeskError:  # the catalog is away
            failed = True
        except OSError as error:
            tell(f"The jobs cannot be done: {error}")
            failed = True
        if failed:
            over.wait(_AFTER_FAILURE_S)
        else:
            jobs.added.wait(LOOK_S)
