"""
Markdown as a reader sees it: parsed (CommonMark, markdown-it-py) into blocks of visible text, and the seal over them.

A seal is a comment with a short hash of each block, in order. It is made of the visible text, so a document that was
only wrapped, indented or given other quotation marks keeps its seal. It shows edits; it does not stop a forger.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

from markdown_it import MarkdownIt
from markdown_it.token import Token

Seal = tuple[tuple[str, ...], ...]
"""The hashes of the blocks, unit by unit."""

MOST_NESTED = 40
PLACE = re.compile(r"\[(\d{1,5})\.(\d{1,5})\]")
"""The number of a source and of a sentence, as in `[2.3]`."""
_COMMENT = re.compile(r"<!--\s*(fact|seal):?\s(.*?)\s*-->", re.DOTALL)
_HASHES = re.compile(r"[0-9a-f;\s]*")
_QUOTED = re.compile(r"\n(?=(\d{1,5})\.(\d{1,5})\s)")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("‐‑–—−", "-"),
        "…": "...",
    }
)


@dataclass(frozen=True, slots=True)
class Block:
    """
    A heading, paragraph, list item, quotation, cell of a table or other block of a document.

    Args:
        kind: `h1` to `h6`, `p`, `item`, `quote`, `code` or `html`.
        text: What a reader sees, in one line.
        number: The number of an item in a numbered list.
        strong: The first words in bold.
        code: The first words in code style.
        fact: What stands in a comment of the kind `fact`.
        seal: What stands in a comment of the kind `seal`; the block has no other text.
        cites: True if places, such as `[2.3]`, stand in the text, and were not escaped.
        markup: What the text alone does not show: struck or hidden words, HTML, entities.
    """

    kind: str
    text: str
    number: int | None = None
    strong: str = ""
    code: str = ""
    fact: str = ""
    seal: str = ""
    cites: bool = False
    markup: tuple[str, ...] = ()

    @property
    def unseen(self) -> list[str]:
        """The characters that a reader does not see, or that change the direction of others."""
        return [f"U+{ord(char):04X}" for char in dict.fromkeys(_UNSEEN.findall(self.text))]

    @property
    def hash(self) -> str:
        """A short hash of all that a reader sees."""
        parts = (self.kind, str(self.number), str(self.cites), folded(self.text), folded(self.fact), *self.markup)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def folded(text: str) -> str:
    """
    A text without differences in spaces, quotation marks and dashes.

    >>> folded("“a”  –\\nb…")
    '"a" - b...'
    """
    plain = " ".join(text.split())
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain).translate(_TYPOGRAPHY)
    return re.sub("--+", "-", plain)


def blocks(document: str) -> list[Block]:
    """The blocks of a document, in order. No text is left out, however it is hidden."""
    found: list[Block] = []
    kinds: list[tuple[str, int | None]] = [("p", None)]
    shown = set[int]()
    for token in _parser().parse(document):
        if token.type in ("blockquote_open", "list_item_open"):
            number = int(token.info) if token.info.isdigit() else None
            kinds.append(("quote", None) if token.type == "blockquote_open" else ("item", number))
        elif token.type in ("blockquote_close", "list_item_close"):
            kinds.pop()
        elif token.type == "heading_open":
            kinds.append((token.tag, None))
        elif token.type == "heading_close":
            kinds.pop()
        elif token.type in ("inline", "code_block", "fence", "html_block", "hr"):
            found += _leaf(token, *kinds[-1])
            shown.update(range(*(token.map or (0, 0))))
    lines = re.split(r"\r\n?|\n", document)
    hidden = [line.strip() for number, line in enumerate(lines) if number not in shown and re.search(r"\w", line)]
    if hidden:  # before the seal, which stays the last block
        found[-1:-1] = [Block("p", line, markup=("nested too deeply",)) for line in hidden]
    return found


def sealed(found: Sequence[Block]) -> tuple[list[Block], Seal | None]:
    """The blocks without the first seal, and the seal; None if there is none."""
    at = next((number for number, block in enumerate(found) if _HASHES.fullmatch(block.seal) and block.seal), None)
    if at is None:
        return list(found), None
    return [*found[:at], *found[at + 1 :]], tuple(tuple(unit.split()) for unit in found[at].seal.split(";"))


def seal(units: Iterable[str]) -> str:
    """The seal of a document: of units that a reader may take out, each with blocks that belong together."""
    rows = [" ".join(block.hash for block in blocks(unit)) for unit in units]
    return "<!-- seal: {} -->".format(";\n".join(filter(None, rows)))


def displaced(found: Sequence[Block], given: Seal) -> Block | None:
    """
    The first block that is not in its place: moved, repeated, or beside a block of its unit that was taken out.

    The first unit must be there; of the others whole ones may be missing.
    """
    hashes = [block.hash for block in found]
    at = 0
    for number, unit in enumerate(given):
        if tuple(hashes[at : at + len(unit)]) == unit:
            at += len(unit)
        elif not number:
            break
    return found[min(at, len(found) - 1)] if at < len(found) or not at else None


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """
    The parser. Links with a text, images and their definitions are not known to it, so that all of them is seen.

    Bold and italics change no words.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": MOST_NESTED}).enable(["strikethrough", "table"])
    parser.disable(["link", "image", "reference", "text_join"])
    parser.normalizeLink = parser.normalizeLinkText = lambda url: url  # type: ignore[method-assign,assignment]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


