"""
An issue as one HTML page, for a browser, a file and a mail: no script, no request to anywhere, light and dark.

The template escapes all that is put into it; links lead to stored http(s) addresses only. What mail clients drop
(style sheets, drawings) takes nothing away that is said: the chart's numbers stand beside it as text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Template

from rag.types import Digest, in_reading_order
from refdesk.render import card, templates, wording
from refdesk.render import chart as charted
from refdesk.render.tex import readable

LONGEST_ABSTRACT = 2_500
"""Characters of one abstract; a longer one is cut, and says so."""
ABSTRACTS = 18_000
"""Characters of all abstracts of a page."""
_STEP, _BAR, _HEIGHT = 12, 9, 26  # pixels of the chart
_LYING = _STEP * charted.PERIODS


def html(digest: Digest) -> str:
    """The page, as HTML5 in UTF-8."""
    top, rows = charted.rows(digest)
    return _template().render(
        digest=digest,
        wording=wording,
        card=card,
        caption=charted.caption(digest),
        chart=[(theme, sizes, *_drawn(sizes, max(top, 1))) for theme, sizes in rows],
        height=_HEIGHT,
        width=_LYING,
        cited=wording.cited(digest),
        unfolded=_without_abstract(digest),
    )


def _without_abstract(digest: Digest) -> set[str]:
    """The ids of the last papers, in the order of reading, for whose abstracts the page has no room."""
    room, found = ABSTRACTS, set[str]()
    for paper in (each.paper for each in in_reading_order(digest.papers, digest.three)):
        room -= min(len(paper.abstract), LONGEST_ABSTRACT)
        if room < 0:
            found.add(paper.paper_id)
    return found


@cache
def _template() -> Template:
    room = templates.environment(Path(__file__).parent)
    room.filters |= {
        "title": templates.title,
        "sentence": templates.sentence,
        "quote": _quote,
        "abstract": _abstract,
        "plain": wording.plain,
    }
    return room.get_template("issue.html.j2")


def _quote(text: str) -> str:
    return templates.cut(readable(text), templates.LONGEST_SENTENCE)


def _abstract(text: str) -> str:
    return templates.cut(readable(text), LONGEST_ABSTRACT)


def _drawn(sizes: tuple[int, ...], top: int) -> tuple[str, str]:
    """The paths of the bars of past periods and of this one: columns, or one that lies where there is no past."""
    if len(sizes) == 1:
        return "", f"M0 7h{max(2, round(_LYING * sizes[0] / top))}v12H0z"
    drawn = []
    first = charted.PERIODS - len(sizes)
    for number, size in enumerate(sizes, start=first):
        high = max(2, round((_HEIGHT - 2) * size / top)) if size else 0
        drawn.append(f"M{number * _STEP} {_HEIGHT - 1}v-{high}h{_BAR}v{high}z" if high else "")
    return "".join(drawn[:-1]), drawn[-1]
