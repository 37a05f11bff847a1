"""The command export: papers as JSON Lines, BibTeX, CSL-JSON or RIS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import Session, filters
from refdesk.cli.completion import files

if TYPE_CHECKING:
    from rag.types import Filter


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["jsonl", "bibtex", "csl", "ris"]),
    default="jsonl",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="A file, in place of standard output.",
)
@click.option(
    "--answer",
    metavar="FILE|-",
    shell_complete=files,
    help="The papers that an answer cites, in the order of its sources.",
)
@filters
@click.pass_obj
def export(session: Session, format_name: str, output: click.File, answer: str | None, chosen: Filter) -> None:
    """
    Write papers as JSON Lines, BibTeX, CSL-JSON or RIS: those that the filters choose, or that an answer cites.

    An answer is what `ask` or `digest` wrote with --json or --markdown; - reads standard input.
    """
    from refdesk.cited_papers import cited
    from refdesk.ingest.inputs import text_of
    from refdesk.render.export import FORMATS

    if answer and chosen:
        raise click.UsageError("--answer names its papers itself; give it without filters.")
    document = sys.stdin.read() if answer == "-" else text_of(Path(answer)) if answer else None
    with session.open() as library:
        papers = library.papers(filter=chosen) if document is None else cited(document, library)
        for entry in FORMATS[format_name](papers):
            click.echo(entry, file=output)  # type: ignore[arg-type]
