"""verify and replay."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from refdesk.cli.common import Session, as_json, print_json, show
from refdesk.cli.completion import files

FOUND_SOMETHING = 7


@click.command()
@click.argument("document", metavar="FILE|-", shell_complete=files)
@as_json
@click.pass_obj
def verify(session: Session, document: str, as_json: bool) -> int:
    """
    Check the citations of an answer or a digest against the library, offline.

    FILE is what `ask` or `digest` wrote, JSON or Markdown, perhaps edited since; - reads standard input.
    """
    from refdesk.ingest.inputs import text_of

    with session.open() as library:
        found = library.verify(sys.stdin.read() if document == "-" else text_of(Path(document)))
    failed = [each for each in found if each.verdict.support == "unsupported"]
    if as_json:
        print_json({"ok": not failed, "checked": len(found), "claims": [each.to_dict() for each in found]})
    else:
        from refdesk.render import terminal

        show(terminal.verified([(each.text, each.verdict.support, each.verdict.problems) for each in found]))
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
