"""The status of a library for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from refdesk.render.terminal import Indented, facts_table


def status(given: Mapping[str, Any]) -> RenderableType:
    """The status of a library."""
    days = f"{given['first_day']} to {given['last_day']}" if given["first_day"] else ""
    lacks_words = given["indexes"]["lexical"]["lag"]
    lacking = "yet to be indexed" if lacks_words else "found by words only until their vectors are written"
    facts = {
        "library": given["library"],
        "papers": f"{given['papers']:,}"
        + (f" ({given['to_index']:,} {lacking})" if given["to_index"] else "")
        + (f" ({given['without_vectors']:,} found by words only)" if given["without_vectors"] else ""),
        "dates": days,
        "from": _tally(given["sources"]),
        "categories": _tally(given["categories"]),
        "embedder": f"{given['embedder']} ({given['dimension']} dimensions)",
        "reranker": given["reranker"],
        "on disk": f"{given['bytes'] / 1e6:,.1f} MB",
    }
    rows = {
        "indexes": [Text(each["problem"], style="yellow") for each in given["indexes"].values() if each["problem"]],
        "feeds": [_state(feed) for feed in given["feeds"]],
        "issues": [_subscription(each) for each in given["subscriptions"]],
        "settings": [
            Text(f"{each['error']} {each['hint'] or ''}".rstrip(), style="yellow") for each in given["settings"]
        ],
        "undelivered": [_undelivered(each) for each in given["outbox"]],
        "liked": [Text(", ".join(given["liked"]))] if given["liked"] else [],
        "disliked": [Text(", ".join(given["disliked"]))] if given["disliked"] else [],
    }
    lines = (
        Indented(line, mark="" if number else name, margin=12)
        for name, lines_of in rows.items()
        for number, line in enumerate(lines_of)
    )
    return Group(facts_table(facts), *lines)


def _subscription(given: Mapping[str, Any]) -> Text:
    """A subscription with its last issue and what `refdesk run` will make."""
    last = f"last issue {given['last']}" if given["last"] else "no issue yet"
    due = f", due {', '.join(given['due'])}" if given["due"] else ""
    line = Text.assemble((given["name"], "bold"), f"  every {given['every']}, {last}{due}")
    if given["left_out"]:
        line.append(f"; {given['left_out']:,} older ones only by `refdesk run --catch-up`", style="yellow")
    if given["ahead"]:
        line.append(f"; {given['ahead']} is of a time to come: a clock was wrong when it was made", style="yellow")
    if given["missing"]:
        line.append(f"; not in the library, though liked or disliked: {', '.join(given['missing'])}", style="yellow")
    return line


def _undelivered(given: Mapping[str, Any]) -> Text:
    """A delivery that is not sent, the reason, and the next step."""
    line = Text.assemble((f"{given['period']}.{given['subscription']}", "bold"), f" to {given['target']}")
    line.append(f"  {given['state']} since {given['since'][:16].replace('T', ' ')}", style="yellow")
    again = f" Send it again: `{given['command']}`; or leave it: `{given['dismiss']}`." if given["command"] else ""
    return line.append(f": {given['why']} {given['next']}{again}")


def _state(feed: Mapping[str, Any]) -> Text:
    """The state of a feed, in one line."""
    last = f", last papers {feed['last']}" if feed["last"] else ""
    error = f": {feed['error']} {feed['hint'] or ''}".rstrip() if feed["error"] else ""
    return Text.assemble((feed["name"], "bold"), f"  {feed['state']}{last}", (error, "yellow"))


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
