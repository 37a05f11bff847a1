"""The commands backup, restore and migrate."""

from __future__ import annotations

import os
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


@click.command()
@click.option(
    "--to", "url", required=True, metavar="URL", help="The database, without a library; no password is shown."
)
@as_json
@click.pass_obj
def migrate(session: Session, url: str, as_json: bool) -> None:
    """
    Move the library's catalog to another database, and build the indexes anew.

    URL is postgresql://user@host/database, or sqlite:////path/catalog.sqlite3. All is copied and compared before the
    old catalog is left; that one stays as it was, and is not opened any more. Then set `catalog` in refdesk.toml.
    Whoever else has the library open must open it again. If it is killed, run it again: nothing is lost.
    """
    from refdesk.opening import migrate as moved
    from stores.urls import masked

    with session.progress("moving") as progress:
        rows, papers = moved(session.place, url, config=session.config, progress=progress, notify=session.tell)
    if as_json:
        print_json({"catalog": masked(url), "papers": papers, "rows": rows})
    else:
        click.echo(f"{papers:,} papers are in {masked(url)}: {sum(rows.values()):,} rows, compared with those here.")
        if os.environ.get("REFDESK_CATALOG"):
            click.echo(f"What moved is the catalog that REFDESK_CATALOG names. Now set it to {masked(url)}.")
        else:
            click.echo(f'Now set `catalog = "{masked(url)}"` in refdesk.toml.')
