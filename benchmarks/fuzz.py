"""
Fuzzing of the importers: damage real files in ways that happen, and import them.

Does any file crash an importer, hang it, lose a record without a Reject, or have an abstract stored that nobody wrote?

    python -m benchmarks.fuzz [--files 10000] [--seed 20261124] [--show]

A file is accounted for if it is refused with an error, if a reject says that it was “not read further”, or if both of
these hold:

- It gives at least as many papers and rejects as the damaged text has beginnings of records. JSON Lines must give
  exactly as many as there are lines that are not blank, and JSON that can still be parsed exactly as many as its list
  has entries.
- Each title that the undamaged file holds once, and that the damaged text still holds, is within the title or abstract
  of a paper or reject. A reject for text that is not valid covers all titles from its line to the next beginning of a
  record, and a reject without a title covers one title.

In the exports of reference managers (`benchmarks.exports`) and the tables and JSON of other programs
(`benchmarks.programs`), an abstract is wrong if it does not stand within one field of the damaged text, holds U+FFFD or
a tag, or, in a file that was only encoded anew, holds a character that the file had not. In those of other programs it
is wrong too if it neither begins like an abstract of the undamaged file nor has three words in a row of one.

A file hangs an importer if it takes more than 5 s of processor time.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import csv
import gzip
import io
import json
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.exports import WRITERS, papers
from benchmarks.programs import SHAPES, made
from benchmarks.report import data_folder, table, write_section
from rag import sources
from rag.errors import RefdeskError
from rag.sources.decoding import HEAD_BYTES, open_text
from rag.text import UnprintableText, clean
from rag.types import Paper, Reject
from refdesk.render import export

HANG_S = 5.0
GIVEN_UP_S = 60
SEED = 20261124
LINES = 40
SHORTEST = 12
"""Shorter titles are not looked for, because they may stand anywhere in a file."""
_CONTROLS = [*(bytes([code]) for code in range(0x20)), b"\x7f", b"\x85", b"\xe2\x80\xae", b"\xef\xbf\xbe", *(
    codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\xc0\x80", b"\xed\xa0\x80", b"\xff")]  # fmt: skip
_STRUCTURE = rb"[\"'{}\[\]<>&,:;\\@=\-\n]"
_ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "latin-1", "shift_jis", "koi8-r", "ascii"]
_BEGINS = {
    "arxiv": r"<entry>",
    "bibtex": r"^[ \t]*@(?!comment|string|preamble)\w+\s*\{",
    "ris": r"^TY  - ",
    "pubmed_xml": r"<PubmedArticle\b",
    "jsonl": r"^.*\S.*$",
    "wos": r"^\ufeff?PT J$",
    "endnote": r"^%0 ",
    "refworks": r"^RT ",
    "acl": r"<paper\b",
    "endnote_xml": r"<record>",
    "zotero_rdf": r"<bib:Article\b",
    "mods": r"<mods\b",
}
"""By format, the pattern of a record's beginning."""
_READ_ON = "not read further"


@dataclass(frozen=True)
class Sound:
    """A real, undamaged file: its folder, name and bytes, and what an import gives of it."""

    folder: str
    name: str
    body: bytes

    @cached_property
    def read(self) -> tuple[str, list[Paper | Reject]]:
        """The file's format and records."""
        chosen = sources.recognise(self.text[:HEAD_BYTES], self.name).name
        return chosen, list(sources.parse(io.BytesIO(self.body), self.name, today="2026-11-24")[0])

    @cached_property
    def text(self) -> str:
        """The file's text."""
        return open_text(io.BytesIO(self.body), self.name)[0].read()

    @cached_property
    def titles(self) -> list[str]:
        """The titles that stand in the text exactly once."""
        titles = {(record.title or "")[:150] for record in self.read[1]}
        return sorted(title for title in titles if len(title) >= SHORTEST and self.text.count(title) == 1)


