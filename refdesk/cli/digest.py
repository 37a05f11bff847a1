"""digest, run, like and dislike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from refdesk.cli.common import INTERRUPTED, Session, as_json, judge_option, named_papers, print_json, printable, show

if TYPE_CHECKING:
    from rag.digests.build import BuiltIssue
    from refdesk.library import Library

SOMETHING_FAILED, NOTHING_DUE = 6, 9
_FORMATS = ("text", "md", "html", "json", "eml")


@click.command()
@click.option("--week", metavar="YYYY-Www", help="An ISO week, such as 2026-W27.")
@click.option("--month", metavar="YYYY-MM", help="A month.")
@click.option("--day", metavar="DATE", help="A day.")
@click.option("--since", metavar="DATE", help="The first day of any other period.")
@click.option("--until", metavar="DATE", help="… and its last. [default: today]")
@click.option("--subscription", metavar="NAME", help="One of refdesk.toml. [default: the only one, or all papers]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file; its suffix says the format.")
@click.option("--format", "format_name", type=click.Choice(_FORMATS), help="What to write. [default: by -o, else text]")
@click.option("--model", metavar="NAME", help="A chat model that writes it, such as openai:gpt-4o-mini.")
@judge_option
@click.option("--fresh", is_flag=True, help="Ask the model anew, also what it was asked before.")
@click.option("--explain", is_flag=True, help="Say why each paper is in, and how many are not for which reason.")
@click.option("--paper", metavar="ID", help="With --explain: why this one is in, or is not.")
@as_json
@click.pass_obj
def digest(
    session: Session,
    week: str | None,
    month: str | None,
    day: str | None,
    since: str | None,
    until: str | None,
    subscription: str | None,
    output: Path | None,
    format_name: str | None,
    model: str | None,
    judge: str | None,
    fresh: bool,
    explain: bool,
    paper: str | None,
    as_json: bool,
) -> None:
    """
    Write one issue; without a period the last whole week (or day, or month) of the subscription.

    Every sentence of it cites. Nothing is recorded or sent: that is what `refdesk run` does.
    """
    named = [name for name in (week, month, day) if name]
    if len(named) + bool(since or until) > 1:
        raise click.UsageError("Give one of --week, --month, --day, or --since with --until.")
    if paper and not explain:
        raise click.UsageError("--paper goes with --explain.")
    chosen = "json" if as_json else format_name or _by_suffix(output)
    with session.open(model=model, judge=judge) as library:
        period = library.issues.span(since, until) if since or until else next(iter(named), None)
        built = library.issues.make(
            period, subscription=subscription, fresh=fresh, extractive=explain, cancel=INTERRUPTED
        )
        if explain:
            _explain(library, built, paper, as_json=as_json)
            return
        if built.digest.degraded:
            session.tell(f"Degraded: {built.digest.degraded['reason']}.")
        _write(library, built, chosen, output)
        if not built.digest.coverage.listed:
            session.tell(f"Hint: {library.issues.elsewhere()}")
    if output:
        from refdesk.render import wording

        session.tell(f"{built.digest.name} is in {output}: {wording.count(built.digest.coverage.included)}.")


def _by_suffix(output: Path | None) -> str:
    suffix = output.suffix.lstrip(".").lower() if output else "text"
    known = {"markdown": "md", "htm": "html", "txt": "text"}
    suffix = known.get(suffix, suffix)
    if suffix not in _FORMATS:
        raise click.UsageError(f"“{output}” does not say which format; add --format.")
    return suffix


def _write(library: Library, built: BuiltIssue, format_name: str, output: Path | None) -> None:
    if format_name == "text" and not output:
        from refdesk.render import issue_text

        show(issue_text.terminal(built.digest))
        return
    content = library.issues.rendered(built.digest, format_name)
    if output:
        from rag.files import write

        write(output, content)
    else:
        click.echo(content, nl=False)


def _explain(library: Library, built: BuiltIssue, paper: str | None, *, as_json: bool) -> None:
    from refdesk.render import terminal

    wanted = library.show(paper) if paper else None
    decisions = [
        decision for decision in built.decisions if not wanted or decision.candidate.paper.paper_id == wanted.paper_id
    ]
    if as_json:
        print_json(
            {"period": built.digest.period.to_dict(), "decisions": [decision.to_dict() for decision in decisions]}
        )
    elif wanted and not decisions:
        from rag.digests.period import dating, day_of
        from refdesk.render.tex import readable

        period = built.digest.period.name
        click.echo(f"“{readable(wanted.title)}” is not in {period}: it was {dating(wanted)} on {day_of(wanted)}.")
    else:
        show(terminal.decisions([decision.to_dict() for decision in decisions], whole=not wanted))


@click.command()
@click.option("--resend", metavar="ID", help="Send this delivery again, which failed or may not have arrived.")
@click.option("--dismiss", metavar="ID", help="Try this delivery no more, such as one to a former reader.")
@click.option(
    "--catch-up", type=click.IntRange(min=1), metavar="N", help="Make the newest N periods that have no issue."
)
@as_json
@click.pass_obj
def run(session: Session, resend: str | None, dismiss: str | None, catch_up: int | None, as_json: bool) -> int:
    """
    Do what is due: pull the feeds, write every issue whose period has ended, deliver what is undelivered.

    Safe to call at any time; nothing is sent twice. At most five missed periods are caught up by themselves; --catch-up
    makes more. Exits with 9 when nothing was due, with 6 when a feed or a delivery
    failed, and with 3 when a setting is wrong: a wrong subscription does not stop the others, a wrong [email] stops the
    run before anything is done. With --json one line a step.
    """
    from refdesk.render import terminal, wording

    if resend and resend == dismiss:
        raise click.UsageError("Give a delivery either to --resend or to --dismiss.")
    outcomes = set()
    with session.open(create=True) as library:
        for step in library.issues.run(resend=resend, dismiss=dismiss, catch_up=catch_up, cancel=INTERRUPTED):
            outcomes.add(step.outcome)
            print_json(step.to_dict()) if as_json else show(terminal.step(step.to_dict()))
        waiting = len(library.issues.status()["outbox"])
    if not outcomes - {"nothing"}:
        wait = (
            f" {wording.counted(waiting, 'delivery waits', 'deliveries wait')} (`refdesk status`)." if waiting else ""
        )
        session.tell(f"Nothing is due.{wait}")
        return NOTHING_DUE
    return SOMETHING_FAILED if "failed" in outcomes else 0


@click.command()
@click.argument("names", metavar="[PAPER]…", nargs=-1)
@click.option("--undo", is_flag=True, help="Take the rating back.")
@as_json
@click.pass_obj
def like(session: Session, names: tuple[str, ...], undo: bool, as_json: bool) -> None:
    """
    Ask for papers like each PAPER in the issues of all subscriptions.

    PAPER is any id of a paper, or words of its title. Without one, list the papers that are rated.
    """
    _rate(session, names, 0 if undo else 1, as_json=as_json)


@click.command()
@click.argument("names", metavar="[PAPER]…", nargs=-1)
@click.option("--undo", is_flag=True, help="Take the rating back.")
@as_json
@click.pass_obj
def dislike(session: Session, names: tuple[str, ...], undo: bool, as_json: bool) -> None:
    """
    Ask for no papers like each PAPER in the issues of all subscriptions.

    PAPER is any id of a paper, or words of its title. Without one, list the papers that are rated.
    """
    _rate(session, names, 0 if undo else -1, as_json=as_json)


_RATED = {1: "liked", -1: "disliked", 0: "no longer rated"}
_FROM_NOW_ON = (
    "From now on, issues show only papers that are near enough to what you like: "
    "score .1 or more, or `threshold` in refdesk.toml."
)


def _rate(session: Session, names: tuple[str, ...], rating: int, *, as_json: bool) -> None:
    if not names and not rating:
        raise click.UsageError("--undo needs a PAPER.")
    with session.open() as library:
        if not names:
            _list_ratings(library, as_json=as_json)
            return
        before = library.issues.ratings()
        for paper in named_papers(library, names):
            library.rate(paper.paper_id, rating)
            if as_json:
                print_json({"paper_id": paper.paper_id, "title": paper.title, "rating": rating})
                continue
            earlier = before.get(paper.paper_id, 0)
            rated = _RATED[rating] if rating or earlier else "was not rated"
            was = f", was {_RATED[earlier]} before" if rating and earlier not in (0, rating) else ""
            session.tell(f"{rated}{was}: {paper.title} ({paper.paper_id})")
        if rating > 0 and not as_json and max(before.values(), default=0) <= 0:
            session.tell(_FROM_NOW_ON)


def _list_ratings(library: Library, *, as_json: bool) -> None:
    ratings = {paper_id: (library.show(paper_id), rating) for paper_id, rating in library.issues.ratings().items()}
    if as_json:
        groups: dict[str, list[dict[str, str]]] = {"liked": [], "disliked": []}
        for paper, rating in ratings.values():
            groups[_RATED[rating]].append({"paper_id": paper.paper_id, "title": paper.title})
        print_json(groups)
        return
    for paper, rating in sorted(ratings.values(), key=lambda rated: -rated[1]):
        click.echo(printable(f"{_RATED[rating]:<8}  {paper.title} ({paper.paper_id})"))
    if not ratings:
        click.echo("No paper is rated. `refdesk like PAPER` rates one.")
