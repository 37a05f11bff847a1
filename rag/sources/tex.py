"""
TeX accents (`Poincar\\'{e}`) to Unicode, and where TeX formulas stand in running text.

Other TeX commands stay as they are: `rag.sources.bibtex` decodes whole LaTeX.
"""

from __future__ import annotations

import re
import unicodedata

_MATH = re.compile(r"(\$\$[^$]{0,2000}\$\$|\$[^$]{0,2000}\$|\\\([^$]{0,300}?\\\))")
_ACCENT = re.compile(
    r"""\\(?:(?P<sign>["'`^~=.])\s?|(?P<letter>[cHvuk])\s+(?=[A-Za-z])|(?P<closed>[cHvukrbd])(?=\{))"""
    r"""(?:\{\s*(?P<braced>\\?[A-Za-z])\s*\}|(?P<bare>\\[ij](?![A-Za-z])\s?|[A-Za-z]))"""
)
_MARKS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "H": "\u030b", "v": "\u030c", "u": "\u0306", "k": "\u0328", "r": "\u030a", "b": "\u0331",
    "d": "\u0323",
}  # fmt: skip
_LETTERS = dict(zip("ss ae AE oe OE o O aa AA l L".split(), "ß æ Æ œ Œ ø Ø å Å ł Ł".split(), strict=True))
_LETTER = re.compile(r"\\(ss|ae|AE|oe|OE|o|O|aa|AA|l|L)(?![A-Za-z])(?:\{\})?")
_BRACED = re.compile(r"\{([\u00c0-\u024f\u1e00-\u1eff])\}")
MATH = re.compile(  # "$5 and $6" is no formula
    r"(?<!\\)(?:\$\$.{1,2000}?\$\$|\$(?=\S)[^$]{1,2000}(?<=[^\s\\])\$(?!\d)|\\\(.{1,2000}?\\\)|\\\[.{1,2000}?\\\]"
    r"|\$(?=[^$]{0,2000}[\\^_=])[^$]{1,2000}(?<!\\)\$)",
    re.DOTALL,
)
"""Formulas in running text."""
_LONGEST = 100_000
"""No abstract is longer."""


def decode_accents(value: str) -> str:
    r"""
    Replace TeX accents and letters by Unicode letters, except in formulas, where they mean something else.

    >>> decode_accents(r"Poincar\'{e}, Erd\H{o}s and na\"\i ve {\o}re keep $\=x$")
    'Poincaré, Erdős and naïve øre keep $\\=x$'
    """
    if len(value) > _LONGEST or not (_ACCENT.search(value) or _LETTER.search(value)):
        return value
    parts = _MATH.split(value)
    for at in range(0, len(parts), 2):
        decoded = _LETTER.sub(lambda command: _LETTERS[command[1]], _ACCENT.sub(_accented, parts[at]))
        parts[at] = _BRACED.sub(r"\1", decoded)
    return "".join(parts)


def _accented(accent: re.Match[str]) -> str:
    """The letter with its accent; the TeX as it was if Unicode has no such letter."""
    letter = (accent["braced"] or accent["bare"]).strip().removeprefix("\\")
    accented = unicodedata.normalize("NFC", letter + _MARKS[accent["sign"] or accent["letter"] or accent["closed"]])
    return accented if len(accented) == 1 else accent[0]
