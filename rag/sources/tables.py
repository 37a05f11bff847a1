"""
CSV and TSV tables: a header whose columns are named in `columns.SYNONYMS`, then one row per paper.

Text above the header is passed over, as Dimensions writes it. A row with one cell too many, as Scopus writes them, is
read up to its abstract if all before it is in its place.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TextIO

from rag import identity
from rag.errors import UnreadableInput
from rag.sources import records
from rag.sources.columns import Columns, field_of, plain, program_of
from rag.sources.decoding import MAX_RECORD_CHARS
from rag.sources.usage import has_value
from rag.sources.values import is_retracted
from rag.types import Paper, Reject

_BIBTEX = re.compile(r"@\w+\s*[{(]|\w\s*=\s*[{\"]")
"""A line of BibTeX, whose fields have the names of columns: `title={墙}, abstract={…}`."""
_DELIMITERS = (",", "\t", ";", "|")
_REMARK_LINES = 10
"""How many lines may stand above the header."""
_VERBS = re.compile(r"\b(?:we|is|are|was|were|be|been|has|have|had|that|which|this|these|than|they)\b", re.IGNORECASE)
_KINDS = frozenset("documenttype publicationtype publicationtypes dt".split())
"""Columns, as `plain` gives them, in which Scopus and Web of Science call a paper retracted."""
_ENDS = frozenset('.!?…)]”"»。！？')
"""Characters with which an abstract ends."""
_YEAR = re.compile(r"(?:19|20)\d\d(?:\.0)?")


def recognise(head: str) -> bool:
    """True if the first line has two or more cells and one of them names a column, or a line near it is a header."""
    lines = _first_lines(head.split("\n"))
    cells = _header(lines[0])[1] if lines else []
    return (len(cells) > 1 and any(map(_is_column, cells))) or any(map(_is_header, lines[1:]))


def _is_column(cell: str) -> bool:
    return records.column_name(cell) in records.COLUMNS or field_of(cell) in ("title", "abstract")


def _first_lines(lines: Sequence[str]) -> list[str]:
    """The first lines that are not blank, in which the header is looked for."""
    return [line for line in lines if line.strip() and not _BIBTEX.search(line)][: _REMARK_LINES + 1]


def _is_header(line: str) -> bool:
    """True for the names of columns, with a title and an abstract among them."""
    return {"title", "abstract"} <= _fields(_header(line)[1])


def _fields(names: Sequence[str]) -> set[str | None]:
    program = program_of(names)
    return set(Columns(names).positions) if program else {*map(field_of, names)}


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per row.

    Raises:
        UnreadableInput: The header has no title or no abstract; the message names the columns that it has.
    """
    lines = TableLines(stream)
    delimiter, names = _header(_skip_remark(lines))
    columns = Columns(names, context.usage)
    _require(columns, context)
    csv.field_size_limit(MAX_RECORD_CHARS)
    kinds = [place for place, name in enumerate(names) if plain(name) in _KINDS]
    table = csv.reader(lines, delimiter=delimiter, strict=True)  # an unclosed quote must not eat the rest unseen
    while True:
        lines.of_row.clear()
        where = f"line {lines.number + 1}"
        try:
            row = next(table, None)
        except csv.Error as error:
            line = lines.unread_all_but_first()  # the lines after an unclosed quote are read again, as rows
            row = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), None) if line else None
            if delimiter != "\t" or row is None or len(row) != len(names):
                yield Reject(where=where, reason=f"not a row of a table: {error}")
                continue
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(names) and not _lacks_only_its_end(columns, row):
            yield _misplaced(columns, row, where)
            continue
        if len(row) > len(names):
            if delimiter == "\t" and not any(row[len(names) :]):  # Web of Science ends its lines with a tab
                row = row[: len(names)]
            elif end := _end_of_leading(columns, row):
                row = row[:end]
                context.usage.shifted.append(where)
            else:
                yield _misplaced(columns, row, where)
                continue
        abstract = "".join(row[at] for at in columns.positions.get("abstract", ())[:1] if at < len(row))
        if delimiter != "\t" and abstract.endswith('"') and abstract.count('"') % 2:
            yield Reject(
                where=where, reason="a quotation mark is missing", title=row[columns.positions["title"][0]][:200]
            )
            continue
        record = records.make_paper(columns.fields(row), where, context)
        withdrawn = any(is_retracted(row[place]) for place in kinds if place < len(row))
        yield records.flag_retracted(record) if withdrawn else record


def _require(columns: Columns, context: records.Context) -> None:
    """Raise an error if the header is damaged, or the table has no titles or no abstracts."""
    if broken := next((name for name in columns.names if '"' in name), None):
        raise UnreadableInput(
            f"The header of the table {context.name} is damaged at “{records.printable(broken[:60])}”.",
            hint="Mend the quotation marks of its first line, or export it again.",
        )
    missing = next((name for name in ("title", "abstract") if name not in columns.positions), None)
    if not missing or (missing == "abstract" and context.keep_without_abstract):
        return
    names = ", ".join(f"“{records.printable(name[:40]) or ''}”" for name in columns.names[:20])
    if missing == "abstract" and columns.program and columns.program.no_abstract:
        raise UnreadableInput(
            f"{context.name} is the CSV of {columns.program.name}, which has no abstracts; its columns are {names}.",
            hint=f"{columns.program.no_abstract} Or keep the titles with `--keep-without-abstract`.",
        )
    raise UnreadableInput(
        f"The table {context.name} has no column “{missing}”; its columns are {names}.",
        hint="Name the columns title and abstract (others: " + ", ".join(records.COLUMNS) + ").",
    )


