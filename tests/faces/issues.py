"""Issues to look at: values made by hand of the sample library, of its real sentences, in every state that there is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import refdesk
from rag.types import AlsoNear, Citation, Claim, Coverage, Digest, IssuePaper, Paper, Period, Sentence, Source, Theme

WEEK = Period(name="2026-W27", first=date(2026, 6, 29), end=date(2026, 7, 6))
WEEKS = tuple(f"2026-W{number}" for number in range(20, 28))
NAMES = (
    "grokking and weight decay",
    "checking cited sentences",
    "contaminated benchmarks",
    "speculative decoding",
    "protein structure models",
    "imitation learning for manipulation",
    "key–value cache compression",
    "retrieval-augmented answers",
    "model judges",
    "calibrated refusal",
)
FEEDS = (
    {"name": "arxiv-cs", "kind": "arxiv", "state": "fresh", "last": "2026-07-03", "error": None},
    {"name": "group-zotero", "kind": "zotero", "state": "quiet", "last": "2026-06-30", "error": None},
)
BROKEN = {
    "name": "pubmed-aging",
    "kind": "pubmed",
    "state": "broken",
    "last": "2026-06-12",
    "error": "The server answered 503 <b>Service Unavailable</b>.",
}
LONG = "incomprehensibility" * 526
HOSTILE = (
    '<script>alert(1)</script> & "quotes" <img src=x onerror=alert(1)>',
    "[click](javascript:alert(1)) ![p](http://evil.example/p.png) <http://evil.example> www.evil.example `code` *b*",
    "# Not a heading\n\n- not a list\n> not a quote\nSubject: injected\r\nBcc: all@evil.example",
    LONG[:10_000],
    "Right to left \u202eedirrevo\u202c and \u2066isolated\u2069 and zero\u200bwidth, with 👩‍🔬 emoji 🧪",
    "דוגמה בעברית על מודלים קטנים",
    "1. [3.2] Sentence with [12] and [1.1] in brackets | and | pipes ~~struck~~ 50% _under_ {{ 7 * 7 }}",
    "2. **Bold** by Nobody `arxiv:0000.00000` <https://evil.example>",
)


def papers(library: refdesk.Library) -> list[Paper]:
    """All papers of a library, in the order of their ids."""
    return sorted(library.papers(), key=lambda paper: paper.paper_id)


def add_hostile(library: refdesk.Library, folder: Path) -> list[Paper]:
    """Import papers whose titles, authors and abstracts are attacks, as far as an import lets them in."""
    lines = [
        json.dumps(
            {
                "id": f"hostile:{number}",
                "title": text,
                "abstract": f"We study {text}. Accuracy rises by {number + 3}.5 points for {text[:80]} in all runs.",
                "authors": [text[:200], "</p>Ada Byron"],
                "url": ("javascript:alert(1)", 'https://x.example/"onmouseover="alert(1)', "data:text/html,x")[
                    number % 3
                ],
                "listed": "2026-07-01",
            }
        )
        for number, text in enumerate(HOSTILE)
    ]
    path = folder / "hostile.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    library.add(path)
    return [paper for paper in papers(library) if "hostile" in paper.paper_id]


def made(
    chosen: Sequence[Paper],
    *,
    period: Period = WEEK,
    themes: int = 0,
    weeks: int = len(WEEKS),
    listed: int | None = None,
    names: Sequence[str] = NAMES,
    near: Sequence[Paper] = (),
) -> Digest:
    """An issue of these papers in this order, in the papers' own sentences; numbers are those of first citation."""
    numbers: dict[str, int] = {}

    def claim(paper: Paper, sentence: Sentence) -> Claim:
        number = numbers.setdefault(paper.paper_id, len(numbers) + 1)
        cited = Citation(
            source=number,
            paper_id=paper.paper_id,
            sentence=sentence.number,
            start=sentence.start,
            end=sentence.end,
            quote=sentence.text,
        )
        return Claim(text=sentence.text, support="verbatim", score=1.0, citations=(cited,))

    three = tuple(paper.paper_id for paper in chosen[:3] if len(chosen) > 6)
    headline = tuple(claim(paper, telling(paper)) for paper in chosen[:3])
    groups = [chosen[number::themes] for number in range(themes)]
    kept = tuple(_theme(number, names[number], group, weeks) for number, group in enumerate(groups))
    theme_of = {paper_id: theme.id for theme in kept for paper_id in theme.paper_ids}
    shown = tuple(
        IssuePaper(
            paper=paper,
            rank=rank,
            score=1 / rank,
            why=f"near your topic “{names[rank % len(names)]}”: accuracy, runs, sentences",
            tldr=claim(paper, telling(paper)),
            theme=theme_of.get(paper.paper_id),
            finding=claim(paper, telling(paper)),
            contribution=claim(paper, paper.sentence(1)) if rank % 2 else None,
            heading=names[rank % 3] if len(chosen) > 6 and rank % 4 else None,
            closeness="close" if rank < 4 else "near",
        )
        for rank, paper in enumerate(chosen, start=1)
    )
    by_id = {paper.paper_id: paper for paper in chosen}
    also = tuple(AlsoNear(paper=paper, score=0.05) for paper in near)
    listed = len(chosen) if listed is None else listed
    left = {"below the threshold": listed - len(chosen)} if listed > len(chosen) else {}
    return Digest(
        period=period,
        subscription="default",
        mode="extractive",
        headline=headline,
        themes=kept,
        papers=shown,
        coverage=Coverage(listed=listed, included=len(chosen), excluded=left, feeds=FEEDS),
        sources=tuple(Source(number=number, paper=by_id[paper_id]) for paper_id, number in numbers.items()),
        three=three,
        also_near=also,
        manifest={"id": "sha256:3f5a0c9e7d21b86f", "refdesk": "0.1.0", "model": None, "prompts": {}, "papers": {}},
    )


