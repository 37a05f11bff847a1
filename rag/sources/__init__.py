"""
Importers: parse the bytes of a file into Papers and Rejects; the format is recognised by the content.

Each format is a module with `recognise` and a pure `parse`. Nothing here opens a file or fetches anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple, TextIO

from rag.errors import UnknownFormat
from rag.sources import (
    acl,
    arxiv_atom,
    arxiv_oai,
    arxiv_rss,
    bibtex,
    biorxiv,
    crossref,
    csl,
    embase,
    endnote,
    endnote_xml,
    europepmc,
    huggingface,
    huggingface_html,
    json_records,
    listing,
    medline,
    mods,
    openalex,
    pubmed_xml,
    refworks,
    ris,
    rss,
    semanticscholar,
    tables,
    wos,
    zotero_rdf,
)
from rag.sources.decoding import HEAD_BYTES, open_text
from rag.sources.parts import Part
from rag.sources.records import Context
from rag.sources.usage import Usage
from rag.types import Paper, Reject

__all__ = ["FORMATS", "Context", "Format", "Usage", "parse"]


class Format(NamedTuple):
    """
    A format that can be imported.

    `recognise` takes the beginning of a text, `HEAD_BYTES` characters at most. `suffixes` are the endings of file names
    that decide if no format recognises the content.
    """

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
    Format("zotero_rdf", "Zotero RDF", zotero_rdf.recognise, zotero_rdf.parse),
    Format("rss", "any RSS, RDF or Atom feed", rss.recognise, rss.parse, (".rss", ".atom", ".rdf")),
    Format("openalex", "OpenAlex works JSON", openalex.recognise, openalex.parse),
    Format("semanticscholar", "Semantic Scholar JSON", semanticscholar.recognise, semanticscholar.parse),
    Format("crossref", "Crossref JSON", crossref.recognise, crossref.parse),
    Format("europepmc", "Europe PMC JSON", europepmc.recognise, europepmc.parse),
    Format("biorxiv", "bioRxiv and medRxiv API JSON", biorxiv.recognise, biorxiv.parse),
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
    Format("endnote_xml", "EndNote XML", endnote_xml.recognise, endnote_xml.parse),
    Format("mods", "MODS XML, as of the ACL Anthology", mods.recognise, mods.parse),
    Format("acl", "XML of the ACL Anthology", acl.recognise, acl.parse),
    Format("wos", "Web of Science, tagged text", wos.recognise, wos.parse, (".ciw",)),
    Format("endnote", "EndNote tagged text (refer)", endnote.recognise, endnote.parse, (".enw",)),
    Format("embase", "Embase CSV with fields by row", embase.recognise, embase.parse),
    Format("refworks", "RefWorks tagged text", refworks.recognise, refworks.parse),
    Format("csv", "CSV or TSV with a header", tables.recognise, tables.parse, (".csv", ".tsv")),
    Format("medline", "PubMed NBIB / MEDLINE text", medline.recognise, medline.parse, (".nbib",)),
    Format("ris", "RIS", ris.recognise, ris.parse, (".ris",)),
    Format("bibtex", "BibTeX", bibtex.recognise, bibtex.parse, (".bib",)),
)
"""All formats, in the order in which they are tried."""


def parse(
    stream: BinaryIO,
    filename: str,
    *,
    today: str,
    format_name: str | None = None,
    encoding: str | None = None,
    listed: str | None = None,
    tags: tuple[str, ...] = (),
    keep_without_abstract: bool = False,
    part: Part | None = None,
) -> tuple[Iterator[Paper | Reject], Usage]:
    """
    Recognise an input's format and parse it.

    Args:
        stream: The bytes, seekable, plain or gzip. They are read as the result is consumed.
        filename: The input's file name. Its stem scopes ids of no known scheme; its suffix decides the format only if
            the content does not.
        today: The day of the import, ISO.
        format_name: The name of the format, instead of recognising it.
        encoding: The name of the encoding, instead of finding it.
        listed: The listing date for records that have none, ISO.
        tags: Tags that each paper gets besides its own.
        keep_without_abstract: Whether a record without an abstract is a paper with an empty one, not a Reject.
        part: Read only this part of a file, as `rag.sources.parts` cuts JSON Lines.

    Returns:
        The records, one after the other, and what was used of the input, which is known when the last was read;
        iterating over it gives the notes for a report.

    Raises:
        UnreadableInput: The input is empty, binary or damaged, or a table without a title column; parts of the input
            are checked only as the records are consumed.
        UnknownFormat: No format recognises the content, or none is called `format_name`.
    """
    if part:
        text, note, chosen = part.open(stream), None, named("jsonl")
        read: Callable[..., Iterator[Paper | Reject]] = partial(json_records.parse_lines, first=part.first_line)
    else:
        text, note = open_text(stream, filename, encoding)
        chosen = named(format_name) if format_name else recognise(text.read(HEAD_BYTES), filename)
        text.seek(0)
        read = chosen.parse
    usage = Usage(decoding=note)
    context = Context(
        name=stem(filename),
        source=chosen.name,
        today=today,
        listed=listed,
        tags=tags,
        keep_without_abstract=keep_without_abstract,
        usage=usage,
    )
    return usage.counted(read(text, context)), usage


def stem(filename: str) -> str:
    """
    A file's name without its extensions: the scope of its `file:` ids.

    >>> stem("corpus.jsonl.gz")
    'corpus'
    """
    known = {suffix for known_format in FORMATS for suffix in known_format.suffixes} | {".gz", ".txt"}
    name = filename
    while "." in name[1:] and "." + name.rpartition(".")[2].lower() in known:
        name = name.rpartition(".")[0]
    return "".join(char if char.isprintable() else "_" for char in name)  # ids are printed


def named(name: str) -> Format:
    """The format of a name. Raises UnknownFormat."""
    for candidate in FORMATS:
        if candidate.name == name:
            return candidate
    raise UnknownFormat(
        f"There is no format “{name}”.",
        hint="The formats are " + ", ".join(candidate.name for candidate in FORMATS) + ".",
    )


def recognise(head: str, filename: str) -> Format:
    """
    The format of an input, by its content, else by its file name.

    Args:
        head: The beginning of the text, `HEAD_BYTES` characters at most.
        filename: The input's file name.

    Raises:
        UnknownFormat: Neither the content nor the name is of a known format.
    """
    for candidate in FORMATS:
        if candidate.recognise(head):
            return candidate
    name = filename.lower().removesuffix(".gz")
    for candidate in FORMATS:
        if name.endswith(candidate.suffixes):
            return candidate
    raise UnknownFormat(
        f"The format of {filename} is not known; it begins “{' '.join(head[:60].split())}”.",
        hint="`refdesk add --list-formats` lists the formats; `--format NAME` forces one.",
    )
