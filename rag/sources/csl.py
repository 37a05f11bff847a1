"""CSL-JSON, as Zotero, Mendeley, pandoc and doi.org write it: a list of items, such a list under a key, or one item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, TextIO, cast

from rag import identity
from rag.sources import json_records, records
from rag.sources.decoding import HEAD_BYTES, MAX_ENTRY_CHARS
from rag.types import Paper, Reject

_LIST = re.compile(r"\s*(?:\[|\{\s*\"(?:items|references)\"\s*:\s*\[)\s*\{")
_OWN = re.compile(
    r'"(?:issued|accessed|submitted|original-date)"\s*:\s*\{|"author"\s*:\s*\[\s*\{\s*"(?:family|given|literal)"\s*:'
    r'|"(?:container-title|citation-key|citation-label|publisher-place|title-short|collection-title)"\s*:\s*"'
    r'|"type"\s*:\s*"(?:article-journal|paper-conference|article-magazine|article-newspaper|entry-encyclopedia)"'
)
_OTHERS = re.compile(r'"(?:message|abstract_inverted_index|paperId|paper|message-type)"\s*:')
_RETRACTED = re.compile(r"\s*(?:retracted|withdrawn)\b", re.IGNORECASE)
_HEADING = re.compile(r"<(jats:)?title\b[^<>]*>\s*([^<>]{1,200}?)\s*[:.]?\s*</(?:jats:)?title>", re.IGNORECASE)


def recognise(head: str) -> bool:
    """Whether the text is JSON with keys or types that only CSL has, and none that only another API has."""
    typed = re.search(r'"type"\s*:\s*"', head) and re.search(r'"title"\s*:\s*"', head)
    one = re.match(r"\s*\{\s*\"", head)
    return bool((_LIST.match(head) or one) and typed and _OWN.search(head) and not _OTHERS.search(head[:4000]))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each item; the title of a part of the abstract is kept as a label ("Methods: …")."""
    head = stream.read(HEAD_BYTES)
    for where, item in (
        json_records.entries(cast(TextIO, _Again(head, stream))) if _LIST.match(head) else _single(head, stream)
    ):
        if isinstance(item, Reject):
            yield item
        elif isinstance(item, dict):
            found = records.paper(_fields(item), where, context)
            yield records.retracted(found) if _RETRACTED.match(_string(item.get("status"))) else found
        else:
            yield Reject(where=where, reason="not an object with named values")


class _Again:
    """A text stream of which the beginning was read already."""

    def __init__(self, head: str, stream: TextIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int) -> str:
        """The next characters, `size` at most."""
        text, self._head = self._head[:size], self._head[size:]
        return text or self._stream.read(size)


def _single(head: str, stream: TextIO) -> Iterator[tuple[str, Any]]:
    """The one item that the text is, or the items of a list that it holds."""
    where = "record 1"
    text = head + stream.read(MAX_ENTRY_CHARS)
    if len(text) > MAX_ENTRY_CHARS:
        yield where, Reject(where=where, reason=f"a record is longer than {MAX_ENTRY_CHARS:,} characters")
        return
    try:
        item = json.loads(text)
    except RecursionError:
        yield where, Reject(where=where, reason="nested too deeply")
    except ValueError as error:
        yield where, Reject(where=where, reason=f"not valid JSON: {' '.join(str(error).split())[:120]}")
    else:
        held = [item.get("items"), item.get("references")] if isinstance(item, dict) else [item]
        items = next((each for each in held if isinstance(each, list)), [item])
        yield from ((f"record {number}", each) for number, each in enumerate(items, start=1))


def _fields(item: Mapping[str, Any]) -> dict[str, Any]:
    note = _string(item.get("note"))
    numbers = [_string(item.get(key)) for key in ("number", "archive_location", "archive-location", "note")]
    arxiv = next(
        (found[1] for each in numbers if (found := re.search(r"arXiv:\s?([\w./-]+)", each, re.IGNORECASE))), ""
    )
    pmid = re.search(r"^\s*PMID:\s*(\d{1,9})\s*$", note, re.MULTILINE | re.IGNORECASE)
    pmcid = re.search(r"^\s*PMCID:\s*(PMC\d{1,9})\s*$", note, re.MULTILINE | re.IGNORECASE)
    keyword = item.get("keyword") or item.get("keywords")
    return {
        "id": _identifier(item.get("id")),
        "title": item.get("title"),
        "abstract": _labelled(_string(item.get("abstract"))),
        "authors": [*map(_name, item["author"])] if isinstance(item.get("author"), list) else [],
        "published": _date(item.get("issued")),
        "date": _date(item.get("submitted")),
        "doi": _string(item.get("DOI")),
        "pmid": item.get("PMID") or (pmid[1] if pmid else ""),
        "pmcid": item.get("PMCID") or (pmcid[1] if pmcid else ""),
        "arxiv_id": arxiv if identity.arxiv_id(arxiv) else "",
        "url": _string(item.get("URL")),
        "venue": item.get("container-title") or item.get("event-title") or "",
        "tags": keyword if isinstance(keyword, list) else _string(keyword),
        **records.beside(_string(custom.get("refdesk")) if isinstance(custom := item.get("custom"), dict) else ""),
    }


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _identifier(value: Any) -> Any:
    """The item's id; the address of an item in Zotero, which says nothing of the paper, by its last part."""
    zotero = re.search(r"zotero\.org/.*/items/(\w+)$", value) if isinstance(value, str) else None
    return zotero[1] if zotero else value


def _labelled(abstract: str) -> str:
    """An abstract in which the headings of parts are labels; "Abstract" itself is none."""
    return _HEADING.sub(lambda found: "" if found[2].lower() in ("abstract", "summary") else f" {found[2]}: ", abstract)


def _name(author: Any) -> Any:
    if not isinstance(author, dict):
        return author
    literal = _string(author.get("literal")) or _string(author.get("name"))
    parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
    return {"name": literal or " ".join(part for key in parts if (part := _string(author.get(key))))}


def _date(value: Any) -> str:
    """A CSL date as text; of a span, its beginning."""
    if not isinstance(value, dict):
        return _string(value)
    spans = value.get("date-parts")
    first = spans[0] if isinstance(spans, list) and spans else None
    parts = [str(part).strip() for part in chain(first if isinstance(first, list) else [first]) if part]
    said = "-".join(parts[:3]) if all(re.fullmatch(r"\d{1,4}", part) for part in parts) else " ".join(parts[:1])
    return said or next((text for key in ("raw", "literal") if (text := _string(value.get(key)))), "")
