"""
Streaming XML over lxml: one record element at a time, with entity declarations refused.

Nothing is fetched, and no more than one record is held. A character that XML forbids spoils its own record only. The
module makes no Paper.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator
from html.entities import html5
from typing import Any, TextIO

from lxml import etree  # type: ignore[import-untyped, unused-ignore]

from rag.errors import UnreadableInput
from rag.sources.decoding import MAX_ENTRY_CHARS
from rag.text import UNDECODED
from rag.types import Reject

Element = Any
"""An element of lxml, which has no types."""

_CHUNK = 1 << 16
_LONGEST_REFERENCE = 40
_LONGEST_PROLOG = 1 << 20
_SAFE_OPTIONS: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_SAFE_OPTIONS |= {
    "remove_comments": True,
    "remove_pis": True,
    "encoding": "utf-8",
}  # decoded already, whatever it declares
_PREFIXES = (
    ("://purl.org/dc/", "dc:"),
    ("prismstandard.org/", "prism:"),
    ("://arxiv.org/schemas/atom", "arxiv:"),
    ("/rss/1.0/modules/content/", "content:"),
    ("/feedburner/ext/", "feedburner:"),
)
_UNPREFIXED = re.compile("/2005/Atom|/atom/ns#|purl.org/rss/1.0/|my.netscape.com/rdf|openarchives.org/OAI/2|/OAI/arXiv")
_PROLOG = re.compile(
    r"\s*+(?>(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?>\[.*?\]\s*)?>)\s*)*+<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)", re.DOTALL
)
_REFERENCE = re.compile(r"&(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,7})|([A-Za-z][A-Za-z0-9]{1,31}));")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STAND_IN = re.compile("[\ufdd0-\ufdef\U0001ffff]")
_UNDECODED = "\U0001ffff"


def root_name(head: str) -> str:
    """
    The name of the root element without its prefix; empty if the text does not begin as XML does.

    >>> root_name('<?xml version="1.0"?><!-- a feed --><rdf:RDF xmlns:rdf="x">')
    'RDF'
    """
    found = _PROLOG.match(head.removeprefix("\ufeff"))
    return found[1] if found else ""


def elements(stream: TextIO, roots: Collection[str], tags: Collection[str]) -> Iterator[tuple[str, Element | Reject]]:
    """
    Place and element of each record; an element is emptied when the next one is asked for.

    If the XML breaks off, or has another root, the last item is a Reject that says so. A character that XML does not
    allow stays in its record, so that `rag.text.clean` refuses that record.

    Args:
        stream: The text.
        roots: Names, without prefix, that the root element may have.
        tags: Names, without prefix, of the elements that are records.

    Raises:
        UnreadableInput: The text declares entities; no feed needs that.
    """
    parser = etree.XMLPullParser(events=("start", "end"), tag=[f"{{*}}{name}" for name in tags], **_SAFE_OPTIONS)
    number = depth = chars = 0  # chars: read since the last record ended
    error = ""
    for chunk in _chunks(stream):
        chars += len(chunk)
        error, _ = _feed(parser, chunk)
        for event, element in parser.read_events():
            depth += 1 if event == "start" else -1
            if event == "end" and not depth:
                number, chars = number + 1, 0
                yield f"record {number}", element
                _forget(element)
        if chars > MAX_ENTRY_CHARS:
            error = error or f"a record is longer than {MAX_ENTRY_CHARS:,} characters"
        if error:
            break
    else:
        error, root = _feed(parser, None)
        if not error and not number and local_name(root) not in roots:
            reason = f"the root element is <{local_name(root)[:40]}>"
            yield "the beginning", Reject(where="the beginning", reason=reason)
    if error:
        where = f"after record {number}" if number else "the beginning"
        yield where, Reject(where=where, reason=f"not valid XML, and not read further: {error}")


def _chunks(stream: TextIO) -> Iterator[str]:
    """
    The text in pieces that cut no reference (`&amp;`) in two, with what XML does not allow replaced.

    Nothing is yielded before the whole prolog was seen, because it may declare entities.
    """
    held, begun = "", False  # the text kept for the next piece; whether the root element has begun
    while text := stream.read(_CHUNK):
        text = held + (text if begun else text.removeprefix("\ufeff").lstrip())
        if not begun and "<!DOCTYPE" in text and "<!ENTITY" in text:
            raise UnreadableInput(
                "The XML declares entities of its own, which can read files or fill the memory; it was not read.",
                hint="Remove the declarations, or export the papers as JSON, RIS or BibTeX.",
            )
        begun = begun or bool(_PROLOG.match(text))
        at = text.rfind("&", max(0, len(text) - _LONGEST_REFERENCE))
        cut = len(text) if at < 0 or ";" in text[at:] else at
        held, text = (text[cut:], text[:cut]) if begun else (text, "")
        yield _legal(text)
        if not begun and len(held) > _LONGEST_PROLOG:
            break
    yield _legal(held)


def _legal(text: str) -> str:
    text = _ILLEGAL.sub(lambda char: _stand_in(ord(char[0])), text)
    return _REFERENCE.sub(_reference, text) if "&" in text else text


def _stand_in(code: int) -> str:
    """A character that XML allows, in place of one that it forbids; `inner_markup` turns it back."""
    return chr(0xFDD0 + code) if code < 0x20 else _UNDECODED


def _reference(found: re.Match[str]) -> str:
    """A reference as XML knows it: HTML's names become the characters, forbidden characters their stand-ins."""
    decimal, hexadecimal, name = found.groups()
    if name in ("amp", "lt", "gt", "quot", "apos"):
        return found[0]
    if name:
        return html.escape(html5.get(f"{name};", found[0]))
    code = int(decimal) if decimal else int(hexadecimal, 16)
    is_legal = code <= 0x10FFFF and not _ILLEGAL.match(chr(code))
    return found[0] if is_legal else _stand_in(code)


