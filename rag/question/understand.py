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

from rag.question.languages import language_of
from rag.question.spans import span
from rag.question.words import FUNCTION_WORDS, GREETINGS, SCAFFOLD_NOUNS, VERBS

Kind = Literal["findings", "list", "overview", "comparison", "definition", "yes_no", "number", "metadata", "none"]
Fact = Literal["authors", "count", "date", "papers"]

LONG_WORDS = 40
"""From so many words on a question is context around a question: its last question sentence decides the kind."""


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


def understand(question: str, *, today: date) -> Understood:
    """
    Read a question.

    Args:
        question: In natural language; nothing in it is syntax.
        today: The day from which “this month” counts.

    >>> read = understand("What do recent papers say about diffusion language models since May?", today=date(2026, 8, 25))
    >>> read.kind, read.phrases, read.since, read.newest_first
    ('overview', ('diffusion language models',), '2026-05-01', True)
    """
    text = " ".join(question.replace("’", "'").split())
    language = language_of(text)
    quoted = tuple(found.strip() for pair in _QUOTED.findall(text) for found in pair if found.strip())
    if language != "en":
        return Understood(question=question, topic=text, quoted=quoted, language=language)
    asked = _core(text)
    found = span(asked, today=today)
    words_of_span = ""
    if found:
        start, end = found.at
        words_of_span = asked[start:end].strip(" .?,")
        asked = f"{asked[:start].rstrip()} {asked[end:].lstrip()}".strip()
    newest = bool(_RECENT.search(asked))
    base = Understood(
        question=question,
        quoted=quoted,
        since=found.since if found else None,
        until=found.until if found else None,
        span_words=words_of_span,
        newest_first=newest,
        polarity=-1 if _NEGATIVE.search(asked) else 1,
    )
    read = _metadata(asked, base) or _kind(asked, base)
    if len(text.split()) >= LONG_WORDS and read.kind != "metadata":  # the context names the topic too
        read = replace(read, phrases=tuple(dict.fromkeys([*read.phrases, *phrases(text)])), topic=text)
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
        while run and run[0] in SCAFFOLD_NOUNS:
            run = run[1:]
        while len(run) > 2 and run[-1] in _TAIL:
            run = run[:-1]
        if len(run) > 1 or (run and "-" in run[0]):
            found[" ".join(run[-_LONGEST_PHRASE:])] = None
    return tuple(found)


