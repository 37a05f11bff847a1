"""
Evidence, search hits, claims with their citations, and whole answers.

Scores are higher-is-better. Offsets count characters (code points) of the stored abstract, half-open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rag.question import Understood
from rag.types.documents import document_id
from rag.types.paper import JsonDict, Paper, Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    One sentence of one paper; `score` says how well it answers the question, 0 to 1.

    `held` is the share of the question's phrases and words that the sentence holds, what only the title holds counting
    half. `lacks` are the things of the question that neither the sentence nor the title names, and `lacks_in_context`
    those that the sentence before does not name either.
    """

    paper: Paper
    sentence: Sentence
    score: float
    held: float = 1.0
    lacks: tuple[str, ...] = ()
    lacks_in_context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """
    A paper that a search found. `score` ranks it, 0 to 1, and is computed from `lexical` and `vector`, among others.

    `vector` is a cosine similarity; `lexical` is the BM25 score as a share of the highest possible one. `held` is the
    share of the question's phrases and words that the paper holds, `named` the share that its title holds. A paper
    without an abstract has no `best_sentence`.
    """

    paper: Paper
    score: float
    lexical: float
    vector: float
    best_sentence: Sentence | None
    held: float = 1.0
    named: float = 1.0

    @property
    def paper_id(self) -> str:
        """The paper's id."""
        return self.paper.paper_id

    @property
    def title(self) -> str:
        """The paper's title."""
        return self.paper.title

    def to_dict(self) -> JsonDict:
        """The hit as `search --json` prints it."""
        return {
            **_reference(self.paper),
            "score": round(self.score, 4),
            "lexical": round(self.lexical, 4),
            "vector": round(self.vector, 4),
            "best_sentence": self.best_sentence.to_dict() if self.best_sentence else None,
            "flags": list(self.paper.flags),
        }


WORDS_ALONE = {"from": "vectors", "reason": "the vectors cannot be used now, so papers were found by their words alone"}
"""Why an answer or a search is `degraded` where the server of the vectors is away, or they are lost."""


def words_alone(degraded: Mapping[str, str] | None) -> Mapping[str, str]:
    """The same reason, perhaps none, with that of `WORDS_ALONE`."""
    return {**degraded, "reason": f"{degraded['reason']}; {WORDS_ALONE['reason']}"} if degraded else WORDS_ALONE


class Hits(list[Hit]):
    """Hits, best first; `degraded` says in which way the search was a lesser one, and why."""

    degraded: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A sentence that supports a claim: `quote == abstract[start:end]` of the paper, always a whole sentence."""

    source: int
    paper_id: str
    sentence: int
    start: int
    end: int
    quote: str

    def to_dict(self) -> JsonDict:
        """The citation as `ask --json` prints it."""
        return {
            "source": self.source,
            "paper_id": self.paper_id,
            "sentence": self.sentence,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
        }


ProblemKind = Literal[
    "number", "unit", "name", "negation", "direction", "coverage", "quote", "source", "author", "flagged",
    "binding", "order", "quantifier", "certainty", "bound", "scope", "actor", "invented",
    "unclaimed", "markup",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a claim: the kind, the words, their half-open range in the claim, and the reason."""

    kind: ProblemKind
    found: str
    at: tuple[int, int]
    detail: str

    def to_dict(self) -> JsonDict:
        """The problem as `verify --json` prints it."""
        return {"kind": self.kind, "found": self.found, "at": list(self.at), "detail": self.detail}


