"""The commands backup and restore."""

from __future__ import annotations

from pathlib import Path

import click

from refdesk.cli.common import Session, as_json, print_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@click.pass_obj
def backup(session: Session, file: Path, as_json: bool) -> None:
    """
    Write a backup of the library to FILE, a tar that only you can read.

    It holds the catalog, refdesk.toml and the files of issues; the indexes are rebuilt by `refdesk restore`. Others may
    use the library meanwhile.
    """
    with session.open() as library:
        papers = library.backup(file)
    if as_json:
        print_json({"file": str(file), "papers": papers, "bytes": file.stat().st_size})
    else:
        click.echo(f"{papers:,} papers are in {file} ({file.stat().st_size / 1e6:,.1f} MB).")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@as_json
@click.pass_obj
def restore(session: Session, file: Path, as_json: bool) -> None:
    """
    Restore the backup FILE into a folder where no library is, and rebuild its indexes.

    Name the folder before the command: `refdesk --library DIR restore FILE`.
    """
    from refdesk.opening import restore as restored

    with session.progress("indexing") as progress:
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            progress(done, 0.0)

        papers, settings = restored(session.place, file, progress=tell, notify=session.tell)
    if settings:
        session.tell(f"The settings name another catalog or other vectors; they are in {settings}, and not used.")
    if as_json:
        print_json({"library": str(session.place), "papers": papers})
    else:
        click.echo(f"{papers:,} papers are in {session.place}.")