def sound(folder: Path) -> list[Sound]:
    """The files of `formats/`, exports of reference managers, some JSON Lines, and the Hugging Face listing."""
    found = []
    for path in sorted(file for file in (folder / "formats").rglob("*") if file.is_file()):
        body = path.read_bytes()
        if path.parent.name in ("crossref", "semanticscholar"):  # recorded replies
            inner = json.loads(body)["body"]
            body = inner.encode() if isinstance(inner, str) else json.dumps(inner).encode()
        body = gzip.decompress(body) if path.suffix == ".gz" else body
        found.append(Sound(path.parent.name, path.name.removesuffix(".gz"), body))
    with gzip.open(folder / "arxiv_daily" / "2025.jsonl.gz", "rb") as stream:
        found.append(Sound("jsonl", "papers.jsonl", b"".join(next(stream) for _ in range(LINES))))
    for name, write in WRITERS.items():
        found.append(Sound("exports", f"export.{name}", write(papers(12)).encode()))
    found.append(Sound("exports", "export.ris", "\n".join(export.ris(papers(12))).encode()))
    for name, shape in SHAPES.items():
        found.append(Sound("programs", name, shape.write([made(number) for number in range(12)]).encode()))
    found.append(Sound("listing", "hf_listing.txt", (folder / "hf_listing.txt").read_bytes()))
    return found


# ---- damage


def _places(chance: random.Random, body: bytes, most: int) -> list[int]:
    return sorted((chance.randrange(len(body) + 1) for _ in range(chance.randint(1, most))), reverse=True)


def _flips(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for at in _places(chance, body[:-1], 20):
        changed[at] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_off(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body))]


