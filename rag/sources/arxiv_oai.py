"""
OAI-PMH, as `https://arxiv.org/oai` answers ListRecords and GetRecord: `oai_dc` (of any archive), `arXiv`, `arXivRaw`.

The datestamp of a record is the day of its last change in the archive: a watermark, and no date of the paper.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, TextIO

from rag import identity
from rag.errors import UnreadableInput
from rag.sources import records, xml
from rag.sources.arxiv_atom import people, remarked
from rag.types import Paper, Reject

_ROOTS = ("OAI-PMH",)
_IDENTIFIER = re.compile(r"oai:arXiv\.org:(\S+)$", re.IGNORECASE)
_COMMENT = re.compile(r"\s*Comments?:\s*")


def recognise(head: str) -> bool:
    """Whether the root is OAI-PMH's."""
    return xml.root(head) in _ROOTS


def resumption(text: str) -> str | None:
    """The token that asks for the next part of a list, or None at its end or where the text is none of OAI-PMH."""
    try:
        for _, element in xml.elements(io.StringIO(text), _ROOTS, ("resumptionToken",)):
            if not isinstance(element, Reject) and (token := xml.markup(element).strip()):
                return token
    except UnreadableInput:
        return None
    return None


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each record; what was deleted is a reject, and so is an error, save that nothing was found."""
    for where, element in xml.elements(stream, _ROOTS, ("record", "error")):
        if isinstance(element, Reject):
            yield element
        elif xml.local(element) == "error":
            if element.get("code") != "noRecordsMatch":
                said = records._printable(f"{element.get('code') or 'unknown'}: {xml.markup(element).strip()}")
                yield Reject(where=where, reason=f"an error of the archive's: {said}")
        else:
            yield _paper(xml.named(element), where, context)


def _paper(record: dict[str, list[xml.Element]], where: str, context: records.Context) -> Paper | Reject:
    header = record["header"][0] if record.get("header") else None
    about = xml.named(header) if header is not None else {}
    identifier = xml.value(about, "identifier")
    if header is not None and header.get("status") == "deleted":
        return Reject(where=where, reason="deleted", title=records._printable(identifier))
    body = next((child for each in record.get("metadata", []) for child in each.iterchildren("{*}*")), None)
    if body is None:
        return Reject(where=where, reason="no metadata", title=records._printable(identifier))
    found = _IDENTIFIER.match(identifier)
    given = {"id": identifier} if found is None else {"arxiv_id": found[1], "url": f"https://arxiv.org/abs/{found[1]}"}
    form = {"dc": _dublin, "arXiv": _arxiv, "arXivRaw": _raw}.get(xml.local(body))
    if form is None:
        reason = f"metadata of the form {xml.local(body)[:40]} are not read"
        return Reject(where=where, reason=reason, title=records._printable(identifier))
    fields, comment = form(xml.named(body), xml.values(about, "setSpec"), arxiv=found is not None)
    return remarked(records.paper(given | fields, where, context), comment)


def _shared(parts: dict[str, list[xml.Element]]) -> dict[str, Any]:
    """What arXiv's own two forms have in common."""
    number = xml.value(parts, "id")
    return {
        "arxiv_id": number,
        "doi": xml.value(parts, "doi").partition(" ")[0],  # some have several
        "title": xml.value(parts, "title"),
        "abstract": xml.value(parts, "abstract"),
        "venue": xml.value(parts, "journal-ref"),
        "categories": xml.value(parts, "categories"),
        "url": f"https://arxiv.org/abs/{number}",
    }


def _arxiv(parts: dict[str, list[xml.Element]], _sets: list[str], *, arxiv: bool) -> tuple[dict[str, Any], str]:
    names = []
    for author in (author for group in parts.get("authors", []) for author in xml.named(group).get("author", [])):
        whole = xml.named(author)
        names.append(" ".join(xml.value(whole, part) for part in ("forenames", "keyname", "suffix")))
    dates = {"published": xml.value(parts, "created"), "updated": xml.value(parts, "updated")}
    return _shared(parts) | dates | {"authors": names}, xml.value(parts, "comments")


def _raw(parts: dict[str, list[xml.Element]], _sets: list[str], *, arxiv: bool) -> tuple[dict[str, Any], str]:
    versions = [(each.get("version") or "", xml.value(xml.named(each), "date")) for each in parts.get("version", [])]
    fields = _shared(parts) | {"authors": people(xml.value(parts, "authors"))}
    if versions:
        fields |= {"published": versions[0][1], "updated": versions[-1][1]}
        if re.fullmatch(r"v\d{1,3}", versions[-1][0]) and identity.arxiv_id(fields["arxiv_id"], named=True):
            fields["arxiv_id"] += versions[-1][0]
    return fields, xml.value(parts, "comments")


def _dublin(parts: dict[str, list[xml.Element]], sets: list[str], *, arxiv: bool) -> tuple[dict[str, Any], str]:
    """Dublin Core: arXiv gives the days of all versions in order, and its comments as a second description."""
    about = xml.values(parts, "dc:description")
    comment = next((each for each in about if _COMMENT.match(each)), "") if arxiv else ""
    names = xml.values(parts, "dc:creator")
    days = sorted(filter(None, map(records.iso_date, xml.values(parts, "dc:date"))))
    ids = xml.values(parts, "dc:identifier")
    codes = [code for each in sets if (code := _category(each))] if arxiv else []
    fields = {
        "doi": next((each for each in ids if any(found[:4] == "doi:" for found in identity.scheme_ids(each))), ""),
        "title": xml.value(parts, "dc:title"),
        "abstract": next((each for each in about if each is not comment), ""),
        "authors": [_given_first(name) for name in names] if arxiv else names,
        "published": days[0] if days else None,
        "updated": days[-1] if len(days) > 1 else None,
        "categories": codes or xml.values(parts, "dc:subject"),
    }
    if not arxiv:
        fields["url"] = next(filter(records.web_link, ids), None)
    return fields, _COMMENT.sub("", comment, count=1)


def _given_first(name: str) -> str:
    """
    A name as it is spoken.

    >>> _given_first("Byron, Ada")
    'Ada Byron'
    """
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and "," not in given else name


def _category(set_spec: str) -> str:
    """
    The category that a set of arXiv's stands for, or nothing where it stands for many.

    >>> [_category(each) for each in ("cs:cs:AI", "physics:hep-ph", "cs")]
    ['cs.AI', 'hep-ph', '']
    """
    group, _, category = set_spec.partition(":")
    return category.replace(":", ".") if category and category != group else ""