Support = Literal["verbatim", "supported", "weak", "unsupported"]
JudgeChoice = Literal["auto", "model", "entailment", "words"]
"""Who decides about claims; `auto` takes the first that there is."""
JudgedAs = Literal["follows", "overstated", "not said", "contradicted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a judge reads a claim beside the sentences that it cites, and the words of these sentences that decide."""

    verdict: JudgedAs
    because: tuple[str, ...] = ()

    def to_dict(self) -> JsonDict:
        """The judgement as `ask --json` prints it."""
        return {"verdict": self.verdict, "because": list(self.because)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    A sentence of an answer, its citations, and how far they support it.

    `problems` decided that it is unsupported; `doubts` are those that did not. `judgement` is a judge's, if one
    was asked.
    """

    text: str
    support: Support
    score: float
    citations: tuple[Citation, ...]
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
    judgement: Judgement | None = None

    def to_dict(self) -> JsonDict:
        """The claim as `ask --json` prints it."""
        return {
            "text": self.text,
            "support": self.support,
            "score": round(self.score, 4),
            "problems": [problem.to_dict() for problem in self.problems],
            "doubts": [doubt.to_dict() for doubt in self.doubts],
            **({"judgement": self.judgement.to_dict()} if self.judgement else {}),
            "citations": [citation.to_dict() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A cited paper and the number by which the answer cites it."""

    number: int
    paper: Paper

    def to_dict(self) -> JsonDict:
        """The source as `ask --json` prints it."""
        return {"number": self.number, **_reference(self.paper), "flags": list(self.paper.flags)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPaper:
    """A paper of a list, by the number of its source, with the sentence that tells its finding; None if none does."""

    source: int
    finding: Claim | None

    def to_dict(self) -> JsonDict:
        """The paper as `ask --json` prints it."""
        return {"source": self.source, "finding": self.finding.to_dict() if self.finding else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    What the catalog itself answers, without a sentence of a paper: authors, a count, a date, the papers of an author.

    `filter` holds the options by which `verify` recomputes it; `paper_ids` are the papers that it is about.
    """

    kind: Literal["authors", "count", "date", "papers"]
    text: str
    paper_ids: tuple[str, ...]
    filter: Mapping[str, Any]

    def to_dict(self) -> JsonDict:
        """The fact as `ask --json` prints it."""
        return {
            "kind": self.kind,
            "text": self.text,
            "paper_ids": list(self.paper_ids),
            "filter": dict(self.filter),
        }


Outcome = Literal["answered", "mentioned", "absent"]
"""`mentioned`: the library has papers on the topic, and none of their sentences states the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """Why the library holds no answer, and the nearest papers, best first."""

    reason: str
    nearest: tuple[Hit, ...]

    def to_dict(self) -> JsonDict:
        """The abstention as `ask --json` prints it."""
        return {"reason": self.reason, "nearest": [hit.to_dict() for hit in self.nearest]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    An answer, each sentence of which cites the sentences that support it; or an abstention.

    `confidence` is the calibrated probability, 0 to 1, that the library holds an answer. `dropped` counts the claims of
    the model that failed the check and were removed. `generation` is the id of the model's stored reply. `papers` is a
    list of papers with their findings, for questions that ask for one; `facts` is what the catalog itself answers.
    `missing` says what the evidence leaves open. `judge` decided about the claims what words alone did not.
    """

    question: str
    answered: bool
    confidence: float
    mode: Literal["extractive", "generated", "metadata"]
    text: str
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    abstention: Abstention | None = None
    degraded: Mapping[str, str] | None = None
    model: str | None = None
    prompt: str | None = None
    usage: Mapping[str, Any] | None = None
    dropped: int = 0
    generation: str | None = None
    understood: Understood | None = None
    outcome: Outcome = "answered"
    papers: tuple[ListedPaper, ...] = ()
    facts: tuple[Fact, ...] = ()
    missing: str | None = None
    judge: Literal["model", "entailment", "words"] = "words"
    took_ms: float = 0.0

    def to_dict(self) -> JsonDict:
        """The document of `ask --json`."""
        document: JsonDict = {
            "question": self.question,
            "answered": self.answered,
            "confidence": round(self.confidence, 4),
            "mode": self.mode,
            "text": self.text,
            "claims": [claim.to_dict() for claim in self.claims],
            "sources": [source.to_dict() for source in self.sources],
            "abstention": self.abstention.to_dict() if self.abstention else None,
            "degraded": dict(self.degraded) if self.degraded else None,
            "model": self.model,
            "prompt": self.prompt,
            "usage": dict(self.usage) if self.usage else None,
            "dropped": self.dropped,
            "generation": self.generation,
            "understood": self.understood.to_dict() if self.understood else None,
            "outcome": self.outcome,
            "papers": [paper.to_dict() for paper in self.papers],
            "facts": [fact.to_dict() for fact in self.facts],
            "missing": self.missing,
            "judge": self.judge,
            "took_ms": round(self.took_ms, 1),
        }
        return {**document, "id": document_id(document)}


def _reference(paper: Paper) -> JsonDict:
    """The fields of a paper that hits and sources have in common."""
    return {
        "paper_id": paper.paper_id,
        "title": paper.title,
        "authors": list(paper.authors),
        "published": paper.published,
        "url": paper.url,
    }
