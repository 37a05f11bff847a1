"""
XML as it streams: one element a record, with what is dangerous refused and what is broken confined to its record.

Nothing is fetched, no entity is declared, and no more than one record is held at a time.
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
_SAFELY: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
_SAFELY |= {"remove_comments": True, "remove_pis": True, "encoding": "utf-8"}  # decoded already, whatever it declares
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


def root(head: str) -> str:
    """
    The name of a text's root element without its prefix, or nothing where it does not begin as XML does.

    >>> root('<?xml version="1.0"?><!-- a feed --><rdf:RDF xmlns:rdf="x">')
    'RDF'
    """
    found = _PROLOG.match(head.removeprefix("\ufeff"))
    return found[1] if found else ""


def elements(stream: TextIO, roots: Collection[str], tags: Collection[str]) -> Iterator[tuple[str, Element | Reject]]:
    """
    Place and element of each record as it streams; an element is emptied when the next is asked for.

    Where the XML breaks off, or has another root, the records before are given, and then a Reject. A character that
    XML does not allow stays in its record, which `rag.text.clean` then refuses.

    Args:
        stream: The text.
        roots: Names, without prefix, that the root element may have.
        tags: Those of the elements that are records.

    Raises:
        UnreadableInput: The text declares entities, which no feed has a reason to do.
    """
    parser = etree.XMLPullParser(events=("start", "end"), tag=[f"{{*}}{name}" for name in tags], **_SAFELY)
    number = depth = unread = 0
    trouble = ""
    for chunk in _chunks(stream):
        unread += len(chunk)
        trouble, _ = _fed(parser, chunk)
        for event, element in parser.read_events():
            depth += 1 if event == "start" else -1
            if event == "end" and not depth:
                number, unread = number + 1, 0
                yield f"record {number}", element
                _forget(element)
        if unread > MAX_ENTRY_CHARS:
            trouble = trouble or f"a record is longer than {MAX_ENTRY_CHARS:,} characters"
        if trouble:
            break
    else:
        trouble, top = _fed(parser, None)
        if not trouble and not number and local(top) not in roots:
            yield "the beginning", Reject(where="the beginning", reason=f"the root element is <{local(top)[:40]}>")
    if trouble:
        where = f"after record {number}" if number else "the beginning"
        yield where, Reject(where=where, reason=f"not valid XML, and not read further: {trouble}")


def _chunks(stream: TextIO) -> Iterator[str]:
    """The text in pieces in which no reference is cut in two, with what XML does not know made to pass."""
    held, begun = "", False
    while text := stream.read(_CHUNK):
        text = held + (text if begun else text.removeprefix("\ufeff").lstrip())
        if not begun and "<!DOCTYPE" in text and "<!ENTITY" in text:
            raise UnreadableInput(
                "The XML declares entities of its own, which may read files or fill the memory; it was not read.",
                hint="Take the declarations out, or export the papers as JSON, RIS or BibTeX.",
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
    """A character that XML allows and `rag.text.clean` does not, for one that both refuse; `markup` turns it back."""
    return chr(0xFDD0 + code) if code < 0x20 else _UNDECODED


def _reference(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name in ("amp", "lt", "gt", "quot", "apos"):
        return found[0]
    if name:
        return html.escape(html5.get(f"{name};", found[0]))
    code = int(decimal) if decimal else int(hexadecimal, 16)
    legal = code <= 0x10FFFF and not _ILLEGAL.match(chr(code))
    return found[0] if legal else _stand_in(code)


def _fed(parser: Any, text: str | None) -> tuple[str, Element | None]:
    """Feed a piece, or None at the end: what went wrong, or nothing, and at the end the root element."""
    try:
        return "", parser.close() if text is None else parser.feed(text.encode())
    except etree.XMLSyntaxError as error:
        return re.sub(r"[^ -~]+", " ", str(error)).strip()[:120] or "it ends too early", None


def _forget(element: Element) -> None:
    """Empty a record that was read, and take it and what stood before it out of the tree."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local(element: Element) -> str:
    """The name of an element without namespace and prefix."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def named(element: Element) -> dict[str, list[Element]]:
    """The children of an element by name: `title`, `dc:creator`, `prism:doi`, or `{…}title` of a foreign namespace."""
    found: dict[str, list[Element]] = {}
    for child in element.iterchildren("*"):
        space, _, name = str(child.tag).removeprefix("{").rpartition("}")
        foreign = f"{{{space}}}" if space and not _UNPREFIXED.search(space) else ""
        prefix = next((prefix for part, prefix in _PREFIXES if part in space), foreign)
        found.setdefault(f"{prefix}{name}", []).append(child)
    return found


def markup(element: Element | None) -> str:
    """The text within an element, with the tags that stand in it, as `rag.text.clean` takes it; nothing for None."""
    if element is None or not len(element):
        return "" if element is None else _restored(element.text or "")
    parts = [html.escape(element.text or "", quote=False)]
    for child in element:
        name = local(child) if isinstance(child.tag, str) else ""
        inner = markup(child) if len(child) else html.escape(child.text or "", quote=False)
        parts += [f"<{name}>{inner}</{name}>" if name else inner, html.escape(child.tail or "", quote=False)]
    return _restored("".join(parts))


def _restored(text: str) -> str:
    return _STAND_IN.sub(lambda char: UNDECODED if char[0] == _UNDECODED else chr(ord(char[0]) - 0xFDD0), text)


def values(children: dict[str, list[Element]], *names: str) -> list[str]:
    """The texts of all children of the first of these names that has any, without those that are blank."""
    for name in names:
        if texts := [value for child in children.get(name, ()) if (value := markup(child).strip())]:
            return texts
    return []


def value(children: dict[str, list[Element]], *names: str) -> str:
    """The first of `values`, or nothing."""
    return next(iter(values(children, *names)), "")
