"""
Values of fields as text, terms and names, whichever way a format nests them. Nothing here reads a format.

A value may be text, a number, a list, or an object that holds the text under a key such as `value` or `title`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_TEXT_KEYS = """
    value title name text journal journal_title journalTitle display_name #text $ $t content abstract description
    created p
    """.split()
"""Keys under which an object holds its text, in order of preference."""
_NAME_KEYS = ("name", "fullname")
_FULL_NAME_KEYS = """
    full_name fullName full display_name displayName author_name authorName raw_author_name literal collectiveName
    creatorName creator text #text value author
    """.split()
_GIVEN_KEYS = "given first_name firstName first givenName given_name forename foreName".split()
_FAMILY_KEYS = "family last_name lastName last familyName family_name surname".split()
_NAME_LIST_KEYS = "author authors creator creators value".split()
_TERM_KEYS = "term name tag keyword display_name value text subject".split()
_HEADING_KEYS = "heading label @Label Label section".split()
_SECTIONS = frozenset(
    """background context introduction importance rationale objective objectives aim aims purpose question hypothesis
    design setting participants patients population intervention interventions method methods methodology materials
    measures outcome outcomes result results finding findings discussion conclusion conclusions interpretation
    significance implications limitations registration""".split()
)
"""Words in the names of an abstract's sections."""
_MOST_PARTS = 1_000
_DEEPEST = 8
"""Objects in objects that are looked into for a text."""
_INITIALS = re.compile(r"(?:[A-ZÀ-Þ]\.?[\s-]?){1,4}")
_SCOPUS_AUTHOR_ID = re.compile(r"\s*\(\d{6,}\)")
_DBLP_NUMBER = re.compile(r" \d{4}$")  # which tells namesakes apart
_QUOTED = r"""\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*"""
_LIST_AS_TEXT = re.compile(rf"\[{_QUOTED}(?:,{_QUOTED})*\]")


