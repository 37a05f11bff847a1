"""The commands show, status, check and reindex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from refdesk.cli.common import Session, as_json, print_json
from refdesk.cli.common import show as show_text

if TYPE_CHECKING:
    pass

FOUND_SOMETHING = 7


@click.command()
@click.argument("paper")
@as_json
@click.pass_obj
def show(session: Session, paper: str, as_json: bool) -> None:
    """Show PAPER, by any of its ids, with its numbered sentences."""
    with session.open() as library:
        found, revisions = library.show(paper), library.revisions(paper)
    if as_json:
        print_json({**found.to_dict(), "revisions": [{"hash": each.hash, "seen": each.seen} for each in revisions]})
    else:
        from refdesk.render import terminal

        show_text(terminal.paper(found, revisions))


@click.command()
@as_json
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Say what is in the library."""
    with session.open() as library:
        found = library.status()
    if as_json:
        print_json(found)
    else:
        from refdesk.render import terminal

        show_text(terminal.status(found))


@click.command()
@as_json
@click.pass_obj
def check(session: Session, as_json: bool) -> int:
    """Compare the indexes with the catalog; exit with 7 when something is amiss."""
    with session.open() as library:
        findings = library.check()
        papers = library.status()["papers"]
    if as_json:
        print_json({"ok": not findings, "papers": papers, "findings": [finding.to_dict() for finding in findings]})
    else:
        from refdesk.render import terminal

        show_text(terminal.findings(findings, papers))
    return FOUND_SOMETHING if findings else 0


@click.command()
@click.option("--embedder", metavar="NAME", help="Rebuild with another embedder: static, minilm, or openai:<model>.")
@as_json
@click.pass_obj
def reindex(session: Session, embedder: str | None, as_json: bool) -> None:
    """Rebuild the vectors and the lexical index from the catalog."""
    from refdesk.library import open_to_reindex

    with open_to_reindex(session.place, config=session.config, notify=session.tell) as library:
        papers = library.status()["papers"]
        done = 0

        with session.progress("indexing") as progress:

            def tell(count: int) -> None:
                nonlocal done
                done += count
                progress(done, done / max(papers, 1))

            indexed = library.reindex(embedder=embedder, progress=tell)
        name = library.status()["embedder"]
    if as_json:
        print_json({"indexed": indexed, "embedder": name})
    else:
        click.echo(f"{indexed:,} papers indexed with {name}.")