_LONGEST_PHRASE = 5
_TAIL = frozenset("paper papers study studies article articles work works research literature".split())
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*(?:\+\+|#)?")
_QUOTED = re.compile(r"[\"“„]([^\"“”„]{2,200})[\"”“]|(?<!\w)'([^']{2,200})'(?!\w)")
_RECENT = re.compile(
    r"\b(?:recent(?:ly)?|latest|newest|lately|new(?=\s+(?:papers?|work|research|results?|studies|on|in|about|for)\b)|"
    r"what(?:'s| is) (?:new|hot|happening)|news|up[- ]to[- ]date|nowadays)\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"\b(?:limitations?|drawbacks?|weakness(?:es)?|shortcomings?|fail(?:s|ures?)?|downsides?|disadvantages?|not|cannot|"
    r"never|pitfalls?|risks?)\b|n't\b",
    re.IGNORECASE,
)


def _runs(text: str) -> list[list[str]]:
    """Maximal runs of content words, lower case."""
    runs: list[list[str]] = [[]]
    last = 0
    for match in _WORD.finditer(text):
        word = match.group().lower().removesuffix("'s")
        if re.search(r"[^\s'’-]", text[last : match.start()]) and runs[-1]:
            runs.append([])
        last = match.end()
        if word in FUNCTION_WORDS or word in VERBS:
            runs.append([])
        else:
            runs[-1].append(word)
    return [run for run in runs if run]


def _contents(text: str) -> list[str]:
    """Content words that may be a topic."""
    return [word for run in _runs(text) for word in run if word not in SCAFFOLD_NOUNS and word not in GREETINGS]


def _core(text: str) -> str:
    """The sentence that asks, where there is context around it; politeness goes."""
    if len(text.split()) >= LONG_WORDS:
        sentences = re.split(r"(?<=[.?!])\s+", text)
        asking = [each for each in sentences if each.endswith("?")]
        text = (asking or sentences[-1:])[-1]
    text = re.sub(
        r"^(?:(?:hi|hello|hey)\b[,!. ]*)?(?:please|(?:can|could|would) you(?: please)?(?=\s+(?:tell|show|give|list|find|"
        r"summari[sz]e|explain|compare|describe|recommend))|i(?:'d| would) like to (?:know|see)|i want to (?:know|see)|"
        r"do you know|(?:so|well|ok|okay)(?=,))[, ]*",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return text.strip()


# ---- metadata

_NAME = r"(?P<name>[^\W\d_][\w.'’-]*(?:,?\s+(?:[^\W\d_][\w.'’-]*|&|and)){0,5})"
_AUTHOR_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:which |what )?(?:are |is )?(?:the )?(?:recent |latest |new |all )?(?:papers?|work|works|articles?|publications?|stud(?:y|ies)|research) "
        rf"(?:(?:was|were|has|have|did|is|are) )?(?:(?:been )?(?:written|published|authored|done) )?(?:by|from) {_NAME}\s*\??$",
        rf"^(?:list|show|find|give)(?: me)? (?:all |the |any )*(?:recent |latest |new )?(?:papers?|works?|articles?|publications?|research) "
        rf"(?:(?:written|published|authored) )?(?:by|of|from) {_NAME}\s*[.?]?$",
        rf"^what (?:else )?(?:did|does|has|have) {_NAME} (?:publish(?:ed)?|writ(?:e|ten)|work(?:ed)? on|author(?:ed)?|done)\s*\??$",
        rf"^(?:what|which)(?: \w+)? papers? (?:did|has|have|does) {_NAME} (?:publish(?:ed)?|writ(?:e|ten)|author(?:ed)?)\s*\??$",
        rf"^{_NAME}'s? (?:papers?|publications?|work|articles?|research)\s*\??$",
        rf"^(?:author|authors):\s*{_NAME}$",
    )
)
_BY_AUTHOR_ON = re.compile(
    r"^(?:which |what )?(?:papers?|work|publications?|research) (?:written |published )?(?:by|of) "
    r"(?P<name>[^\W\d_][\w.'’-]*(?:\s+[^\W\d_][\w.'’-]*){1,4}?) (?:on|about|that|which) (?P<topic>.+)$",
    re.IGNORECASE,
)
_WHO_WROTE = re.compile(
    r"^(?:who (?:wrote|authored|published|are the authors of|is the author of|proposed|introduced)|(?:who are )?(?:the )?authors? of|"
    r"by whom (?:is|was)) (?P<title>.+?)\s*\??$",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"^how many (?:recent |new )?(?:papers?|articles?|studies|publications|abstracts?)(?: (?:are|exist|do you have|were|is|have been))?"
    r"(?: (?:there|published|listed|written|here))*(?P<rest>.*?)\s*\??$",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^(?:when (?:was|were|is|did)|in (?:which|what) year (?:was|were)|what (?:year|date) (?:was|were)) (?P<title>.+?) "
    r"(?:published|listed|released|first published|appear(?:ed)?|come out|written)\s*\??$",
    re.IGNORECASE,
)


def _metadata(asked: str, base: Understood) -> Understood | None:
    """What the catalog answers by itself: papers of an author, authors of a paper, a count, a date."""
    if (match := _BY_AUTHOR_ON.match(asked)) and _looks_like_a_name(match["name"]):
        topic = _stripped(match["topic"])
        return replace(base, kind="list", authors=(match["name"],), topic=topic, phrases=phrases(topic))
    for form in _AUTHOR_FORMS:
        if (match := form.match(asked)) and _looks_like_a_name(match["name"]):
            names = tuple(name.strip() for name in re.split(r"\s+(?:and|&)\s+", match["name"]) if name.strip())
            return replace(base, kind="metadata", fact="papers", authors=names)
    if match := _WHO_WROTE.match(asked):
        title = match["title"].strip(" \"“”'")
        if _contents(title) or base.quoted:
            title = re.sub(r"^(?:the )?(?:paper|article|work) (?:called |titled |named |on |about )?", "", title)
            return replace(base, kind="metadata", fact="authors", topic=title.strip(" \"“”'"))
    if match := _WHEN.match(asked):
        title = match["title"].strip(" \"“”'")
        return replace(base, kind="metadata", fact="date", topic=re.sub(r"^the (?:paper|article) ", "", title))
    if match := _COUNT.match(asked):
        topic = _stripped(re.sub(r"^\s*(?:in (?:the|this|my) library|here)\b", "", match["rest"]))
        return replace(base, kind="metadata", fact="count", topic=topic, phrases=phrases(topic))
    return None


def _looks_like_a_name(name: str) -> bool:
    """True for words that may be a person's name; what the library's authors say decides later."""
    words = re.findall(r"[^\W\d_][\w.'’-]*", name)
    lowered = [word.lower() for word in words]
    return (
        bool(words)
        and len(words) <= 6
        and not any(
            word in SCAFFOLD_NOUNS or (word in FUNCTION_WORDS and word not in ("and", "de", "may", "will"))
            for word in lowered
        )
    )


# ---- kinds of question

