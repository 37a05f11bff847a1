"""The command export: papers as JSON Lines, BibTeX, CSL-JSON or RIS."""

from __future__ import annotations

import sys
from collections.abc import Iterable
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
    help="The format of the export.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file, in place of standard output.")
@click.option(
    "--answer",
    metavar="FILE|-",
    shell_complete=files,
    help="Only the papers that an answer cites, in the order of its sources.",
)
@filters
@click.pass_obj
def export(session: Session, format_name: str, output: Path | None, answer: str | None, chosen: Filter) -> None:
    """
    Write papers as JSON Lines, BibTeX, CSL-JSON or RIS.

    The papers are those of the filters, or those that an answer cites. An answer is the output of `ask` or `digest`
    with --json or --markdown; - reads it from standard input.
    """
    from refdesk.ingest.inputs import text_of
    from refdesk.render.export import FORMATS

    if answer and chosen:
        raise click.UsageError("--answer and filters both choose papers; give one of them.")
    document = sys.stdin.read() if answer == "-" else text_of(Path(answer)) if answer else None
    with session.open() as library:
        papers = library.papers(filter=chosen) if document is None else library.cited(document)
        entries = FORMATS[format_name](papers)
        if output and output != Path("-"):
            _write(output, entries)
        else:
            for entry in entries:
                click.echo(entry)


def _write(path: Path, entries: Iterable[str]) -> None:
    """Write entries to a file. Raises StoreFull, StoreError where that fails."""
    from rag.errors import StoreError, StoreFull, is_disk_full

    try:
        with path.open("w", encoding="utf-8") as stream:
            for entry in entries:
                print(entry, file=stream)
    except OSError as error:
        kind = StoreFull if is_disk_full(error) else StoreError
        raise kind(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Check the folder and the space on its disk, then run the command again.",
        ) from error
