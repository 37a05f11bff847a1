"""
Speed of the importers in records per second, from the bytes of a file to Papers, beside the parsing library alone.

The records are real abstracts of arXiv, as JSON Lines and in the other formats as `export` writes them. The library
alone is the limit, measured in the same run: for JSON Lines a JSON parser whose values are dropped, for BibTeX
bibtexparser 2, with and without its own middlewares for names and LaTeX. Times are seconds of processor time, the best
of three rounds. No record is kept, as in an import.

    python -m benchmarks.parsing
"""

from __future__ import annotations

import gc
import gzip
import io
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import bibtexparser
import orjson
from bibtexparser import middlewares

from benchmarks.report import data_folder, table, write_section
from rag import sources
from rag.types import Paper
from refdesk.render import export

PAPERS = 40_000
FEWER = 2_000
"""As many in the formats that are read slowly."""
FEWEST = 200
"""As many for bibtexparser's own decoding of LaTeX."""
ROUNDS = 3


def rate(count: int, work: Callable[[], Iterable[Any]]) -> float:
    """Records per second, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        deque(work(), maxlen=0)
        best = min(best, time.process_time() - began)
    return count / best


def ours(content: bytes, form: str) -> Callable[[], Iterable[Any]]:
    """A function that parses a file by our importer."""
    return lambda: sources.parse(io.BytesIO(content), f"papers.{form}", today="2026-11-24", format_name=form)[0]


def written(form: str, papers: Iterable[Paper]) -> bytes:
    """Papers in a format, as `export` writes them; those that it does not know are made of its JSON Lines."""
    if form in export.FORMATS:
        return "".join(f"{entry}\n" for entry in export.FORMATS[form](papers)).encode()
    return ("[" + ",".join(export.jsonl(papers)) + "]").encode()


def bibtexparsers(content: bytes, *, decoded: bool) -> Callable[[], Iterable[Any]]:
    """bibtexparser alone: entries split and macros replaced; with names and LaTeX decoded where that is asked for."""
    more = [middlewares.SeparateCoAuthors(), middlewares.SplitNameParts(), middlewares.LatexDecodingMiddleware()]
    return lambda: bibtexparser.parse_string(content.decode(), append_middleware=more if decoded else None).blocks


def main() -> None:
    """Measure and write the table."""
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz") as stream:
        lines = list(itertools.islice(stream, PAPERS))
    papers = [record for record in ours(b"".join(lines[:FEWER]), "jsonl")() if isinstance(record, Paper)]
    bibtex, less = written("bibtex", papers), written("bibtex", papers[:FEWEST])
    rows = [
        (f"JSON Lines, {len(lines):,} records", rate(len(lines), ours(b"".join(lines), "jsonl"))),
        ("the json module alone", rate(len(lines), lambda: map(json.loads, lines))),
        ("orjson alone", rate(len(lines), lambda: map(orjson.loads, lines))),
        (f"BibTeX, {len(papers):,} records", rate(len(papers), ours(bibtex, "bibtex"))),
        ("bibtexparser alone, nothing decoded", rate(len(papers), bibtexparsers(bibtex, decoded=False))),
        ("bibtexparser alone, names and LaTeX decoded", rate(len(papers[:FEWEST]), bibtexparsers(less, decoded=True))),
        *(
            (f"{name}, {len(papers):,} records", rate(len(papers), ours(written(form, papers), form)))
            for name, form in (("JSON list", "json"), ("CSL-JSON", "csl"), ("RIS", "ris"))
        ),
    ]
    write_section("Parsing", table(["what is read", "records/s"], [[name, f"{found:,.0f}"] for name, found in rows]))


if __name__ == "__main__":
    main()
