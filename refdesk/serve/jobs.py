"""
Working off the queue beside the server: a worker, in a process of its own, does the jobs whenever there are some.

Embedded Chroma keeps Python's lock for seconds when it writes, and searches would wait for it. Servers of one library
may each start a worker; the locks of `refdesk.jobs` let one of them work at a time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from rag.errors import RefdeskError
from refdesk.jobs import Jobs
from refdesk.library import Library

WORKER = (sys.executable, "-m", "refdesk.serve.worker")
LOOK_S = 1.0
"""How often a server looks for jobs that another one was asked for, or left."""
STOP_S = 20.0
"""How long the end of the server waits for the worker to leave its job."""
_AFTER_FAILURE_S = 15.0
_POLL_S = 0.2


@contextmanager
def worked_off(library: Library, folder: Path, config: Path | None, tell: Callable[[str], None]) -> Iterator[None]:
    """
    Have the jobs of a library done until the block ends.

    Args:
        library: The open library. One that is only read has no jobs.
        folder, config: Its place, and the settings file that is read in place of its own.
        tell: Told why no job could be done.
    """
    over = Event()
    command = [*WORKER, str(folder), *([str(config)] if config else [])]
    thread = Thread(target=_look, args=(library.jobs, command, tell, over), name="jobs", daemon=True)
    if not library.read_only:
        thread.start()
    try:
        yield
    finally:
        over.set()
        library.jobs.added.set()
        if thread.is_alive():
            thread.join()


def _look(jobs: Jobs, command: list[str], tell: Callable[[str], None], over: Event) -> None:
    while not over.is_set():
        jobs.added.clear()
        try:
            failed = jobs.is_due() and not _run(command, over)
        except RefdeskError:  # the catalog is away
            failed = True
        except OSError as error:
            tell(f"The jobs cannot be done: {error}")
            failed = True
        if failed:
            over.wait(_AFTER_FAILURE_S)
        else:
            jobs.added.wait(LOOK_S)


def _run(command: list[str], over: Event) -> bool:
    """Run a worker to its end, or to the server's; False if it failed. It says why on standard error."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    while process.poll() is None:
        if over.wait(_POLL_S):
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()  # the next worker continues the job
                process.wait()
    return process.returncode == 0