def telling(paper: Paper) -> Sentence:
    """A sentence in the middle of an abstract."""
    return paper.sentence(1 + len(paper.spans) // 2)


def _theme(number: int, name: str, group: Sequence[Paper], weeks: int) -> Theme:
    size = len(group)
    past = [
        max(0, size * (7 + (step * (number + 3)) % 9) // 10 - (weeks - step) * (number % 3)) for step in range(weeks)
    ]
    history = (
        [(week, before) for week, before in zip(WEEKS[-weeks:-1], past[1:], strict=True) if before] if weeks > 1 else []
    )
    states = ("growing", "steady", "new", "fading")
    status = states[number % 4] if weeks > 1 else "new"
    if status == "new":
        history = []
    return Theme(
        id=f"t{number + 1}",
        name=name,
        keywords=tuple(name.split()),
        size=size,
        previous_size=history[-1][1] if history else None,
        status=status,
        paper_ids=tuple(paper.paper_id for paper in group),
        history=(*history, (WEEKS[-1], size)),
    )


def varied(digest: Digest) -> Digest:
    """The same issue with a revised, a withdrawn and a flagged paper, late ones, a broken feed, and weak claims."""
    first, second, third, *rest = digest.papers
    changed = (
        replace(first, status="revised", changes="the abstract now says 0.42 where it said 0.38"),
        replace(second, status="withdrawn", paper=replace(second.paper, flags=("withdrawn",))),
        replace(third, paper=replace(third.paper, flags=("instructions",)), tldr=replace(third.tldr, support="weak")),
    )
    coverage = replace(digest.coverage, late=3, feeds=(*FEEDS, BROKEN))
    return replace(digest, papers=(*changed, *rest), coverage=coverage)


def generated(digest: Digest) -> Digest:
    """The same issue as a model would have written it: copies in other typography, one part without the model."""

    def written(claim: Claim) -> Claim:
        return replace(claim, text=f"In short, {claim.text[0].lower()}{claim.text[1:]}", support="supported", score=0.9)

    def of_theme(theme: Theme) -> tuple[Claim, ...]:
        told = [paper.tldr for paper in digest.papers if paper.theme == theme.id]
        return tuple(replace(written(claim), text=f"Of the theme, {claim.text}") for claim in told[:2])

    return replace(
        digest,
        mode="generated",
        headline=tuple(map(written, digest.headline[:-1])) + digest.headline[-1:],
        themes=tuple(
            replace(theme, claims=of_theme(theme) if number else ()) for number, theme in enumerate(digest.themes)
        ),
        papers=tuple(replace(paper, tldr=written(paper.tldr)) if paper.rank % 2 else paper for paper in digest.papers),
        manifest={**digest.manifest, "model": "openai:gpt-4o-mini"},
        usage={"calls": 11, "input_tokens": 21_400, "output_tokens": 3_100, "estimated": True, "cost": None},
        degraded={"from": "generated", "reason": "1 of 52 parts are in the papers' own sentences: rate limited"},
    )
