"""The arguments of the tools: pydantic models validate what a client sends, and give the JSON Schema it is shown."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.types import Filter

_Id = Annotated[str, Field(max_length=500)]
_Short = Annotated[str, Field(max_length=100)]
"""A date, a period or a name of a setting: an error repeats it, so it must be no longer than one may be."""
_Names = Annotated[list[_Id], Field(max_length=100)]


class Arguments(BaseModel):
    """Arguments of a tool; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @classmethod
    def schema_for_clients(cls) -> dict[str, Any]:
        """The JSON Schema without titles and defaults of nothing, for a client pays for each character."""
        schema: dict[str, Any] = _bare(cls.model_json_schema())
        return schema


class Query(Arguments):
    query: Annotated[str, Field(max_length=2_000)]


class Id(Arguments):
    id: _Id


class Filters(Arguments):
    since: Annotated[_Short | None, Field(description="listed since, such as 2026-05 or 2026-05-17")] = None
    until: _Short | None = None
    categories: _Names = []
    tags: _Names = []
    authors: _Names = []
    papers: Annotated[_Names, Field(description="ids")] = []

    @property
    def filter(self) -> Filter:
        """As the library takes it."""
        return Filter(
            since=self.since,
            until=self.until,
            categories=tuple(self.categories),
            tags=tuple(self.tags),
            authors=tuple(self.authors),
            papers=tuple(self.papers),
        )


class FindPapers(Filters):
    query: Annotated[str, Field(max_length=2_000)] = ""
    limit: Annotated[int, Field(ge=1, le=50)] = 10
    sort: Literal["score", "date"] = "score"


class Ask(Filters):
    question: Annotated[str, Field(max_length=2_000)]
    max_sentences: Annotated[int | None, Field(ge=1, le=20)] = None


class ClaimToVerify(Arguments):
    text: Annotated[str, Field(max_length=2_000)]
    evidence: Annotated[
        list[Annotated[str, Field(max_length=520)]],
        Field(max_length=100, description="sentences, as arxiv:2406.11741#3"),
    ]


class Verify(Arguments):
    document: Annotated[str | None, Field(max_length=2_000_000, description="JSON or Markdown that Refdesk wrote")] = (
        None
    )
    claims: Annotated[list[ClaimToVerify], Field(max_length=100)] = []


class Issue(Arguments):
    period: Annotated[_Short | None, Field(description="2026-W27, 2026-06 or 2026-06-29; without it the last one")] = (
        None
    )
    subscription: _Short | None = None


class Review(Filters):
    topic: Annotated[str, Field(max_length=2_000)]


class Export(Filters):
    format: Literal["bibtex", "ris", "csl", "jsonl"] = "bibtex"


class Rate(Arguments):
    id: _Id
    rating: Literal[-1, 0, 1]


class Record(BaseModel):
    """One record to add; other columns that `add` reads may be given too."""

    model_config = ConfigDict(extra="allow")

    title: str
    abstract: str


class AddRecords(Arguments):
    records: Annotated[list[Record], Field(min_length=1, max_length=1_000)]


def _bare(schema: Any) -> Any:
    """A JSON Schema without titles, empty defaults, and `null` beside another type."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    either = schema.get("anyOf")
    if isinstance(either, list) and {"type": "null"} in either and len(either) == 2:
        schema = {**next(item for item in either if item != {"type": "null"}), **schema}
        del schema["anyOf"]
    return {
        name: {key: _bare(value) for key, value in item.items()} if name == "properties" else _bare(item)
        for name, item in schema.items()
        if name not in ("title", "maxLength", "maxItems", "minItems")
        and not (name == "description" and "properties" in schema)
        and not (name == "default" and item in (None, [], ""))
    }
