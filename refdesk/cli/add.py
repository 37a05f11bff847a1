"""The commands init and add."""

from __future__ import annotations

from pathlib import Path

import click

from refdesk.cli.common import Session, as_json, print_json, show
from refdesk.cli.completion import files, format_names

REFUSED = 4


@click.command()
@click.option("--embedder", metavar="NAME", help="static (default), minilm, or openai:<model>.")
@as_json
@click.pass_obj
def init(session: Session, embedder: str | None, as_json: bool) -> None:
    """Make a library, and choose its embedder."""
    with session.open(embedder=embedder, create=True) as library:
        made = library.status()
    if as_json:
        print_json(made)
    else:
        click.echo(f"The library {made['library']} is ready; its embedder is {made['embedder']}.")


@click.command()
@click.argument("inputs", nargs=-1, metavar="PATH|URL|-…", shell_complete=files)
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=format_names,
    help="The format; without it, it is recognised.",
)
@click.option("--encoding", metavar="NAME", help="The encoding, such as cp1250; without it, it is found.")
@click.option("--listed", metavar="DATE", help="The listing date of papers that have none.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="Add this tag to every paper; may be repeated.")
@click.option("--keep-without-abstract", is_flag=True, help="Keep records without an abstract, to be found by title.")
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Let Ray's workers parse and embed: local, auto, or an address such as ray://head:10001.",
)
@click.option("--strict", is_flag=True, help="Exit with 4 if any record is rejected.")
@click.option("--list-formats", is_flag=True, help="List the formats that can be read.")
@as_json
@click.pass_obj
def add(
    session: Session,
    inputs: tuple[str, ...],
    format_name: str | None,
    encoding: str | None,
    listed: str | None,
    tags: tuple[str, ...],
    keep_without_abstract: bool,
    ray: str | None,
    strict: bool,
    list_formats: bool,
    as_json: bool,
) -> int:
    """
    Import papers from files, folders or URLs.

    Zip archives are read too, and - is standard input. The format of a file is recognised by its content. The library
    is made if there is none. Importing a file again changes nothing.
    """
    from refdesk.ingest.inputs import expanded, refuse_absent
    from refdesk.library import formats

    if list_formats:
        known = formats()
        width = max(map(len, known))
        lines = (f"{name:<{width}}  {what}" for name, what in known.items())
        print_json(known) if as_json else click.echo("\n".join(lines))
        return 0
    if not inputs:
        raise click.UsageError("Name at least one file, URL, or - for standard input.")
    refuse_absent([name for name, _ in expanded(inputs)])  # before a library is made for a mistyped file name
    with session.open(create=True) as library:
        named = Path(inputs[0]).name if len(inputs) == 1 else f"{len(inputs)} inputs"
        with session.progress(f"importing {named}") as progress:
            report = library.add(
                *inputs,
                format_name=format_name,
                encoding=encoding,
                listed=listed,
                tags=tags,
                keep_without_abstract=keep_without_abstract,
                ray=ray,
                progress=progress,
            )
    if as_json:
        print_json(report.to_dict())
    else:
        from refdesk.render import terminal

        show(terminal.report(report))
    accepted = report.added + report.updated + report.unchanged
    return REFUSED if report.rejected and (strict or not accepted) else 0
