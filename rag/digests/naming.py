"""
Names of themes worded by a chat model, checked against their papers.

A model words names better than phrases of titles can, and makes them too wide. So a name is taken only if its words
stand in its theme's papers, and if it fits as many of them as the name that it replaces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag import text as prose
from rag.checking.words import FUNCTION_WORDS, stems
from rag.llm.chat import Messages
from rag.llm.prompts import Prompt, unfenced
from rag.types import Paper, Theme

TITLES = 8
"""The titles of a theme that a model is shown, of its most typical papers."""
LONGEST, FEWEST_WORDS, MOST_WORDS = 60, 2, 6
OFTEN = 0.1
"""The least share of a theme's papers that hold a word of its name."""
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_NAME = re.compile(r"[\w’'(),./+&-]+(?: [\w’'(),./+&-]+)*")


def request(themes: Sequence[Theme], papers: Mapping[str, Paper], prompt: Prompt, *, tag: str) -> Messages:
    """
    The messages that ask for names.

    Args:
        themes: Those to name.
        papers: All of their papers by id.
        prompt: With the variables `evidence`, `count` and `tag`.
        tag: The random mark of the fence.
    """
    lines = []
    for number, theme in enumerate(themes, start=1):
        lines.append(f"Theme {number}: {', '.join(map(unfenced, theme.keywords))}")
        typical = [papers[paper_id] for paper_id in theme.paper_ids if paper_id in papers]
        titles = [paper.title for paper in typical if not prose.flags(paper.title, "")]
        lines += [f"Title: {unfenced(title)}" for title in titles[:TITLES]]
    return prompt.render(evidence="\n".join(lines), count=len(themes), tag=tag)


def read(reply: str, themes: Sequence[Theme], papers: Mapping[str, Paper], *, taken: Sequence[str]) -> dict[str, str]:
    """
    The names that pass the check, by theme id.

    Args:
        reply: Of the model; one that cannot be read names nothing.
        themes: Those that were asked for, with the names that they have now.
        papers: All of their papers by id.
        taken: Names of other themes; a name that one of them has is not given again.
    """
    used = {name.casefold() for name in taken}
    named: dict[str, str] = {}
    for number, name in _names(reply):
        if not 1 <= number <= len(themes) or themes[number - 1].id in named:
            continue
        theme = themes[number - 1]
        members = [papers[paper_id] for paper_id in theme.paper_ids if paper_id in papers]
        if name.casefold() not in used and _is_name(name) and _fits(name, theme.name, members):
            named[theme.id] = name
            used.add(name.casefold())
    return named


def _names(reply: str) -> list[tuple[int, str]]:
    """The numbers and names of the last JSON object of the reply that has any; nothing where it is not of that form."""
    for at in reversed([found.start() for found in re.finditer(r'\{\s*"names"\s*:', reply)]):
        try:
            document: Any = json.JSONDecoder().raw_decode(reply, at)[0]["names"]
        except (ValueError, RecursionError):
            continue
        if isinstance(document, list):
            rows = [row for row in document if isinstance(row, dict)]
            found = [(row.get("theme"), row.get("name")) for row in rows]
            return [
                (number, " ".join(name.split()))
                for number, name in found
                if isinstance(number, int) and isinstance(name, str)
            ]
    return []


def _is_name(name: str) -> bool:
    """True for two to six words in one line, without a sentence, a link or an order in it."""
    words = _WORD.findall(name)
    return (
        len(name) <= LONGEST
        and FEWEST_WORDS <= len(words) <= MOST_WORDS
        and _NAME.fullmatch(name) is not None
        and not name.endswith((".", ","))
        and not prose.flags(name, "")
    )


def _fits(name: str, before: str, papers: Sequence[Paper]) -> bool:
    """True if each word of a name stands in enough of the papers, and the name fits as many as the one before."""
    held = [frozenset(_content(f"{paper.title} {paper.abstract}")) for paper in papers]
    wanted = _content(name)
    least = max(2, OFTEN * len(papers))
    if not wanted or any(sum(stem in words for words in held) < least for stem in wanted):
        return False
    return _fitting(wanted, held) >= _fitting(_content(before), held)


def _fitting(wanted: Sequence[str], held: Sequence[frozenset[str]]) -> int:
    """The number of papers that hold half of the words or more."""
    return sum(2 * sum(stem in words for stem in wanted) >= len(wanted) for words in held)


def _content(text: str) -> list[str]:
    words = [word for whole in _WORD.findall(text.lower()) for word in (whole, *re.split("[-'’]", whole))]
    return stems([word for word in dict.fromkeys(words) if word not in FUNCTION_WORDS])
