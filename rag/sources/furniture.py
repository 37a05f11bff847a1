"""
Boilerplate removal: what publishers put into the description of a feed's item beside the abstract, or in place of it.

Dates, journals, authors, DOIs, headings and links are removed line by line; what is left is the abstract, or nothing.
These patterns are for items of feeds only: the fields of other formats hold what they say they hold, or a word that
there is no abstract.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rag import identity, text

_LINE = "␞"
"""Stands for the end of a line while a text is cleaned, which makes one line of it."""
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|sec|section|title|st|label|h\d|tr|td|th|table|cite|blockquote|hr)\b[^<>]*>"
    r"|&lt;/?(?:p|div|br|li|ul|ol|h\d|tr|td|cite)\b(?:(?!&[lg]t;)[^<>]){0,300}&gt;",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_SEASON = r"(?:spring|summer|autumn|fall|winter)"
_DATE = (
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)?|{_MONTH}|{_SEASON}|(?:mon|tues?|wed|thurs?|fri|sat"
    rf"|sun)(?:\w{{0,3}}day)?|gmt|utc|[ap]m"
    r"|available online|online|in press)\b"
)
_DATES = rf"(?:{_DATE}[\s,;:./()–-]*)+"
_DOI = r"(?:(?:doi\s*:?\s*)?https?://(?:dx\.)?doi\.org/|doi\s*:?\s*)10\.\d{4,9}/[^\s|\]]+"
_STATE = (
    r"(?:early ?view|(?:online |epub )?ahead[ -]of[ -]print|advance(?: access| article| online publication)?"
    r"|just accepted|accepted (?:manuscript|articles?|papers?)|articles? in press|in press|latest articles"
    r"|online ?first|first ?view"
    r"|early access|(?:un)?corrected proofs?|version of record)"
)
_JOURNAL = r"(?:[^!?;|]{2,150}?,\s*)?"
_VOLUME = (
    r"(?:(?:volume|number|pages?|articles?|id|supplement|part|section|special)\b|issue\b(?: [A-Z]{2,20}\b)?"
    rf"|(?:vol|no|pp?|suppl)\b\.?|e?\d[\w–-]*|{_MONTH}(?!\w)|{_SEASON}|{_STATE})"
)
_LABELS = (
    r"(?:publication date|published(?: online| on| in)?|first published(?: online)?|publication year|available online"
    r"|posted(?: on)?|source|authors?(?:\(s\))?|author\(s\)|doi|pmid|e?issn|journal|publisher|article type|article url"
    r"|copyright|licen[cs]e|received|accepted|revised|last updated|keywords?|categor(?:y|ies)|tags|url|link|citation"
    r"|competing interests?(?: statement)?|conflicts? of interests?|affiliations?"
    r"|corresponding authors?|volume|issue|pages?|article (?:no\.?|number|id))"
)
_LABELLED = re.compile(rf"{_LABELS}\s*:.*", re.IGNORECASE)
_LABELS_WITHIN = re.compile(r"(?<=\S)\s+(?=(?:source|author\(s\)|authors|doi|abstract)\s*:\s)", re.IGNORECASE)
_AUTHORS = re.compile(r"authors?(?:\(s\))?\s*:\s*", re.IGNORECASE)
_LONGEST = 400
"""No line of furniture is longer, except of authors."""
_LONGEST_TAIL = 400
_MOST_ROUNDS = 8
_ABSTRACT = re.compile(r"\W*(?:abstract|summary)\W*", re.IGNORECASE)
_OTHER_PART = re.compile(
    r"\W*(?:(?:graphical|visual|video) abstract|toc graphic|(?:plain language|lay) summary|key ?words|highlights)\W*",
    re.IGNORECASE,
)
_LINES = re.compile(
    r"\W*(?:"
    r"(?:view|read|get|download|see|show)(?: the| more| full)* ?(?:abstract|article|paper|full text|pdf|html|more)?"
    r"|full[ -]?text(?: pdf| html)?|pdf|html|open access|free access|no abstract|continue reading|cited by \d+"
    r"|to cite this article\b.*|the content of this rss feed\b.*"
    r"|(?:this|the) (?:article|work|paper) is licensed under\b.*"
    r"|article in .{2,40}"
    r"|(?:table of contents|abstract|full[ -]?text|pdf|references)(?:\W+(?:abstract|full[ -]?text|pdf))+"
    r"|(?:preprint|manuscript) under review.*|.{0,100}\(discussion: .{0,60}\)"
    rf"|(?:\S{{1,20}} ){{0,2}}\S{{1,20}}:\s*{_DATES}"
    r"|all rights reserved|(?:toc|graphical abstract) (?:graphic|image)|image|figure"
    r"|(?:copyright\b|©|\(c\)).{0,200}|.{2,150} was published on .{4,40} by .{2,60}"
    r")\W*",
    re.IGNORECASE,
)
_TAG_LEFT = re.compile(r"<[A-Za-z][\w:-]{0,20}\s+[\w:-]{1,40}\s*=[^<>]{0,2000}(?:>|$)")
"""A tag with attributes, of a name that no markup has, or without an end."""
_LEADS = re.compile(
    r"\W{0,20}(?:"
    rf"{_JOURNAL}(?:vol(?:ume|\.)?:?\s*(?:\d[\w–-]*|ahead-of-print)|issue \d+)(?:[\s,;:()–-]+{_VOLUME})*"
    r"(?:(?<=pp\.)-|(?=\)?(?:[.:]\s|[.:]?$)))"
    rf"|(?:[^!?;|]{{2,150}}?[,.]\s*)?{_STATE}(?=\s*(?:[.,;:]|$))"
    rf"|{_JOURNAL}(?:published(?: online)?|publication date|available online|posted(?: on)?)\s*:\s*{_DATES}"
    rf"|(?:published online|posted(?: on)?|available online|first published(?: online)?)\s+{_DATES}(?<=[.;\s])"
    rf"|{_DOI}"
    r"|(?-i:(?:Abstract|Significance|Summary)(?=[A-Z][a-z]+ ))|abstract\s*[.:—–]|(?-i:ABSTRACT(?=\s*[A-Z–-]))"
    r"|(?-i:Abstract)(?=\s+(?-i:We|This|These|The|In|An?|Here|Our|It|To|There|As|For|With|Although"
    r"|Background|Objectives?|Purpose|Aims?"
    r"|Introduction|Context|Importance|Motivation)\b)"
    r")[\s.,;:]*",
    re.IGNORECASE,
)
_TAILS = re.compile(
    r"\s*(?:"
    rf"\[[A-Z][^\[\]]{{2,90}}\d[^\[\]]{{0,40}}\](?:\s*published\s+{_DATES})?"
    r"|(?:(?<=[.!?])|^)\s*(?:(?:pmid\s*:\s*\d{1,9}|pmc(?:id)?\s*:\s*pmc\d+|"
    rf"{_DOI})[\s|;,]*)+"
    r"|(?<=[.!?])\s*(?:copyright\b|©|\(c\)\s*\d{4}).{0,200}"
    r"|the post .{2,300} (?:appeared first|first appeared) on .{2,100}"
    r"|\[?(?:read|view) (?:more|(?:the )?(?:full )?(?:abstract|article|text))\W*"
    r")$",
    re.IGNORECASE,
)
_DOI_WITHIN = re.compile(_DOI, re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SECTION = re.compile(
    r"(?:backgrounds?|objectives?|aims?|purpose|(?:materials? (?:and|&) )?methods?|methodology|results?|findings"
    r"|conclusions?|introduction|design|setting|participants|patients|interventions?|measurements"
    r"|main outcome measures?|importance"
    r"|limitations?|discussion|context|motivation|interpretation|funding)[\s.:]*",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    "van von de del della der den di da dos das du la le el al bin ibn of the and for on in to a et".split()
)
_WORD = re.compile(r"[^\W\d_][\w’'.-]*")
_FILLERS = frozenset(
    "a an and as at by for from in is it of on or the this to with et al volume issue page pages doi".split()
)
_NO_ABSTRACT = re.compile(
    r"\W*(?:(?:(?:this|the) \w+ has |there is )?no (?:abstract|summary)(?: is| was)?(?: available| provided| present)?"
    r"(?: (?:for|in) (?:this|the) \w+)?"
    r"|(?:an |the )?(?:abstract|summary)(?: is| was)? (?:not |un)(?:available|provided)"
    r"|(?:abstract|not) available(?: from (?:the )?(?:publisher|authors?))?"
    r"|(?:see|view) (?:abstract|article|full text|pdf)|n/?a|none|null|nan)\W*",
    re.IGNORECASE,
)
_LONGEST_NO_ABSTRACT = 100
_SNIPPET = re.compile(r"(?:(?:…|\.{3}(?!\.))|.*?\s(?:…|\.{3})\s).*(?:…|\.{3})\W*", re.DOTALL)
"""What a search engine shows of a page: pieces with an ellipsis before or between them and another at the end."""
_FEWEST_WORDS = 3
"""In lower case, of a text that is a sentence; one fewer if it ends as one."""
_SENTENCE_END = re.compile(r"[.!?]\W*$")
_MOSTLY, _MOSTLY_WITHOUT_END = 0.85, 0.65
"""Shares of words; the second is that of a text that does not end as a sentence does."""


def abstract_of(markup: str, title: str, names: Collection[str]) -> str:
    """
    The abstract within the description of a feed's item; empty if the description holds none.

    Args:
        markup: The description, plain or with markup, which may be escaped.
        title: The item's title.
        names: The item's authors and journal; a line that says no more than these is dropped.

    Returns:
        Clean text. `markup` itself if it cannot be cleaned, for `make_paper` to say why.

    >>> abstract_of("<p>Publication date: May 2026</p><p><b>Source:</b> Soil</p><p>We dig in soil.</p>", "Soil", [])
    'We dig in soil.'
    """
    try:
        cleaned = _TAG_LEFT.sub(" ", text.clean(_BLOCK.sub(_LINE, markup)))
    except text.UnprintableText:
        return markup
    lines = [line for piece in cleaned.split(_LINE) for line in _split_labels(piece.strip()) if line]
    known = {identity.normalised_title(name) for name in (title, *names) if name}
    kept = [rest for line in _section(lines) if (rest := _without_furniture(line, known))]
    if kept != lines or all(map(_is_names, kept)):  # else capitals alone do not tell names from a short line of prose
        kept = [line for line in kept if _is(_SECTION, line) or not _is_names(line)]
    abstract = " ".join(kept)
    if _is_a_rest(abstract) or is_title_and_names(abstract, title, names):
        return ""
    return abstract


def _is_a_rest(abstract: str) -> bool:
    """True for so few words in lower case that they are no sentence, such as those of a label that is spelt wrong."""
    if any(char.isalpha() and char.islower() == char.isupper() for char in abstract):
        return False  # Chinese, Arabic and others know no case
    fewest = _FEWEST_WORDS - bool(_SENTENCE_END.search(abstract))
    lower = [word for word in _WORD.findall(abstract) if word[0].islower()]
    return len(lower) < fewest


def is_furniture(abstract: str, title: str, names: Collection[str]) -> bool:
    """
    True if a short abstract of any format says that there is none, is a search engine's snippet, or title and names.

    The title alone may be an abstract.
    """
    if (len(abstract) <= _LONGEST_NO_ABSTRACT and _NO_ABSTRACT.fullmatch(abstract)) or _SNIPPET.fullmatch(abstract):
        return True
    return identity.normalised_title(abstract) != identity.normalised_title(title) and is_title_and_names(
        abstract, title, names
    )


def is_title_and_names(abstract: str, title: str, names: Collection[str]) -> bool:
    """
    True if nearly all words of a short abstract are words of the title, the authors or the journal.

    >>> is_title_and_names("Moss on walls. By Ada Byron, Plato.", "Moss on walls", ["Ada Byron", "Plato"])
    True
    """
    if len(abstract) > 2 * len(title) + 40 * len(names) + 80:
        return False
    known = identity.words(" ".join((title, *names)))
    words = [word for word in _WORD.findall(abstract.casefold()) if word not in _FILLERS]
    least = _MOSTLY if _SENTENCE_END.search(abstract) else _MOSTLY_WITHOUT_END
    return bool(words) and sum(word.strip(".’'") in known for word in words) >= least * len(words)


def _section(lines: list[str]) -> list[str]:
    """The lines under the heading “Abstract”, where there is one, up to a heading of another part."""
    starts = [at for at, line in enumerate(lines) if _is(_ABSTRACT, line)]
    begin = next((at + 1 for at in starts if at + 1 < len(lines)), 0)
    ends = [at for at in range(begin, len(lines)) if begin and _is(_OTHER_PART, lines[at])]
    return lines[begin : ends[0] if ends else None]


def _is(pattern: re.Pattern[str], line: str) -> bool:
    return len(line) <= _LONGEST and pattern.fullmatch(line) is not None


def _split_labels(line: str) -> list[str]:
    """A line of several labelled parts (“Publication date: … Source: … Author(s): …”) as one line each."""
    return _LABELS_WITHIN.split(line) if _LABELLED.match(line) else [line]


def _without_furniture(line: str, known: Collection[str]) -> str:
    """What a line says beside furniture; empty if that is nothing."""
    for _ in range(_MOST_ROUNDS):
        before = line
        if found := _LEADS.match(line):
            line = line[found.end() :]
        if found := _TAILS.search(line, max(0, len(line) - _LONGEST_TAIL)):
            line = line[: found.start()]
        line = line.strip()
        if line == before:
            break
    if found := _AUTHORS.match(line):
        return _behind_names(line[found.end() :])
    if any(_is(pattern, line) for pattern in (_LABELLED, _LINES, _ABSTRACT, _OTHER_PART)):
        return ""
    if _is(_SECTION, line):
        return f"{line.rstrip(' .:')}:"
    if len(line) <= _LONGEST and _DOI_WITHIN.search(line) and _is_names(_DOI_WITHIN.sub(" 2000 ", line)):
        return ""
    if identity.normalised_title(line) in known or (line[:3].lower() == "by " and _is_names(line[3:])):
        return ""
    return line if any(map(str.isalpha, line)) else ""


def _behind_names(names: str) -> str:
    """The text that follows authors in one line: what stands behind a full stop that ends no initial."""
    stop = re.search(r"(?<=\w\w)\.\s+(?=\S+ \S)", names)
    behind = names[stop.end() :] if stop else ""
    return "" if _is_names(behind) else behind


def _is_names(line: str) -> bool:
    """
    True for names alone, of people or of a journal: no word is lower case, and no sentence ends, or there is a year.

    >>> [_is_names(line) for line in ("Ada Byron, J. van Dyk and Plato", "Journal of Wall Chemistry", "We dig.")]
    [True, True, False]
    """
    words = [word for word in _WORD.findall(line) if word.lower() not in _PARTICLES]
    if not words or (re.search(r"[\w)]{3}[.!?](?:\s|$)", line) and not (len(line) <= _LONGEST and _YEAR.search(line))):
        return False
    return all(word[0].isupper() for word in words)
