"""
A review as one HTML page, for a browser and a file: no script, no request to anywhere, light and dark.

The template escapes all that is put into it; links lead to stored http(s) addresses only. The chart's numbers stand
beside it as text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Template

from rag.types import Review
from refdesk.render import review_wording, templates, wording

_WIDTH = 220  # pixels of the longest bar


def html(review: Review) -> str:
    """The page, as HTML5 in UTF-8."""
    top = max((month.share for month in review.months), default=0.0) or 1.0
    return _template().render(
        review=review,
        wording=wording,
        words=review_wording,
        chart=[
            (month.name, round(_WIDTH * month.share / top, 1), review_wording.share(month)) for month in review.months
        ],
        width=_WIDTH,
        sources={source.number: source.paper for source in review.sources},
        unshown=review_wording.unshown(review),
    )


@cache
def _template() -> Template:
    room = templates.environment(Path(__file__).parent)
    room.filters |= {"title": templates.title, "sentence": templates.sentence, "plain": wording.plain}
    return room.get_template("review.html.j2")