def _misplaced(columns: Columns, row: Sequence[str], where: str) -> Reject:
    """The Reject of a row whose cells do not stand under their columns."""
    title = row[columns.positions["title"][0] : columns.positions["title"][0] + 1]
    reason = f"{len(row)} cells under {len(columns.names)} columns"
    return Reject(where=where, reason=reason, title=records.printable("".join(title)))


def _in_place(columns: Columns, row: Sequence[str], end: int | None = None) -> set[str] | None:
    """
    The fields whose cells prove by what they are that they are in place, of all columns or of those before `end`.

    None if one of them is something else: a year, a DOI, a PubMed id or a link that is none.
    """
    proven: set[str] = set()
    checks = {
        "year": lambda cell: _YEAR.fullmatch(cell),
        "doi": lambda cell: identity.scheme_ids(cell) or identity.scheme_ids(f"doi:{cell}"),
        "pmid": lambda cell: re.fullmatch(r"\d{1,9}(?:\.0)?", cell),
        "url": records.web_link,
    }
    for name, check in checks.items():
        for place in columns.positions.get(name, ())[:1]:
            cell = row[place].strip() if place < min(len(row), len(row) if end is None else end) else ""
            if has_value(cell):
                if not check(cell):
                    return None
                proven.add(name)
    return proven


def _lacks_only_its_end(columns: Columns, row: Sequence[str]) -> bool:
    """
    True if all cells that a row has are certainly in their place, so that those of its end are missing.

    A cell that is missing before puts the keywords in place of the abstract, and the abstract in that of the authors.
    So what stands as the abstract must be the longest cell and end as a sentence does.
    """
    if _in_place(columns, row) is None:
        return False
    cells = [cell.strip() for cell in row]
    abstract = "".join(cells[place] for place in columns.positions.get("abstract", ())[:1] if place < len(cells))
    if not abstract:
        return not any(cell[-1:] in _ENDS and len(_VERBS.findall(cell)) >= 2 for cell in cells)
    return len(abstract) == max(map(len, cells)) and abstract[-1] in _ENDS


def _end_of_leading(columns: Columns, row: Sequence[str]) -> int | None:
    """
    How many cells of a row with one cell too many are certainly in their place: those up to the abstract; or None.

    They are if year and DOI stand before the abstract and are what their columns say, the abstract reads like one, and
    it was not cut: what follows it does not go on in the middle of a sentence.
    """
    if "abstract" not in columns.positions:
        return None
    at, title = columns.positions["abstract"][0], columns.positions["title"][0]
    proven = _in_place(columns, row, at)
    if len(row) != len(columns.names) + 1 or title > at or not proven or not {"year", "doi"} <= proven:
        return None
    abstract = row[at].strip()
    reads_well = len(_VERBS.findall(abstract)) * 60 >= len(abstract.split()) and abstract[-1:] in set('.!?)”"]')
    is_whole = not row[at + 1].startswith(" ") and not row[title].startswith(" ") and len(row[title].strip()) > 1
    return at + 1 if reads_well and is_whole else None


class TableLines:
    """
    The lines for `csv.reader`, with their ends; blank ones too, because they may stand within a quoted cell.

    A line longer than `MAX_RECORD_CHARS` is skipped with a `csv.Error`, after which reading can go on.

    Attributes:
        number: The number of the last line that was read, from 1.
        of_row: The lines of the current row.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._unread: deque[str] = deque()
        self.of_row: list[str] = []
        self.number = 0

    def unread_all_but_first(self) -> str:
        """Put back all lines of the current row but the first, and return that one; empty if it was too long."""
        first, *others = self.of_row or [""]
        self.unread(others)
        self.of_row.clear()
        return first

    def unread(self, lines: Sequence[str]) -> None:
        """Put back the last lines."""
        self._unread.extendleft(reversed(lines))
        self.number -= len(lines)

    def __iter__(self) -> TableLines:
        return self

    def __next__(self) -> str:
        line = piece = self._unread.popleft() if self._unread else self._stream.readline(MAX_RECORD_CHARS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        while len(piece) > MAX_RECORD_CHARS and not piece.endswith("\n"):
            piece = self._stream.readline(MAX_RECORD_CHARS + 1)
        if piece is not line:
            raise csv.Error(f"the line is longer than {MAX_RECORD_CHARS:,} characters")
        self.of_row.append(line)
        return line


def _skip_remark(lines: TableLines) -> str:
    """
    Read up to the header, and return it: the first line with a title and an abstract among the first ones.

    If there is none, that is the first line with a title, or else the first that is not blank; empty if there is none.
    """
    begun: list[str] = []
    try:
        for line in lines:
            begun.append(line)
            if _is_header(line):
                return line
            if len(_first_lines(begun)) > _REMARK_LINES:
                break
    except csv.Error as error:
        if not _first_lines(begun):
            raise UnreadableInput(
                f"The table has no header: {error}.", hint="Begin it with a line that names the columns."
            ) from error
    with_title = (
        at for at, line in enumerate(begun) if "title" in _fields(_header(line)[1]) and len(_header(line)[1]) > 1
    )
    not_blank = (at for at, line in enumerate(begun) if line.strip())
    at = next(with_title, next(not_blank, None))
    if at is None:
        return ""
    lines.unread(begun[at + 1 :])
    return begun[at]


def _header(line: str) -> tuple[str, list[str]]:
    """The delimiter that gives the most cells, and the cells."""
    best: tuple[str, list[str]] = (",", [line.strip()])
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(cells) > len(best[1]):
            best = (delimiter, cells)
    return best[0], best[1]
