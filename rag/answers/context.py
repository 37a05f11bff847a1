"""What a model is shown: the best evidence, as numbered sentences within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag import text as prose
from rag.answers.extractive import NUMBER_IN_BRACKETS, supports_nothing
from rag.checking import CitedSentence
from rag.types import Evidence, JsonDict

MAX_SENTENCES = 40


@dataclass(frozen=True, slots=True)
class Context:
    """
    Sentences under the ids by which a model names them.

    Args:
        sentences: By id, `3.2` being source 3, sentence 2 of its abstract; in the order in which they are shown.
    """

    sentences: dict[str, CitedSentence]

    @property
    def text(self) -> str:
        """The evidence as the prompt has it; nothing in it looks like one of our numbers, or like its end."""
        lines: list[str] = []
        source = ""
        for name, cited in self.sentences.items():
            if (number := name.partition(".")[0]) != source:
                source = number
                title = "(title withheld)" if prose.flags(cited.paper.title, "") else _plain(cited.paper.title)
                year = f" ({cited.paper.day[:4]})" if cited.paper.day else ""
                lines += ["", f"Source {source}: {title}{year}"]
            lines.append(f"[{name}] {_plain(cited.sentence.text)}")
        return "\n".join(lines).strip()

    def to_list(self) -> list[JsonDict]:
        """What is stored of it: enough to find every sentence again, also after a revision."""
        return [
            {"id": name, "paper_id": each.paper.paper_id, "sentence": each.sentence.number, "quote": each.sentence.text}
            for name, each in self.sentences.items()
        ]


def pack(evidence: Sequence[Evidence], *, max_tokens: int, count: Callable[[str], int]) -> Context:
    """
    Choose the best sentences that fit, whole ones, the best first.

    Those that support nothing are withheld, and all of an abstract that gives orders: what stands beside an order may
    be a part of it.

    Args:
        evidence: Ranked sentences.
        max_tokens: For all of them together.
        count: Tokens in a text.
    """
    order: dict[str, int] = {}
    chosen: list[tuple[int, Evidence]] = []
    left = max_tokens
    for each in evidence:
        if supports_nothing(each) or "instructions" in each.paper.flags or len(chosen) == MAX_SENTENCES:
            continue
        new = each.paper.paper_id not in order
        cost = count(each.sentence.text) + 8 + (count(each.paper.title) + 12 if new else 0)
        if cost > left:
            continue
        left -= cost
        chosen.append((order.setdefault(each.paper.paper_id, len(order) + 1), each))
    chosen.sort(key=lambda entry: (entry[0], entry[1].sentence.number))
    return Context(
        {f"{source}.{each.sentence.number}": CitedSentence(each.paper, each.sentence) for source, each in chosen}
    )


def _plain(text: str) -> str:
    return NUMBER_IN_BRACKETS.sub(r"(\1)", text).replace("</", "< /").replace("<evidence", "< evidence")
