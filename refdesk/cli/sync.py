"""The command sync."""

from __future__ import annotations

import click

from refdesk.cli.common import Session, as_json, print_json, show

FEED_FAILED = 6


@click.command()
@click.argument("names", metavar="[NAME]…", nargs=-1)
@as_json
@click.pass_obj
def sync(session: Session, names: tuple[str, ...], as_json: bool) -> int:
    """
    Pull new papers from the feeds of refdesk.toml.

    NAME is a feed; without one, all feeds are pulled. Exits with 6 if a feed fails.
    """
    from refdesk.render import terminal

    with session.open(create=True) as library:
        reports = library.sync(*names, tell=lambda report: None if as_json else show(terminal.feed(report.to_dict())))
    if as_json:
        print_json({"feeds": [report.to_dict() for report in reports]})
    return FEED_FAILED if any(report.error for report in reports) else 0
