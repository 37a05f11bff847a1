"""Records by strangers: what they may add to a paper, what they may not take away, and that each refusal is noted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag import identity
from rag.deduplication import Known, MergeResult, join
from rag.origins import OWNER, Origin, of_feed
from rag.types import Paper

TEXT = "We train twelve small models on arithmetic and find that they reach the accuracy of much larger ones in time."
OTHER = "Whales sing at night in the cold northern sea, and their songs carry over hundreds of miles of open water."
THIRD = "Yeast ferments sugar under pressure; a cellar of constant temperature halves the rate of that reaction."
NEAR = TEXT + " Indeed."
STRANGER = of_feed("blog", "rss", "https://blog.example/feed")
ARXIV = of_feed("cs", "arxiv")
A, B = "arxiv:2401.00001", "doi:10.1000/x"


def paper(*ids: str, title: str = "Small models", abstract: str = TEXT, **fields: object) -> Paper:
    """A record under the best of its ids."""
    aliases = tuple(sorted(ids, key=identity.rank))
    made = Paper(paper_id=aliases[0], title=title, abstract=abstract, aliases=aliases)
    return replace(made, **fields)  # type: ignore[arg-type]


def library() -> Known:
    """Two papers of different texts."""
    known = Known()
    first = paper(
        A, authors=("Ada Byron",), url="https://arxiv.org/abs/2401.00001", listed="2026-11-20", version=1,
        categories=("cs.CL",), tags=("read",), published="2024-01-02", updated="2024-02-01", venue="TMLR",
    )  # fmt: skip
    join(first, known, "record 1")
    join(paper(B, title="Whales", abstract=OTHER), known, "record 2")
    return known


def told(record: Paper, origin: Origin, known: Known) -> MergeResult:
    """What becomes of a record that is not rejected."""
    found = join(record, known, "record 3", origin)
    assert isinstance(found, MergeResult)
    return found


NOTED = {
    "another text": paper(A, abstract=THIRD),
    "another title": paper(A, title="Small models are useless"),
    "an emptied abstract": paper(A, abstract="Not shown."),
    "a shortened abstract": paper(A, abstract=TEXT[:60]),
    "an extended abstract": paper(A, abstract=f"{TEXT} {THIRD}"),
    "a near-equal abstract": paper(A, abstract=NEAR),
    "a later version": paper(A, abstract=THIRD, version=99),
    "authors replaced with a text": paper(A, abstract=THIRD, authors=("Eve",)),
    "a link replaced with a text": paper(A, abstract=THIRD, url="https://evil.example/"),
    "listed in 2019": paper(A, listed="2019-01-01"),
    "listed in 2031": paper(A, listed="2031-01-01"),
    "withdrawn by a flag": paper(A, flags=("withdrawn",)),
    "withdrawn by a title": paper(A, title="RETRACTED: Small models", flags=("withdrawn",)),
    "withdrawn under another id": paper("doi:10.9/evil", abstract=NEAR, flags=("withdrawn",)),
    "an alias with another text": paper(A, "doi:10.9/evil", abstract=THIRD),
    "two known ids": paper(A, B, abstract=NEAR),
    "two known ids with a third text": paper(A, B, abstract=THIRD),
}
SILENT = {
    "authors replaced": paper(A, authors=("Eve",)),
    "the link replaced": paper(A, url="https://evil.example/"),
    "categories left out": paper(A, categories=()),
    "tags left out": paper(A, tags=()),
    "a version alone": paper(A, version=99),
    "another day of publication": paper(A, published="2031-01-01"),
    "a later update": paper(A, updated="2031-01-01"),
    "another venue": paper(A, venue="Nowhere"),
}


@pytest.mark.parametrize("kind", [*NOTED, *SILENT])
@pytest.mark.parametrize("origin", [STRANGER, Origin(owner=False, name="https://x.example/p.csv")], ids=["feed", "url"])
def test_a_strangers_record_changes_nothing_of_a_known_paper(kind: str, origin: Origin) -> None:
    known = library()
    before, whales = known.papers[A], known.papers[B]
    found = told(NOTED.get(kind) or SILENT[kind], origin, known)
    assert replace(known.papers[A], aliases=before.aliases) == before
    assert kind == "withdrawn under another id" or known.papers[A].aliases == before.aliases  # a near-equal text
    assert known.papers[B] == whales
    assert bool(found.notes) == (kind in NOTED)
    assert "record 3" in "".join(found.notes) or kind in SILENT


def test_a_saved_rss_file_of_the_owner_is_a_strangers_too() -> None:
    known = library()
    before = known.papers[A]
    assert told(paper(A, abstract=THIRD, source="rss"), OWNER, known).notes
    assert known.papers[A] == before


def test_a_stranger_adds_what_is_unknown() -> None:
    known = library()
    told(paper(B, title="Whales", abstract=OTHER, authors=("Alan Hay",), categories=("q-bio",)), STRANGER, known)
    assert (known.papers[B].authors, known.papers[B].categories) == (("Alan Hay",), ("q-bio",))


@pytest.mark.parametrize("source", ["jsonl", "csv", "bibtex"])
def test_even_the_owners_table_does_not_unite_papers_whose_texts_differ(source: str) -> None:
    known = library()
    found = told(paper(A, B, abstract=NEAR, source=source), OWNER, known)
    assert len(known.papers) == 2
    assert any(A in note and B in note for note in found.notes)


@pytest.mark.parametrize("source", ["crossref", "openalex", "semanticscholar", "pubmed_xml", "arxiv"])
def test_a_record_in_a_databases_own_format_unites_them(source: str) -> None:
    known = library()
    assert told(paper(A, B, abstract=NEAR, source=source), OWNER, known).merged_ids == (B,)


def test_a_databases_format_from_a_stranger_unites_nothing() -> None:
    known = library()
    assert told(paper(A, B, abstract=NEAR, source="crossref"), STRANGER, known).notes
    assert len(known.papers) == 2


def test_a_stranger_cannot_block_the_next_version_by_a_high_one() -> None:
    known = Known()
    told(paper(A, version=99), STRANGER, known)
    told(paper(A, abstract=THIRD, version=2), ARXIV, known)
    assert (known.papers[A].abstract, known.papers[A].version) == (THIRD, 2)


def test_arxivs_feed_brings_a_new_version_and_a_withdrawal() -> None:
    known = library()
    told(paper(A, abstract=THIRD, version=2, flags=("withdrawn",)), ARXIV, known)
    assert (known.papers[A].abstract, known.papers[A].flags) == (THIRD, ("withdrawn",))


def test_the_owners_corrected_file_replaces_the_text() -> None:
    known = library()
    assert not told(paper(A, abstract=THIRD, source="csv"), OWNER, known).notes
    assert known.papers[A].abstract == THIRD


def test_crossrefs_notice_withdraws_the_paper_of_its_doi() -> None:
    known = library()
    record = paper(B, title="Whales", abstract=OTHER, flags=("withdrawn",), source="crossref")
    told(record, of_feed("journals", "crossref"), known)
    assert known.papers[B].flags == ("withdrawn",)


def test_a_listing_date_of_the_configured_hugging_face_feed_counts() -> None:
    known = library()
    told(paper(B, title="Whales", abstract=OTHER, listed="2026-11-21"), STRANGER, known)
    assert known.papers[B].listed is None
    told(paper(B, title="Whales", abstract=OTHER, listed="2026-11-22"), of_feed("hf", "huggingface"), known)
    assert known.papers[B].listed == "2026-11-22"


@pytest.mark.parametrize(
    "url", ["https://arxiv.org.evil.example/rss", "https://evil.example/arxiv.org", "http://rss.arxiv.org/rss/cs.CL"]
)
def test_a_feed_is_arxivs_only_at_arxivs_host(url: str) -> None:
    assert not of_feed("cs", "rss", url).schemes