def _feed(parser: Any, text: str | None) -> tuple[str, Element | None]:
    """
    Give the parser a piece of text, or None at the end.

    Returns:
        The error's message, empty if there was none, and at the end the root element.
    """
    try:
        return "", parser.close() if text is None else parser.feed(text.encode())
    except etree.XMLSyntaxError as error:
        return re.sub(r"[^ -~]+", " ", str(error)).strip()[:120] or "it ends too early", None


def _forget(element: Element) -> None:
    """Empty a record, and remove it and what stands before it from the tree."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local_name(element: Element) -> str:
    """The name of an element without namespace and prefix."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def children_by_name(element: Element) -> dict[str, list[Element]]:
    """The children of an element by name: `title`, `dc:creator`, `prism:doi`; `{…}title` if no prefix is known."""
    children: dict[str, list[Element]] = {}
    for child in element.iterchildren("*"):
        namespace, _, name = str(child.tag).removeprefix("{").rpartition("}")
        unknown = f"{{{namespace}}}" if namespace and not _UNPREFIXED.search(namespace) else ""
        prefix = next((prefix for part, prefix in _PREFIXES if part in namespace), unknown)
        children.setdefault(f"{prefix}{name}", []).append(child)
    return children


def inner_markup(element: Element | None) -> str:
    """The text within an element with its inner tags, for `rag.text.clean` to remove; empty for None."""
    if element is None or not len(element):
        return "" if element is None else restored(element.text or "")
    parts = [html.escape(element.text or "", quote=False)]
    for child in element:
        name = local_name(child) if isinstance(child.tag, str) else ""
        inner = inner_markup(child) if len(child) else html.escape(child.text or "", quote=False)
        parts += [f"<{name}>{inner}</{name}>" if name else inner, html.escape(child.tail or "", quote=False)]
    return restored("".join(parts))


def restored(text: str) -> str:
    """The text with each stand-in turned back into the character that it stands for."""
    return _STAND_IN.sub(lambda char: UNDECODED if char[0] == _UNDECODED else chr(ord(char[0]) - 0xFDD0), text)


def at_path(element: Element, path: str) -> Iterator[Element]:
    """
    The elements at a path of names without prefixes, from the element's children on: `titles/title`.
    """
    name, _, rest = path.partition("/")
    for child in element.iterchildren("*"):
        if local_name(child) == name:
            yield from at_path(child, rest) if rest else (child,)


def repeated(element: Element, where: str, *paths: str) -> Reject | None:
    """A Reject if elements at one of the paths stand in a record twice with different texts: it may be two records."""
    for path in paths:
        if len({text for found in at_path(element, path) if (text := inner_markup(found).strip())}) > 1:
            return Reject(where=where, reason=f"not valid: the element {path} stands twice")
    return None


def texts(children: dict[str, list[Element]], *names: str) -> list[str]:
    """The texts, none blank, of all children of one name: the first of `names` that has any."""
    for name in names:
        if found := [text for child in children.get(name, ()) if (text := inner_markup(child).strip())]:
            return found
    return []


def first_text(children: dict[str, list[Element]], *names: str) -> str:
    """The first of `texts`; empty if there is none."""
    return next(iter(texts(children, *names)), "")
