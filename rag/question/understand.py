"""
Question understanding by rule: kind, topic, phrases, authors and time span of a question in English.

It reads words and order of words only; what a library holds decides later which phrases and authors count. A question
that no rule knows is of the kind `findings` with all its words as the topic, so that a wrong rule costs little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from rag.question.context import LONG_WORDS, core
from rag.question.forms import (
    ASKS,
    AUTHOR_FORMS,
    AUTHOR_ON,
    AUXILIARIES,
    COMPARISONS,
    CONTRACTED,
    COUNT,
    DEALING,
    DEFINITION,
    EXPLAINING,
    LEAD,
    LIST,
    NEGATIVE,
    NOT_A_DEFINITION,
    NUMBER,
    OVERVIEW,
    PAPERS_OF,
    POINTING,
    PROBLEMS_OF,
    RECENT,
    SAYING,
    TAIL_WORDS,
    WHEN,
    WHO_WROTE,
    YES_NO,
)
from rag.question.languages import language_of
from rag.question.spans import span
from rag.question.words import (
    FIXED_TERMS,
    FUNCTION_WORDS,
    GREETINGS,
    NOUNS_TOO,
    PARTING,
    PREDICATES,
    SCAFFOLD_NOUNS,
    VERBS,
)

Kind = Literal["findings", "list", "overview", "comparison", "definition", "yes_no", "number", "metadata", "none"]
TOPICAL = frozenset(("overview", "list", "definition", "metadata"))
"""Kinds of question of which only the topic is compared with the papers; elsewhere the whole question is."""
Fact = Literal["authors", "count", "date", "papers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """
    What a question asks for.

    Args:
        question: As it was asked.
        kind: What sort of answer it wants; `none` where it names no topic.
        topic: Its words without scaffolding, time expressions and author names; what is looked up.
        phrases: Noun phrases of two words or more, in order, lower case.
        quoted: What stood in quotation marks.
        authors: Names of authors that the papers must have.
        since, until: Days, ISO, inclusive.
        span_words: The words of the question that named the span.
        newest_first: True if it asks for recent papers.
        sides: The two things that are compared.
        fact: Which fact of the catalog is asked for, for `metadata`.
        polarity: -1 if it asks for the negative side (limits, failures, “does not”), else 1.
        language: ISO 639-1; "en" unless another language is plain.
        corrected: Misspelt words and what they were read as; filled in by who knows the library's words.
    """

    question: str
    kind: Kind = "findings"
    topic: str = ""
    phrases: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    span_words: str = ""
    newest_first: bool = False
    sides: tuple[str, ...] = ()
    fact: Fact | None = None
    polarity: int = 1
    language: str = "en"
    corrected: dict[str, str] = field(default_factory=dict)

    @property
    def compared(self) -> str:
        """What is compared with the papers: the topic, or the whole question if it is short and of no topical kind."""
        by_topic = self.kind in TOPICAL or len(self.question.split()) >= LONG_WORDS
        return self.topic if by_topic else self.question

    def to_dict(self) -> dict[str, object]:
        """What `ask --json` prints as `understood`."""
        return {
            "kind": self.kind,
            "phrases": list(self.phrases),
            "authors": list(self.authors),
            "since": self.since,
            "until": self.until,
            "corrected": dict(self.corrected),
            "language": self.language,
        }


def understand(question: str, *, today: date, authors: bool = True) -> Understood:
    """
    Read a question.

    Args:
        question: In natural language; nothing in it is syntax.
        today: The day from which “this month” counts.
        authors: False to read no words as names, for a question whose authors the library does not know.

    >>> question = "What do recent papers say about diffusion language models since May?"
    >>> read = understand(question, today=date(2026, 8, 25))
    >>> read.kind, read.phrases, read.since, read.newest_first
    ('overview', ('diffusion language models',), '2026-05-01', True)
    """
    text = CONTRACTED.sub(" is", " ".join(question.replace("’", "'").split()))
    language = language_of(text)
    quoted = tuple(found.strip() for pair in _QUOTED.findall(text) for found in pair if found.strip())
    if language != "en":
        return Understood(question=question, topic=text, quoted=quoted, language=language)
    asked = core(text)
    found = span(asked, today=today)
    words_of_span = ""
    if found:
        start, end = found.at
        words_of_span = asked[start:end].strip(" .?,")
        asked = f"{asked[:start].rstrip()} {asked[end:].lstrip()}".strip()
    newest = bool(RECENT.search(asked))
    base = Understood(
        question=question,
        quoted=quoted,
        since=found.since if found else None,
        until=found.until if found else None,
        span_words=words_of_span,
        newest_first=newest,
        polarity=-1 if NEGATIVE.search(asked) else 1,
    )
    read = _metadata(asked, base, authors=authors) or _kind(asked, base)
    if len(text.split()) >= LONG_WORDS and read.kind != "metadata":  # the context names the topic too
        stands_alone = len(_contents(read.topic)) > 1 and not POINTING.search(read.topic)
        found_in_context = tuple(dict.fromkeys([*read.phrases, *phrases(text)]))
        read = replace(read, phrases=found_in_context, topic=read.topic if stands_alone else text)
    if read.kind != "metadata" and not read.authors and not _contents(read.topic) and not read.quoted:
        return replace(read, kind="none", topic="")
    return read


def phrases(text: str) -> tuple[str, ...]:
    """
    Noun phrases of two content words or more, lower case: runs between function words, verbs and punctuation.

    >>> phrases("How does retrieval-augmented generation help small language models?")
    ('retrieval-augmented generation', 'small language models')
    """
    found: dict[str, None] = {}
    for run in _runs(text):
        while run and run[0] in _LEADING:
            run = run[1:]
        while run and (run[-1] in _TAIL or run[-1] in PREDICATES):
            run = run[:-1]
        if all(word in SCAFFOLD_NOUNS for word in run):
            continue
        if len(run) > 1 or "-" in run[0] or " " in run[0]:
            found[" ".join(run[-_LONGEST_PHRASE:])] = None
    return tuple(found)


_LONGEST_PHRASE = 5
_TAIL = frozenset("paper papers study studies article articles work works research literature".split())
_LEADING = frozenset(
    "recent latest new newest novel current main key important best better good common different various several "
    "available open my our your most cited paper papers study studies article articles work works".split()
)
"""Words before a noun phrase that do not belong to it; “state” of “state space models” does."""
_FIXED = re.compile(r"\b(?:" + "|".join(FIXED_TERMS).replace(" ", r"[\s-]") + r")\b", re.IGNORECASE)
_JOINED = "\ue000"
_WORD = re.compile(r"[^\W_]+(?:[-'\ue000][^\W_]+)*(?:\+\+|#)?")
_QUOTED = re.compile(r"[\"“„]([^\"“”„]{2,200})[\"”“]|(?<!\w)'([^']{2,200})'(?!\w)")


def _runs(text: str) -> list[list[str]]:
    """Maximal runs of content words, lower case."""
    runs: list[list[str]] = [[]]
    last = 0
    text = _FIXED.sub(lambda term: re.sub(r"\s", _JOINED, term.group()), text)
    for match in _WORD.finditer(text):
        word = match.group().lower().removesuffix("'s")
        if _JOINED in word:
            runs += [[word.replace(_JOINED, " ")], []]
            last = match.end()
            continue
        if re.search(r"[^\s'’-]", text[last : match.start()]) and runs[-1]:
            runs.append([])
        last = match.end()
        follows = text[last:].lstrip(" ").split(" ")[0].lower().strip("?.!")
        told_of = word.endswith("ed") and (not follows or follows in FUNCTION_WORDS)  # “recognized from”
        if word in FUNCTION_WORDS or word in VERBS or word in PARTING or told_of:
            runs.append([])
        else:
            runs[-1].append(word)
    return [run for run in runs if run]


def _contents(text: str) -> list[str]:
    """Content words that may be a topic."""
    return [word for run in _runs(text) for word in run if word not in SCAFFOLD_NOUNS and word not in GREETINGS]


# ---- metadata


def _metadata(asked: str, base: Understood, *, authors: bool) -> Understood | None:
    """What the catalog answers by itself: papers of an author, authors of a paper, a count, a date."""
    if authors and (read := _by_authors(asked, base)):
        return read
    if match := WHO_WROTE.match(asked):
        title = match["title"].strip(" \"“”'")
        if _contents(title) or base.quoted:
            title = re.sub(r"^(?:the )?(?:paper|article|work) (?:called |titled |named |on |about )?", "", title)
            return replace(base, kind="metadata", fact="authors", topic=title.strip(" \"“”'"))
    if match := WHEN.match(asked):
        title = match["title"].strip(" \"“”'")
        return replace(base, kind="metadata", fact="date", topic=re.sub(r"^the (?:paper|article) ", "", title))
    if match := COUNT.match(asked):
        topic = _stripped(DEALING.sub("", match["rest"]))
        return replace(base, kind="metadata", fact="count", topic=topic, phrases=phrases(topic))
    return None


def _by_authors(asked: str, base: Understood) -> Understood | None:
    """Papers of authors, all of them or those on a topic."""
    for form in AUTHOR_ON:
        if (match := form.match(asked)) and _looks_like_a_name(match["name"]):
            if SAYING.match(asked) and len(match["name"].split()) < 2:
                continue
            topic = _stripped(match["topic"])
            return replace(base, kind="list", authors=_names(match["name"]), topic=topic, phrases=phrases(topic))
    for form in (*AUTHOR_FORMS, PAPERS_OF):
        if (match := form.match(asked)) and _looks_like_a_name(match["name"]):
            if form is PAPERS_OF and not re.match(r"(?:[A-Z][\w.'’-]*\s*){2,}$", match["name"]):
                continue
            return replace(base, kind="metadata", fact="papers", authors=_names(match["name"]))
    return None


def _names(written: str) -> tuple[str, ...]:
    """The single names of “A and B”; a comma within a name stays: “Neubig, Graham”."""
    names = re.split(r"\s+(?:and|&)\s+", re.sub(r"\bet al\b\.?", "", written))
    return tuple(name.strip(" ,") for name in names if name.strip(" ,"))


def _looks_like_a_name(name: str) -> bool:
    """True for words that may be a person's name; what the library's authors say decides later."""
    words = re.findall(r"[^\W\d_][\w.'’-]*", name)
    lowered = [word.lower() for word in words]
    return (
        bool(words)
        and len(words) <= 6
        and not any(
            word in SCAFFOLD_NOUNS
            or (word in FUNCTION_WORDS and word != "and" and not (given[0].isupper() and len(words) > 1))
            for given, word in zip(words, lowered, strict=True)
        )
    )


# ---- kinds of question


def _kind(asked: str, base: Understood) -> Understood:
    for form in COMPARISONS:
        if (match := form.search(asked)) and (sides := _sides(match["a"], match["b"])):
            setting = _SETTING.search(match.groupdict().get("setting") or match["b"])
            topic = ", ".join([*sides, *([_stripped(setting["setting"])] if setting else [])])
            found = tuple(dict.fromkeys([*phrases(sides[0]), *phrases(sides[1])]))
            return replace(base, kind="comparison", sides=sides, topic=topic, phrases=found)
    topic = _stripped(asked)
    read = replace(base, topic=topic, phrases=phrases(topic))
    if any(form.search(asked) for form in OVERVIEW):
        return replace(read, kind="overview")
    if NUMBER.match(asked):
        return replace(read, kind="number")
    if any(form.search(asked) for form in LIST):
        return replace(read, kind="list")
    if (
        (match := DEFINITION.match(asked))
        and (_QUOTED.fullmatch(match["topic"]) or not NOT_A_DEFINITION.search(match["topic"]))
        and len(match["topic"].split()) <= 6
    ):
        return replace(read, kind="definition")
    if YES_NO.match(asked):
        return replace(read, kind="yes_no")
    if EXPLAINING.match(asked) or ASKS.search(asked):
        return read
    return replace(read, kind="overview" if len(_contents(topic)) <= 6 and not _has_a_verb(asked) else "findings")


_SETTING = re.compile(r"\s(?:for|in|on|when|with regard to)\s+(?P<setting>.+)$", re.IGNORECASE)
"""In what two things are compared: “for histopathology”."""


def _has_a_verb(text: str) -> bool:
    """True for a statement, such as a claim to be looked up; a bare topic has no verb."""
    words = [word.lower() for word in _WORD.findall(text)]
    verbs = VERBS if text.rstrip().endswith((".", "!")) else VERBS - NOUNS_TOO
    return any(word in verbs or word in AUXILIARIES for word in words)


def _stripped(text: str) -> str:
    """The topic: the words without question words in front and politeness behind."""
    topic = text.strip(" ?.!,;:")
    if lead := LEAD.match(topic):
        topic = topic[lead.end() :]
    topic = PROBLEMS_OF.sub("", topic)
    previous = None
    while topic != previous:
        previous, topic = topic, TAIL_WORDS.sub("", topic).strip(" ?.!,;:")
    return topic


def _sides(first: str, second: str) -> tuple[str, str] | None:
    """The two things of a comparison, without articles, or None where one of them is nothing."""
    a, b = (
        _stripped(re.split(r"\s+(?:for|in|on|when|with regard)\s+", side, maxsplit=1)[0]) for side in (first, second)
    )
    if ones := re.fullmatch(r"(?P<how>\w[\w-]*) ones?", b):  # “small language models … large ones”
        b = " ".join([ones["how"], *a.split()[1:]])
    return (a, b) if _named(a) and _named(b) and len(a.split()) <= 8 and len(b.split()) <= 8 else None


def _named(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text)) and text.lower() not in ("it", "this", "that", "others", "other")
