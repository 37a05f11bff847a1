"""Ranking on real claims, pinned: a change of retrieval that makes it worse, or better, is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import refdesk
from rag.answers import extractive
from refdesk.evaluation.datasets import Dataset
from refdesk.evaluation.run import is_gold

CLAIMS = 50
DISTRACTORS = 1_000
HITS = {1: 34, 5: 45}
"""How many claims have a gold sentence among the first one and five."""


def test_the_evidence_of_fifty_training_claims_is_among_the_first_five_sentences(
    real_data: Path, tmp_path: Path
) -> None:
    data = Dataset(real_data / "scifact")
    claims = [claim for claim in data.claims("train") if claim.evidence][:CLAIMS]
    gold = {document for claim in claims for document in claim.evidence}
    documents = list(data.documents())
    others = [document for document in documents if document["_id"] not in gold][:DISTRACTORS]
    corpus = tmp_path / "corpus.jsonl"
    chosen = [document for document in documents if document["_id"] in gold] + others
    corpus.write_text("".join(json.dumps(document) + "\n" for document in chosen), encoding="utf-8")
    sentences = data.sentences()
    with refdesk.open_library(tmp_path / "library") as library:
        library.add(corpus)
        hits = dict.fromkeys(HITS, 0)
        for claim in claims:
            shown = extractive.select(library.retrieve(claim.text).evidence, limit=max(HITS))
            right = [is_gold(each.paper, each.sentence, claim, sentences) for each in shown]
            for at in hits:
                hits[at] += any(right[:at])
    assert hits == HITS
