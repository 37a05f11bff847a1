"""Text from anywhere as one plain line."""

from __future__ import annotations

import re

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")


def plain(text: str) -> str:
    """
    Text from anywhere as one line without control, bidirectional or invisible characters.

    >>> plain("one\\n  line\\u202e")
    'one line'
    """
    return _UNFIT.sub("", " ".join(text.split()))
