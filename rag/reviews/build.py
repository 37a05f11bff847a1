"""
Extractive multi-document summarization of the papers on a topic: a review.

The stages: choose the papers that treat the topic, find themes among them, choose sentences, compare results, count
months, compose. Without a model `build` is pure: the same inputs give the same review. With one, the head and the
themes are written by the same writer as the parts of an issue; what a paper found is always in its authors' words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.digests import compose, salience
from rag.digests.compose import HEADLINE, Part
from rag.digests.telling import told
from rag.ports import Matrix
from rag.question import Understood
from rag.reviews.agreements import agreements, differences
from rag.reviews.figures import figure
from rag.reviews.findings import MAIN_FINDINGS, Sentences, findings, headline, is_specific
from rag.reviews.groups import themes
from rag.reviews.months import months
from rag.reviews.treating import Found, Treated
from rag.types import (
    Agreement,
    AlsoNear,
    Claim,
    Coverage,
    Difference,
    Evidence,
    Filter,
    IssuePaper,
    Paper,
    Review,
    Sentence,
    Source,
    TableRow,
    Theme,
    words_alone,
)

if TYPE_CHECKING:
    from rag.digests.generation import Writer

THEME_FINDINGS = 2
"""Sentences of a theme."""
FEW = 3
"""Of fewer papers a review names the nearest others too."""
NEAREST = 5
SHOWN_PAPERS, SHOWN_SENTENCES = 20, 2
"""Papers of a part whose sentences a model is shown, and the sentences of each, those that tell its finding best."""
ASK_HEADLINE = "What do these papers find about “{}”? Name the main findings, each in one plain sentence."
ASK_THEME = "What do several of these papers on “{}” find about “{}”? Say it in plain sentences."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewInputs:
    """
    All that a review is made of.

    Args:
        topic: As it was asked for.
        understood: How it was read.
        filter: Which papers were looked at.
        found: What the library has on it.
        limit: The most papers.
        partial: True if more papers may treat the topic than were read.
        vectors: A unit row for each of the first `limit` papers, shape (n, dimension).
        library: How many papers the library has of each month under the filter.
        nothing: Why there is nothing, where more is known than that no paper treats the topic.
        words_only: True if the vectors could not be asked for what the library has on it.
        embedder, version: For the manifest.
    """

    topic: str
    understood: Understood
    filter: Filter
    found: Found
    limit: int
    partial: bool
    vectors: Matrix
    library: Mapping[str, int]
    nothing: str | None
    words_only: bool
    embedder: str
    version: str


def build(inputs: ReviewInputs, writer: Writer | None = None) -> Review:
    """
    Build a review.

    Args:
        inputs: All that it is made of.
        writer: Writes the head and the themes with a model; None leaves them in the papers' own sentences.

    Raises:
        CancelledError: The writer was cancelled.
    """
    treated = inputs.found.papers[: inputs.limit]
    lines = findings(treated)
    papers = [paper for paper, _ in lines]
    words = inputs.understood.topic or inputs.topic
    named = themes(papers, words)
    parts = _parts(words, treated, lines, inputs.vectors, named) if papers else []
    written = writer.write(parts) if writer and parts else None
    failed = written.degraded if written else None
    claims: dict[str, Sequence[Claim]] = {part.name: part.claims for part in parts}
    claims |= written.claims if written else {}
    return _composed(
        inputs,
        lines,
        named,
        claims,
        model=writer.model if writer and written and written.claims else None,
        prompts=writer.prompts if writer else {},
        usage=written.usage if written else None,
        degraded=words_alone(failed) if inputs.words_only else failed,
    )


def _parts(
    topic: str, treated: Sequence[Treated], lines: Sentences, vectors: Matrix, named: Sequence[Theme]
) -> list[Part]:
    """The head and the themes, each with its extractive text and what a model is shown."""
    row = {paper.paper_id: number for number, (paper, _) in enumerate(lines)}
    head = headline(treated, lines, vectors)
    parts = [_part(HEADLINE, ASK_HEADLINE.format(topic[:300]), [paper for paper, _ in lines], head, MAIN_FINDINGS)]
    shown = {paper.paper_id for paper, _ in head}
    for theme in named:
        rows = [row[paper_id] for paper_id in theme.paper_ids]
        rows = [each for each in rows if lines[each][0].paper_id not in shown] or rows
        specific = [each for each in rows if is_specific(*lines[each])]
        rows = specific if len(specific) >= THEME_FINDINGS else rows
        members = [lines[each][0] for each in rows]
        weights = [treated[each].score for each in rows]
        covering = salience.cover(members, vectors[rows], weights, limit=THEME_FINDINGS)
        sentence = {lines[each][0].paper_id: lines[each][1] for each in rows}
        chosen = [(paper, sentence[paper.paper_id]) for paper, _ in covering]
        question = ASK_THEME.format(topic[:300], theme.name)
        parts.append(
            _part(theme.id, question, [lines[row[each]][0] for each in theme.paper_ids], chosen, THEME_FINDINGS)
        )
        shown.update(paper.paper_id for paper, _ in chosen)
    return parts


def _part(name: str, question: str, papers: Sequence[Paper], chosen: Sentences, limit: int) -> Part:
    evidence = []
    for paper in papers[:SHOWN_PAPERS]:
        said = told(paper)
        shown = dict.fromkeys(filter(None, (said.finding, said.contribution, said.serves)))
        evidence += [Evidence(paper=paper, sentence=sentence, score=1.0) for sentence in list(shown)[:SHOWN_SENTENCES]]
    return compose.part(name, question, evidence, chosen, limit)


def _composed(
    inputs: ReviewInputs,
    lines: Sentences,
    named: Sequence[Theme],
    claims: Mapping[str, Sequence[Claim]],
    *,
    model: str | None,
    prompts: Mapping[str, str],
    usage: Mapping[str, Any] | None,
    degraded: Mapping[str, str] | None,
) -> Review:
    """The review, with its sources numbered in the order of first citation."""
    found, topic = inputs.found, inputs.understood.topic or inputs.topic
    by_id = {paper.paper_id: paper for paper, _ in lines}
    numbers: dict[str, int] = {}

    def numbered(given: Iterable[Claim]) -> tuple[Claim, ...]:
        return tuple(
            replace(
                claim,
                citations=tuple(
                    replace(each, source=numbers.setdefault(each.paper_id, len(numbers) + 1))
                    for each in claim.citations
                ),
            )
            for claim in given
        )

    head = numbered(claims.get(HEADLINE, ()))
    with_claims = tuple(replace(theme, claims=numbered(claims.get(theme.id, ()))) for theme in named)
    told_before = {claim.text for claim in (*head, *(claim for theme in with_claims for claim in theme.claims))}
    agreed = []
    for each in agreements([paper for paper, _ in lines], topic):
        said = sorted(each.said, key=lambda one: one[1].text in told_before)  # what stands above comes last
        told_before.update(sentence.text for _, sentence in said)
        agreed.append(Agreement(about=each.about, direction=each.direction, claims=numbered(_verbatim(said))))
    differing = tuple(
        Difference(about=each.about, claims=numbered(_verbatim(each.up)), against=numbered(_verbatim(each.down)))
        for each in differences([paper for paper, _ in lines], [topic, *found.topic.names])
    )
    own = {paper.paper_id: numbered([compose.verbatim(paper, sentence)])[0] for paper, sentence in lines}
    theme_of = {paper_id: theme.id for theme in named for paper_id in theme.paper_ids}
    shown = [
        _paper(rank, each, own[each.paper.paper_id], theme_of)
        for rank, each in enumerate(found.papers[: len(lines)], 1)
    ]
    table = [_row(numbers[paper_id], by_id[paper_id], claim) for paper_id, claim in own.items()]
    sources = tuple(Source(number=number, paper=by_id[paper_id]) for paper_id, number in numbers.items())
    review = Review(
        topic=inputs.topic,
        understood=inputs.understood,
        filter=inputs.filter,
        mode="generated" if model else "extractive",
        headline=head,
        themes=with_claims,
        agreements=tuple(agreed),
        differences=differing,
        papers=tuple(shown),
        table=tuple(sorted(table, key=lambda row: row.source)),
        months=() if inputs.partial else months((each.paper for each in found.papers), inputs.library),
        partial=inputs.partial,
        without=found.without if shown else (),
        nearest=_nearest(found) if len(shown) < FEW else (),
        coverage=_coverage(found, len(shown)),
        sources=sources,
        manifest={},
        reason=None if shown else inputs.nothing or "no paper here treats this topic",
        usage=usage,
        degraded=degraded,
    )
    hashes = {source.paper.paper_id: compose.text_hash(source.paper) for source in sources}
    made_from = {
        "refdesk": inputs.version,
        "embedder": inputs.embedder,
        "prompts": dict(prompts),
        "model": model,
        "papers": hashes,
    }
    contents = {key: value for key, value in review.to_dict().items() if key != "id"}
    document = json.dumps([contents, made_from], sort_keys=True, ensure_ascii=False)
    return replace(review, manifest={"id": "sha256:" + hashlib.sha256(document.encode()).hexdigest(), **made_from})


def _verbatim(said: Iterable[tuple[Paper, Sentence]]) -> Iterator[Claim]:
    return (compose.verbatim(paper, sentence) for paper, sentence in said)


def _paper(rank: int, treated: Treated, claim: Claim, theme_of: Mapping[str, str]) -> IssuePaper:
    paper, said = treated.paper, told(treated.paper)
    number = claim.citations[0].sentence
    offers = said.contribution is not None and said.contribution.number == number
    return IssuePaper(
        paper=paper,
        rank=rank,
        score=treated.score,
        why="its title names the topic" if treated.in_title else "its abstract treats the topic",
        tldr=claim,
        theme=theme_of.get(paper.paper_id),
        finding=None if offers else claim if paper.roles[number - 1].name in ("result", "conclusion") else None,
        contribution=claim if offers else None,
        closeness="close" if treated.in_title else "near",
    )


def _row(number: int, paper: Paper, claim: Claim) -> TableRow:
    return TableRow(
        source=number,
        paper_id=paper.paper_id,
        title=paper.title,
        finding=claim,
        number=figure(claim.text),
        date=paper.listed or paper.published,
    )


def _nearest(found: Found) -> tuple[AlsoNear, ...]:
    return tuple(AlsoNear(paper=hit.paper, score=hit.score) for hit in found.nearest[:NEAREST])


def _coverage(found: Found, shown: int) -> Coverage:
    excluded = {
        "beyond the number of papers that was asked for": len(found.papers) - shown,
        "only mention it": found.mentioning,
    }
    return Coverage(
        listed=len(found.papers) + found.mentioning,
        included=shown,
        excluded={reason: count for reason, count in excluded.items() if count},
    )