def _cut_out(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + body[at + chance.randint(1, 3000) :]


def _repeated(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    block = body[at : at + chance.choice([10, 100, 1000, 10_000])]
    return body[:at] + block * chance.randint(1, 5) + body[at:]


def _encoding(chance: random.Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    if chance.random() < 0.2:  # encoded twice
        return text.encode().decode("latin-1").encode()
    changed = text.encode(chance.choice(_ENCODINGS), "replace")
    return changed if chance.random() < 0.7 else body[: len(body) // 2] + changed[len(changed) // 2 :]


def _controls(chance: random.Random, body: bytes) -> bytes:
    for at in _places(chance, body, 20):
        body = body[:at] + chance.choice(_CONTROLS) + body[at:]
    return body


def _structure(chance: random.Random, body: bytes) -> bytes:
    """Remove, double or replace characters that have a meaning in a format."""
    marks = [found.start() for found in re.finditer(_STRUCTURE, body)]
    for at in sorted(chance.sample(marks, min(len(marks), chance.randint(1, 6))), reverse=True):
        mark = body[at : at + 1]
        body = (
            body[:at] + chance.choice([b"", mark * 2, chance.choice([b'"', b"{", b"}", b"<", b"\n"])]) + body[at + 1 :]
        )
    return body


def _gzip(chance: random.Random, body: bytes) -> bytes:
    packed = bytearray(gzip.compress(body, mtime=0))
    if chance.random() < 0.5:
        return bytes(packed[: chance.randrange(len(packed))])
    packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    return bytes(packed)


DAMAGE: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bits flipped": _flips,
    "end cut off": _cut_off,
    "piece cut out": _cut_out,
    "blocks repeated": _repeated,
    "another encoding": _encoding,
    "control bytes": _controls,
    "marks of structure": _structure,
    "gzip cut or flipped": _gzip,
}


# ---- judging


def lost(file: Sound, body: bytes, records: list[Paper | Reject]) -> str | None:
    """What is not accounted for of a damaged file; None if nothing is."""
    rejects = [record for record in records if isinstance(record, Reject)]
    if any(_READ_ON in reject.reason for reject in rejects):
        return None
    text = open_text(io.BytesIO(body), file.name)[0].read()
    name = file.read[0]
    begin = _BEGINS.get(name)
    count = len(re.findall(begin, text, re.MULTILINE)) if begin else _entries(text)
    spans = [*_spans(text, rejects, begin)]
    if file.folder == "programs":  # whose records have no mark of their beginning
        count, spans = 0, [*spans, *_rejected_rows(text, rejects)]
    if len(records) < count or (begin in (None, _BEGINS["jsonl"]) and len(records) != count and count):
        return f"{len(records)} records of {count}"
    held = "\n".join(spans) + "\n".join(
        part
        for record in records
        for part in ([record.title or ""] + ([record.abstract] if isinstance(record, Paper) else []))
    )
    missing = [title for title in file.titles if title not in held and title in text]
    spare = sum(reject.title is None for reject in rejects)
    return f"{len(missing)} titles, such as “{missing[0][:60]}”" if len(missing) > spare else None


def wrong(file: Sound, kind: str, body: bytes, records: list[Paper | Reject]) -> str | None:
    """An abstract that stands in no field of the damaged text; None if there is none, or the format is not judged."""
    if file.folder == "programs":
        return _wrong_of_program(file, kind, body, records)
    if file.folder != "exports":
        return None
    text = open_text(io.BytesIO(body), file.name)[0].read()
    fields = re.split(_FIELD[file.read[0]], text)
    held = "\n".join(filter(None, map(_cleaned, fields)))
    known = set(file.text)
    for record in records:
        if isinstance(record, Paper) and (
            "\ufffd" in record.abstract
            or record.abstract not in held
            or (kind == _ENCODED and {char for char in record.abstract if char > "\x7f"} - known)
        ):
            return record.abstract
    return None


def _wrong_of_program(file: Sound, kind: str, body: bytes, records: list[Paper | Reject]) -> str | None:
    """The same for tables and JSON: a field is a cell, or a text of JSON."""
    text = open_text(io.BytesIO(body), file.name)[0].read()
    sound = [record for record in file.read[1] if isinstance(record, Paper)]
    known, runs = {*"".join(paper.abstract for paper in sound)}, {run for paper in sound for run in _runs(paper)}
    begins = {paper.abstract[:4] for paper in sound}
    held = ""
    for record in records:
        if not isinstance(record, Paper):
            continue
        abstract = record.abstract
        if (
            "\ufffd" in abstract
            or _TAG.search(abstract)
            or (kind == _ENCODED and {char for char in abstract if char > "\x7f"} - known)
        ):
            return abstract
        if runs.isdisjoint(_runs(record)) and abstract[:4] not in begins:
            return abstract
        if abstract not in held:
            held = held or "\n".join(filter(None, map(_clean, {*_fields(file, text)})))
            if abstract not in held:
                return abstract
    return None


_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_RUN = 3


def _runs(paper: Paper) -> set[tuple[str, ...]]:
    words = paper.abstract.split()
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}


def _fields(file: Sound, text: str) -> Iterator[str]:
    """All that may be one field of a damaged table, wherever its quotes begin, or of damaged JSON."""
    if file.read[0] in ("csv", "embase"):
        delimiter = "\t" if file.name == "web of science" else ","
        lines = text.split("\n")
        for at, line in enumerate(lines):
            for reader in (
                csv.reader((f"{line}\n" for line in lines[at : at + 50]), delimiter=delimiter),
                csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE),
            ):
                with contextlib.suppress(csv.Error):
                    yield from next(reader, [])
    else:
        for quote in re.finditer('"', text):
            with contextlib.suppress(ValueError):
                yield json.decoder.scanstring(text, quote.end(), False)[0]


_ENCODED = "another encoding"
_FIELD = dict.fromkeys(WRITERS, r"</?(?!/?(?:style|sup|sub)\b)[a-zA-Z:]+[^<>]*>")
_FIELD |= dict.fromkeys(("wos", "refworks"), r"\n(?=[A-Z][A-Z0-9](?: |$))")
_FIELD |= {"ris": r"\n(?=[A-Z][A-Z0-9]  - )", "endnote": r"\n(?=%[0-9A-Z@])"}
"""By format, what stands between two fields."""


def _cleaned(field: str) -> str:
    field = "\n".join(map(str.strip, field.split("\n")))  # as readers of lines do, also of U+001F
    return _clean(re.sub(r"</?style\b[^<>]*>", "", re.sub(r"^(?:[A-Z][A-Z0-9](?:  -)?|%.) ", "", field)))


def _clean(field: str) -> str:
    try:
        return clean(field)
    except UnprintableText:
        return ""


def _spans(text: str, rejects: list[Reject], begin: str | None) -> Iterator[str]:
    """For each reject that is not valid, the text from its place to the beginning of the next record."""
    if not begin:
        return
    places = {
        "line": [found.start() for found in re.finditer("^", text, re.MULTILINE)],
        "record": [found.start() for found in re.finditer(begin, text, re.MULTILINE)],
    }
    for reject in rejects:
        place = re.match(r"(line|record) (\d+)$", reject.where)
        if place and re.search("not (?:valid|well-formed)", reject.reason) and int(place[2]) <= len(places[place[1]]):
            at = places[place[1]][int(place[2]) - 1]
            following = re.compile(begin, re.MULTILINE).search(text, at + 1)
            yield text[at : following.start() if following else None]


def _rejected_rows(text: str, rejects: list[Reject]) -> Iterator[str]:
    """The line of each rejected row of a table."""
    lines = text.split("\n")
    for reject in rejects:
        if line := re.match(r"line (\d+)$", reject.where):
            yield lines[int(line[1]) - 1] if int(line[1]) <= len(lines) else ""


def _entries(text: str) -> int:
    """The number of entries of the list that a JSON text is or holds; 1 for one object, 0 for text that is not JSON."""
    try:
        document = json.loads(text)
    except ValueError:
        return 0
    if isinstance(document, dict) and isinstance(document.get("message"), dict):
        document = document["message"]
    held = [document, *(document.get(key) for key in ("results", "data", "items") if isinstance(document, dict))]
    return next((len(entries) for entries in held if isinstance(entries, list)), 1)


def _out_of_time(*_: Any) -> None:
    raise TimeoutError


def damaged(files: list[Sound], count: int, seed: int) -> Iterator[tuple[str, Sound, bytes]]:
    """Yield `count` damaged files: kind of damage, file and damaged bytes; every third is damaged twice."""
    kinds = list(DAMAGE)
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        file, kind = files[number % len(files)], kinds[number // len(files) % len(kinds)]
        body = DAMAGE[kind](chance, file.body)
        if number % 3 == 0 and body and kind not in ("gzip cut or flipped", _ENCODED):
            body = DAMAGE[chance.choice(kinds)](chance, body)
        yield kind, file, body


def main() -> None:
    """Damage, read, count, print, and write the section “Damaged files” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", action="store_true", help="print what is not accounted for, and crashes")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _out_of_time)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    times: list[tuple[float, str]] = []
    files = sound(data_folder())
    for number, (kind, file, body) in enumerate(damaged(files, options.files, options.seed)):
        records: list[Paper | Reject] = []
        trouble = None
        began = time.process_time()
        signal.alarm(GIVEN_UP_S)
        try:
            records += sources.parse(io.BytesIO(body), file.name, today="2026-11-24")[0]
            outcome = "read"
        except RefdeskError:
            outcome = "refused"
        except TimeoutError:
            outcome = "hangs"
        except Exception:  # noqa: BLE001 - that is what is looked for
            outcome, trouble = "crashes", traceback.format_exc()
        signal.alarm(0)
        took_s = time.process_time() - began
        times.append((took_s, f"{file.folder}/{file.name}, {kind}"))
        if took_s > HANG_S:
            outcome, trouble = "hangs", f"{took_s:.1f} s"
        if outcome == "read" and (missing := lost(file, body, records)):
            outcome, trouble = "not accounted for", missing
        if outcome == "read" and (abstract := wrong(file, kind, body, records)):
            outcome, trouble = "wrong abstract", abstract
        if trouble and options.show:
            print(f"{number} {file.folder}/{file.name}, {kind}: {trouble}", file=sys.stderr, flush=True)
        counts[kind]["files"] += 1
        counts[kind][outcome] += 1
        counts[kind]["papers"] += sum(isinstance(record, Paper) for record in records)
        counts[kind]["rejects"] += sum(isinstance(record, Reject) for record in records)
    names = ("files", "read", "refused", "papers", "rejects", "crashes", "hangs", "not accounted for", "wrong abstract")
    total = sum(counts.values(), Counter())
    rows = [[kind, *(f"{counts[kind][name]:,}" for name in names)] for kind in DAMAGE]
    rows.append(["**all**", *(f"{total[name]:,}" for name in names)])
    slowest = "; ".join(f"{took_s:.2f} s ({what})" for took_s, what in sorted(times, reverse=True)[:3])
    traced = sum(len(file.titles) for file in files)
    body_ = table(["damage", *names], rows) + (
        f"\n\nSlowest: {slowest}. {len(files)} sound files, of whose records {traced:,} can be traced by their titles."
    )
    write_section("Damaged files", body_)


if __name__ == "__main__":
    main()
