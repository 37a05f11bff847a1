"""
Text of abstracts: clean it, split it into sentences with exact offsets, cut it into chunks of whole sentences.

It does not tokenise for a model (`rag.llm.tokens`) nor for search (the lexical index has its own analyser).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from rag.flags import flags as flags  # a text is cleaned, and then flagged
from rag.types import Chunk, Paper

SPLITTER = "nupunkt-1"
"""Which splitter made the offsets; part of a library's manifest."""

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
_CONTROL = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
_STACKED = re.compile(
    f"[{_MARKS}]{{31}}"
)  # Unicode's own bound (UAX #15, stream-safe text); normalising is quadratic in it
_ROUNDS = 8
_PLAIN = bytes(code for code in range(0x20, 0x7F) if chr(code) not in "&<")
UNDECODED = "\uffff"
"""Stands for bytes that could not be decoded; `clean` refuses it."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAGS = (
    "a abbr article article-title b bdi bold br code dd del div dl dt em emph font h1 h2 h3 h4 h5 h6 hr i img inf "
    "ins italic label li list list-item monospace ol p pre q roman s sc sec section small span strike strong sub sup "
    "table tbody td th thead title tr tt u ul underline abstract abstracttext inline-formula disp-formula "
    "inline-graphic tex-math xref ext-link iframe object embed form input button svg style script"
)
_ATTRIBUTES = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*"""
_TAG = re.compile(
    rf"<(?:/?(?:(?:jats|mml|m|xhtml):[\w.-]+|(?:{'|'.join(_TAGS.split())})(?![\w-])){_ATTRIBUTES}\s*/?"
    r"|!--(?:(?!<!--).)*?--|!doctype[^<>]*)>|<!\[CDATA\[|\]\]>",
    re.IGNORECASE | re.DOTALL,
)
# what stands between may hold no other beginning: searching on from each of many that never end would take forever
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>(?:(?!<(?:script|style)\b).)*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_RAISED = re.compile(r"<(?:jats:)?(su[pb])>([0-9+\-−–=()ni]{1,20})</(?:jats:)?\1>", re.IGNORECASE)
_RAISED_FORMS = {
    "sup": str.maketrans("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ"),
    "sub": str.maketrans("0123456789+-−–=()ni", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₙᵢ"),
}
_BLOCK = re.compile(r"^</?(?:jats:)?(?:p|div|br|li|sec|section|title|label|h\d|tr|td)\b", re.IGNORECASE)


def _keeps_meaning_only_as_it_is(char: str) -> bool:
    """Whether NFKC would change what a character says: 10² must not become 102, nor ½ the "1⁄2" of 21⁄2."""
    form = unicodedata.decomposition(char)
    return form.startswith(("<super>", "<sub>", "<fraction>", "<compat> 0020"))


_KEPT = re.compile("([" + "".join(c for c in map(chr, range(0x80, 0x3100)) if _keeps_meaning_only_as_it_is(c)) + "])")
_UNSEEN = (
    "".join(re.escape(c) for c in map(chr, range(0x80, 0x10000)) if unicodedata.category(c) == "Cf")
    + "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
)
_INVISIBLE = re.compile(f"[{_UNSEEN}\U000e0000-\U000e0fff]")
_ODD = re.compile(  # where there is none, a normalised text is folded; one range past U+FFFF, for sre is slow with many
    f"[\x80-\x9f{''.join(char for char in _MARKS if char <= chr(0xFFFF))}{_UNSEEN}\U00010000-\U0010ffff]"
)


class UnprintableText(ValueError):
    """The text holds characters, or markup within markup, that no abstract has."""


def clean(text: str) -> str:
    """
    Bring text from outside into the one form in which it is stored.

    Entities are decoded and known markup tags removed (a `<think>` that is part of the prose stays; `10<sup>2</sup>`
    becomes 10²), compatibility forms folded by NFKC save where that would change a meaning (10², H₂O, ½), zero-width,
    bidirectional, tag and other invisible characters removed, C1 codes read as the cp1252 characters they once were,
    white space made single spaces. Cleaning twice changes nothing.

    Raises:
        UnprintableText: A control character, a lone surrogate or a noncharacter is left; more marks stand on one
            letter, or tags and entities within each other, than any text has.

    >>> clean("p &lt; 0.05 in <i>E. coli</i>,  10⁻³ ﬁne\\u200b")
    'p < 0.05 in E. coli, 10⁻³ fine'
    """
    if is_plain(text):
        return text  # most texts, at a tenth of the time
    for _ in range(_ROUNDS):  # folding may bring out markup, such as that of full-width brackets
        before = text
        if "&" in text or "<" in text or "]]>" in text:
            text = _without_markup(text)
        if not text.isascii():
            text = _folded(text)
        if text == before:
            break
    if not text.isprintable() and (bad := _CONTROL.search(text)):
        code = ord(bad.group())
        raise UnprintableText(
            "bytes that are not UTF-8" if _is_escaped_byte(code) else f"control character U+{code:04X}"
        )
    return " ".join(text.split())


def is_plain(text: str) -> bool:
    """
    Whether a text is surely clean already: printable ASCII without markup, in words with one space between.

    Texts that are plain when joined by spaces are plain each.
    """
    return (
        text.isascii()
        and not text.encode().translate(None, _PLAIN)
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and "]]>" not in text
    )


def _without_markup(text: str) -> str:
    """Decode and strip until nothing changes: feeds hold entities in entities, and what they decode to is markup."""
    for _ in range(_ROUNDS):
        before = text
        text = _HIDDEN.sub(" ", text)
        text = _RAISED.sub(lambda raised: raised[2].translate(_RAISED_FORMS[raised[1].lower()]), text)
        text = _TAG.sub(lambda tag: " " if _BLOCK.match(tag.group()) else "", text)
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
        if text == before:
            return text
    raise UnprintableText("markup within markup, many levels deep")


def _is_escaped_byte(code: int) -> bool:
    return 0xDC80 <= code <= 0xDCFF or chr(code) == UNDECODED


def _folded(text: str) -> str:
    if not _ODD.search(text) and unicodedata.is_normalized("NFKC", text):
        return text
    if _STACKED.search(text):
        raise UnprintableText("more than 30 marks on one letter")
    text = re.sub("[\x80-\x9f]", _from_cp1252, text)
    for _ in range(3):  # an invisible character may keep two others from composing
        before = text
        text = _INVISIBLE.sub("", text)
        text = "".join(part if _KEPT.match(part) else unicodedata.normalize("NFKC", part) for part in _KEPT.split(text))
        if text == before:
            break
    return text


def _from_cp1252(char: re.Match[str]) -> str:
    return char.group().encode("latin-1").decode("cp1252", errors="replace").replace("\ufffd", char.group())


@cache
def _splitter() -> Any:
    import nupunkt  # 50 ms, and `refdesk --help` does not split

    return nupunkt.load("default")


_IDEOGRAPHIC = re.compile(r"[。！？｡]+[”’」』）]*")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:resp|approx|ca|cf|e\.g|i\.e|vs|Fig|Figs|Eq|Eqs|Ref|Refs|Sec|No|Nos|al|sp|spp|wt)\.$"
)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """What nupunkt makes of a text, cut again after the full stops of Chinese and Japanese, which it does not know."""
    for start, end in _splitter().span_tokenize(text):
        stops = [stop.end() for stop in _IDEOGRAPHIC.finditer(text, start, end)]
        yield from pairwise([start, *(stop for stop in stops if stop < end), end])


