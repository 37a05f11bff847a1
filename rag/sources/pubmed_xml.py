"""
PubMed XML: the articles and books of `PubmedArticleSet` and `MedlineCitationSet`, one record at a time.

The text is split into records, and defusedxml parses each: a huge file streams, and a broken record costs no other. No
document type is loaded. A file that declares entities is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO
from xml.etree.ElementTree import Element, ParseError  # types only; defusedxml parses

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from rag import identity
from rag.errors import UnreadableInput
from rag.sources import records
from rag.sources.decoding import MAX_ENTRY_CHARS
from rag.text import UNDECODED
from rag.types import Paper, Reject

_ROOTS = "PubmedArticleSet|MedlineCitationSet|PubmedBookArticleSet"
_RECORDS = "PubmedArticle|PubmedBookArticle|MedlineCitation"
_ROOT = re.compile(rf"<(?:{_ROOTS})\b([^<>]{{0,2000}})>")
_START = re.compile(rf"<({_RECORDS})(?=[\s>/])")
_NAMESPACE = re.compile(r"\sxmlns:[\w.-]{1,50}\s?=\s?(?:\"[^\"<&]{0,200}\"|'[^'<&]{0,200}')")
_TITLE = re.compile(r"<(?:ArticleTitle|BookTitle)\b[^<>]*>([^<]{0,200})")
_ENTITY_DECLARATION = re.compile(r"<!ENTITY\b", re.IGNORECASE)
_ILLEGAL = re.compile("[\ud800-\udfff\ufffe\uffff]")
_UNDECODED = "\ufdd0"
"""Stands for `rag.text.UNDECODED` within XML, which does not allow U+FFFF."""
_BLOCK = 1 << 16
_OVERLAP = 40
_MAX_DEPTH = 50


def recognise(head: str) -> bool:
    """True for XML whose first element is a PubMed set or record."""
    start = re.search(r"<([A-Za-z][\w.-]*)", head)
    return head.lstrip("\ufeff \t\r\n")[:1] == "<" and bool(start and re.fullmatch(f"{_ROOTS}|{_RECORDS}", start[1]))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per article or book.

    The labels of a structured abstract are kept as text ("METHODS: …"). Only the record's own ids are read, not those
    of its references and comments.

    Raises:
        UnreadableInput: The file declares entities; PubMed never does.
    """
    namespaces = ""
    for number, text in enumerate(_split(stream)):
        if text is not None and _ENTITY_DECLARATION.search(text):
            raise _unsafe(context)
        if not number:  # the text before the first record
            root = _ROOT.search(text or "")
            namespaces = "".join(dict.fromkeys(_NAMESPACE.findall(root[1]))) if root else ""
        elif text is None:
            yield Reject(where=f"record {number}", reason=f"the record is longer than {MAX_ENTRY_CHARS:,} characters")
        else:
            yield _paper(text, namespaces, f"record {number}", context)


def _unsafe(context: records.Context) -> UnreadableInput:
    return UnreadableInput(
        f"{context.name} declares XML entities, which can read other files or fill the memory; it was not read.",
        hint="Export it from PubMed again; PubMed's own files declare none.",
    )


def _split(stream: TextIO) -> Iterator[str | None]:
    """The text before the first record, then the text of each record; None for one that is too long."""
    text, tag, at, is_end = "", "", 0, False  # tag: that of the current record; at: where to search on
    too_long = False
    while not is_end:
        block = stream.read(_BLOCK)
        is_end = not block
        text += _ILLEGAL.sub(_UNDECODED, block)
        while start := _START.search(text, at):
            if tag.startswith("Pubmed") and start[1] == "MedlineCitation":
                is_closed = text.find(f"</{tag}>", max(0, at - _OVERLAP), start.start()) >= 0
                if not is_closed:  # the citation is a part of the current record
                    at = start.end()
                    continue
            yield from [None] if too_long else _with_rest(text[: start.start()], tag)
            text, tag, at, too_long = text[start.start() :], start[1], 1, False
        at = max(at, len(text) - _OVERLAP)
        if len(text) > MAX_ENTRY_CHARS:
            text, at, too_long = text[-_OVERLAP:], 0, True
    yield from [None] if too_long else _with_rest(text, tag)


def _with_rest(text: str, tag: str) -> Iterator[str]:
    """A record, and the text after it if that looks like a record that has lost its beginning."""
    end = text.find(f"</{tag}>") + len(f"</{tag}>") if f"</{tag}>" in text else len(text)
    yield text[:end]
    if _TITLE.search(text, end) or _ENTITY_DECLARATION.search(text, end):
        yield text[end:]


def _paper(text: str, namespaces: str, where: str, context: records.Context) -> Paper | Reject:
    try:
        root = ElementTree.fromstring(f"<set{namespaces}>{text}</set>", forbid_dtd=True)
    except DefusedXmlException as error:
        raise _unsafe(context) from error
    except (ParseError, ValueError) as error:
        title = found[1] if (found := _TITLE.search(text)) else ""
        title = "".join(char if char.isprintable() else " " for char in title).strip()
        return Reject(where=where, reason=f"not well-formed XML: {error}", title=title or None)
    elements = [root]
    for _ in range(_MAX_DEPTH):
        elements = [child for element in elements for child in element]
    if elements:
        return Reject(where=where, reason="nested too deeply")
    record = root[0] if len(root) else root
    paper = records.make_paper(_fields(record), where, context)
    return records.flag_retracted(paper) if _is_retracted(record) else paper


