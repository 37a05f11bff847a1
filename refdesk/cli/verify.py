"""The commands `verify` and `replay`: check an answer again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from refdesk.cli.common import FOUND_SOMETHING, Session, as_json, print_json, show
from refdesk.cli.completion import files


@click.command()
@click.argument("document", metavar="FILE|-", shell_complete=files)
@as_json
@click.pass_obj
def verify(session: Session, document: str, as_json: bool) -> int:
    """
    Check the citations of an answer or a digest against the library, offline.

    FILE is what `ask` or `digest` wrote, JSON or Markdown, perhaps edited since; - reads standard input.

    Claims are counted; a quote, a source or another line only where it is not as the library has it.
    """
    from refdesk.ingest.inputs import text_of

    with session.open() as library:
        claims = library.verify(sys.stdin.read() if document == "-" else text_of(Path(document)))
    failed = [claim for claim in claims if claim.verdict.support == "unsupported"]
    if as_json:
        print_json({"ok": not failed, "checked": len(claims), "claims": [claim.to_dict() for claim in claims]})
    else:
        from refdesk.render import terminal

        show(terminal.verified([(claim.text, claim.verdict.support, claim.verdict.problems) for claim in claims]))
    return FOUND_SOMETHING if failed else 0


@click.command()
@click.argument("generation", metavar="ID")
@as_json
@click.pass_obj
def replay(session: Session, generation: str, as_json: bool) -> int:
    """Check a stored answer of a model again; ID is the `generation` of `ask --json`."""
    with session.open() as library:
        answer = library.replay(generation)
    if as_json:
        print_json(answer.to_dict())
    else:
        from refdesk.render import terminal

        show(terminal.answer(answer))
    return 0 if answer.answered else FOUND_SOMETHING
