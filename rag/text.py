"""
Unicode cleaning, sentence splitting with exact offsets, and chunking into whole sentences, for abstracts.

It does not tokenise: `rag.llm.tokens` counts the tokens of models, and the lexical index has an analyser of its own.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from rag.flags import flags as flags  # callers clean a text and then flag it
from rag.types import Chunk, Paper

SPLITTER = "nupunkt-1"
"""The name of the splitter that made the offsets; part of a library's manifest."""

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
_CONTROL = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(char))
# Unicode's own bound (UAX #15, stream-safe text); the time to normalise grows with the square of the number of marks
_STACKED = re.compile(f"[{_MARKS}]{{31}}")
_MAX_ROUNDS = 8
_PLAIN_BYTES = bytes(code for code in range(0x20, 0x7F) if chr(code) not in "&<")
UNDECODED = "\uffff"
"""Stands for bytes that could not be decoded; `clean` refuses it."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAGS = (
    "a abbr article article-title b bdi blockquote bold br cite code dd del div dl dt em emph figcaption font h1 h2 "
    "h3 h4 h5 h6 hr i img inf ins italic label li list list-item monospace ol p pre q roman s sc sec section small "
    "span strike strong sub sup table tbody td th thead title tr tt u ul underline abstract abstracttext "
    "inline-formula disp-formula inline-graphic tex-math xref ext-link iframe object embed form input button svg style "
    "script"
)
_ATTRIBUTES = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*"""
_TAG = re.compile(
    rf"<(?:/?(?:(?:jats|mml|m|xhtml):[\w.-]+|(?:{'|'.join(_TAGS.split())})(?![\w-])){_ATTRIBUTES}\s*/?"
    r"|!--(?:(?!<!--).)*?--|!doctype[^<>]*)>|<!\[CDATA\[|\]\]>",
    re.IGNORECASE | re.DOTALL,
)
# no other opening tag may stand in between: else many that never close would take quadratic time
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>(?:(?!<(?:script|style)\b).)*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_SUP_OR_SUB = re.compile(r"<(?:jats:)?(su[pb])>([0-9+\-−–=()ni]{1,20})</(?:jats:)?\1>", re.IGNORECASE)
_SUPERSCRIPTS_AND_SUBSCRIPTS = {
    "sup": str.maketrans("0123456789+-−–=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿⁱ"),
    "sub": str.maketrans("0123456789+-−–=()ni", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₙᵢ"),
}
_BLOCK = re.compile(r"^</?(?:jats:)?(?:p|div|br|li|sec|section|title|label|h\d|tr|td)\b", re.IGNORECASE)


def _nfkc_changes_meaning(char: str) -> bool:
    """True if NFKC would change what a character means: 10² must not become 102, nor 2½ become 21⁄2."""
    return unicodedata.decomposition(char).startswith(("<super>", "<sub>", "<fraction>", "<compat> 0020"))


_NOT_NORMALISED = re.compile(
    "([" + "".join(c for c in map(chr, range(0x80, 0x3100)) if _nfkc_changes_meaning(c)) + "])"
)
_INVISIBLE_CHARS = (
    "".join(re.escape(c) for c in map(chr, range(0x80, 0x10000)) if unicodedata.category(c) == "Cf")
    + "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_CHARS}\U000e0000-\U000e0fff]")
_MAY_NEED_NORMALISING = re.compile(  # one range for all beyond U+FFFF, because `re` is slow with many ranges
    f"[\x80-\x9f{''.join(char for char in _MARKS if char <= chr(0xFFFF))}{_INVISIBLE_CHARS}\U00010000-\U0010ffff]"
)


class UnprintableText(ValueError):
    """The text holds characters, or nested markup, that no abstract has."""


def clean(text: str) -> str:
    """
    Normalise text from outside to the form in which it is stored.

    - Entities are decoded. Known markup tags are removed; a `<think>` that is part of the prose stays, and
      `10<sup>2</sup>` becomes 10².
    - NFKC is applied, except where it would change a meaning (10², H₂O, ½).
    - Invisible characters are removed: zero-width, bidirectional, tags and others.
    - C1 codes are read as cp1252.
    - White space becomes single spaces.

    Cleaning twice changes nothing.

    Raises:
        UnprintableText: A control character, a lone surrogate or a noncharacter is left, one letter has more than 30
            marks, or tags and entities are nested more deeply than any text has them.

    >>> clean("p &lt; 0.05 in <i>E. coli</i>,  10⁻³ ﬁne\\u200b")
    'p < 0.05 in E. coli, 10⁻³ fine'
    """
    if is_plain(text):
        return text  # true of most texts, and ten times faster
    for _ in range(_MAX_ROUNDS):  # NFKC may make new markup, such as of full-width brackets
        before = text
        if "&" in text or "<" in text or "]]>" in text:
            text = _without_markup(text)
        if not text.isascii():
            text = _normalised(text)
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
    True if a text is surely clean: printable ASCII without markup, with single spaces between words.

    If texts joined by spaces are plain, each of them is.
    """
    return (
        text.isascii()
        and not text.encode().translate(None, _PLAIN_BYTES)
        and "  " not in text
        and text[:1] != " "
        and text[-1:] != " "
        and "]]>" not in text
    )


def _without_markup(text: str) -> str:
    """Decode entities and remove tags until nothing changes, because feeds encode entities and markup again."""
    for _ in range(_MAX_ROUNDS):
        before = text
        text = _HIDDEN.sub(" ", text)
        text = _SUP_OR_SUB.sub(lambda tag: tag[2].translate(_SUPERSCRIPTS_AND_SUBSCRIPTS[tag[1].lower()]), text)
        text = _TAG.sub(lambda tag: " " if _BLOCK.match(tag.group()) else "", text)
        text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
        if text == before:
            return text
    raise UnprintableText("markup nested too deeply")


def _is_escaped_byte(code: int) -> bool:
    return 0xDC80 <= code <= 0xDCFF or chr(code) == UNDECODED


def _normalised(text: str) -> str:
    if not _MAY_NEED_NORMALISING.search(text) and unicodedata.is_normalized("NFKC", text):
        return text
    if _STACKED.search(text):
        raise UnprintableText("more than 30 marks on one letter")
    text = re.sub("[\x80-\x9f]", _from_cp1252, text)
    for _ in range(3):  # an invisible character may stand between two others that compose
        before = text
        text = _INVISIBLE.sub("", text)
        text = "".join(
            part if _NOT_NORMALISED.match(part) else unicodedata.normalize("NFKC", part)
            for part in _NOT_NORMALISED.split(text)
        )
        if text == before:
            break
    return text


def _from_cp1252(char: re.Match[str]) -> str:
    return char.group().encode("latin-1").decode("cp1252", errors="replace").replace("\ufffd", char.group())


@cache
def _splitter() -> Any:
    import nupunkt  # takes 50 ms, and most commands do not split

    return nupunkt.load("default")


_IDEOGRAPHIC_STOP = re.compile(r"[。！？｡]+[”’」』）]*")
_ENDS_IN_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:resp|approx|ca|cf|e\.g|i\.e|vs|Fig|Figs|Eq|Eqs|Ref|Refs|Sec|No|Nos|al|sp|spp|wt)\.$"
)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """The spans that nupunkt finds, split again after Chinese and Japanese full stops, which it does not know."""
    for start, end in _splitter().span_tokenize(text):
        stops = [stop.end() for stop in _IDEOGRAPHIC_STOP.finditer(text, start, end)]
        yield from pairwise([start, *(stop for stop in stops if stop < end), end])


def split(text: str) -> tuple[tuple[int, int], ...]:
    """
    Sentence offsets of a cleaned text, in order, without the spaces between.

    nupunkt finds the boundaries (F1 .991 against SciFact's own). A piece without a letter or digit, such as a stray
    bracket, joins the sentence before it. So does a piece after an abbreviation that cannot end a sentence ("Fig.").

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
        has_words = any(char.isalnum() for char in text[start:end])
        if spans and (not has_words or _ENDS_IN_ABBREVIATION.search(text[spans[-1][0] : spans[-1][1]])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def chunks(paper: Paper, *, max_tokens: int, count: Callable[[str], int]) -> tuple[Chunk, ...]:
    """
    Cut a paper's abstract into chunks of whole sentences, each as long as `max_tokens` allows.

    Args:
        paper: A paper; without `spans` it is split here, if it needs more than one chunk.
        max_tokens: The most tokens of a chunk and the title together, because the title is embedded with each chunk. A
            sentence that alone is longer is a chunk of its own.
        count: Counts the tokens of a text.

    Returns:
        At least one chunk, in order; they do not overlap, and together they hold every sentence.
    """
    full_text = f"{paper.title}\n{paper.abstract}"
    # no token is shorter than a byte, so that most papers need no counting
    if len(full_text.encode()) <= max_tokens or count(full_text) <= max_tokens:
        return (_chunk(paper, 0, (0, len(paper.abstract))),)
    spans = paper.spans or split(paper.abstract)
    ends = [end for _, end in spans]
    runs: list[tuple[int, int]] = []
    first = 0
    while first < len(spans):
        start = spans[first][0]

        def tokens(end: int, start: int = start) -> int:
            return count(f"{paper.title}\n{paper.abstract[start:end]}")

        # bisection: to count after each sentence takes time that grows with the square of the chunk's length
        after = max(first + 1, bisect_right(ends, max_tokens, lo=first, key=tokens))
        runs.append((start, ends[after - 1]))
        first = after
    return tuple(_chunk(paper, number, run) for number, run in enumerate(runs))


def _chunk(paper: Paper, number: int, run: Sequence[int]) -> Chunk:
    start, end = run
    return Chunk(paper_id=paper.paper_id, number=number, start=start, end=end, text=paper.abstract[start:end])