def _is_retracted(record: Element) -> bool:
    """True for a paper that was retracted; False for the notice that retracts another paper."""
    article = _citation(record)
    types = [_inner(element).lower() for element in article.iterfind(".//PublicationTypeList/PublicationType")]
    notices = article.iterfind("CommentsCorrectionsList/CommentsCorrections[@RefType='RetractionIn']")
    return "retracted publication" in types or next(notices, None) is not None


def _citation(record: Element) -> Element:
    elements = [record, *record]
    return next((element for element in elements if element.tag in ("MedlineCitation", "BookDocument")), record)


def _fields(record: Element) -> dict[str, object]:
    citation = _citation(record)
    article = citation.find("Article")
    article = citation if article is None else article  # a book has no `Article`: its document holds the fields
    ids = [*article.iterfind("ELocationID"), *citation.iterfind("ArticleIdList/ArticleId")]
    for data in ("PubmedData", "PubmedBookData"):
        ids += record.iterfind(f"{data}/ArticleIdList/ArticleId")
    valid = [element for element in ids if element.get("ValidYN") != "N"]
    dois = [_inner(element) for element in valid if "doi" in (element.get("IdType"), element.get("EIdType"))]
    pmcids = [identity.pmcid(_inner(element)) for element in ids if element.get("IdType") in ("pmc", "pmcid")]
    titles = [_text_at(article, path) for path in ("ArticleTitle", "Book/BookTitle", "VernacularTitle")]
    venues = [_text_at(article, path) for path in ("Journal/Title", "Journal/ISOAbbreviation", "Book/BookTitle")]
    author_lists = [authors for authors in article.iterfind("AuthorList") if authors.get("Type") != "editors"]
    journal, book = article.find("Journal"), article.find("Book")
    return {
        "pmid": _text_at(citation, "PMID"),
        "title": next(filter(None, titles), ""),
        "abstract": _abstract(article.find("Abstract")) or _other_abstract(citation),
        "authors": [name for authors in author_lists for name in _names(authors)],
        "published": _date(None if journal is None else journal.find("JournalIssue/PubDate")),
        "date": _date(article.find("ArticleDate")),
        "year": _date(None if book is None else book.find("PubDate")) or _date(article.find("ContributionDate")),
        "pmcid": next(filter(None, pmcids), ""),
        "doi": next(filter(None, dois), ""),
        "venue": next(filter(None, venues), ""),
        "tags": [_inner(keyword) for keyword in citation.iterfind("KeywordList/Keyword")],
    }


def _text_at(element: Element, path: str) -> str:
    """The text of the first element at a path; empty if there is none."""
    target = element.find(path)
    return "" if target is None else _inner(target)


def _inner(element: Element) -> str:
    """The text within an element; the tags `sub` and `sup` stay, and `rag.text.clean` makes them ₂ and ²."""
    parts = [element.text or ""]
    for child in element:
        tag = str(child.tag)
        inner = _inner(child)
        if tag in ("sub", "sup"):  # a file that was indented anew has a line break before them
            parts[-1] = re.sub(r"\n\s*$", "", parts[-1])
            inner = f"<{tag}>{inner.strip()}</{tag}>"
        parts += [inner, child.tail or ""]
    return "".join(parts).replace(_UNDECODED, UNDECODED).strip()


def _abstract(abstract: Element | None) -> str:
    """The sections of an abstract as one text, each after its label."""
    sections = abstract.iterfind("AbstractText") if abstract is not None else ()
    labelled = [(section.get("Label", ""), _inner(section)) for section in sections]
    no_labels = ("", "UNLABELLED", "UNASSIGNED")
    return " ".join(text if label.upper() in no_labels else f"{label}: {text}" for label, text in labelled if text)


def _other_abstract(citation: Element) -> str:
    """The first `OtherAbstract` that holds text, an English one first."""
    others = sorted(citation.iterfind("OtherAbstract"), key=lambda other: other.get("Language", "eng") != "eng")
    return next(filter(None, map(_abstract, others)), "")


def _names(authors: Element) -> Iterator[dict[str, str]]:
    for author in authors.iterfind("Author"):
        family = " ".join(filter(None, (_text_at(author, "LastName"), _text_at(author, "Suffix"))))
        given = _text_at(author, "ForeName") or _text_at(author, "Initials")
        yield {"given": given, "family": family} if family else {"name": _text_at(author, "CollectiveName")}


def _date(element: Element | None) -> str:
    if element is None:
        return ""
    year, month, day = (_text_at(element, part) for part in ("Year", "Month", "Day"))
    return "-".join(filter(None, (year, month, month and day))) or _text_at(element, "MedlineDate")