def _leaf(token: Token, kind: str, number: int | None) -> Iterator[Block]:
    if token.type == "html_block":
        comment = _COMMENT.fullmatch(token.content.strip())
        if comment and comment[1] == "seal":
            yield Block("html", "", seal=comment[2].strip() or ";")
        else:
            yield Block("html", token.content.strip(), markup=("HTML",))
    elif token.type == "inline":
        block = _inline(token, kind, number)
        yield from _quotes(block) if kind == "quote" else [_in_one_line(block)]
    elif token.type != "hr":
        yield Block("code", token.content.strip() or token.info, markup=("a code block",))


def _inline(token: Token, kind: str, number: int | None) -> Block:
    """The visible text of a paragraph, in its lines."""
    text: list[str] = []
    markup: list[str] = []
    strong = code = fact = ""
    cites = False
    bold_from: int | None = None
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            text.append("\n")
        elif child.type == "strong_open" and not strong:
            bold_from = len(text)
        elif child.type == "strong_close" and bold_from is not None:
            strong, bold_from = "".join(text[bold_from:]), None
        elif child.type == "html_inline":
            comment = _COMMENT.fullmatch(child.content)
            if comment and comment[1] == "fact" and not fact:
                fact = comment[2]
            else:
                markup.append(child.content)
        elif child.content:
            text.append(child.content)
            cites = cites or (child.type == "text" and bool(PLACE.search(child.content)))
            code = code or (child.content if child.type == "code_inline" else "")
            markup += ["an entity"] if child.type == "text_special" and child.info == "entity" else []
        elif child.type == "s_open":
            markup.append("struck text")
    return Block(kind, "".join(text), number, strong, code, fact, cites=cites, markup=tuple(markup))


def _in_one_line(block: Block) -> Block:
    return replace(block, text=" ".join(block.text.split()), strong=" ".join(block.strong.split()))


def _quotes(block: Block) -> Iterator[Block]:
    """Each quoted sentence by itself: it begins in a new line, with the number of the source and a higher place."""
    begins = [0]
    last = re.match(r"(\d{1,5})\.(\d{1,5})\s", block.text)
    for place in _QUOTED.finditer(block.text) if last else ():
        if place[1] == (last and last[1]) and int(place[2]) > int(last[2] if last else 0):
            begins.append(place.start())
            last = place
    for start, end in zip(begins, [*begins[1:], None], strict=True):
        yield _in_one_line(replace(block, text=block.text[start:end]))
