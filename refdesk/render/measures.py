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
    """The paired tests, a line per measure, and the questions that one of the two runs does not have."""
    lines = [Text(title, style="italic")]
    for name, row in given["measures"].items():
        line = f"{name:<24} {row['base']:.4f} → {row['value']:.4f}  {row['difference']:+.4f}"
        if row["interval"]:
            line += f" [{row['interval'][0]:+.3f}, {row['interval'][1]:+.3f}] p={row['p']:.4f}"
        if yes_no := row.get("mcnemar"):
            line += f"; only base {yes_no['only_base']}, only now {yes_no['only_now']}, McNemar p={yes_no['p']:.4f}"
        lines.append(Text(line))
    for kind, missing in given["missing"].items():
        for where, ids in missing.items():
            more = " …" if len(ids) > SHOWN_IDS else ""
            if ids:
                lines.append(Text(f"{len(ids):,} {kind} not {where}: {', '.join(ids[:SHOWN_IDS])}{more}", "yellow"))
    return Group(*lines)
