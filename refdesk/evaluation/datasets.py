"""
Read evaluation data sets: BEIR folders, plain or .gz, and SciFact's claims with their gold sentences.

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
from hashlib import sha256
from pathlib import Path
from typing import Any

from rag.errors import UnreadableInput


@dataclass(frozen=True)
class Claim:
    """A claim and its gold sentences, which support or refute it: document id to indexes from 0; perhaps none."""

    text: str
    evidence: dict[str, list[int]]
    claim_id: str = ""


@dataclass(frozen=True)
class Dataset:
    """A data set in a folder of BEIR's layout. Raises UnreadableInput if a file is missing or broken."""

    folder: Path

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield id, title and text of each document; a missing title or text is made from the other."""
        for row in self._rows("corpus"):
            title, text = str(row.get("title") or "").strip(), str(row.get("text") or "").strip()
            yield {"_id": str(row["_id"]), "title": title or text[:100], "text": text or title}

    def corpus_hash(self) -> str:
        """The SHA-256 of all documents: two folders with the same hash can be compared."""
        digest = sha256()
        for document in self.documents():
            digest.update(json.dumps(document, sort_keys=True).encode())
        return digest.hexdigest()

    @cached_property
    def queries(self) -> dict[str, str]:
        """Query id to query."""
        return {str(row["_id"]): str(row["text"]) for row in self._rows("queries")}

    def splits(self) -> list[str]:
        """The names of the splits with relevance judgements."""
        return sorted(path.name.split(".")[0] for path in (self.folder / "qrels").glob("*.tsv*"))

    def relevance(self, split: str) -> dict[str, dict[str, int]]:
        """The relevance judgements of a split: query id to document id to grade."""
        grades: dict[str, dict[str, int]] = {}
        with _opened(self.folder / "qrels", f"{split}.tsv") as stream:
            for row in csv.reader(stream, delimiter="\t"):
                if len(row) >= 3 and row[-1].lstrip("-").isdigit():
                    grades.setdefault(row[0], {})[row[-2]] = int(row[-1])
        return grades

    def has_claims(self, split: str) -> bool:
        """Tell whether the split has claims with gold sentences."""
        return any((self.folder / f"claims_{split}.jsonl{end}").exists() for end in ("", ".gz"))

    def claims(self, split: str) -> list[Claim]:
        """The claims of a split, in SciFact's layout."""
        return [
            Claim(
                text=str(row["claim"]),
                evidence={
                    document: sorted({index for rationale in rationales for index in rationale["sentences"]})
                    for document, rationales in row["evidence"].items()
                },
                claim_id=str(row.get("id", number)),
            )
            for number, row in enumerate(self._rows(f"claims_{split}"), start=1)
        ]

    def sentences(self) -> dict[str, list[str]]:
        """Document id to its sentences, as SciFact splits them."""
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