_TOPIC_AFTER = r"(?:on|about|for|in|of|regarding|concerning|around|related to|dealing with|to)"
_COMPARISONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bdifferences? between (?P<a>.+?) and (?P<b>.+?)\s*[?.]?$",
        r"\bcompar(?:e|es|ed|ing|ison)(?: of| between)? (?P<a>.+?) (?:and|to|with|versus|vs\.?|against) (?P<b>.+?)\s*[?.]?$",
        r"\bhow (?:do|does|did) (?P<a>.+?) (?:compare|differ|fare|stack up)(?: (?:to|with|from|against))? (?P<b>.+?)\s*[?.]?$",
        r"^(?P<a>.+?) (?:vs\.?|versus) (?P<b>.+?)\s*[?.]?$",
        r"^(?:is|are|does|do) (?P<a>.+?) (?:better|worse|faster|slower|cheaper|more \w+|less \w+|superior|outperform|beat)(?: (?:than|to|at))? "
        r"(?P<b>.+?)\s*\??$",
        r"^which (?:is|are|works?|performs?) (?:\w+ ){0,2}?(?:better|best|faster|worse|cheaper)\b[,:]? (?P<a>.+?) or (?P<b>.+?)\s*\??$",
    )
)
_DEFINITION = re.compile(
    r"^(?:what(?:'s| is| are| was)(?: an?| the)?|define|definition of|what does|what do you mean by|explain(?: the (?:concept|term|notion) of)?) "
    r"(?P<topic>.+?)(?: (?:mean|stand for|refer to))?\s*[?.]?$",
    re.IGNORECASE,
)
_NOT_A_DEFINITION = re.compile(
    r"\b(?:of|between|on|about|for|in|to|by|with|that|which|known|best|effect|impact|role|limitations?|advantages?|"
    r"challenges?|benefits?|drawbacks?|accuracy|size|number|reasons?|causes?|differences?|state|way|ways|new|latest|"
    r"main|most|evidence|trends?|how|why|when|whether|doing|used|better|best|there)\b",
    re.IGNORECASE,
)
_LIST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:which|what) (?:\w+ ){0,3}?(?:papers?|articles?|stud(?:y|ies)|works?|publications?|datasets?|benchmarks?|"
        r"methods?|approaches|techniques|tools?|systems?|models?|algorithms?|frameworks?|libraries|surveys?|metrics|corpora)\b",
        r"^(?:list|show(?: me)?|find(?: me)?|give(?: me)?|recommend|search(?: for)?|name|are there(?: any)?|is there(?: any)?|any|get(?: me)?|"
        r"i(?:'m| am) looking for|looking for|i need)\b.*\b(?:papers?|articles?|stud(?:y|ies)|works?|publications?|datasets?|"
        r"benchmarks?|methods?|approaches|techniques|surveys?|research)\b",
        r"^(?:recent |latest |new |newest |the )*(?:papers?|articles?|stud(?:y|ies)|works?|publications?|research|datasets|benchmarks|surveys?|reviews?)"
        r"(?: published)? (?:on|about|for|in|of|using|that|which|with|regarding|to)\b",
        r"^who (?:works?|is working|are working|uses?|studies) ",
        r"^list\b",
    )
)
_OVERVIEW = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:summari[sz]e|give(?: me)? (?:an? |the )?(?:overview|summary)|(?:an? |the )?(?:overview|summary) of|review|survey|tell me|describe)\b",
        r"^what (?:do|does|did|have|has) (?:the |most |some |these |those |recent |latest |new |current )*"
        r"(?:papers?|articles?|stud(?:y|ies)|literature|research(?:ers)?|works?|authors?|people|we|evidence)\b.*\b"
        r"(?:say|said|report(?:ed)?|find|found|show|shown|know|known|tell|told|suggest|think|conclude|learn(?:ed|t)?|write|written|happen|done)\b",
        r"^what(?:'s| is| are)(?: the)? (?:new|latest|hot|happening|going on|current state|state of the art|known|recent|news|trends?|trending|progress|"
        r"open (?:problems?|questions?|challenges?)|main (?:challenges?|findings?|ideas?|approaches|trends?)|"
        r"(?:recent |latest |new )?(?:advances?|developments?|trends?|results?|findings?|research|work|progress))\b",
        r"^(?:the )?(?:latest|recent|new|newest|news|current|state of the art)\b",
        r"^what (?:happened|changed|has happened|has changed)\b",
        r"^how (?:is|are|has|have) .* (?:going|evolving|developing|progress(?:ing|ed)?|evolved|changed)\s*\??$",
    )
)
_NUMBER = re.compile(
    r"^(?:how (?:many|much|large|big|long|fast|accurate|high|low|often|old|small|expensive|deep|far)\b|"
    r"what(?:'s| is| are| was)(?: the)? (?:\w+ ){0,2}?(?:accuracy|number|size|percentage|proportion|rate|score|cost|price|speedup|"
    r"speed|latency|throughput|prevalence|incidence|dose|dosage|duration|length|count|f1|bleu|perplexity|sensitivity|"
    r"specificity|share|fraction|amount|parameter count)\b|"
    r"(?:at|by|to|with|in|for) (?:what|which|how many|how much) (?:accuracy|rate|percentage|many|much|factor)?|"
    r"what (?:accuracy|percentage|fraction|share|proportion|speedup|score|rate|number)\b)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^(?:do|does|did|is|are|was|were|can|could|will|would|should|has|have|had|may|might|must|isn't|aren't|don't|doesn't|"
    r"can't|won't|is it true that|whether)\b",
    re.IGNORECASE,
)
_EXPLAINING = re.compile(
    r"^(?:why|how|when|where|what (?:explains|causes|makes|drives|determines|happens|affects?|improves?|limits?|enables?|"
    r"factors?|reasons?|evidence|kind|is the (?:effect|impact|role|influence|reason|cause)|are the (?:effects?|impacts?|"
    r"reasons?|causes?|limitations?|advantages?|benefits?|drawbacks?|challenges?)))\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"^(?:who|whom|whose|what|which|when|where|why|how)\b|\?\s*$", re.IGNORECASE)


def _kind(asked: str, base: Understood) -> Understood:
    for form in _COMPARISONS:
        if (match := form.search(asked)) and (sides := _sides(match["a"], match["b"])):
            topic = " ".join(sides)
            found = tuple(dict.fromkeys([*phrases(sides[0]), *phrases(sides[1])]))
            return replace(base, kind="comparison", sides=sides, topic=topic, phrases=found)
    topic = _stripped(asked)
    read = replace(base, topic=topic, phrases=phrases(topic))
    if any(form.search(asked) for form in _OVERVIEW):
        return replace(read, kind="overview")
    if _NUMBER.match(asked):
        return replace(read, kind="number")
    if any(form.search(asked) for form in _LIST):
        return replace(read, kind="list")
    if (
        (match := _DEFINITION.match(asked))
        and not _NOT_A_DEFINITION.search(match["topic"])
        and len(match["topic"].split()) <= 6
    ):
        return replace(read, kind="definition")
    if _YES_NO.match(asked):
        return replace(read, kind="yes_no")
    if _EXPLAINING.match(asked) or _ASKS.search(asked):
        return read
    return replace(read, kind="overview" if len(_contents(topic)) <= 6 and not _has_a_verb(asked) else "findings")


def _has_a_verb(text: str) -> bool:
    """True for a statement, such as a claim to be looked up; a bare topic has no verb."""
    words = [word.lower() for word in _WORD.findall(text)]
    return any(word in VERBS or word in _AUXILIARIES for word in words)


_AUXILIARIES = frozenset(
    "is are was were be been has have had do does did can could will would should may might must".split()
)
_LEAD = re.compile(
    r"^(?:(?:what|which|who|how|why|when|where|whether|do|does|did|is|are|was|were|can|could|will|would|should|has|have|"
    r"had|there|any|the|a|an|some|all|me|us|list|show|find|give|tell|recommend|name|search|get|summari[sz]e|describe|"
    r"explain|define|compare|review|survey|overview|summary|of|on|about|for|recent|latest|new|newest|current|papers?|"
    r"articles?|stud(?:y|ies)|literature|research(?:ers)?|works?|publications?|say|says|report|know|known|we|it|that|"
    r"i'm|i|am|looking|need|in|state|art|what's|s|exist|exists|there's|been|most|main|happening|going)\b[\s,:]*)+",
    re.IGNORECASE,
)
_TAIL_WORDS = re.compile(
    r"[\s,]*\b(?:mean|means|exist|available|stand for|refer to|(?:is|are) (?:there|available|known)|out there|so far|"
    r"these days|nowadays|lately|recently|at the moment|right now|in the literature|in (?:the|this|my) library|papers?|"
    r"please|or not)\s*[?.!]*$",
    re.IGNORECASE,
)


def _stripped(text: str) -> str:
    """The topic: the words without question words in front and politeness behind."""
    topic = text.strip(" ?.!,;:")
    if lead := _LEAD.match(topic):
        topic = topic[lead.end() :]
    previous = None
    while topic != previous:
        previous, topic = topic, _TAIL_WORDS.sub("", topic).strip(" ?.!,;:")
    return topic


def _sides(first: str, second: str) -> tuple[str, str] | None:
    """The two things of a comparison, without articles, or None where one of them is nothing."""
    a, b = (
        _stripped(re.split(r"\s+(?:for|in|on|when|with regard)\s+", side, maxsplit=1)[0]) for side in (first, second)
    )
    return (a, b) if _named(a) and _named(b) and len(a.split()) <= 8 and len(b.split()) <= 8 else None


def _named(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", text)) and text.lower() not in ("it", "this", "that", "others", "other")
