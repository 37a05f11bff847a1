"""The command export: papers as JSON Lines, BibTeX, CSL-JSON or RIS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
    help="The format of the export.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, in place of standard output.")
@click.option(
    "--answer",
    metavar="FILE|-",
    shell_complete=files,
    help="Only the papers that an answer cites, in the order of its sources.",
)
@click.option(
    "--sort", type=click.Choice(["id", "date"]), default="id", show_default=True, help="date: the newest papers first."
)
@filters
@click.pass_obj
def export(
    session: Session,
    format_name: str,
    output: Path | None,
    answer: str | None,
    sort: Literal["id", "date"],
    chosen: Filter,
) -> None:
    """
    Write papers as JSON Lines, BibTeX, CSL-JSON or RIS.

    The papers are those of the filters, or those that an answer cites. An answer is the output of `ask` or `digest`
    with --json or --markdown; - reads it from standard input.
    """
    from rag.files import write_pieces
    from refdesk.ingest.inputs import text_of
    from refdesk.render.export import FORMATS

    if answer and chosen:
        raise click.UsageError("--answer and filters both choose papers; give one of them.")
    document = sys.stdin.read() if answer == "-" else text_of(Path(answer)) if answer else None
    with session.open() as library:
        papers = library.papers(filter=chosen, sort=sort) if document is None else library.cited(document)
        entries = FORMATS[format_name](papers)
        if output and output != Path("-"):
            write_pieces(output, (f"{entry}\n".encode(errors="replace") for entry in entries))
        else:
            for entry in entries:
                click.echo(entry)
