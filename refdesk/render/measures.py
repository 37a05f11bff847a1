"""Tables of `refdesk eval` for a terminal or a pipe: measured values, and their comparison with a former run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SHOWN_IDS = 10


def metrics(rows: Mapping[str, Any], title: str) -> RenderableType:
    """A table of measured values."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, value in rows.items():
        interval = value.get("interval") if isinstance(value, Mapping) else None
        number = value["value"] if isinstance(value, Mapping) else value
        table.add_row(
            name,
            f"{number:.4f}" if isinstance(number, float) else f"{number:,}" if isinstance(number, int) else str(number),
            f"{interval[0]:.3f} – {interval[1]:.3f}" if interval else "",
        )
    return table


def comparison(given: Mapping[str, Any], title: str) -> RenderableType:
    """A table of paired tests, and the questions that one of the two runs does not have."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("measure")
    for name in ("base", "now", "difference", "95 % interval", "p", "only base : only now", "McNemar p"):
        table.add_column(name, justify="right")
    for name, row in given["measures"].items():
        low_high = "{:+.3f} – {:+.3f}".format(*row["interval"]) if row["interval"] else ""
        yes_no = row.get("mcnemar")
        tested = (f"{yes_no['only_base']} : {yes_no['only_now']}", f"{yes_no['p']:.4f}") if yes_no else ("", "")
        figures = f"{row['base']:.4f}", f"{row['value']:.4f}", f"{row['difference']:+.4f}", low_high
        table.add_row(name, *figures, "" if row["p"] is None else f"{row['p']:.4f}", *tested)
    absent = [
        Text(f"{len(ids):,} {kind} are not {where}: {', '.join(ids[:SHOWN_IDS])}{' …' * (len(ids) > SHOWN_IDS)}")
        for kind, missing in given["missing"].items()
        for where, ids in missing.items()
        if ids
    ]
    return Group(table, *absent)
