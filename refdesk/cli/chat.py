"""The command `chat`: questions and follow-ups."""

from __future__ import annotations

import sys
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from refdesk.cli.ask import answering_options
from refdesk.cli.common import INTERRUPTED, Session, filters, show

if TYPE_CHECKING:
    from rag.types import Answer, Filter
    from refdesk.library import Library

_HELP = "Ask a question. /sources lists the sources of the last answer, /show 3 shows one, /quit ends."


@click.command()
@answering_options
@filters
@click.pass_obj
def chat(
    session: Session, model: str | None, fresh: bool, strict: bool, keep_unsupported: bool, chosen: Filter
) -> None:
    """Ask, with follow-ups. /sources, /show N, /help, /quit."""
    from refdesk.render import terminal

    with suppress(ImportError):
        import readline  # noqa: F401 - line editing and history, where the platform has it
    with session.open(model=model) as library:
        if not library.model:
            session.tell("No model is configured: follow-ups are taken as they stand.")
        session.tell(_HELP)
        asked: list[str] = []
        last: Answer | None = None
        while True:
            try:
                line = input("> " if sys.stdin.isatty() else "").strip()
            except EOFError:
                return
            command, _, rest = line.partition(" ")
            if command in ("/quit", "/exit", "/q"):
                return
            if command == "/sources" and last:
                show(terminal.sources(last))
            elif command == "/show":
                _show(library, last, rest)
            elif command == "/sources":
                session.tell("Nothing was asked yet.")
            elif command == "/help":
                session.tell(_HELP)
            elif command.startswith("/"):
                session.tell(f"Unknown command {command}. {_HELP}")
            elif line:
                last = _ask(session, library, asked, line, chosen, fresh=fresh, strict=strict, keep=keep_unsupported)
                asked.append(last.question if last else line)


def _ask(
    session: Session,
    library: Library,
    asked: list[str],
    line: str,
    chosen: Filter,
    *,
    fresh: bool,
    strict: bool,
    keep: bool,
) -> Answer | None:
    from rag.errors import ModelUnavailable, RefdeskError
    from refdesk.cli.ask import show_stream

    try:
        try:
            question = library.condense(asked, line, cancel=INTERRUPTED)
        except ModelUnavailable as error:
            session.tell(f"{error.message} The question is taken as it stands.")
            question = line
        if question != line:
            session.tell(f"Taken as: {question}")
        stream = library.stream(
            question, filter=chosen, fresh=fresh, strict=strict, keep_unsupported=keep, cancel=INTERRUPTED
        )
        return show_stream(session, stream)
    except CancelledError as error:  # while condensing
        raise KeyboardInterrupt from error
    except RefdeskError as error:  # a conversation goes on
        session.tell(f"Error: {error.message}")
        return None


def _show(library: Library, last: Answer | None, number: str) -> None:
    from refdesk.render import terminal

    papers = [source.paper for source in last.sources if str(source.number) == number.strip()] if last else []
    if papers:
        show(terminal.paper(papers[0], library.revisions(papers[0].paper_id)))
    else:
        click.echo("The last answer has no source of that number.", err=True)
