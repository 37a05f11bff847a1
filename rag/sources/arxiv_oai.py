"""
OAI-PMH answers to ListRecords and GetRecord, with metadata as `oai_dc` (of any archive), `arXiv` or `arXivRaw`.

A record's datestamp is not read: it is the day of the record's last change in the archive, not a date of the paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag import identity
from rag.errors import UnreadableInput
from rag.sources import records, xml
from rag.sources.arxiv_atom import flag_withdrawn, split_authors
from rag.types import Paper, Reject

_ROOTS = ("OAI-PMH",)
_IDENTIFIER = re.compile(r"oai:arXiv\.org:(\S+)$", re.IGNORECASE)
_COMMENT = re.compile(r"\s*Comments?:\s*")


def recognise(head: str) -> bool:
    """True if the root element is `OAI-PMH`."""
    return xml.root_name(head) in _ROOTS


def resumption_token(text: str) -> str | None:
    """The token that asks for the next part of a list; None at the end of the list, or if the text is not OAI-PMH."""
    try:
        for _, element in xml.elements(io.StringIO(text), _ROOTS, ("resumptionToken",)):
            if not isinstance(element, Reject) and (token := xml.inner_markup(element).strip()):
                return token
    except UnreadableInput:
        return None
    return None


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per `record`; a deleted one and an error are Rejects, but `noRecordsMatch` yields nothing."""
    for where, element in xml.elements(stream, _ROOTS, ("record", "error")):
        if isinstance(element, Reject):
            yield element
        elif xml.local_name(element) == "error":
            if element.get("code") != "noRecordsMatch":
                error = f"{element.get('code') or 'unknown'}: {xml.inner_markup(element).strip()}"
                yield Reject(where=where, reason=f"an error of the archive's: {records.printable(error)}")
        else:
            yield _paper(xml.children_by_name(element), where, context)


def _paper(record: dict[str, list[xml.Element]], where: str, context: records.Context) -> Paper | Reject:
    header = record["header"][0] if record.get("header") else None
    header_parts = xml.children_by_name(header) if header is not None else {}
    identifier = xml.first_text(header_parts, "identifier")
    if header is not None and header.get("status") == "deleted":
        return Reject(where=where, reason="deleted", title=records.printable(identifier))
    metadata = next((child for parent in record.get("metadata", []) for child in parent.iterchildren("{*}*")), None)
    if metadata is None:
        return Reject(where=where, reason="no metadata", title=records.printable(identifier))
    arxiv = _IDENTIFIER.match(identifier)
    ids = {"arxiv_id": arxiv[1], "url": f"https://arxiv.org/abs/{arxiv[1]}"} if arxiv else {"id": identifier}
    form = xml.local_name(metadata)
    read_fields = {"dc": _dublin_core, "arXiv": _arxiv, "arXivRaw": _arxiv_raw}.get(form)
    if read_fields is None:
        reason = f"the metadata format “{form[:40]}” is not supported"
        return Reject(where=where, reason=reason, title=records.printable(identifier))
    sets = xml.texts(header_parts, "setSpec")
    fields, comment = read_fields(xml.children_by_name(metadata), sets, is_arxiv=arxiv is not None)
    return flag_withdrawn(records.make_paper(ids | fields, where, context), comment)


def _common_fields(parts: dict[str, list[xml.Element]]) -> dict[str, Any]:
    """The fields that arXiv's own two formats have in common."""
    arxiv_id = xml.first_text(parts, "id")
    return {
        "arxiv_id": arxiv_id,
        "doi": xml.first_text(parts, "doi").partition(" ")[0],  # a few records have several
        "title": xml.first_text(parts, "title"),
        "abstract": xml.first_text(parts, "abstract"),
        "venue": xml.first_text(parts, "journal-ref"),
        "categories": xml.first_text(parts, "categories"),
        "url": f"https://arxiv.org/abs/{arxiv_id}",
    }


def _arxiv(parts: dict[str, list[xml.Element]], _sets: list[str], *, is_arxiv: bool) -> tuple[dict[str, Any], str]:
    names = []
    for group in parts.get("authors", []):
        for author in map(xml.children_by_name, xml.children_by_name(group).get("author", [])):
            names.append(" ".join(xml.first_text(author, part) for part in ("forenames", "keyname", "suffix")))
    dates = {"published": xml.first_text(parts, "created"), "updated": xml.first_text(parts, "updated")}
    return _common_fields(parts) | dates | {"authors": names}, xml.first_text(parts, "comments")


def _arxiv_raw(parts: dict[str, list[xml.Element]], _sets: list[str], *, is_arxiv: bool) -> tuple[dict[str, Any], str]:
    versions = [
        (version.get("version") or "", xml.first_text(xml.children_by_name(version), "date"))
        for version in parts.get("version", [])
    ]
    fields = _common_fields(parts) | {"authors": split_authors(xml.first_text(parts, "authors"))}
    if versions:
        fields |= {"published": versions[0][1], "updated": versions[-1][1]}
        if re.fullmatch(r"v\d{1,3}", versions[-1][0]) and identity.arxiv_id(fields["arxiv_id"], named=True):
            fields["arxiv_id"] += versions[-1][0]
    return fields, xml.first_text(parts, "comments")


def _dublin_core(parts: dict[str, list[xml.Element]], sets: list[str], *, is_arxiv: bool) -> tuple[dict[str, Any], str]:
    """Dublin Core: arXiv gives the days of all versions as dates, and the comment as a second description."""
    descriptions = xml.texts(parts, "dc:description")
    comment = next((text for text in descriptions if _COMMENT.match(text)), "") if is_arxiv else ""
    names = xml.texts(parts, "dc:creator")
    days = sorted(filter(None, map(records.iso_date, xml.texts(parts, "dc:date"))))
    ids = xml.texts(parts, "dc:identifier")
    dois = [text for text in ids if any(found.startswith("doi:") for found in identity.scheme_ids(text))]
    categories = [category for name in sets if (category := _category(name))] if is_arxiv else []
    fields = {
        "doi": next(iter(dois), ""),
        "title": xml.first_text(parts, "dc:title"),
        "abstract": next((text for text in descriptions if text is not comment), ""),
        "authors": [_given_first(name) for name in names] if is_arxiv else names,
        "published": days[0] if days else None,
        "updated": days[-1] if len(days) > 1 else None,
        "categories": categories or xml.texts(parts, "dc:subject"),
    }
    if not is_arxiv:
        fields["url"] = next(filter(records.web_link, ids), None)
    return fields, _COMMENT.sub("", comment, count=1)


def _given_first(name: str) -> str:
    """
    A name with the given name first.

    >>> _given_first("Byron, Ada")
    'Ada Byron'
    """
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and "," not in given else name


def _category(set_spec: str) -> str:
    """
    The category that a set of arXiv's names; empty if the set is a group of categories.

    >>> [_category(name) for name in ("cs:cs:AI", "physics:hep-ph", "cs")]
    ['cs.AI', 'hep-ph', '']
    """
    group, _, category = set_spec.partition(":")
    return category.replace(":", ".") if category and category != group else ""
