"""
Evaluation data sets on disk: BEIR folders, plain or .gz, and SciFact's claims with their gold sentences.

    corpus.jsonl[.gz]      {"_id", "title", "text"}
    queries.jsonl[.gz]     {"_id", "text"}
    qrels/SPLIT.tsv        query-id, corpus-id, score
    claims_SPLIT.jsonl     {"id", "claim", "evidence": {doc_id: [{"sentences": [i], "label"}]}}    (SciFact's own form)
    corpus_sentences.jsonl {"doc_id", "abstract": [sentence, …]}
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.errors import UnreadableInput


@dataclass(frozen=True)
class Claim:
    """A claim and the sentences that bear it out or refute it: document id to indexes from 0; empty where none do."""

    text: str
    evidence: dict[str, list[int]]


@dataclass(frozen=True)
class Dataset:
    """A folder in BEIR's form. Raises UnreadableInput where a file it needs is missing or broken."""

    folder: Path

    def documents(self) -> Iterator[dict[str, Any]]:
        """Id, title and text of each document; a missing one of the two is made from the other, as BEIR has it."""
        for row in self._rows("corpus"):
            title, text = str(row.get("title") or "").strip(), str(row.get("text") or "").strip()
            yield {"_id": str(row["_id"]), "title": title or text[:100], "text": text or title}

    @cached_property
    def queries(self) -> dict[str, str]:
        """The questions by id."""
        return {str(row["_id"]): str(row["text"]) for row in self._rows("queries")}

    def splits(self) -> list[str]:
        """The names of the splits that there are relevance judgements for."""
        return sorted(path.name.split(".")[0] for path in (self.folder / "qrels").glob("*.tsv*"))

    def relevance(self, split: str) -> dict[str, dict[str, int]]:
        """Query id to document id to grade."""
        grades: dict[str, dict[str, int]] = {}
        with _opened(self.folder / "qrels", f"{split}.tsv") as stream:
            for row in csv.reader(stream, delimiter="\t"):
                if len(row) >= 3 and row[-1].lstrip("-").isdigit():
                    grades.setdefault(row[0], {})[row[-2]] = int(row[-1])
        return grades

    def has_claims(self, split: str) -> bool:
        """Whether there are claims with gold sentences."""
        return any((self.folder / f"claims_{split}.jsonl{end}").exists() for end in ("", ".gz"))

    def claims(self, split: str) -> list[Claim]:
        """SciFact's claims of a split."""
        return [
            Claim(
                text=str(row["claim"]),
                evidence={
                    doc: sorted({n for each in given for n in each["sentences"]})
                    for doc, given in row["evidence"].items()
                },
            )
            for row in self._rows(f"claims_{split}")
        ]

    def sentences(self) -> dict[str, list[str]]:
        """The gold sentences of each document."""
        return {str(row["doc_id"]): list(row["abstract"]) for row in self._rows("corpus_sentences")}

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        with _opened(self.folder, f"{name}.jsonl") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    try:
                        yield json.loads(line)
                    except ValueError as error:
                        raise UnreadableInput(
                            f"{self.folder / name}.jsonl, line {number} is not JSON: {error}."
                        ) from error


def _opened(folder: Path, name: str) -> Any:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return (
                gzip.open(path, "rt", encoding="utf-8")
                if path.suffix == ".gz"
                else path.open(encoding="utf-8", newline="")
            )
    raise UnreadableInput(
        f"{folder} has no {name} (or {name}.gz).",
        hint="A data set is a folder in BEIR's form: corpus.jsonl, queries.jsonl, qrels/.",
    )
