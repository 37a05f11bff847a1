"""
`refdesk eval`: the measures that need no judge, of this very product on a data set.

The corpus is imported into a temporary library by the same way as a user's papers, and asked through the same
retriever; nothing is tuned here.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag import text
from rag.answers import extractive
from rag.answers.confidence import THRESHOLD, confidence
from rag.errors import UnreadableInput
from rag.evaluation import metrics
from rag.types import Filter, JsonDict, Paper, Sentence
from refdesk.evaluation.datasets import Claim, Dataset
from refdesk.library import Library, open_library

AT = (1, 3, 5, 10)
_SCOPE = "file:corpus:"
Progress = Callable[[str], None]


def evaluate(
    folder: Path, *, splits: Sequence[str], embedder: str | None = None, progress: Progress = lambda _: None
) -> JsonDict:
    """
    Measure retrieval on the qrels of each split, and evidence and abstention on its claims.

    Args:
        folder: A data set; `refdesk.evaluation.datasets` says which files.
        splits: Names such as `test` and `dev`; empty takes the ones that are there, `train` excepted.
        embedder: As in `open_library`.
        progress: Told, in a few words, what is being done.

    Returns:
        The document of `eval --json`: per split the measures with their intervals, and what was imported.

    Raises:
        UnreadableInput: The data set has none of the splits, or a file is missing or broken.
    """
    data = Dataset(folder)
    chosen = list(splits) or [each for each in data.splits() if each != "train"] + ["dev"]
    judged = [split for split in dict.fromkeys(chosen) if split in data.splits()]
    claimed = [split for split in dict.fromkeys(chosen) if data.has_claims(split)]
    if not folder.is_dir():
        raise UnreadableInput(f"{folder} is no folder.", hint="A data set is a folder in BEIR's form.")
    lacking = [each for each in splits if each not in (*judged, *claimed)]
    if lacking or not (judged or claimed):
        raise UnreadableInput(
            f"{folder} has no split {' or '.join(lacking or chosen)}; it has {', '.join(data.splits()) or 'none'}.",
            hint="Name one with --split.",
        )
    with tempfile.TemporaryDirectory(prefix="refdesk-eval-") as temporary:
        progress("importing the corpus")
        with open_library(Path(temporary) / "library", embedder=embedder) as library:
            report = library.add(_corpus(data, Path(temporary) / "corpus.jsonl"))
            result: JsonDict = {
                "dataset": str(folder),
                "embedder": library.status()["embedder"],
                "corpus": report.added,
                "rejected": [reject.to_dict() for reject in report.rejected],
                "splits": {},
            }
            for split in dict.fromkeys([*judged, *claimed]):
                measured: JsonDict = {}
                if split in judged:
                    progress(f"ranking papers for the queries of {split}")
                    measured |= _retrieval(library, data.queries, data.relevance(split))
                if split in claimed:
                    progress(f"looking for evidence of the claims of {split}")
                    measured |= _claims(library, data.claims(split), data.sentences())
                result["splits"][split] = measured
    return result


def _corpus(data: Dataset, path: Path) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        for document in data.documents():
            stream.write(json.dumps(document) + "\n")
    return path


def _retrieval(library: Library, queries: Mapping[str, str], relevance: Mapping[str, Mapping[str, int]]) -> JsonDict:
    measures = {"ndcg@10": metrics.ndcg, "recall@10": metrics.recall, "mrr@10": metrics.reciprocal_rank}
    values: dict[str, list[float]] = {name: [] for name in measures}
    took_ms: list[float] = []
    for query_id, relevant in sorted(relevance.items()):
        began = time.perf_counter()
        hits = library.search(queries[query_id], limit=10)
        took_ms.append((time.perf_counter() - began) * 1000)
        ranking = [hit.paper_id.removeprefix(_SCOPE) for hit in hits]
        for name, measure in measures.items():
            values[name].append(measure(ranking, relevant, at=10))
    return {
        "queries": len(relevance),
        **{name: _with_interval(each) for name, each in values.items()},
        "search p50 ms": float(np.percentile(took_ms, 50)),
        "search p95 ms": float(np.percentile(took_ms, 95)),
    }


def _claims(library: Library, claims: Sequence[Claim], sentences: Mapping[str, Sequence[str]]) -> JsonDict:
    """Evidence hit@k over the claims that have gold sentences, abstention over all."""
    hits: dict[int, list[float]] = {at: [] for at in AT}
    probabilities: list[float] = []
    for claim in claims:
        retrieved = library.retrieve(claim.text, filter=Filter())
        probabilities.append(confidence(retrieved.signals))
        if claim.evidence:
            chosen = extractive.select(retrieved.evidence, limit=max(AT))
            found = [is_gold(each.paper, each.sentence, claim, sentences) for each in chosen]
            for at in AT:
                hits[at].append(float(any(found[:at])))
    answerable = [bool(claim.evidence) for claim in claims]
    answered = [probability >= THRESHOLD for probability in probabilities]
    area = metrics.auroc(probabilities, answerable)
    return {
        "claims": len(claims),
        "claims with evidence": sum(answerable),
        **{f"evidence hit@{at}": _with_interval(each) for at, each in hits.items()},
        "abstention auroc": {"value": area, "interval": metrics.auroc_interval(probabilities, answerable)},
        "answered, with evidence": _share(answered, answerable),
        "answered, without evidence": _share(answered, [not each for each in answerable]),
        "reliability": [
            {"claims": count, "said": round(said, 4), "was": round(was, 4)}
            for count, said, was in metrics.reliability(probabilities, answerable)
        ],
    }


def is_gold(paper: Paper, sentence: Sentence, claim: Claim, sentences: Mapping[str, Sequence[str]]) -> bool:
    """Whether a sentence shares at least half of a gold one, or of itself: two splitters may differ."""
    document = paper.paper_id.rpartition(":")[2]
    for index in claim.evidence.get(document, []):
        start, end = _place(sentences[document][index], paper)
        shared = min(end, sentence.end) - max(start, sentence.start)
        if shared > 0 and 2 * shared >= min(end - start, sentence.end - sentence.start):
            return True
    return False


def _place(sentence: str, paper: Paper) -> tuple[int, int]:
    """Where a gold sentence stands in the stored abstract, spacing aside; (0, 0) where it does not."""
    places = [at for at, char in enumerate(paper.abstract) if not char.isspace()]
    bare = "".join(text.clean(sentence).split())
    start = "".join(paper.abstract.split()).find(bare)
    return (places[start], places[start + len(bare) - 1] + 1) if start >= 0 and bare else (0, 0)


def _with_interval(values: Sequence[float]) -> dict[str, Any]:
    return (
        {"value": float(np.mean(values)), "interval": metrics.interval(values)}
        if values
        else {"value": float("nan"), "interval": None}
    )


def _share(answered: Sequence[bool], among: Sequence[bool]) -> float:
    chosen = [yes for yes, counts in zip(answered, among, strict=True) if counts]
    return sum(chosen) / len(chosen) if chosen else float("nan")
