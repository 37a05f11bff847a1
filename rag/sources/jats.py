"""JATS, the XML in which publishers deposit abstracts: headings and formulas, for any importer. It makes no Paper."""

from __future__ import annotations

import re
from typing import Any

from rag.sources.records import MAX_ABSTRACT_CHARS

_HEADING = re.compile(
    r"\A\s*(?:<(?:jats:)?sec\b[^<>]*>\s*)?<((?:jats:)?title|h[1-6])>\s*(?:abstract|summary)[\s:.]*</\1>", re.IGNORECASE
)
_SECTION = re.compile(r"(?<=[^\s.:;?!>])\s*(</(?:(?:jats:)?title|h[1-6])>)", re.IGNORECASE)
_PREAMBLE = re.compile(r"\\documentclass.{0,2000}?\\begin\{document\}|\\end\{document\}", re.DOTALL)
_TWICE = re.compile(  # a formula as TeX and as MathML: the TeX is kept
    r"(</(?:jats:)?tex-math>)\s*<mml:math\b(?:(?!</?mml:math\b).)*</mml:math>"
    r"|<mml:math\b(?:(?!</?mml:math\b).)*</mml:math>\s*(?=<(?:jats:)?tex-math\b)",
    re.DOTALL | re.IGNORECASE,
)


def tidy_abstract(value: Any) -> Any:
    """
    Drop the heading "Abstract", end the headings of sections with a colon, and keep one form of each formula.

    The tags stay, for `rag.text.clean` to remove. A value that is not text is returned as it is.

    >>> tidy_abstract("<jats:title>Abstract</jats:title><jats:title>Aims</jats:title><jats:p>To ask.</jats:p>")
    '<jats:title>Aims:</jats:title><jats:p>To ask.</jats:p>'
    """
    if not isinstance(value, str) or "<" not in value or len(value) > 10 * MAX_ABSTRACT_CHARS:
        return value
    value = _SECTION.sub(r":\1", _HEADING.sub("", value, count=1))
    if "tex-math" in value:
        value = _PREAMBLE.sub("", _TWICE.sub(r"\1", value))
    return value
