"""
`refdesk eval`: measure retrieval (nDCG, recall, MRR), evidence (hit@k) and abstention (AUROC) on a labelled data set.

The corpus is imported and asked in the same way as a user's papers. Nothing is tuned here.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rag import text
from rag.answers import extractive
from rag.answers.confidence import THRESHOLD, confidence
from rag.errors import UnreadableInput
from rag.evaluation import metrics
from rag.retrieval.found import Retrieved
from rag.types import Hit, ImportReport, JsonDict, Paper, Sentence
from refdesk._version import __version__
from refdesk.evaluation.datasets import Claim, Dataset

CUTOFFS = (1, 3, 5, 10)
_SCOPE = "file:corpus:"
Progress = Callable[[str], None]


class Evaluated(Protocol):
    """The methods of `Library` that are measured."""

    def add(self, *names: str | Path) -> ImportReport:
        """Import papers."""

    def search(self, query: str, *, limit: int) -> list[Hit]:
        """Rank papers."""

    def retrieve(self, question: str) -> Retrieved:
        """Rank papers and sentences."""

    def status(self) -> JsonDict:
        """Name the embedder and the reranker."""


def evaluate(
    folder: Path, library: Evaluated, *, splits: Sequence[str], progress: Progress = lambda _: None
) -> JsonDict:
    """
    Measure retrieval on the relevance judgements of each split, and evidence and abstention on its claims.

    Args:
        folder: A data set; `refdesk.evaluation.datasets` names its files.
        library: An empty library; the corpus is imported into it.
        splits: Names such as `test` and `dev`; empty takes all but `train`.
        progress: Called with a few words when a part begins.

    Returns:
        The document of `eval --json`: per split the measures with their intervals, and the number of documents;
        `questions` holds the values of each question, for `refdesk.evaluation.compare`.

    Raises:
        UnreadableInput: The data set has none of the splits, or a file is missing or broken.
    """
    data = Dataset(folder)
    chosen = list(splits) or [split for split in data.splits() if split != "train"] + ["dev"]
    judged = [split for split in dict.fromkeys(chosen) if split in data.splits()]
    claimed = [split for split in dict.fromkeys(chosen) if data.has_claims(split)]
    if not folder.is_dir():
        raise UnreadableInput(f"{folder} is not a folder.", hint="A data set is a folder in BEIR's form.")
    lacking = [split for split in splits if split not in (*judged, *claimed)]
    if lacking or not (judged or claimed):
        raise UnreadableInput(
            f"{folder} has no split {' or '.join(lacking or chosen)}; it has {', '.join(data.splits()) or 'none'}.",
            hint="Name one with --split.",
        )
    progress("importing the corpus")
    with tempfile.TemporaryDirectory(prefix="refdesk-eval-") as temporary:
        report = library.add(_corpus(data, Path(temporary) / "corpus.jsonl"))
    status = library.status()
    result: JsonDict = {
        "dataset": str(folder),
        "embedder": status["embedder"],
        "reranker": status["reranker"],
        "corpus": report.added,
        "rejected": [reject.to_dict() for reject in report.rejected],
        "version": __version__,
        "corpus_hash": data.corpus_hash(),
        "splits": {},
        "questions": {},
    }
    for split in dict.fromkeys([*judged, *claimed]):
        measured: JsonDict = {}
        questions: JsonDict = {}
        if split in judged:
            progress(f"ranking papers for the queries of {split}")
            measured |= _retrieval(library, data.queries, data.relevance(split), questions)
        if split in claimed:
            progress(f"looking for evidence of the claims of {split}")
            measured |= _claims(library, data.claims(split), data.sentences(), questions)
        result["splits"][split] = measured
        result["questions"][split] = questions
    return result


def _corpus(data: Dataset, path: Path) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        for document in data.documents():
            stream.write(json.dumps(document) + "\n")
    return path


def _retrieval(
    library: Evaluated,
    queries: Mapping[str, str],
    relevance: Mapping[str, Mapping[str, int]],
    questions: JsonDict,
) -> JsonDict:
    """Measure the ranking of papers; the values of each query go into `questions`."""
    measures = {"ndcg@10": metrics.ndcg, "recall@10": metrics.recall, "mrr@10": metrics.reciprocal_rank}
    values: dict[str, list[float]] = {name: [] for name in measures}
    took_ms: list[float] = []
    by_query: JsonDict = questions.setdefault("queries", {})
    for query_id, relevant in sorted(relevance.items()):
        began = time.perf_counter()
        hits = library.search(queries[query_id], limit=10)
        took_ms.append((time.perf_counter() - began) * 1000)
        ranking = [hit.paper_id.removeprefix(_SCOPE) for hit in hits]
        for name, measure in measures.items():
            values[name].append(measure(ranking, relevant, at=10))
        by_query[query_id] = {
            "of": _identity(queries[query_id], relevant),
            **{name: scores[-1] for name, scores in values.items()},
        }
    return {
        "queries": len(relevance),
        **{name: _with_interval(scores) for name, scores in values.items()},
        "search p50 ms": float(np.percentile(took_ms, 50)),
        "search p95 ms": float(np.percentile(took_ms, 95)),
    }


def _claims(
    library: Evaluated, claims: Sequence[Claim], sentences: Mapping[str, Sequence[str]], questions: JsonDict
) -> JsonDict:
    """
    Measure evidence hit@k over the claims that have gold sentences, and abstention over all claims.

    The values of each claim go into `questions`.
    """
    by_claim: JsonDict = questions.setdefault("claims", {})
    hits: dict[int, list[float]] = {cutoff: [] for cutoff in CUTOFFS}
    probabilities: list[float] = []
    for claim in claims:
        retrieved = library.retrieve(claim.text)
        probabilities.append(confidence(retrieved.signals))
        row = by_claim[claim.claim_id] = {
            "of": _identity(claim.text, claim.evidence),
            "answerable": bool(claim.evidence),
            "confidence": probabilities[-1],
            "rightly answered or not": float((probabilities[-1] >= THRESHOLD) == bool(claim.evidence)),
        }
        if claim.evidence:
            chosen = extractive.select(retrieved.evidence, limit=max(CUTOFFS))
            found = [is_gold(evidence.paper, evidence.sentence, claim, sentences) for evidence in chosen]
            for cutoff in CUTOFFS:
                hits[cutoff].append(float(any(found[:cutoff])))
                row[f"evidence hit@{cutoff}"] = hits[cutoff][-1]
    answerable = [bool(claim.evidence) for claim in claims]
    answered = [probability >= THRESHOLD for probability in probabilities]
    area = metrics.auroc(probabilities, answerable)
    return {
        "claims": len(claims),
        "claims with evidence": sum(answerable),
        **{f"evidence hit@{cutoff}": _with_interval(found) for cutoff, found in hits.items()},
        "abstention auroc": {"value": area, "interval": metrics.auroc_interval(probabilities, answerable)},
        "answered, with evidence": _share(answered, answerable),
        "answered, without evidence": _share(answered, [not has_evidence for has_evidence in answerable]),
        "reliability": [
            {"claims": count, "said": round(said, 4), "was": round(was, 4)}
            for count, said, was in metrics.reliability(probabilities, answerable)
        ],
    }


def _identity(question: str, gold: object) -> str:
    """A hash of a question and its gold labels; runs are compared on questions of which it is the same."""
    return sha256(json.dumps([question, gold], sort_keys=True).encode()).hexdigest()[:12]


def is_gold(paper: Paper, sentence: Sentence, claim: Claim, sentences: Mapping[str, Sequence[str]]) -> bool:
    """
    Tell whether a sentence is a gold one, split in our way.

    Two splitters may cut differently: the shared text must be at least half of the shorter sentence.
    """
    document = paper.paper_id.rpartition(":")[2]
    for index in claim.evidence.get(document, []):
        start, end = _place(sentences[document][index], paper)
        shared = min(end, sentence.end) - max(start, sentence.start)
        if shared > 0 and 2 * shared >= min(end - start, sentence.end - sentence.start):
            return True
    return False


def _place(sentence: str, paper: Paper) -> tuple[int, int]:
    """The offsets of a gold sentence in the stored abstract, spaces ignored; (0, 0) where it is not there."""
    offsets = [offset for offset, char in enumerate(paper.abstract) if not char.isspace()]
    without_spaces = "".join(text.clean(sentence).split())
    start = "".join(paper.abstract.split()).find(without_spaces)
    if start < 0 or not without_spaces:
        return 0, 0
    return offsets[start], offsets[start + len(without_spaces) - 1] + 1


def _with_interval(values: Sequence[float]) -> dict[str, Any]:
    return (
        {"value": float(np.mean(values)), "interval": metrics.interval(values)}
        if values
        else {"value": float("nan"), "interval": None}
    )


def _share(answered: Sequence[bool], among: Sequence[bool]) -> float:
    chosen = [yes for yes, counts in zip(answered, among, strict=True) if counts]
    return sum(chosen) / len(chosen) if chosen else float("nan")
