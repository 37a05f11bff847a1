"""Accents that TeX writes, which records of every source hold here and there: `Poincar\\'{e}`."""

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
MATH = re.compile(  # "$5 and $6" is none
    r"(?<!\\)(?:\$\$.{1,2000}?\$\$|\$(?=\S)[^$]{1,2000}(?<=[^\s\\])\$(?!\d)|\\\(.{1,2000}?\\\)|\\\[.{1,2000}?\\\]"
    r"|\$(?=[^$]{0,2000}[\\^_=])[^$]{1,2000}(?<!\\)\$)",
    re.DOTALL,
)
"""Formulas in running text."""
_LONGEST = 100_000  # no abstract is longer


def accents(value: str) -> str:
    r"""
    A text with the accents that TeX writes made letters, save within formulas, where they mean something else.

    >>> accents(r"Poincar\'{e}, Erd\H{o}s and na\"\i ve {\o}re keep $\=x$")
    'Poincaré, Erdős and naïve øre keep $\\=x$'
    """
    if len(value) > _LONGEST or not (_ACCENT.search(value) or _LETTER.search(value)):
        return value
    parts = _MATH.split(value)
    for at in range(0, len(parts), 2):
        letters = _LETTER.sub(lambda found: _LETTERS[found[1]], _ACCENT.sub(_accent, parts[at]))
        parts[at] = _BRACED.sub(r"\1", letters)
    return "".join(parts)


def _accent(found: re.Match[str]) -> str:
    letter = (found["braced"] or found["bare"]).strip().removeprefix("\\")
    whole = unicodedata.normalize("NFC", letter + _MARKS[found["sign"] or found["letter"] or found["closed"]])
    return whole if len(whole) == 1 else found[0]