def split(text: str) -> tuple[tuple[int, int], ...]:
    """
    Sentence offsets of a cleaned text, in order, without the spaces between.

    nupunkt finds the boundaries (F1 .991 against SciFact's own). A piece without a letter or digit of its own, such
    as a stray bracket, joins the sentence before it, and so does what follows an abbreviation that needs a sequel.

    >>> [("We test it. It works."[a:b]) for a, b in split("We test it. It works.")]
    ['We test it.', 'It works.']
    """
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if start == end:
            continue
        worded = any(char.isalnum() for char in text[start:end])
        if spans and (not worded or _ABBREVIATED.search(text[spans[-1][0] : spans[-1][1]])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def chunks(paper: Paper, *, max_tokens: int, count: Callable[[str], int]) -> tuple[Chunk, ...]:
    """
    Cut a paper's abstract into runs of whole sentences, each as long as fits.

    Args:
        paper: A paper; one that is not split yet is split here, where it must be.
        max_tokens: The most tokens in a chunk together with the title, which is embedded with each; a sentence that
            alone is longer is a chunk of its own.
        count: Tokens in a text.

    Returns:
        At least one chunk, in order; none overlap and together they hold every sentence.
    """
    whole = f"{paper.title}\n{paper.abstract}"
    # no token is shorter than a byte: most often there is nothing to count
    if len(whole.encode()) <= max_tokens or count(whole) <= max_tokens:
        return (_chunk(paper, 0, (0, len(paper.abstract))),)
    runs: list[tuple[int, int]] = []
    for start, end in paper.spans or split(paper.abstract):
        if runs and count(f"{paper.title}\n{paper.abstract[runs[-1][0] : end]}") <= max_tokens:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return tuple(_chunk(paper, number, run) for number, run in enumerate(runs))


def _chunk(paper: Paper, number: int, run: Sequence[int]) -> Chunk:
    start, end = run
    return Chunk(paper_id=paper.paper_id, number=number, start=start, end=end, text=paper.abstract[start:end])
