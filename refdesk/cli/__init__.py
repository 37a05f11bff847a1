"""
The command line: each module has some commands, which parse arguments, call the library and print.

Errors are caught in one place, `main` here.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import sys
import traceback
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import click

from rag.errors import RefdeskError, StoreError, disk_full, is_disk_full
from refdesk._version import __version__
from refdesk.cli import (
    add,
    ask,
    backup,
    chat,
    completion,
    digest,
    doctor,
    export,
    library,
    mcp,
    models,
    readers,
    review,
    serve,
    subscribe,
    sync,
    verify,
)
from refdesk.cli import eval as evaluation
from refdesk.cli.common import INTERRUPTED, Session, printable

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--library",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The library's folder. [env: REFDESK_LIBRARY]",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A settings file to read in place of the library's refdesk.toml.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
@click.option("-q", "--quiet", is_flag=True, help="Show no notices and no progress.")
@click.version_option(__version__, prog_name="refdesk")
@click.pass_context
def cli(context: click.Context, library: Path | None, config: Path | None, verbose: bool, quiet: bool) -> None:
    """Ask questions over paper abstracts; every sentence of an answer cites its sources."""
    context.obj = Session(folder=library, config=config, verbose=verbose, quiet=quiet)


for _command in (
    add.init,
    add.add,
    sync.sync,
    ask.search,
    ask.ask,
    chat.chat,
    digest.digest,
    digest.run,
    digest.like,
    digest.dislike,
    subscribe.subscribe,
    subscribe.unsubscribe,
    review.review,
    library.show,
    library.split,
    verify.verify,
    verify.replay,
    library.status,
    library.check,
    library.reindex,
    backup.backup,
    backup.restore,
    backup.migrate,
    export.export,
    evaluation.evaluate,
    evaluation.demo,
    doctor.doctor,
    models.models,
    mcp.mcp,
    serve.serve,
    readers.reader,
    readers.token,
    completion.completion,
):
    cli.add_command(_command)


def run() -> None:
    """Run `main` as a process that ends soon: with less garbage collection, and without the interpreter's shutdown."""
    gc.set_threshold(50_000, 20, 20)  # the start makes a hundred thousand objects, none of them garbage
    try:
        main()
    except SystemExit as ended:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)  # the shutdown takes a third of a second


def _interrupted(_signal: int, _frame: object) -> None:
    """
    Interrupt now, and again at the next report of progress.

    The second one is needed because a library may swallow an exception that is raised within it.
    """
    INTERRUPTED.set()
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status. Errors are caught only here."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _prepare_streams()
    with suppress(ValueError):  # only the main thread may set a handler
        signal.signal(signal.SIGINT, _interrupted)
    verbose = any(argument in ("-v", "--verbose") for argument in arguments)
    try:
        if (status := completion.asked_by_a_shell(cli)) is not None:
            sys.exit(status)
        with cli.make_context("refdesk", list(arguments)) as context:  # cli.main would handle a broken pipe itself
            status = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        status = ended.exit_code
    except RefdeskError as error:
        status = _print_error(error, as_json="--json" in arguments, verbose=verbose)
    except click.ClickException as error:
        if "--json" in arguments:
            found = {"type": type(error).__name__, "message": error.format_message(), "hint": "See `refdesk --help`."}
            click.echo(json.dumps({"error": found}, ensure_ascii=False))
        else:
            error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt, CancelledError):
        click.echo("Interrupted.", err=True)
        status = _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `refdesk … | head` is not an error
        status = 0
    except OSError as error:  # errors of files are translated where they are opened, so this is standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        fault: RefdeskError = StoreError(
            f"The output cannot be written: {error.strerror or error}.", hint="Write it to another place."
        )
        status = _print_error(disk_full("The output") if is_disk_full(error) else fault, as_json=False, verbose=verbose)
    except Exception as error:  # noqa: BLE001 - our own bug, in one sentence too
        fault = RefdeskError(
            f"Refdesk failed: {type(error).__name__}: {error}",
            hint="Run it again with -v and report what it shows.",
        )
        status = _print_error(fault, as_json="--json" in arguments, verbose=verbose)
    sys.exit(status if isinstance(status, int) else 0)


def _without_keys(text: str) -> str:
    """Replace the keys of the environment in a traceback, because a server may repeat them in its errors."""
    for name, value in os.environ.items():
        if name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")) and len(value) > 3:
            text = text.replace(value, "***")
    return text


def _prepare_streams() -> None:
    """Replace a closed stream by /dev/null, and letters that the terminal lacks by `?`."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _print_error(error: RefdeskError, *, as_json: bool, verbose: bool) -> int:
    if verbose:
        click.echo(_without_keys(traceback.format_exc()), err=True, nl=False)
    if as_json:
        click.echo(json.dumps(error.to_dict(), ensure_ascii=False))
    else:
        click.echo(printable(f"Error: {error.message}"), err=True)
        if error.hint:
            click.echo(printable(f"Hint: {error.hint}"), err=True)
    return error.exit_code
