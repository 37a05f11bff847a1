"""
An issue as one HTML page, for a browser, a file and a mail: no script, no request to anywhere, light and dark.

The template escapes all that is put into it; links lead to stored http(s) addresses only. What mail clients drop
(style sheets, drawings) takes nothing away that is said: the chart's numbers stand beside it as text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from rag.answers.extractive import unbracketed
from rag.types import Digest
from refdesk.render import wording
from refdesk.render.tex import readable

LONGEST_TITLE, LONGEST_SENTENCE = 300, 1_000
"""Characters; what is longer is cut, and says so: a mail of more than 100 KB is cut by those who show it."""
_STEP, _BAR, _HEIGHT = 12, 9, 26  # pixels of the chart
_LYING = _STEP * wording.PERIODS


def html(digest: Digest) -> str:
    """The page, as HTML5 in UTF-8."""
    top, rows = wording.chart(digest)
    return _template().render(
        digest=digest,
        wording=wording,
        chart=[(theme, sizes, *_drawn(sizes, max(top, 1))) for theme, sizes in rows],
        height=_HEIGHT,
        width=_LYING,
        cited=wording.cited(digest),
        themes={theme.id: wording.name(theme) for theme in digest.themes},
    )


@cache
def _template() -> Template:
    room = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters |= {"title": _title, "sentence": _sentence, "quote": _quote, "plain": wording.plain}
    return room.get_template("issue.html.j2")


def _title(text: str) -> str:
    return _cut(wording.plain(readable(text)), LONGEST_TITLE)


def _quote(text: str) -> str:
    return _cut(readable(text), LONGEST_SENTENCE)


def _sentence(text: str) -> str:
    return _cut(unbracketed(readable(text)), LONGEST_SENTENCE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest].rstrip()} … [{len(text) - longest:,} characters more]"


def _drawn(sizes: tuple[int, ...], top: int) -> tuple[str, str]:
    """The paths of the bars of past periods and of this one: columns, or one that lies where there is no past."""
    if len(sizes) == 1:
        return "", f"M0 7h{max(2, round(_LYING * sizes[0] / top))}v12H0z"
    drawn = []
    first = wording.PERIODS - len(sizes)
    for number, size in enumerate(sizes, start=first):
        high = max(2, round((_HEIGHT - 2) * size / top)) if size else 0
        drawn.append(f"M{number * _STEP} {_HEIGHT - 1}v-{high}h{_BAR}v{high}z" if high else "")
    return "".join(drawn[:-1]), drawn[-1]
