"""Notices of retractions in answers of Crossref and PubMed: which id each names. They make no Paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from rag import identity
from rag.errors import UnreadableInput
from rag.sources.json_stream import as_list, as_object
from rag.types import Notice

_RETRACTS = {"retraction", "withdrawal", "removal"}


def of_crossref(work: Mapping[str, Any]) -> Iterator[Notice]:
    """
    The notices in a work: those by which it retracts others, and those by which others retract it.

    >>> work = {"DOI": "10.5555/N", "update-to": [{"DOI": "10.5555/X", "type": "retraction"}]}
    >>> [(each.of, each.notice) for each in of_crossref(work)]
    [('doi:10.5555/x', 'doi:10.5555/n')]
    """
    own = _doi(work.get("DOI"))
    for key in ("update-to", "updated-by"):
        for update in map(as_object, as_list(work.get(key))):
            if str(update.get("type")).lower() not in _RETRACTS:
                continue
            other = _doi(update.get("DOI"))
            of, notice = (other, own) if key == "update-to" else (own, other)
            if of:
                yield Notice(of=of, source="Crossref", notice=notice if notice != of else "")


def of_pubmed(body: bytes) -> Iterator[Notice]:
    """
    The notices in a PubMed XML: articles that retract others, and articles that others retract.

    Raises:
        UnreadableInput: The XML is not well-formed, or declares entities.
    """
    try:
        root = ElementTree.fromstring(body, forbid_entities=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadableInput(f"PubMed's XML cannot be read: {error}.", hint="Try again later.") from error
    for citation in root.iter("MedlineCitation"):
        own = _pmid(citation.find("PMID"))
        types = {str(element.text).lower() for element in citation.iterfind(".//PublicationType")}
        retracted_by = ""
        for link in citation.iterfind("CommentsCorrectionsList/CommentsCorrections"):
            other = _pmid(link.find("PMID"))
            if link.get("RefType") == "RetractionOf" and other:
                yield Notice(of=other, source="PubMed", notice=own)
            elif link.get("RefType") == "RetractionIn":
                retracted_by = other or retracted_by
                types.add("retracted publication")
        if own and "retracted publication" in types:
            yield Notice(of=own, source="PubMed", notice=retracted_by)


def _doi(value: Any) -> str:
    ids = identity.scheme_ids(f"doi:{value}") if isinstance(value, str) else []
    return next((paper_id for paper_id in ids if paper_id.startswith("doi:")), "")


def _pmid(element: Element | None) -> str:
    number = (element.text or "").strip() if element is not None else ""
    return f"pmid:{int(number)}" if number.isascii() and number.isdigit() and len(number) < 10 else ""
