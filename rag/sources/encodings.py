"""
Encoding detection: the declared one, UTF-8, cp1252 where that reads plausibly, else one that a detector finds.

A wrong guess would store what no author wrote, so what remains doubtful is refused, and the user names the encoding.
Nothing here reads a format; a declaration is recognised wherever programs write one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import NamedTuple

from rag.sources.western import oddities

_NAME = rb"[ \t]*[:=][ \t]*[\"']?([A-Za-z0-9][\w.:() -]{1,40})"
_DECLARED = (
    re.compile(rb"^\s*<\?xml\b[^>]{0,200}?\bencoding[ \t]*=[ \t]*[\"']([\w.:-]{1,40})[\"']"),
    re.compile(rb"^%+[ \t]*(?:!TEX[ \t]+|!BIB[ \t]+)?encoding" + _NAME, re.IGNORECASE | re.MULTILINE),
    re.compile(rb"^%+[ \t]*Saved with string encoding ([\w(). -]{1,60})", re.IGNORECASE | re.MULTILINE),
    re.compile(rb"@comment\{x-kbibtex-encoding=([\w-]{1,40})\}", re.IGNORECASE),
    re.compile(rb"^[%#].{0,80}-\*-.{0,80}coding:[ \t]*([\w-]{1,40})", re.MULTILINE),
    re.compile(rb"^[%#].{0,80}\bvim?:.{0,80}(?:fenc|encoding)=([\w-]{1,40})", re.MULTILINE),
)
"""XML; JabRef and TeXShop; BibDesk; KBibTeX; Emacs and Vim."""
_NAMES = {
    "western (mac os roman)": "mac_roman",
    "western (iso latin 1)": "cp1252",
    "western (windows latin 1)": "cp1252",
    "western (iso latin 9)": "iso8859_15",
    "unicode (utf-8)": "utf-8",
    "central european (iso latin 2)": "iso8859_2",
    "central european (windows latin 2)": "cp1250",
    "cyrillic (windows)": "cp1251",
    "cyrillic (koi8-r)": "koi8_r",
    "greek (windows)": "cp1253",
    "turkish (windows latin 5)": "cp1254",
    "japanese (shift jis)": "cp932",
    "japanese (euc)": "euc_jp",
    "chinese (gb 18030)": "gb18030",
    "chinese (gb 2312)": "gb18030",
    "korean (euc)": "cp949",
    "utf-8 unicode": "utf-8",
    "macosroman": "mac_roman",
    "x-mac-roman": "mac_roman",
    "applemac": "mac_roman",
    "isolatin": "cp1252",
    "isolatin9": "iso8859_15",
    "ansinew": "cp1252",
    "ansi": "cp1252",
    "iso8859-1": "cp1252",  # as browsers do: its control codes are letters of cp1252
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
"""By the name that a program writes, or that Python gives, the codec that reads most."""
_UNSAFE = ("utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem")
_NON_ASCII = re.compile(rb"[^\s]*[\x80-\xff][^\s]*")
_DECLARATION_BYTES = 4096
_MAX_TOKENS = 200_000
_SAMPLE_BYTES = 100_000
_TOLERATED = 50
"""One odd token in so many is tolerated in cp1252: a rare name makes no other encoding of a large file."""
_TOLERATED_ELSEWHERE = 100
_EVIDENCE = 3
"""So many words with letters beyond ASCII are needed to believe the detector."""
_MIXED = 10
"""With fewer odd tokens than one in so many, a text is mostly Western all the same: another reading is no better."""


def codec_name(name: str) -> str | None:
    """
    The codec of Python for an encoding's name, as programs of all kinds write it; None if there is none.

    >>> [codec_name(name) for name in ("MacRoman", "x-windows-1250", "ISO-8859-1", "Western (Mac OS Roman)", "nothing")]
    ['mac_roman', 'cp1250', 'cp1252', 'mac_roman', None]
    """
    wanted = name.strip().lower()
    for candidate in (wanted, wanted.removeprefix("x-"), wanted.removeprefix("x-windows-").join(("cp", ""))):
        if candidate in _NAMES:
            return _NAMES[candidate]
        try:
            info = codecs.lookup(candidate.replace(" ", "-"))
        except (LookupError, ValueError):
            continue
        if info._is_text_encoding and info.name.replace("_", "-") not in _UNSAFE:
            return _NAMES.get(info.name, info.name.replace("-", "_") if info.name.startswith("mac") else info.name)
    return None


def declared(head: bytes) -> str | None:
    """The codec that the text itself declares; None if it declares none, or one that is not known."""
    for pattern in _DECLARED:
        if (found := pattern.search(head[:_DECLARATION_BYTES])) and (
            codec := codec_name(found[1].decode("ascii", "replace"))
        ):
            return codec
    return None


class Sample:
    """What is needed of a text to judge its encoding: the tokens beyond ASCII, and some whole lines."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        """Read a text that is not ASCII, block by block."""
        self.tokens: set[bytes] = set()
        lines: list[bytes] = []
        size, rest = 0, b""
        for block in blocks:
            whole, _, rest = (rest + block).rpartition(b"\n") if b"\n" in block else (rest + block, b"", b"")
            for line in whole.split(b"\n") if size < _SAMPLE_BYTES else ():
                if not line.isascii():
                    lines.append(line[:_SAMPLE_BYTES])
                    size += len(lines[-1])
            if len(self.tokens) < _MAX_TOKENS:
                self.tokens.update(_NON_ASCII.findall(whole))
        self.tokens.update(_NON_ASCII.findall(rest))
        self.first = _NON_ASCII.findall(b"\n".join([*lines[:3], rest[:1000]]))[:3]
        self.text = b"\n".join([*lines, rest])[:_SAMPLE_BYTES]

    def decoded(self, codec: str) -> list[str] | None:
        """The tokens in this encoding; None if they are not."""
        try:
            return [token.decode(codec) for token in self.tokens]
        except UnicodeDecodeError:
            return None


class Guess(NamedTuple):
    """The codec of a text, None if it is not sure; and the first words in the codecs in which it reads plausibly."""

    codec: str | None
    plausible: Mapping[str, str] = MappingProxyType({})


def guess(sample: Sample) -> Guess:
    """
    The codec of a text that declares none and is not UTF-8.

    cp1252 is taken where it reads plausibly. The detector's answer is taken where nothing else does.
    """
    western = sample.decoded("cp1252") or []
    if not western or _is_utf8_in_part(sample.tokens):
        odd = len(sample.tokens)
    else:
        odd = len(oddities(western, most=len(western) // _MIXED + 1))
    if not odd:
        return Guess("cp1252")
    readings: dict[str, list[str]] = {}
    for codec, is_plausible in _CANDIDATES.items():
        tokens = sample.decoded(codec)
        if tokens is not None and tokens != western and tokens not in readings.values() and is_plausible(tokens):
            readings[codec] = tokens
    unsure = Guess(None, {codec: " ".join(word.decode(codec) for word in sample.first) for codec in readings})
    if odd <= len(sample.tokens) // _TOLERATED:
        fewer = (codec for codec, tokens in readings.items() if len(oddities(tokens, most=odd)) < odd)
        return Guess("cp1252") if next(fewer, None) is None else unsure
    if odd <= len(sample.tokens) // _MIXED or len(readings) != 1:
        return unsure
    ((codec, tokens),) = readings.items()
    if sum(any(char.isalpha() and char > "\x7f" for char in token) for token in tokens) < _EVIDENCE:
        return unsure
    detected = _detected(sample.text)
    return Guess(codec) if detected and sample.decoded(detected) == tokens else unsure


def is_credible(sample: Sample, codec: str) -> bool:
    """True unless most of a text is absurd in the Western or Central European encoding that it declares."""
    tokens = sample.decoded(codec) if _CANDIDATES.get(codec, _is_latin) is _is_latin else None
    most = max(2, len(sample.tokens) // 2 + 1)
    return tokens is None or len(oddities(tokens, most=most)) < most


def _is_utf8_in_part(tokens: Iterable[bytes]) -> bool:
    """True if a token is UTF-8: then the text is of two encodings."""
    for token in tokens:
        try:
            token.decode()
        except UnicodeDecodeError:
            continue
        return True
    return False


def _detected(text: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(text).best()
    return codec_name(best.encoding) if best else None


# ---- plausible readings in other encodings


_MATHS = "[≈≤≥≠∞∂∑∏∫√∆◊∩≡⌠⌡⌐]"
_NO_LATIN = re.compile(
    rf"[\u2320-\u25ff]|[\u0370-\u03ff]{{2}}|[A-Za-zÀ-ɏ](?:[\u0370-\u03ff]|{_MATHS})|{_MATHS}[A-Za-zÀ-ɏ\u0370-\u03ff]"
)


def _is_latin(tokens: list[str]) -> bool:
    tolerated = len(tokens) // _TOLERATED_ELSEWHERE
    return (
        len(oddities(tokens, most=tolerated + 1)) <= tolerated
        and not any(map(_NO_LATIN.search, tokens))
        and all(char.isalpha() or not char.isidentifier() for token in tokens for char in token if char > "\x7f")
    )


_PUNCTUATION = frozenset("«»–—…“”„’‘№§°±×·•\xa0、。，．・：；？！（）「」『』《》〈〉【】〔〕～〜￥％＋－／＝＜＞")


def _share(chars: str, kind: Callable[[str], bool]) -> float:
    return sum(map(kind, chars)) / max(len(chars), 1)


def _letters(tokens: list[str]) -> str:
    """The characters beyond ASCII that are neither punctuation nor full-width forms."""
    return "".join(char for token in tokens for char in token if char > "\x7f" and char not in _PUNCTUATION)


_CASED = re.compile(r"[^\W\d_]+")


def _is_of_alphabet(tokens: list[str], *, first: str, last: str, common: str, vowels: str) -> bool:
    """True if all letters are of one alphabet, each word in one case, and as many of them vowels as in real text."""
    letters = _letters(tokens)
    words = [word for token in tokens for word in _CASED.findall(token) if not word.isascii()]
    return (
        bool(letters)
        and all(first <= char <= last for char in letters)
        and all(word.islower() or word.isupper() or word[1:].islower() for word in words)
        and _share(letters.lower(), lambda char: char in common) > 0.5
        and 0.3 < _share(letters.lower(), lambda char: char in vowels) < 0.6
    )


_WITHIN_LATIN = re.compile(
    "[A-Za-z][\u3040-\ud7ff][A-Za-z]|(?<![\u3040-\ud7ff])[a-z]+[\u3040-\ud7ff](?![\u3040-\ud7ff])"
)


@cache
def _is_common(char: str, codec: str, first: int, last: int) -> bool:
    """True if the lead byte of a character says that it is among the common ones of its standard."""
    try:
        encoded = char.encode(codec)
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 and first <= encoded[0] <= last


def _is_east_asian(tokens: list[str], *, codec: str, first: int, last: int, kana: float = 0.0) -> bool:
    letters = _letters(tokens)
    own = "".join(char for char in letters if not "\u3040" <= char <= "\u30ff")
    return (
        bool(letters)
        and not any(map(_WITHIN_LATIN.search, tokens))
        and _share(own, lambda char: _is_common(char, codec, first, last)) >= (0.9 if own else 0)
        and (_share(letters, lambda char: "\u3040" <= char <= "\u30ff") >= kana if kana else own == letters)
    )


_RUSSIAN = partial(_is_of_alphabet, first="Ё", last="ё", common="оеаинтслвр", vowels="аеёиоуыэюя")
_GREEK = partial(_is_of_alphabet, first="Ά", last="ώ", common="αοιετσνηυρπ", vowels="αεηιοωυάέήίόύώϊϋΐΰ")
_CHINESE = partial(_is_east_asian, codec="gb2312", first=0xB0, last=0xD7)
_JAPANESE = partial(_is_east_asian, codec="euc_jp", first=0xB0, last=0xCF, kana=0.15)
_CANDIDATES: dict[str, Callable[[list[str]], bool]] = {
    **dict.fromkeys("mac_roman cp850 cp437 iso8859_15 cp1250 iso8859_2 cp852 cp1254 cp1257".split(), _is_latin),
    **dict.fromkeys("cp1251 koi8_r cp866 iso8859_5 mac_cyrillic".split(), _RUSSIAN),
    **dict.fromkeys("cp1253 iso8859_7".split(), _GREEK),
    "gb18030": _CHINESE,
    "big5": partial(_is_east_asian, codec="big5", first=0xA4, last=0xC6),
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "cp949": partial(_is_east_asian, codec="euc_kr", first=0xB0, last=0xC8),
}
"""By codec, whether tokens that it gave read plausibly; of two that give the same text the first counts."""
