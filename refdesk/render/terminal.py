"""
Output for a terminal or a pipe.

Text of papers goes into `Text` objects and never through rich's markup, so that a title like “[red]” stays a title.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.style import Style
from rich.text import Text

from rag.answers.extractive import unbracketed
from rag.checking import Verdict
from rag.identity import content_hash
from rag.types import (
    Answer,
    Brought,
    Claim,
    Finding,
    Hit,
    ImportReport,
    Notice,
    Paper,
    Revision,
    Sentence,
    Source,
    SplitReport,
    Support,
)
from refdesk.render import wording
from refdesk.render.answers import left_open, read_as, unanswered
from refdesk.render.tex import readable

SHOWN_REJECTS = 10
_SUPPORTS: tuple[Support, ...] = ("verbatim", "supported", "weak", "unsupported")
_NARROWEST = 20  # a terminal that gives its width as 0 would show nothing
_WIDEST = 110  # columns; longer lines tire the eye


def console(*, stderr: bool = False) -> Console:
    """A console that is plain in a pipe: no colour, no wrapping."""
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, emoji=False, soft_wrap=True, no_color=True)
    made.width = max(made.width, _NARROWEST)
    return made


class Indented:
    """Text behind a mark in a margin of its own; wrapped within the margin on a terminal, one line in a pipe."""

    def __init__(self, text: Text, *, mark: str = "", margin: int = 4) -> None:
        self._text, self._mark, self._margin = text, mark, margin

    def __rich_console__(self, screen: Console, options: ConsoleOptions) -> RenderResult:
        width = max(20, min(options.max_width, _WIDEST) - self._margin)
        lines = self._text.wrap(screen, width) if screen.is_terminal else [self._text]
        for number, line in enumerate(lines):
            yield Text.assemble((f"{'' if number else self._mark:<{self._margin}}", "bold cyan"), line)


def answer(given: Answer) -> RenderableType:
    """An answer with its sources, a list of papers, or the abstention with the papers that came nearest."""
    notes = [Text(unlinked(note), style="dim") for note in (read_as(given), left_open(given)) if note]
    return Group(*notes, _answer(given)) if notes else _answer(given)


def _answer(given: Answer) -> RenderableType:
    if given.mode == "metadata":
        return Group(
            *(Indented(Text(unlinked(fact.text), style="bold"), margin=0) for fact in given.facts), sources(given)
        )
    if given.abstention:
        what, colon, reason = unanswered(given).partition(":" if not given.papers else "\n")
        sure = f" (chance that it does: {given.confidence:.2f})" if colon else ""
        return Group(
            Text.assemble((unlinked(what), "bold"), f"{sure}{colon}{unlinked(reason)}"),
            *([Text("Papers that mention it or a part of it:", style="dim")] if given.papers else []),
            *_listed(given),
            *([Text(""), Text("The papers that come nearest:", style="dim")] if given.abstention.nearest else []),
            *(_hit(number, hit) for number, hit in enumerate(given.abstention.nearest, start=1)),
        )
    if given.papers:
        return Group(*_listed(given), Text(" · ".join(made_of(given)), style="dim"))
    return Group(*(claim(each) for each in given.claims), sources(given))


def _listed(given: Answer) -> list[RenderableType]:
    """The papers of a list, each with its sentence."""
    papers = {source.number: source.paper for source in given.sources}
    lines: list[RenderableType] = []
    for each in given.papers:
        lines.append(_reference(f"{each.source}.", papers[each.source], ""))
        if each.finding:
            cited = each.finding.citations[0]
            text = unlinked(readable(each.finding.text))
            lines.append(Indented(Text.assemble("“", text, "”", (f" ({cited.sentence})", "dim"))))
    return lines


def below(given: Answer) -> RenderableType:
    """What stands below claims that were printed as they came: how the question was read, and the sources."""
    return Group(
        *(Text(unlinked(note), style="dim") for note in (read_as(given), left_open(given)) if note), sources(given)
    )


def sources(given: Answer) -> RenderableType:
    """The part below an answer: how it was made, and the sources."""
    if given.mode == "metadata" and not given.sources:
        return Group()
    return Group(
        Text(""),
        Text.assemble(("Sources", "bold"), (f"  {' · '.join(made_of(given))}", "dim")),
        *(_source(source, given) for source in given.sources),
    )


def made_of(given: Answer) -> list[str]:
    """How an answer was made: of what, its confidence, its tokens."""
    facts = {"extractive": ["the papers' own sentences"], "metadata": ["what the library knows of its papers"]}.get(
        given.mode, [f"written by {given.model}, and checked"]
    )
    if given.dropped:
        facts.append(f"{given.dropped} that failed the check left out")
    if given.mode != "metadata":
        facts.append(f"confidence {given.confidence:.2f}")
    more = sum(len(fact.paper_ids) for fact in given.facts) - len(given.sources)
    if given.mode == "metadata" and more > 0:
        facts.append(f"{len(given.sources)} shown; --max-sentences shows up to 50")
    if given.usage and given.usage["calls"]:
        about = "about " if given.usage["estimated"] else ""
        facts.append(f"{about}{given.usage['input_tokens'] + given.usage['output_tokens']:,} tokens")
    if given.usage and given.usage["cost"]:
        facts.append(f"cost {given.usage['cost']:.4f}")
    return facts


def verified(found: Sequence[tuple[str, Verdict]], *, judge: str) -> RenderableType:
    """The report of `verify`: what failed, with the reasons, how much was checked, and who judged."""
    failed = [(text, verdict) for text, verdict in found if verdict.support == "unsupported"]
    lines: list[RenderableType] = []
    for text, verdict in failed:
        lines.append(Indented(Text(text), mark="✗"))
        if verdict.judgement and not verdict.vetoed:
            lines.append(Indented(Text(wording.judged(verdict.judgement), style="yellow")))
        lines += [
            Indented(Text(f"{each.kind}: “{each.found}”: {each.detail}", style="yellow")) for each in verdict.problems
        ]
    if not found:
        return Text("It is as Refdesk wrote it, and holds no claim to check.", style="bold")
    counts = Counter(verdict.support for _, verdict in found)
    summary = ", ".join(f"{counts[name]:,} {name}" for name in _SUPPORTS if counts[name])
    return Group(*lines, Text(f"{len(found):,} checked: {summary}. Judge: {judge}.", style="bold"))


def claim(given: Claim) -> RenderableType:
    """One sentence of an answer with the numbers of its sources."""
    numbers = "".join(f"[{number}]" for number in dict.fromkeys(citation.source for citation in given.citations))
    words = wording.support(given)
    support = (f"  ({words})", "yellow" if given.support == "weak" else "bold red") if words else ""
    return Indented(
        Text.assemble(unlinked(unbracketed(readable(given.text))), " ", (numbers, "bold cyan"), support), margin=0
    )


def _source(source: Source, given: Answer) -> RenderableType:
    cited = [str(c.sentence) for each in given.claims for c in each.citations if c.source == source.number]
    places = f"sentence{'s' if len(cited) > 1 else ''} {', '.join(cited)}" if cited else ""
    return _reference(f"[{source.number}]", source.paper, places)


def hits(found: Sequence[Hit]) -> RenderableType:
    """Ranked papers with the sentence that matches best."""
    return (
        Group(*(_hit(number, hit) for number, hit in enumerate(found, start=1))) if found else Text("No paper matches.")
    )


def _hit(number: int, hit: Hit) -> RenderableType:
    quote = Text("It has no abstract in the library.", style="dim")
    if best := hit.best_sentence:
        quote = Text.assemble("“", unlinked(readable(best.text)), "”", (f" ({best.number})", "dim"))
    return Group(_reference(f"{number}.", hit.paper, f"score {hit.score:.2f}"), Indented(quote))


def _reference(mark: str, paper: Paper, note: str) -> RenderableType:
    line = Text(unlinked(readable(paper.title)), style=Style(bold=True, link=paper.url))
    if paper.flags:
        line.append(f"  ⚑ {', '.join(paper.flags)}", style="bold red")
    about = " · ".join(
        filter(
            None, (unlinked(wording.authors(paper.authors)), paper.published, unlinked(paper.paper_id), paper.url, note)
        )
    )
    margin = max(4, len(mark) + 1)
    return Group(Indented(line, mark=mark, margin=margin), Indented(Text(about, style="dim"), margin=margin))


_LINKS = re.compile(r"(?i)\b(?:https?|ftp|file(?=:/)|javascript|mailto|data):|\bwww\.|\](?=[(\[])|(?<=\w)@(?=\w)")


def unlinked(text: str) -> str:
    """Text from outside in which a terminal finds no link: a space is put into its addresses."""
    return _LINKS.sub(lambda found: found.group() + " ", text)


def paper(given: Paper, revisions: Sequence[Revision], notice: Notice | None = None) -> RenderableType:
    """A paper with its numbered sentences, the days of its revisions, and the notice of its retraction."""
    current = content_hash(given.title, given.abstract)
    facts = {
        "id": given.paper_id,
        "also": ", ".join(alias for alias in given.aliases if alias != given.paper_id),
        "authors": ", ".join(given.authors),
        "published": given.published or "",
        "listed": given.listed or "",
        "updated": given.updated or "",
        "venue": given.venue or "",
        "categories": ", ".join(given.categories),
        "tags": ", ".join(given.tags),
        "link": given.url or "",
        "withdrawn": unlinked(str(notice)) if notice else "",
        "revisions": ", ".join(
            each.seen[:10] + brought(each.brought) + (" (this one)" if each.hash == current else "")
            for each in (revisions if len(revisions) > 1 else ())
        ),
    }
    parts: list[RenderableType] = [Text(readable(given.title), style="bold")]
    if given.flags:
        reasons = " ".join(_FLAGGED[flag] for flag in given.flags)
        parts.append(Text(f"⚑ {', '.join(given.flags)}: {reasons}", style="bold red"))
    return Group(*parts, facts_table(facts), Text(""), *(_sentence(each) for each in given.sentences))


def brought(given: Brought | None) -> str:
    """Who brought a text or united two papers, in words: “ from papers.bib (bibtex)”."""
    return f" from {unlinked(given.name)} ({given.format_name})" if given and given.name else ""


def split(given: SplitReport) -> RenderableType:
    """The two papers of a union that was undone."""
    by = brought(given.brought).replace(" from", ", by a record of", 1)
    more = f" It is still united with {given.others} other paper{'s' * (given.others > 1)}." if given.others else ""
    return Group(
        Text(f"The union of {given.united[:10]}{by} is undone; no record unites these two again.{more}"),
        *(
            Indented(Text.assemble((each.paper_id, "bold"), f"  {unlinked(readable(each.title))}"), margin=2)
            for each in (given.paper, given.restored)
        ),
    )


_FLAGGED = {
    "instructions": "It gives orders to language models; Refdesk neither obeys nor cites them. Read it with care.",
    "withdrawn": "It was withdrawn and supports no answer.",
}
"""By flag: why it matters."""


def _sentence(sentence: Sentence) -> RenderableType:
    return Indented(Text(readable(sentence.text)), mark=str(sentence.number))


def facts_table(facts: Mapping[str, str]) -> RenderableType:
    return Group(*(Indented(Text(value), mark=name, margin=12) for name, value in facts.items() if value))


def report(given: ImportReport) -> RenderableType:
    """The result of an import."""
    counts = {
        "added": given.added,
        "updated": given.updated,
        "unchanged": given.unchanged,
        "rejected": len(given.rejected),
    }
    line = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing"
    if given.merged:
        line += f" ({given.merged:,} known under another id)"
    parts: list[RenderableType] = [Text(f"{line} in {given.took_ms / 1000:.1f} s")]
    parts += [Text(f"note: {note}", style="yellow") for note in given.notes]
    for reject in given.rejected[:SHOWN_REJECTS]:
        title = f" “{reject.title[:60]}”" if reject.title else ""
        parts.append(Text(f"rejected: {reject.where}{title}: {reject.reason}", style="yellow"))
    if len(given.rejected) > SHOWN_REJECTS:
        parts.append(Text(f"… and {len(given.rejected) - SHOWN_REJECTS:,} more; --json lists them all", style="yellow"))
    return Group(*parts)


def feed(given: Mapping[str, Any]) -> RenderableType:
    """The result of a pull of one feed, from the document of its report."""
    counts = (f"{given[name]:,} {name}" for name in ("added", "updated", "unchanged", "rejected") if given[name])
    did = ", ".join(counts) or ("failed" if given["error"] else "nothing new")
    line = Text.assemble((given["name"], "bold"), f"  {given['state']}: {did} in {given['took_ms'] / 1000:.1f} s")
    below = [f"{given['error']} {given['hint'] or ''}"] if given["error"] else []
    below += [f"note: {note}" for note in given.get("notes", ())]
    below += [f"rejected: {each['where']}: {each['reason']}" for each in given["rejects"]]
    return Group(line, *(Indented(Text(unlinked(each), style="yellow")) for each in below))


def decisions(found: Sequence[Mapping[str, Any]], *, whole: bool) -> RenderableType:
    """The decisions on papers of an issue, with the reasons; with `whole` the excluded ones are only counted."""
    lines: list[RenderableType] = []
    for each in found:
        if each["included"]:
            lines.append(Indented(Text(unlinked(readable(each["title"])), style="bold"), mark=f"{each['rank']}."))
            about = f"{each['why']} · score {each['score']:.2f} · {unlinked(each['paper_id'])}"
            lines.append(Indented(Text(about, style="dim")))
        elif not whole:
            score = f" (score {each['score']:.2f})" if each["why"] else ""
            lines.append(
                Text.assemble((unlinked(readable(each["title"])), "bold"), f"  is left out: {each['reason']}{score}")
            )
    if whole:
        left = Counter(each["reason"] for each in found if not each["included"])
        lines.append(Text(""))
        lines += [Text(f"{count:,} left out: {reason}") for reason, count in left.most_common()]
    return Group(*lines)


def step(given: Mapping[str, Any]) -> RenderableType:
    """One step of a run."""
    colour = {"done": "green", "nothing": "dim", "failed": "bold red"}[given["outcome"]]
    line = Text.assemble((f"{given['step']:<9}", "dim"), (f"{given['outcome']:<8}", colour), (given["name"], "bold"))
    parts: list[RenderableType] = [line.append(f"  {given['detail']}")]
    if given["hint"]:
        parts.append(Indented(Text(given["hint"], style="yellow")))
    return Group(*parts)


def findings(found: Sequence[Finding], papers: int, *, without_vectors: int = 0) -> RenderableType:
    """The result of `check`."""
    if not found:
        refused = (
            f"; {without_vectors:,} by words only, because the embedder refused the text" if without_vectors else ""
        )
        return Text(f"The library is consistent: {wording.count(papers)}, all indexed{refused}.")
    lines = [Text(f"{each.store}: {each.count:,} {each.kind}, such as {', '.join(each.examples)}") for each in found]
    return Group(*lines, Text("`refdesk reindex` rebuilds the indexes from the catalog.", style="dim"))
