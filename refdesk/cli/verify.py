"""The commands `verify` and `replay`: check an answer again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import FOUND_SOMETHING, Session, as_json, judge_option, print_json, show
from refdesk.cli.completion import files

if TYPE_CHECKING:
    from rag.types import JudgeChoice


@click.command()
@click.argument("document", metavar="FILE|-", shell_complete=files)
@judge_option
@as_json
@click.pass_obj
def verify(session: Session, document: str, judge: JudgeChoice | None, as_json: bool) -> int:
    """
    Check the citations of an answer or a digest against the library, offline unless --judge model is given.

    FILE is what `ask` or `digest` wrote, JSON or Markdown, perhaps edited since; - reads standard input.

    What words do not decide, judgements decide that are stored with the answer, or an entailment model.

    Claims are counted; a quote, a source or another line only where it is not as the library has it.
    """
    from refdesk.ingest.inputs import text_of

    with session.open() as library:
        claims = library.verify(sys.stdin.read() if document == "-" else text_of(Path(document)), judge=judge)
    if claims.failure:
        session.tell(f"Words alone decided about some claims: {claims.failure}.")
    if as_json:
        print_json(claims.to_dict())
    else:
        from refdesk.render import terminal

        show(terminal.verified([(claim.text, claim.verdict) for claim in claims], judge=claims.judge))
    return 0 if claims.ok else FOUND_SOMETHING


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
