"""What `doctor` found, for a terminal: a screen at most, whatever the size of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from refdesk.render.terminal import Indented

if TYPE_CHECKING:
    from rag.errors import RefdeskError
    from refdesk.doctor.files import FileReport
    from refdesk.doctor.servers import EmbedderReport, ModelReport

SHOWN_REASONS = 5
SHOWN_NAMES = 12
_SAID = ("columns not used", "no record has a date", "no record has an author")
"""The beginnings of notes that other lines tell."""
_MARGIN = 14
_LONG_REPLY = 4_000


def file(given: FileReport) -> RenderableType:
    """What a file would bring."""
    lines: list[tuple[str, str]] = []
    if given.format:
        lines.append(("format", f"{given.format}, {given.encoding}"))
    if given.records:
        repeated = given.records - given.rejected - given.papers
        counts = [f"{given.papers:,} {'paper' if given.papers == 1 else 'papers'}"]
        counts += [f"{repeated:,} of them again"] if repeated else []
        counts += [f"{given.rejected:,} rejected"] if given.rejected else []
        lines.append(("records", f"{given.records:,}: {', '.join(counts)}"))
    if given.papers:
        days = f", {given.first}" if given.first else ""
        days += f" to {given.last}" if given.last != given.first else ""
        lines.append(("dates", f"published {_of(given.published, given)}, listed {_of(given.listed, given)}{days}"))
        lines.append(("authors", _of(given.authors, given)))
        lines.append(("ids", ", ".join(f"{scheme} {count:,}" for scheme, count in given.ids.most_common())))
    if given.used or given.unused:
        lines.append(("columns", f"used: {_names(given.used)}"))
        lines.append(("columns", f"not used: {_names(given.unused)}"))
    lines += [("without", f"no paper has {'a date' if what == 'date' else what}") for what in given.without]
    reasons = sorted(given.reasons.items(), key=lambda item: -item[1]["count"])
    for reason, what in reasons[:SHOWN_REASONS]:
        title = f" “{_cut(what['title'], 60)}”" if what["title"] else ""
        lines.append(("rejected", f"{what['count']:,}: {reason}, such as {what['where']}{title}"))
    if others := sum(what["count"] for _, what in reasons[SHOWN_REASONS:]):
        lines.append(("rejected", f"{others:,} for other reasons; `--json` has more of them"))
    if given.flagged:
        lines.append(("flagged", f"{given.flagged:,}: withdrawn, or with orders to a model"))
    notes = [note for note in given.notes if not note.startswith(_SAID)]
    lines += [("note", note) for note in notes[:SHOWN_REASONS]]
    if given.example:
        lines.append(("the first is", f"“{_cut(given.example, 100)}”"))
    return Group(Text(given.path, style="bold"), *_rows(lines), *_fault(given.error))


def model(given: ModelReport) -> RenderableType:
    """What a model's server takes."""
    found = {
        "JSON schema": given.schema,
        "JSON": given.json,
        "plain text": given.plain,
        "streaming": given.stream,
        "token counts": given.usage,
        "reasoning": given.reasoning,
    }
    lines = [(name, "yes" if value else "no") for name, value in found.items() if value is not None]
    if given.left_out:
        lines.append(("refused", f"{', '.join(given.left_out)}; left out"))
    if given.answer:
        checked = "borne out by its evidence" if given.supported else "not borne out by its evidence"
        lines.append(("it answered", f"“{_cut(given.answer, 200)}” ({checked}, {given.took_ms / 1000:.1f} s)"))
    if given.requests:
        lines.append(("requests", f"{given.requests}"))
    if given.answer and given.reasoning:
        lines.append(("advice", f"set `max_output_tokens = {_LONG_REPLY}`: its reasoning counts towards them"))
    if not given.answer and not given.error:
        lines.append(("advice", "its replies name no evidence: answers would be in the papers' own sentences"))
    return Group(Text(given.name, style="bold"), *_rows(lines), *_fault(given.error))


def embedder(given: EmbedderReport) -> RenderableType:
    """What an embedder gives."""
    lines: list[tuple[str, str]] = []
    if given.dimension:
        lines.append(("dimension", f"{given.dimension}"))
        lines.append(("texts at once", f"{given.batch:,}" if given.batch else "any number"))
        lines.append(("longest text", f"{given.max_input:,} tokens" if given.max_input else ""))
        lines.append(("one text took", f"{given.took_ms:,.1f} ms"))
    return Group(Text(given.name, style="bold"), *_rows(lines), *_fault(given.error))


def _of(count: int, given: FileReport) -> str:
    total = given.records - given.rejected
    return "all" if count == total else f"{count:,}" if count else "none"


def _cut(text: str, most: int) -> str:
    """A text of at most so many characters, cut between words."""
    return text if len(text) <= most else f"{text[:most].rpartition(' ')[0] or text[:most]} …"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in names[:SHOWN_NAMES]) or "none"
    more = len(names) - SHOWN_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _rows(lines: Iterable[tuple[str, str]]) -> Iterable[RenderableType]:
    before = ""
    for name, value in lines:
        yield Indented(Text(value), mark="" if name == before else f"  {name}", margin=_MARGIN + 2)
        before = name


def _fault(error: RefdeskError | None) -> Iterable[RenderableType]:
    if error:
        yield Indented(Text(error.message, style="yellow"), mark="  problem", margin=_MARGIN + 2)
        if error.hint:
            yield Indented(Text(error.hint, style="dim"), margin=_MARGIN + 2)
