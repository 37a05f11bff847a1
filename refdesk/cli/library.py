"""The commands show, split, status, check and reindex."""

from __future__ import annotations

import click

from refdesk.cli.common import FOUND_SOMETHING, Session, as_json, named_papers, print_json
from refdesk.cli.common import show as show_text


@click.command()
@click.argument("names", metavar="PAPER…", nargs=-1, required=True)
@as_json
@click.pass_obj
def show(session: Session, names: tuple[str, ...], as_json: bool) -> None:
    """
    Show each PAPER with its numbered sentences.

    PAPER is any id of a paper, or words of its title. With --json and several papers: one document a line.
    """
    with session.open() as library:
        papers = named_papers(library, names)
        if as_json:
            from refdesk.paper_document import paper_document

            documents = [paper_document(library, paper) for paper in papers]
            for document in documents:
                print_json(document)
            return
        found = [
            (paper, library.revisions(paper.paper_id), library.notice(paper.paper_id) if paper.flags else None)
            for paper in papers
        ]
    from refdesk.render import terminal

    for number, (paper, revisions, notice) in enumerate(found):
        if number:
            click.echo()
        show_text(terminal.paper(paper, revisions, notice))


@click.command()
@click.argument("paper", metavar="PAPER")
@as_json
@click.pass_obj
def split(session: Session, paper: str, as_json: bool) -> None:
    """
    Undo a union of two papers.

    Name the paper to restore by an id that it had, or the united paper, whose newest union is undone then. No record
    unites the two again.
    """
    with session.open() as library:
        report = library.split(paper)
    if as_json:
        print_json(report.to_dict())
        return
    from refdesk.render import terminal

    show_text(terminal.split(report))


@click.command()
@as_json
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show what the library holds and how its feeds do."""
    with session.open() as library:
        found = library.status()
    if as_json:
        print_json(found)
    else:
        from refdesk.render.status import status as as_text

        show_text(as_text(found))


@click.command()
@as_json
@click.pass_obj
def check(session: Session, as_json: bool) -> int:
    """
    Compare the indexes with the catalog.

    Exits with 7 if they differ. A paper whose text the embedder refused has no vectors and is no difference; it is
    counted.
    """
    with session.open() as library:
        findings = library.check()
        status = library.status()
    papers, without = status["papers"], status["without_vectors"]
    if as_json:
        found = [finding.to_dict() for finding in findings]
        print_json({"ok": not findings, "papers": papers, "without_vectors": without, "findings": found})
    else:
        from refdesk.render import terminal

        show_text(terminal.findings(findings, papers, without_vectors=without))
    return FOUND_SOMETHING if findings else 0


@click.command()
@click.option("--embedder", metavar="NAME", help="Change to another embedder: static, minilm, or openai:<model>.")
@as_json
@click.pass_obj
def reindex(session: Session, embedder: str | None, as_json: bool) -> None:
    """Rebuild the vectors and the word index from the catalog."""
    from refdesk.opening import open_to_reindex

    with open_to_reindex(session.place, config=session.config, notify=session.tell) as library:
        papers = library.status()["papers"]
        done = 0

        with session.progress("indexing") as progress:

            def tell(count: int) -> None:
                nonlocal done
                done += count
                progress(done, done / max(papers, 1))

            indexed = library.reindex(embedder=embedder, progress=tell)
        status = library.status()
    name, without = status["embedder"], status["without_vectors"]
    if as_json:
        print_json({"indexed": indexed, "embedder": name, "without_vectors": without})
    else:
        from refdesk.render.wording import count as counted

        refused = f"; it refused the text of {without:,}, which are found by words only" if without else ""
        click.echo(f"{counted(indexed)} indexed with {name}{refused}.")
