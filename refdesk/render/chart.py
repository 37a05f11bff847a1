"""The chart of an issue's themes: their sizes in the last periods, as numbers and as text."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rag.types import Digest, Theme
from refdesk.render.wording import THEMES, counted, noun

PERIODS = 8
"""The number of periods in the chart."""
_SHADES = "▁▂▃▄▅▆▇█"
_WIDTH = 16  # characters of a horizontal bar


def rows(digest: Digest) -> tuple[int, list[tuple[Theme, tuple[int, ...]]]]:
    """
    The largest size, and of the largest themes the sizes in the last periods, this one last; 0 where it was not.

    All rows have the same periods, so that they can be drawn on one scale.
    """
    names = {name for theme in digest.themes[:THEMES] for name, _ in theme.history} | {digest.period.name}
    axis = sorted(names)[-PERIODS:]
    found = []
    for theme in digest.themes[:THEMES]:
        sizes = {**dict(theme.history), digest.period.name: theme.size}
        found.append((theme, tuple(sizes.get(name, 0) for name in axis)))
    return max((size for _, sizes in found for size in sizes), default=0), found


def caption(digest: Digest) -> str:
    """The caption of the chart."""
    _, shown = rows(digest)
    periods = len(shown[0][1]) if shown else 0
    more = len(digest.themes) - len(shown)
    return (
        f"Papers in each theme, this {noun(digest.period)}"
        + (f" and the {periods - 1} before" if periods > 2 else " and the one before" if periods == 2 else "")
        + (f"; {counted(more, 'smaller theme is', 'smaller themes are')} not shown" if more > 0 else "")
    )


def bars(sizes: Sequence[int], top: int) -> str:
    """
    Sizes as text: a small column for each period, or one horizontal bar if there is one period only.

    >>> bars((0, 2, 9, 16), 16), bars((8,), 16)
    ('·▁▅█', '████████        ')
    """
    if len(sizes) == 1:
        return f"{'█' * max(1, round(_WIDTH * sizes[0] / max(top, 1))):<{_WIDTH}}"
    return "".join(_SHADES[ceil(8 * size / top) - 1] if size else "·" for size in sizes)
