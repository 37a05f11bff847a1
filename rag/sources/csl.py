"""CSL-JSON, as Zotero, Mendeley, pandoc and doi.org write it: a list of items, a list under a key, or one item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TextIO, cast

from rag import identity
from rag.sources import json_stream, records
from rag.sources.decoding import HEAD_BYTES, MAX_ENTRY_CHARS
from rag.types import Paper, Reject

_LIST = re.compile(r"\s*(?:\[|\{\s*\"(?:items|references)\"\s*:\s*\[)\s*\{")
_CSL_ONLY = re.compile(
    r'"(?:issued|accessed|submitted|original-date)"\s*:\s*\{|"author"\s*:\s*\[\s*\{\s*"(?:family|given|literal)"\s*:'
    r'|"(?:container-title|citation-key|citation-label|publisher-place|title-short|collection-title)"\s*:\s*"'
    r'|"type"\s*:\s*"(?:article-journal|paper-conference|article-magazine|article-newspaper|entry-encyclopedia)"'
)
_OTHER_APIS = re.compile(r'"(?:message|abstract_inverted_index|paperId|paper|message-type)"\s*:')
_RETRACTED = re.compile(r"\s*(?:retracted|withdrawn)\b", re.IGNORECASE)
_HEADING = re.compile(r"<(jats:)?title\b[^<>]*>\s*([^<>]{1,200}?)\s*[:.]?\s*</(?:jats:)?title>", re.IGNORECASE)


def recognise(head: str) -> bool:
    """True for JSON with keys or types that only CSL has, and none that only another API has."""
    has_basics = re.search(r'"type"\s*:\s*"', head) and re.search(r'"title"\s*:\s*"', head)
    is_object = re.match(r"\s*\{\s*\"", head)
    return bool(
        (_LIST.match(head) or is_object)
        and has_basics
        and _CSL_ONLY.search(head)
        and not _OTHER_APIS.search(head[:4000])
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per item; the heading of a section of the abstract becomes a label ("Methods: …")."""
    head = stream.read(HEAD_BYTES)
    if _LIST.match(head):
        items = json_stream.entries_at(cast(TextIO, _Rewound(head, stream)), "items", "references")
    else:
        items = _whole_document(head, stream)
    for where, item in items:
        if isinstance(item, Reject):
            yield item
        elif isinstance(item, dict):
            record = records.make_paper(_fields(item), where, context)
            yield records.flag_retracted(record) if _RETRACTED.match(_string(item.get("status"))) else record
        else:
            yield Reject(where=where, reason="not an object with named values")


class _Rewound:
    """A text stream put back to its beginning: first the head that was read already, then the rest."""

    def __init__(self, head: str, stream: TextIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int) -> str:
        """The next characters, at most `size`."""
        text, self._head = self._head[:size], self._head[size:]
        return text or self._stream.read(size)


def _whole_document(head: str, stream: TextIO) -> Iterator[tuple[str, Any]]:
    """Decode a document at once: it is one item, or an object that holds the list of items under a later key."""
    where = "record 1"
    text = head + stream.read(MAX_ENTRY_CHARS)
    if len(text) > MAX_ENTRY_CHARS:
        yield where, Reject(where=where, reason=f"a record is longer than {MAX_ENTRY_CHARS:,} characters")
        return
    try:
        document = json.loads(text)
    except RecursionError:
        yield where, Reject(where=where, reason="nested too deeply")
    except ValueError as error:
        yield where, Reject(where=where, reason=f"not valid JSON: {json_stream.error_text(error)}")
    else:
        lists = [document.get("items"), document.get("references")] if isinstance(document, dict) else [document]
        items = next((items for items in lists if isinstance(items, list)), [document])
        yield from ((f"record {number}", item) for number, item in enumerate(items, start=1))


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    note = _string(item.get("note"))
    places = [_string(item.get(key)) for key in ("number", "archive_location", "archive-location", "note")]
    arxiv_id = next(
        (found[1] for place in places if (found := re.search(r"arXiv:\s?([\w./-]+)", place, re.IGNORECASE))), ""
    )
    pmid = re.search(r"^\s*PMID:\s*(\d{1,9})\s*$", note, re.MULTILINE | re.IGNORECASE)
    pmcid = re.search(r"^\s*PMCID:\s*(PMC\d{1,9})\s*$", note, re.MULTILINE | re.IGNORECASE)
    keyword = item.get("keyword") or item.get("keywords")
    return {
        "id": _identifier(item.get("id")),
        "title": item.get("title"),
        "abstract": _with_labels(_string(item.get("abstract"))),
        "authors": [*map(_name, item["author"])] if isinstance(item.get("author"), list) else [],
        "published": _date(item.get("issued")),
        "date": _date(item.get("submitted")),
        "doi": _string(item.get("DOI")),
        "pmid": item.get("PMID") or (pmid[1] if pmid else ""),
        "pmcid": item.get("PMCID") or (pmcid[1] if pmcid else ""),
        "arxiv_id": arxiv_id if identity.arxiv_id(arxiv_id) else "",
        "url": _string(item.get("URL")),
        "venue": item.get("container-title") or item.get("event-title") or "",
        "tags": keyword if isinstance(keyword, list) else _string(keyword),
        **records.exported_fields(_string(json_stream.as_object(item.get("custom")).get("refdesk"))),
    }


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _identifier(value: Any) -> Any:
    """The item's id; of an item's URL in Zotero the last part, because the rest says nothing of the paper."""
    zotero = re.search(r"zotero\.org/.*/items/(\w+)$", value) if isinstance(value, str) else None
    return zotero[1] if zotero else value


def _with_labels(abstract: str) -> str:
    """Turn the headings of sections into labels, and drop the heading "Abstract"."""

    def label(heading: re.Match[str]) -> str:
        return "" if heading[2].lower() in ("abstract", "summary") else f" {heading[2]}: "

    return _HEADING.sub(label, abstract)


def _name(author: Any) -> Any:
    if not isinstance(author, dict):
        return author
    literal = _string(author.get("literal")) or _string(author.get("name"))
    parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
    return {"name": literal or " ".join(part for key in parts if (part := _string(author.get(key))))}


def _date(value: Any) -> str:
    """A CSL date as text; of a range its first date."""
    if not isinstance(value, dict):
        return _string(value)
    dates = value.get("date-parts")
    first = dates[0] if isinstance(dates, list) and dates else None
    parts = [str(part).strip() for part in (first if isinstance(first, list) else [first]) if part]
    are_numbers = all(re.fullmatch(r"\d{1,4}", part) for part in parts)
    date = "-".join(parts[:3]) if are_numbers else " ".join(parts[:1])
    return date or next((text for key in ("raw", "literal") if (text := _string(value.get(key)))), "")
