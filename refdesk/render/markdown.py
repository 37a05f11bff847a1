"""
Answers as Markdown, which a person may keep, send on or edit, and which `refdesk verify` reads again.

A claim ends with its places: `[2.3]` is source 2, sentence 3. The cited sentences stand under each source. The last
line is a seal over all of it (see `refdesk.render.visible`). Text from papers is escaped, so that it stays text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from rag.answers.extractive import unbracketed
from rag.types import Answer, Claim, Fact, Paper, Source
from refdesk.render import visible, wording
from refdesk.render.answers import left_open, read_as, unanswered

SOURCE = re.compile(r"^\s*(\d{1,5})\.\s+\*\*((?:\\.|[^\\*])*)\*\*(?:\\.|[^\\`])*`([^`]+)`")
"""A line as `reference` writes it: number, title (escaped) and paper id."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@])|(?<=:)(//)|(?<=www)\.|^(\d+)([.)])|^([-+=])|&(?=#?\w+;)")


def escaped(text: str) -> str:
    """Text in which nothing is Markdown, HTML or a link."""
    return _SPECIAL.sub(
        lambda found: f"{found[3]}\\{found[4]}" if found[3] else "\\" + found[0] if found[0] != "//" else "\\/\\/", text
    )


def unescaped(text: str) -> str:
    """Undo `escaped`."""
    return re.sub(r"\\([\\`*_{}\[\]<>#|~@./)\-+=&])", r"\1", text)


def answer(given: Answer) -> str:
    """An answer, or the abstention, as a Markdown document with a seal."""
    document = _answer(given)
    return f"{document}\n{visible.seal([document])}\n"


def _answer(given: Answer) -> str:
    lines = [f"# {escaped(' '.join(given.question.split()))}", ""]
    lines += [line for note in (read_as(given), left_open(given)) if note for line in (escaped(note), "")]
    if given.abstention and not given.facts:
        lines += [escaped(unanswered(given)), ""]
        lines += [f"- {escaped(hit.title)} (`{_code(hit.paper_id)}`)" for hit in given.abstention.nearest]
        if not given.sources:
            return "\n".join(lines).rstrip() + "\n"
    lines += [line for each in given.facts for line in (fact(each), "")]
    if given.mode == "metadata" and not given.sources:
        return "\n".join(lines).rstrip() + "\n"
    claims = given.claims or tuple(paper.finding for paper in given.papers if paper.finding)
    for each in claims:
        lines += [claim(each) + weak(each), ""]
    lines += ["## Sources", ""]
    for source in given.sources:
        cited = {c.sentence: c.quote for each in claims for c in each.citations if c.source == source.number}
        lines += [*sourced(source, cited), ""]
    return "\n".join(lines).rstrip() + "\n"


def conversation(answers: Sequence[Answer]) -> str:
    """Several answers, one after another, each with its own sources; `refdesk verify` reads each of them."""
    return "\n".join(map(answer, answers))


def fact(given: Fact) -> str:
    """A fact, with the options by which `refdesk verify` computes it again in a comment."""
    options = {key: value for key, value in given.to_dict().items() if key != "text"}
    written = json.dumps(options, ensure_ascii=False).replace(">", "\\u003e")  # so that the comment ends behind it
    return f"{escaped(given.text)} <!-- fact {written} -->"


def sourced(source: Source, cited: Mapping[int, str]) -> list[str]:
    """A source with the sentences that are cited of it, by number."""
    quotes = [f"   > {source.number}.{number} {escaped(quote)}" for number, quote in sorted(cited.items())]
    return [reference(source.number, source.paper) + flagged(source.paper), *quotes]


def reference(number: int, paper: Paper) -> str:
    """A paper under a number: title, first authors, date, id and link, which `refdesk verify` compares."""
    named = facts(paper)
    people, date = (f" {escaped(named[name])}" if named[name] else "" for name in ("authors", "date"))
    link = f" <{named['link']}>" if named["link"] else ""
    return f"{number}. **{escaped(paper.title)}**{people}{date} `{_code(paper.paper_id)}`{link}"


def visible_reference(paper: Paper) -> str:
    """What a reader sees of `reference`, behind the number."""
    named = facts(paper)
    parts = (paper.title, named["authors"], named["date"], _code(paper.paper_id), named["link"])
    return " ".join(filter(None, parts))


def facts(paper: Paper) -> dict[str, str]:
    """The authors, the date and the link of a paper as a reference has them, empty where it has none."""
    names = ", ".join(paper.authors[:3]) + (" and others" if len(paper.authors) > 3 else "")
    has_link = paper.url and re.fullmatch(r"https?://[^\s<>]+", paper.url)
    return {
        "authors": f"{names}." if names else "",
        "date": f"{paper.published}." if paper.published else "",
        "link": paper.url or "" if has_link else "",
    }


def flagged(paper: Paper) -> str:
    """The flags of a paper, behind its reference."""
    return f" ⚑ {', '.join(paper.flags)}" if paper.flags else ""


def claim(given: Claim) -> str:
    """A claim with its places, or marked as unsupported."""
    places = "".join(f"[{c.source}.{c.sentence}]" for c in given.citations)
    return f"{escaped(unbracketed(given.text))} {places or '(unsupported)'}"


def weak(given: Claim) -> str:
    """The mark of a weak claim, behind its places; empty for others."""
    return f" ({escaped(wording.support(given))})" if given.support == "weak" else ""


def _code(text: str) -> str:
    return text.replace("`", "'")