def as_text(value: Any, depth: int = 0) -> str:
    """
    A text or number as text; of a list the first that is not empty, of an object what it holds; empty for other values.

    >>> as_text(2024), as_text(["", "a"]), as_text([{"title": "a"}]), as_text({"value": ["a"]}), as_text(True)
    ('2024', 'a', 'a', 'a', '')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list | dict):
        if depth >= _DEEPEST:
            return ""
        if isinstance(value, dict) and isinstance(paragraphs := value.get("p"), list):  # Springer's abstracts
            return " ".join(as_text(paragraph, depth + 1) for paragraph in paragraphs[:100])
        parts = value if isinstance(value, list) else [value[key] for key in _TEXT_KEYS if key in value]
        return next((text for part in parts[:100] if (text := as_text(part, depth + 1))), "")
    return (
        str(value)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
        else ""
    )


def is_retracted(kinds: str) -> bool:
    """
    True if the document types of a database say that a paper was retracted; a notice is a “Retraction”.

    >>> is_retracted("Article; Retracted Publication"), is_retracted("Retracted"), is_retracted("Retraction")
    (True, True, False)
    """
    return bool(re.search(r"\bretracted(?: publication| article| paper)?\b\s*(?:[;,|]|$)", kinds, re.IGNORECASE))


def as_parts(value: Sequence[Any]) -> str:
    """
    The texts of a list one after the other, each behind its heading if it has one; one that stands twice only once.

    >>> as_parts(["We ask.", "We find."]), as_parts([{"heading": "Aims", "content": "To ask."}])
    ('We ask. We find.', 'Aims: To ask.')
    """
    parts: dict[str, None] = {}
    for part in value[:_MOST_PARTS]:
        if text := (as_text(part) or as_sections(part)).strip():
            heading = _first(part, _HEADING_KEYS).strip(" :") if isinstance(part, dict) else ""
            parts[f"{heading}: {text}" if heading and heading != text else text] = None
    return " ".join(parts)


def as_sections(value: Any) -> str:
    """
    The texts of an object of sections in order, each behind its key; empty if it is no such object.

    At least half of the keys must be names of sections: an object may hold the abstract in several languages instead.

    >>> as_sections({"background": "We ask.", "main_results": ["We find.", "It falls."]})
    'Background: We ask. Main results: We find. It falls.'
    >>> as_sections({"en": "We ask.", "fr": "Nous demandons."})
    ''
    """
    if not isinstance(value, dict):
        return ""
    parts: dict[str, str] = {}
    for key, part in [*value.items()][:_MOST_PARTS]:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", key).split()
        if " " in (text := (as_parts(part) if isinstance(part, list) else as_text(part)).strip()):
            parts[" ".join(words).capitalize()] = text
    known = sum(not _SECTIONS.isdisjoint(heading.lower().split()) for heading in parts)
    return (
        " ".join(f"{heading}: {text}" for heading, text in parts.items()) if known and 2 * known >= len(parts) else ""
    )


def as_terms(value: Any, separators: str) -> list[str]:
    """
    Terms from a list, from an object that holds one, or from a text.

    Args:
        value: The value.
        separators: A pattern that parts the terms of a text.

    >>> as_terms("soil; radar", "[;,]"), as_terms([{"tag": "radar"}, "soil"], ","), as_terms({"keyword": ["a"]}, ",")
    (['soil', ' radar'], ['radar', 'soil'], ['a'])
    """
    if not value:
        return []
    if isinstance(value, list):
        return [part if type(part) is str else _term(part) for part in value]
    if isinstance(value, dict):
        return as_terms(next((part for part in value.values() if isinstance(part, list)), None), separators)
    return (_list_in(value) or re.split(separators, value)) if isinstance(value, str) else []


def _term(part: Any) -> str:
    if not isinstance(part, dict):
        return as_text(part)
    return next((term for key in _TERM_KEYS if (term := as_text(part.get(key)))), "")


def _list_in(text: str) -> list[str]:
    """The elements of a list of texts that was written into one text, as pandas does; empty if it is none."""
    if not (text.startswith("[") and _LIST_AS_TEXT.fullmatch(text)):
        return []
    quoted = re.findall(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", text)
    return [re.sub(r"\\(.)", r"\1", single or double) for single, double in quoted]


def as_names(value: Any, depth: int = 0) -> list[str]:
    """
    Names of authors in order, from a list of names or objects, or from one text in any of the usual styles.

    >>> as_names("Okafor, N., Lindqvist, P."), as_names("Okafor N, Lindqvist P.")
    (['Okafor, N.', 'Lindqvist, P.'], ['Okafor N', 'Lindqvist P'])
    >>> as_names({"author": [{"firstName": "Ngozi", "lastName": "Okafor"}]})
    ['Ngozi Okafor']
    """
    if isinstance(value, list):
        return [entry if type(entry) is str else _name(entry) for entry in value]
    if isinstance(value, dict):
        held = next((value[key] for key in _NAME_LIST_KEYS if isinstance(value.get(key), list | dict)), None)
        return as_names(held, depth + 1) if held is not None and depth < _DEEPEST else [_name(value)]
    names = as_text(value)
    if written := _list_in(names):
        return written
    names = _SCOPUS_AUTHOR_ID.sub("", names)
    for mark in (";", "|"):
        if mark in names:
            return names.split(mark)
    if re.search(r"\sand\s|\s&\s", names):
        parts = re.split(r"\s+(?:and|&)\s+", names)
        family_first = all("," in part.rstrip(" ,") for part in parts) or re.search(r"^\w+, \S+ and ", names)
        return parts if family_first else re.split(r",?\s+(?:and|&)\s+|,\s+", names)
    if names.count(".") == 1 and "," in names:  # the full stop of a list of names, as PubMed writes it
        names = names.rstrip().removesuffix(".")
    parts = [part.strip() for part in names.split(",") if part.strip()]
    if len(parts) >= 4 and len(parts) % 2 == 0 and all(map(_INITIALS.fullmatch, parts[1::2])):
        return [f"{family}, {initials}" for family, initials in zip(parts[::2], parts[1::2], strict=True)]
    # "Ada Byron, Alan Hay" are two people, "Byron, Ada" is one
    return parts if len(parts) > 1 and all(" " in part for part in parts) else [names]


def _name(entry: Any) -> str:
    if not isinstance(entry, dict):
        return as_text(entry)
    given, family = (_first(entry, keys) for keys in (_GIVEN_KEYS, _FAMILY_KEYS))
    both = f"{given} {family}" if given and family else ""
    name = _first(entry, _NAME_KEYS) or both or _first(entry, _FULL_NAME_KEYS) or given or family
    return _DBLP_NUMBER.sub("", name) if "@pid" in entry else name


def _first(entry: Mapping[str, Any], keys: list[str] | tuple[str, ...]) -> str:
    return next((text for key in keys if key in entry and (text := as_text(entry[key]))), "")
