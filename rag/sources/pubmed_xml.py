"""
PubMed XML: `PubmedArticleSet`, `MedlineCitationSet` and the books among them, a record at a time.

A set is cut into records, which defusedxml reads one by one: a huge file streams, and a broken record costs no other.
No document type is loaded and no entity is known but XML's own; a file that declares one is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO
from xml.etree.ElementTree import Element, ParseError  # for their types alone: what parses is defusedxml

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
_UNSAFE = re.compile(r"<!ENTITY\b", re.IGNORECASE)
_ILLEGAL = re.compile("[\ud800-\udfff\ufffe\uffff]")
_WRONG = "\ufdd0"  # within XML, where U+FFFF may not stand, what could not be decoded
_BLOCK = 1 << 16
_OVERLAP = 40
_MAX_DEPTH = 50


def recognise(head: str) -> bool:
    """Whether the text is XML of which the first element is a set of PubMed's, or one of its records."""
    start = re.search(r"<([A-Za-z][\w.-]*)", head)
    return head.lstrip("\ufeff \t\r\n")[:1] == "<" and bool(start and re.fullmatch(f"{_ROOTS}|{_RECORDS}", start[1]))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    A paper of each record.

    The labels of a structured abstract are kept as text ("METHODS: …"). Only the record's own ids are taken, not those
    of its references and comments.

    Raises:
        UnreadableInput: The file declares entities, which PubMed never does.
    """
    namespaces = ""
    for number, piece in enumerate(_pieces(stream)):
        if piece is not None and _UNSAFE.search(piece):
            raise _unsafe(context)
        if not number:  # what stands before the first record
            root = _ROOT.search(piece or "")
            namespaces = "".join(dict.fromkeys(_NAMESPACE.findall(root[1]))) if root else ""
        elif piece is None:
            yield Reject(where=f"record {number}", reason=f"the record is longer than {MAX_ENTRY_CHARS:,} characters")
        else:
            yield _paper(piece, namespaces, f"record {number}", context)


def _unsafe(context: records.Context) -> UnreadableInput:
    return UnreadableInput(
        f"{context.name} declares XML entities, which could read other files or grow without end.",
        hint="Export it from PubMed again; what PubMed writes declares none.",
    )


def _pieces(stream: TextIO) -> Iterator[str | None]:
    """What stands before the first record, then each record; None for one that is too long."""
    text, kind, at, last = "", "", 0, False
    too_long = False
    while not last:
        block = stream.read(_BLOCK)
        last = not block
        text += _ILLEGAL.sub(_WRONG, block)
        while found := _START.search(text, at):
            if kind.startswith("Pubmed") and found[1] == "MedlineCitation":
                closed = text.find(f"</{kind}>", max(0, at - _OVERLAP), found.start()) >= 0
                if not closed:  # it is a part of the record
                    at = found.end()
                    continue
            yield from [None] if too_long else _parts(text[: found.start()], kind)
            text, kind, at, too_long = text[found.start() :], found[1], 1, False
        at = max(at, len(text) - _OVERLAP)
        if len(text) > MAX_ENTRY_CHARS:
            text, at, too_long = text[-_OVERLAP:], 0, True
    yield from [None] if too_long else _parts(text, kind)


def _parts(text: str, kind: str) -> Iterator[str]:
    """A record, and what follows it where that looks like one that has lost its beginning."""
    end = text.find(f"</{kind}>") + len(f"</{kind}>") if f"</{kind}>" in text else len(text)
    yield text[:end]
    if _TITLE.search(text, end) or _UNSAFE.search(text, end):
        yield text[end:]


def _paper(piece: str, namespaces: str, where: str, context: records.Context) -> Paper | Reject:
    try:
        root = ElementTree.fromstring(f"<set{namespaces}>{piece}</set>", forbid_dtd=True)
    except DefusedXmlException as error:
        raise _unsafe(context) from error
    except (ParseError, ValueError) as error:
        title = found[1] if (found := _TITLE.search(piece)) else ""
        shown = "".join(char if char.isprintable() else " " for char in title).strip()
        return Reject(where=where, reason=f"not well-formed XML: {error}", title=shown or None)
    level = [root]
    for _ in range(_MAX_DEPTH):
        level = [child for element in level for child in element]
    if level:
        return Reject(where=where, reason="nested too deeply")
    record = root[0] if len(root) else root
    paper = records.paper(_fields(record), where, context)
    return records.retracted(paper) if _is_retracted(record) else paper


def _is_retracted(record: Element) -> bool:
    """Whether the record is of a paper that was retracted; of a notice, that retracts another, it is not."""
    article = _citation(record)
    types = [_inner(each).lower() for each in article.iterfind(".//PublicationTypeList/PublicationType")]
    notices = article.iterfind("CommentsCorrectionsList/CommentsCorrections[@RefType='RetractionIn']")
    return "retracted publication" in types or next(notices, None) is not None


def _citation(record: Element) -> Element:
    return next((each for each in [record, *record] if each.tag in ("MedlineCitation", "BookDocument")), record)


def _fields(record: Element) -> dict[str, object]:
    citation = _citation(record)
    article = citation.find("Article")
    article = citation if article is None else article  # a book's document holds what an article does
    ids = [*article.iterfind("ELocationID"), *citation.iterfind("ArticleIdList/ArticleId")]
    ids += [
        each for data in ("PubmedData", "PubmedBookData") for each in record.iterfind(f"{data}/ArticleIdList/ArticleId")
    ]
    dois = [
        _inner(each)
        for each in ids
        if "doi" in (each.get("IdType"), each.get("EIdType")) and each.get("ValidYN") != "N"
    ]
    central = [_inner(each) for each in ids if each.get("IdType") in ("pmc", "pmcid")]
    journal, book = article.find("Journal"), article.find("Book")
    return {
        "pmid": _of(citation, "PMID"),
        "title": _of(article, "ArticleTitle") or _of(article, "Book/BookTitle") or _of(article, "VernacularTitle"),
        "abstract": _abstract(article.find("Abstract")) or _other_abstract(citation),
        "authors": [
            name for each in article.iterfind("AuthorList") if each.get("Type") != "editors" for name in _names(each)
        ],
        "published": _date(None if journal is None else journal.find("JournalIssue/PubDate")),
        "date": _date(article.find("ArticleDate")),
        "year": _date(None if book is None else book.find("PubDate")) or _date(article.find("ContributionDate")),
        "pmcid": next(filter(None, map(identity.pmcid, central)), ""),
        "doi": next(filter(None, dois), ""),
        "venue": _of(article, "Journal/Title")
        or _of(article, "Journal/ISOAbbreviation")
        or _of(article, "Book/BookTitle"),
        "tags": [_inner(each) for each in citation.iterfind("KeywordList/Keyword")],
    }


def _of(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else _inner(found)


def _inner(element: Element) -> str:
    """The text within, where `sub` and `sup` stay for `rag.text.clean` to raise and lower."""
    parts = [element.text or ""]
    for child in element:
        tag = str(child.tag)
        inner = _inner(child)
        if tag in ("sub", "sup"):  # a re-indented file has broken the line before them
            parts[-1] = re.sub(r"\n\s*$", "", parts[-1])
            inner = f"<{tag}>{inner.strip()}</{tag}>"
        parts += [inner, child.tail or ""]
    return "".join(parts).replace(_WRONG, UNDECODED).strip()


def _abstract(abstract: Element | None) -> str:
    parts = (
        []
        if abstract is None
        else [(each.get("Label", ""), _inner(each)) for each in abstract.iterfind("AbstractText")]
    )
    unlabelled = ("", "UNLABELLED", "UNASSIGNED")
    return " ".join(text if label.upper() in unlabelled else f"{label}: {text}" for label, text in parts if text)


def _other_abstract(citation: Element) -> str:
    others = [*citation.iterfind("OtherAbstract")]
    others.sort(key=lambda each: each.get("Language", "eng") != "eng")
    return next((text for each in others if (text := _abstract(each))), "")


def _names(authors: Element) -> Iterator[dict[str, str]]:
    for author in authors.iterfind("Author"):
        family = " ".join(filter(None, (_of(author, "LastName"), _of(author, "Suffix"))))
        given = _of(author, "ForeName") or _of(author, "Initials")
        yield {"given": given, "family": family} if family else {"name": _of(author, "CollectiveName")}


def _date(found: Element | None) -> str:
    if found is None:
        return ""
    year, month, day = (_of(found, part) for part in ("Year", "Month", "Day"))
    return "-".join(filter(None, (year, month, month and day))) or _of(found, "MedlineDate")
