"""Context packing: choose the best evidence within a budget of tokens, as numbered sentences for the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag import text as prose
from rag.answers.extractive import NUMBER_IN_BRACKETS, supports_nothing
from rag.checking import CitedSentence
from rag.llm.prompts import unfenced
from rag.types import Evidence, JsonDict

MAX_SENTENCES = 40
"""The most sentences, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Context:
    """
    Sentences under the ids by which a model names them.

    Args:
        sentences: By id, in the order of the prompt; `3.2` is source 3, sentence 2 of its abstract.
    """

    sentences: dict[str, CitedSentence]

    @property
    def text(self) -> str:
        """The evidence for the prompt; no text in it looks like a sentence's id or like the end of the evidence."""
        lines: list[str] = []
        source = ""
        for name, cited in self.sentences.items():
            if (number := name.partition(".")[0]) != source:
                source = number
                title = "(title withheld)" if prose.flags(cited.paper.title, "") else _plain(cited.paper.title)
                day = cited.paper.published or cited.paper.listed  # the day of import says nothing of its year
                year = f" ({day[:4]})" if day else ""
                lines += ["", f"Source {source}: {title}{year}"]
            lines.append(f"[{name}] {_plain(cited.sentence.text)}")
        return "\n".join(lines).strip()

    def to_list(self) -> list[JsonDict]:
        """Return what is stored of the context: enough to find every sentence again, also after a revision."""
        return [
            {
                "id": name,
                "paper_id": cited.paper.paper_id,
                "sentence": cited.sentence.number,
                "quote": cited.sentence.text,
            }
            for name, cited in self.sentences.items()
        ]


def pack(
    evidence: Sequence[Evidence],
    *,
    max_tokens: int,
    count: Callable[[str], int],
    max_sentences: int = MAX_SENTENCES,
) -> Context:
    """
    Choose the first sentences that fit into a budget of tokens.

    Sentences that support nothing are withheld. Of an abstract that gives orders all sentences are withheld, because
    the sentences beside an order may be a part of it.

    Args:
        evidence: Sentences in the order of their use; the papers are numbered in it.
        max_tokens: For all of them together.
        count: Tokens in a text.
        max_sentences: The most sentences.
    """
    order: dict[str, int] = {}
    chosen: list[tuple[int, Evidence]] = []
    left = max_tokens
    for candidate in evidence:
        paper, sentence = candidate.paper, candidate.sentence
        if supports_nothing(candidate) or "instructions" in paper.flags or len(chosen) == max_sentences:
            continue
        new = paper.paper_id not in order
        cost = count(sentence.text) + 8 + (count(paper.title) + 12 if new else 0)
        if cost > left:
            continue
        left -= cost
        chosen.append((order.setdefault(paper.paper_id, len(order) + 1), candidate))
    chosen.sort(key=lambda entry: (entry[0], entry[1].sentence.number))
    return Context(
        {
            f"{source}.{candidate.sentence.number}": CitedSentence(candidate.paper, candidate.sentence)
            for source, candidate in chosen
        }
    )


def _plain(text: str) -> str:
    return unfenced(NUMBER_IN_BRACKETS.sub(r"(\1)", text))
