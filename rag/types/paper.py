"""
Papers, their sentences, chunks and revisions, filters, and the reports of an import and of a check.

A date is text, as exact as it was given (`2024`, `2024-06` or `2024-06-17`). Offsets count characters (code points) of
the stored abstract; a range is half-open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypedDict

from rag.errors import BadFilter

JsonDict = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of an abstract: `text == abstract[start:end]`. Sentence numbers count from 1."""

    number: int
    start: int
    end: int
    text: str

    def to_dict(self) -> JsonDict:
        """The sentence as `show --json` prints it."""
        return {"number": self.number, "start": self.start, "end": self.end, "text": self.text}


RoleName = Literal["background", "objective", "method", "result", "conclusion", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a sentence does in its abstract, and how probable that is, 0 to 1 in tenths."""

    name: RoleName
    probability: float


Roles = tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """
    Who brought a text or a union: the name of the file, feed or URL, the format, and whether it was the owner's file.

    A text that an earlier version imported has none.
    """

    name: str
    format_name: str
    owner: bool

    def to_dict(self) -> JsonDict:
        """As `show --json` prints it."""
        return {"name": self.name, "format": self.format_name, "owner": self.owner}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """
    One text that a paper has had: title, abstract, their hash, and when they were first seen (ISO 8601).

    `named` holds the authors, the date and the link that the paper had with this text. `brought` says who brought it;
    None if an earlier version imported it.
    """

    hash: str
    seen: str
    title: str
    abstract: str
    spans: tuple[tuple[int, int], ...]
    named: tuple[tuple[tuple[str, ...], str | None, str | None], ...] = ()
    brought: Brought | None = None

    def to_dict(self) -> JsonDict:
        """The revision as `show --json` prints it, without its text."""
        return {"hash": self.hash, "seen": self.seen, "brought": self.brought.to_dict() if self.brought else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A popularity signal that a source gives, such as `upvotes` or `stars`, and the day of the count (ISO 8601)."""

    name: str
    count: int
    seen: str

    def to_dict(self) -> JsonDict:
        """The signal as JSON has it."""
        return {"name": self.name, "count": self.count, "seen": self.seen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """
    One paper and its abstract.

    `spans` are the offsets of the sentences in the abstract; the abstract is split once, at import. `roles` are those
    of the sentences; a paper of the catalog has them (see `rag.roles`). `version` is the one of arXiv, if known.
    `imported` is the day (UTC) on which the paper came into the library.
    """

    paper_id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    published: str | None = None
    updated: str | None = None
    listed: str | None = None
    imported: str | None = None
    url: str | None = None
    venue: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""
    aliases: tuple[str, ...] = ()
    version: int | None = None
    flags: tuple[str, ...] = ()
    attention: tuple[Attention, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    roles: Roles = field(default=(), compare=False, repr=False)

    def sentence(self, number: int) -> Sentence:
        """Sentence `number`, counted from 1. Raises IndexError if the abstract has no such sentence."""
        if not 1 <= number <= len(self.spans):
            raise IndexError(f"{self.paper_id} has {len(self.spans)} sentences, not {number}")
        start, end = self.spans[number - 1]
        return Sentence(number=number, start=start, end=end, text=self.abstract[start:end])

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences, in order."""
        return tuple(self.sentence(number) for number in range(1, len(self.spans) + 1))

    def to_dict(self) -> JsonDict:
        """The paper as `show --json` prints it, without its revisions."""
        return {
            "paper_id": self.paper_id,
            "aliases": list(self.aliases),
            "title": self.title,
            "abstract": self.abstract,
            "authors": list(self.authors),
            "published": self.published,
            "updated": self.updated,
            "listed": self.listed,
            "imported": self.imported,
            "url": self.url,
            "venue": self.venue,
            "categories": list(self.categories),
            "tags": list(self.tags),
            "source": self.source,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "flags": list(self.flags),
            "attention": [signal.to_dict() for signal in self.attention],
        }

    @property
    def day(self) -> str:
        """The date by which the paper is sorted and filtered: listed, else published, else imported."""
        return self.listed or self.published or self.imported or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Consecutive sentences of one paper; its id in the vector store is `<paper_id>#<number>`, counted from 0."""

    paper_id: str
    number: int
    start: int
    end: int
    text: str

    @property
    def chunk_id(self) -> str:
        """The id in the vector store."""
        return f"{self.paper_id}#{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """
    Which papers to look at; an empty filter means all. A paper must match every field, by any value of the field.

    `since` and `until` limit `Paper.day`, both inclusive; `until="2024-06"` includes the whole of June. `authors` are
    names in any form: "Graham Neubig", "Neubig, G.", "neubig".
    """

    since: str | None = None
    until: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


class FilterOptions(TypedDict, total=False):
    """The fields of a `Filter` as keyword arguments; one value may stand for a sequence of one."""

    since: str | None
    until: str | None
    categories: str | Sequence[str] | None
    tags: str | Sequence[str] | None
    sources: str | Sequence[str] | None
    papers: str | Sequence[str] | None
    authors: str | Sequence[str] | None


EVERY_PAPER = Filter()


def choose_filter(given: Filter | None, options: FilterOptions, *, default: Filter = EVERY_PAPER) -> Filter:
    """
    The filter of a call that takes a whole filter, or its fields as keyword arguments.

    Args:
        given: The whole filter.
        options: The keyword arguments; each replaces a field of `default`.
        default: The filter where none is given.

    Raises:
        BadFilter: Both are given.
        TypeError: A keyword is no field of a filter.

    >>> choose_filter(None, {"since": "2026-05", "categories": "cs.CL"}).categories
    ('cs.CL',)
    """
    names = [field.name for field in fields(Filter)]
    if unknown := [name for name in options if name not in names]:
        raise TypeError(f"Unknown option {unknown[0]!r}; the filters are {', '.join(names)}.")
    if given and any(options.values()):
        raise BadFilter(
            f"Both a whole filter and {', '.join(options)} were given.",
            hint="Give filter=Filter(…) or the keyword arguments, not both.",
        )
    if given is not None and not any(options.values()):
        return given
    return replace(default, **{name: _field(name, value) for name, value in options.items()})


def _field(name: str, value: Any) -> Any:
    """The value of a filter's field: a text for a date, else a tuple of texts."""
    if name in ("since", "until"):
        if value is None or isinstance(value, str):
            return value
        raise BadFilter(f"`{name}` is {value!r:.80}, which is no text.", hint='Write a date as "2024-06-17".')
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    texts = tuple(value) if isinstance(value, Iterable) else (value,)
    if isinstance(value, Iterable) and all(isinstance(text, str) for text in texts):
        return texts
    raise BadFilter(f"`{name}` is {value!r:.80}, which is no text and no list of texts.", hint='Give ["cs.CL"].')


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that the paper with the id `of` was retracted: the source that has it, and its own id, if it has one."""

    of: str
    source: str
    notice: str = ""

    def to_dict(self) -> JsonDict:
        """The notice as `show --json` prints it."""
        return {"of": self.of, "source": self.source, "notice": self.notice or None}

    def __str__(self) -> str:
        return f"retracted, as {self.source} says" + (f" ({self.notice})" if self.notice else "")
