"""
Importers: from the bytes of a file to Papers and Rejects, the format recognised by content.

Each format is a module with a pure `parse`; nothing here opens a file or fetches anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple, TextIO

from rag.errors import UnknownFormat
from rag.sources import (
    arxiv_atom,
    arxiv_oai,
    arxiv_rss,
    bibtex,
    crossref,
    csl,
    huggingface,
    huggingface_html,
    json_records,
    listing,
    medline,
    openalex,
    pubmed_xml,
    ris,
    rss,
    semanticscholar,
    tables,
)
from rag.sources.decoding import HEAD_BYTES, decoded
from rag.sources.records import Context
from rag.types import Paper, Reject

__all__ = ["FORMATS", "Context", "Format", "parse"]


class Format(NamedTuple):
    """One format: its name, what it is, whether a text's beginning is of it, and its parser."""

    name: str
    description: str
    recognise: Callable[[str], bool]
    parse: Callable[[TextIO, Context], Iterator[Paper | Reject]]
    suffixes: tuple[str, ...] = ()


FORMATS = (
    Format("listing", "text of a Hugging Face papers page", listing.recognise, listing.parse),
    Format("huggingface", "Hugging Face daily papers JSON", huggingface.recognise, huggingface.parse),
    Format("huggingface_html", "Hugging Face papers page, HTML", huggingface_html.recognise, huggingface_html.parse),
    Format("arxiv_rss", "arXiv RSS or Atom announcements", arxiv_rss.recognise, arxiv_rss.parse),
    Format("arxiv", "arXiv API, Atom", arxiv_atom.recognise, arxiv_atom.parse),
    Format("oai", "OAI-PMH: oai_dc, arXiv, arXivRaw", arxiv_oai.recognise, arxiv_oai.parse),
    Format("rss", "any RSS, RDF or Atom feed", rss.recognise, rss.parse, (".rss", ".atom", ".rdf")),
    Format("openalex", "OpenAlex works JSON", openalex.recognise, openalex.parse),
    Format("semanticscholar", "Semantic Scholar JSON", semanticscholar.recognise, semanticscholar.parse),
    Format("crossref", "Crossref JSON", crossref.recognise, crossref.parse),
    Format("csl", "CSL-JSON of Zotero, Mendeley, pandoc", csl.recognise, csl.parse),
    Format(
        "jsonl",
        "JSON Lines, one paper a line",
        json_records.recognise_lines,
        json_records.parse_lines,
        (".jsonl", ".ndjson"),
    ),
    Format("json", "JSON, a list of papers", json_records.recognise, json_records.parse, (".json",)),
    Format("pubmed_xml", "PubMed XML", pubmed_xml.recognise, pubmed_xml.parse),
    Format("csv", "CSV or TSV with a header", tables.recognise, tables.parse, (".csv", ".tsv")),
    Format("medline", "PubMed NBIB / MEDLINE text", medline.recognise, medline.parse, (".nbib",)),
    Format("ris", "RIS", ris.recognise, ris.parse, (".ris",)),
    Format("bibtex", "BibTeX", bibtex.recognise, bibtex.parse, (".bib",)),
)
"""In the order in which they are tried."""


def parse(
    stream: BinaryIO,
    filename: str,
    *,
    today: str,
    format_name: str | None = None,
    listed: str | None = None,
    tags: tuple[str, ...] = (),
) -> tuple[Iterator[Paper | Reject], tuple[str, ...]]:
    """
    Recognise an input and parse it.

    Args:
        stream: The bytes, seekable, plain or gzip; read as the result is consumed.
        filename: The input's file name; its stem scopes ids of no known scheme, its suffix decides between formats
            only where the content does not.
        today: The day of the import, ISO.
        format_name: Force this format.
        listed: Listing date of records without one, ISO.
        tags: Added to each paper.

    Returns:
        The records, one after the other, and notes about the input as a whole.

    Raises:
        UnreadableInput: Empty, binary or damaged input, or a table without a title column.
        UnknownFormat: No importer recognises it, or none is called `format_name`.
    """
    text, note = decoded(stream, filename)
    head = text.read(HEAD_BYTES)
    chosen = _forced(format_name) if format_name else _recognised(head, filename)
    text, note = decoded(stream, filename)
    context = Context(name=stem(filename), source=chosen.name, today=today, listed=listed, tags=tags)
    return chosen.parse(text, context), (note,) if note else ()


def stem(filename: str) -> str:
    """
    A file's name without its extensions, as `file:` ids are scoped.

    >>> stem("corpus.jsonl.gz")
    'corpus'
    """
    known = {suffix for each in FORMATS for suffix in each.suffixes} | {".gz", ".txt"}
    name = filename
    while "." in name[1:] and "." + name.rpartition(".")[2].lower() in known:
        name = name.rpartition(".")[0]
    return "".join(char if char.isprintable() else "_" for char in name)  # it becomes a part of ids


def _forced(name: str) -> Format:
    for each in FORMATS:
        if each.name == name:
            return each
    raise UnknownFormat(
        f"There is no format “{name}”.",
        hint="The formats are " + ", ".join(each.name for each in FORMATS) + ".",
    )


def _recognised(head: str, filename: str) -> Format:
    for each in FORMATS:
        if each.recognise(head):
            return each
    plain = filename.lower().removesuffix(".gz")
    for each in FORMATS:
        if plain.endswith(each.suffixes or ("\0",)):
            return each
    raise UnknownFormat(
        f"The format of {filename} is not known; it begins “{' '.join(head[:60].split())}”.",
        hint="`refdesk add --list-formats` lists the formats; `--format NAME` forces one.",
    )
