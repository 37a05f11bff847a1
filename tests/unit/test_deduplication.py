"""Deduplication: which records are one paper, which of their texts stands, and what is kept of each record."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import identity
from rag.deduplication import Known, MergeResult, join
from rag.types import Paper, Reject

ABSTRACT = "We train small models on long texts and find that the loss falls with each doubling of the data."
EDITED = ABSTRACT.replace("each", "every")
OTHER = "Robots that walk on the moon need no legs, as forty trials in a tank of sand have shown to us."


def record(*aliases: str, title: str = "Small models", abstract: str = ABSTRACT, **fields: object) -> Paper:
    """A record as an importer makes it, under the best of its ids."""
    ids = tuple(sorted(aliases, key=identity.rank)) or (identity.title_id(title),)
    paper = Paper(paper_id=ids[0], title=title, abstract=abstract, aliases=ids, source="crossref")  # may unite
    return replace(paper, **fields)  # type: ignore[arg-type]


def joined(*records: Paper, known: Known | None = None) -> tuple[list[MergeResult | Reject], Known]:
    """What became of each record, one after the other, and what is known then."""
    known = Known() if known is None else known
    return [join(each, known, f"record {number}") for number, each in enumerate(records, start=1)], known


def outcomes(*records: Paper) -> list[str]:
    """The outcome of each record; `reject` for a reject."""
    return [each.outcome if isinstance(each, MergeResult) else "reject" for each in joined(*records)[0]]


def only(known: Known) -> Paper:
    """The one paper that is known."""
    (paper,) = known.papers.values()
    return paper


# ---- which records are one paper


@pytest.mark.parametrize("alias", ["arxiv:2406.11741", "doi:10.1000/x", "pmid:12", "openalex:W1", "file:papers:7"])
def test_a_known_alias_is_the_same_paper(alias: str) -> None:
    _, known = joined(record("doi:10.1000/x", alias), record(alias, title="Small models", abstract=EDITED))
    assert len(known.papers) == 1


def test_an_equal_title_over_a_near_equal_abstract_is_the_same_paper() -> None:
    results, known = joined(record("doi:10.1000/x"), record("file:papers:7", title="SMALL Models!", abstract=EDITED))
    assert only(known).aliases == ("doi:10.1000/x", "file:papers:7")
    assert [each.merged for each in results if isinstance(each, MergeResult)] == [False, True]


@pytest.mark.parametrize(
    ("first", "second"),
    [((), ()), (("doi:10.1000/x",), ()), ((), ("doi:10.1000/x",)), (("pmid:1",), ("doi:10.1000/x",))],
)
def test_a_title_alone_never_makes_one_paper_of_two(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    editorials = record(*first, title="Editorial"), record(*second, title="Editorial", abstract=OTHER)
    _, known = joined(*editorials)
    assert {paper.abstract for paper in known.papers.values()} == {ABSTRACT, OTHER}


def test_three_editorials_without_ids_are_three_papers_however_often_they_come() -> None:
    editorials = [
        record(title="Editorial", abstract=abstract) for abstract in (ABSTRACT, OTHER, "Welcome to the issue.")
    ]
    assert outcomes(*editorials, *editorials) == ["added"] * 3 + ["unchanged"] * 3
    results, known = joined(*editorials, *editorials)
    assert not any(each.merged for each in results if isinstance(each, MergeResult))
    assert len({paper.paper_id for paper in known.papers.values()}) == 3


def test_what_a_record_adds_to_a_second_editorial_is_kept() -> None:
    first, second = record(title="Editorial"), record(title="Editorial", abstract=OTHER)
    results, _ = joined(first, second, replace(second, venue="ACL"))
    assert isinstance(results[2], MergeResult)
    assert (results[2].outcome, results[2].paper.abstract, results[2].paper.venue) == ("updated", OTHER, "ACL")


def test_a_second_editorial_does_not_take_the_title_id_that_another_paper_goes_by() -> None:
    first, same, second = record("doi:10.1000/x"), record(), record(abstract=OTHER)
    _, known = joined(first, same, second)
    assert known.owners[identity.title_id("Small models")] == "doi:10.1000/x"
    assert set(known.papers) == {"doi:10.1000/x", identity.title_id("Small models", OTHER)}


@pytest.mark.parametrize("scheme", ["arxiv:2406.1174{}", "doi:10.1000/{}", "pmid:{}", "openalex:W{}", "file:papers:{}"])
def test_different_ids_of_one_scheme_are_two_papers_though_their_texts_are_equal(scheme: str) -> None:
    assert outcomes(record(scheme.format(1)), record(scheme.format(2))) == ["added", "added"]


def test_ids_of_two_files_say_nothing_of_each_other() -> None:
    assert len(joined(record("file:one:1"), record("file:two:2"))[1].papers) == 1


def test_two_arxiv_papers_that_share_the_doi_of_the_whole_are_two() -> None:
    parts = (
        record("arxiv:2406.11741", "doi:10.1000/x"),
        record("arxiv:2406.11742", "doi:10.1000/x", title="Part II", abstract=OTHER),
    )
    _, known = joined(*parts)
    assert set(known.papers) == {"arxiv:2406.11741", "arxiv:2406.11742"}
    assert known.papers["arxiv:2406.11742"].aliases == ("arxiv:2406.11742",)


def test_a_row_number_used_again_beside_another_doi_is_another_paper() -> None:
    one, two = (
        record("doi:10.1000/x", "file:papers:1"),
        record("doi:10.1000/y", "file:papers:1", title="B", abstract=OTHER),
    )
    assert outcomes(one, two, one, two) == ["added", "added", "unchanged", "unchanged"]


def test_a_file_id_used_again_for_another_paper_is_a_reject() -> None:
    results, known = joined(record("file:papers:1"), record("file:papers:1", title="Robots", abstract=OTHER))
    assert results[1] == Reject(
        where="record 2", reason="its id is that of another paper of the file, “Small models”", title="Robots"
    )
    assert only(known).abstract == ABSTRACT


def test_a_citation_key_used_again_for_another_paper_names_the_first_alone() -> None:
    one = replace(record("file:refs:okafor2023"), source="bibtex")
    two = replace(record("file:refs:okafor2023", title="Robots", abstract=OTHER), source="bibtex")
    results, known = joined(one, two, one, two)
    assert [result.outcome for result in results if isinstance(result, MergeResult)] == [
        "added", "added", "unchanged", "unchanged",
    ]  # fmt: skip
    assert known.owners["file:refs:okafor2023"] == one.paper_id


def test_the_doi_of_another_part_of_the_work_is_not_taken_over() -> None:
    parts = record("arxiv:2406.11741", "doi:10.1000/x"), record("arxiv:2406.11742", title="Part II", abstract=OTHER)
    _, known = joined(*parts, record("arxiv:2406.11742", "doi:10.1000/x", title="Part II", abstract=OTHER))
    assert known.papers["arxiv:2406.11742"].aliases == ("arxiv:2406.11742",)
    assert known.owners["doi:10.1000/x"] == "arxiv:2406.11741"


# ---- a record that names two known papers


PREPRINT = record("arxiv:2406.11741", title="Small models, a preprint", version=1, imported="2026-07-01")
ARTICLE = record("doi:10.1000/x", title="B", abstract=OTHER, imported="2026-06-01", venue="ACL", tags=("read",))
BOTH = record("arxiv:2406.11741", "doi:10.1000/x", "s2:12", title="B", abstract=OTHER)


@pytest.mark.parametrize("first", [(PREPRINT, ARTICLE), (ARTICLE, PREPRINT)])
def test_a_record_that_names_two_papers_makes_them_one_under_the_better_id(first: tuple[Paper, ...]) -> None:
    results, known = joined(*first, BOTH)
    assert isinstance(results[2], MergeResult)
    assert (results[2].outcome, results[2].merged, results[2].merged_ids) == ("updated", True, ("doi:10.1000/x",))
    assert only(known).aliases == ("arxiv:2406.11741", "doi:10.1000/x", "s2:12")
    assert set(known.owners.values()) == {"arxiv:2406.11741"}
    assert (only(known).venue, only(known).tags, only(known).imported) == ("ACL", ("read",), "2026-06-01")
    assert only(known).title == PREPRINT.title


def test_what_was_known_of_both_is_known_of_the_one() -> None:
    again, _ = joined(PREPRINT, ARTICLE, BOTH, known=joined(PREPRINT, ARTICLE, BOTH)[1])
    assert [each.outcome for each in again if isinstance(each, MergeResult)] == ["unchanged"] * 3
    assert not any(each.merged or each.merged_ids for each in again if isinstance(each, MergeResult))


def test_a_title_of_the_paper_that_is_gone_finds_the_one_that_took_its_place() -> None:
    _, known = joined(PREPRINT, ARTICLE, BOTH, record(title="B", abstract=OTHER))
    assert identity.title_id("B") in only(known).aliases


def test_one_record_may_name_more_than_two() -> None:
    results, known = joined(
        *(record(each, title=each) for each in ("pmid:1", "doi:10.1/x", "s2:1")), record("pmid:1", "doi:10.1/x", "s2:1")
    )
    assert only(known).paper_id == "doi:10.1/x"
    assert isinstance(results[3], MergeResult)
    assert results[3].merged_ids == ("pmid:1", "s2:1")


def test_of_two_versions_in_one_paper_the_newer_ones_text_stands() -> None:
    old, new = record("doi:10.1000/x", version=1), record("pmid:1", title="B", abstract=OTHER, version=2)
    _, known = joined(old, new, record("doi:10.1000/x", "pmid:1"))
    assert (only(known).paper_id, only(known).title, only(known).version) == ("doi:10.1000/x", "B", 2)


def test_a_record_without_an_arxiv_id_does_not_make_one_of_two_arxiv_papers() -> None:
    parts = (
        record("arxiv:2406.11741", "doi:10.1000/x"),
        record("arxiv:2406.11742", "pmid:1", title="Part II", abstract=OTHER),
    )
    results, known = joined(*parts, record("doi:10.1000/x", "pmid:1"))
    assert set(known.papers) == {"arxiv:2406.11741", "arxiv:2406.11742"}
    assert known.owners["pmid:1"] == "arxiv:2406.11742"
    assert isinstance(results[2], MergeResult)
    assert results[2].paper.paper_id == "arxiv:2406.11741"


def test_a_record_that_names_two_arxiv_ids_makes_one_of_two_arxiv_papers() -> None:
    two = record("arxiv:2406.11741"), record("arxiv:2406.11742", title="B", abstract=OTHER)
    _, known = joined(*two, record("arxiv:2406.11741", "arxiv:2406.11742"))
    assert only(known).aliases == ("arxiv:2406.11741", "arxiv:2406.11742")


def test_a_record_without_ids_stays_with_the_paper_that_it_joined_by_its_title() -> None:
    bare = record(abstract=EDITED, tags=("read",))
    assert outcomes(record("doi:10.1000/y"), bare, record("doi:10.1000/x"), bare)[3] == "unchanged"


def test_a_paper_may_have_the_doi_of_arxiv_and_that_of_a_journal() -> None:
    both = record("arxiv:2406.11741", "doi:10.48550/arxiv.2406.11741"), record("doi:10.1000/x")
    for order in (both, both[::-1]):
        assert {*only(joined(*order)[1]).aliases} == {*both[0].aliases, *both[1].aliases}


def test_two_dois_of_arxiv_are_two_papers() -> None:
    assert len(joined(record("doi:10.48550/arxiv.1"), record("doi:10.48550/arxiv.2"))[1].papers) == 2


# ---- which text stands


def test_another_text_under_the_same_id_is_a_revision() -> None:
    results, known = joined(record("doi:10.1000/x"), record("doi:10.1000/x", title="Larger models", abstract=OTHER))
    assert isinstance(results[1], MergeResult)
    assert results[1].outcome == "updated"
    assert results[1].text is not None
    assert (only(known).title, only(known).abstract) == ("Larger models", OTHER)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_the_newest_version_stands_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    versions = [record("arxiv:2406.11741", abstract=f"{ABSTRACT} Version {each}.", version=each) for each in order]
    results, known = joined(*versions)
    assert only(known).abstract.endswith("Version 3.")
    assert only(known).version == 3
    assert all(isinstance(each, MergeResult) and each.text is not None for each in results)


def test_a_newer_version_stands_though_the_paper_first_came_under_another_id() -> None:
    one, two = (record("arxiv:2406.11741", abstract=f"{ABSTRACT} {each}", version=each) for each in (1, 2))
    _, known = joined(record("file:papers:7"), one, two)
    assert only(known).paper_id == "file:papers:7"
    assert only(known).abstract == two.abstract


def test_a_text_seen_before_changes_nothing() -> None:
    old, new = record("doi:10.1000/x"), record("doi:10.1000/x", abstract=EDITED)
    results, known = joined(old, new, old)
    assert isinstance(results[2], MergeResult)
    assert (results[2].outcome, results[2].text) == ("unchanged", None)
    assert only(known).abstract == EDITED


def test_a_record_without_ids_finds_the_paper_that_had_its_text_before_title_and_text_were_revised() -> None:
    revised = record("doi:10.1000/x", title="Larger models", abstract=OTHER)
    _, known = joined(record("doi:10.1000/x"), record(), revised)
    loaded = Known()  # as from a catalog, which finds papers by the title they have now
    loaded.put(only(known), known.hashes["doi:10.1000/x"])
    results, _ = joined(record(), known=loaded)
    assert isinstance(results[0], MergeResult)
    assert (results[0].outcome, results[0].paper.title) == ("unchanged", "Larger models")


def test_a_record_under_a_lesser_id_does_not_replace_the_text() -> None:
    _, known = joined(record("arxiv:2406.11741"), record("file:papers:7", abstract=EDITED))
    assert only(known).abstract == ABSTRACT


def test_flags_and_authors_are_those_of_the_text_that_stands() -> None:
    old = record("doi:10.1000/x", authors=("Ada Byron",), flags=("instructions",))
    new = record("doi:10.1000/x", abstract=EDITED, authors=("Ada Byron", "Alan Hay"))
    paper = only(joined(old, new)[1])
    assert (paper.authors, paper.flags) == (new.authors, ())


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_paper_that_one_source_calls_withdrawn_is_withdrawn_and_stays_so(order: tuple[int, ...]) -> None:
    records = (
        record("doi:10.1000/x"),
        record("doi:10.1000/x", "pmid:1", flags=("withdrawn",)),
        record("doi:10.1000/x", abstract=EDITED, flags=("instructions",)),
    )
    paper = only(joined(*(records[each] for each in order))[1])
    assert paper.flags == (("instructions", "withdrawn") if paper.abstract == EDITED else ("withdrawn",))


# ---- what is kept of each


@pytest.mark.parametrize(
    ("have", "new", "kept"),
    [
        (None, "2024", "2024"),
        ("2024", None, "2024"),
        ("2024", "2024-06-17", "2024-06-17"),
        ("2024-06-17", "2024", "2024-06-17"),
        ("2024", "2025-06", "2024"),
        ("2024-06-17", "2024-06-18", "2024-06-17"),
    ],
)
@pytest.mark.parametrize("field", ["published", "listed"])
def test_the_more_exact_of_two_dates_that_agree_is_kept(
    field: str, have: str | None, new: str | None, kept: str
) -> None:
    _, known = joined(record("doi:10.1000/x", **{field: have}), record("doi:10.1000/x", **{field: new}))
    assert getattr(only(known), field) == kept


def test_the_last_update_is_kept() -> None:
    dates = ("2024-06-17", "2024-08-01", None, "2024-07-01")
    _, known = joined(*(record("doi:10.1000/x", updated=date) for date in dates))
    assert only(known).updated == "2024-08-01"


def test_categories_and_tags_are_united_in_the_order_seen() -> None:
    one = record("doi:10.1000/x", categories=("cs.LG", "cs.AI"), tags=("a",))
    two = record("doi:10.1000/x", categories=("cs.CL", "cs.LG"), tags=("b", "a"))
    paper = only(joined(one, two)[1])
    assert (paper.categories, paper.tags) == (("cs.LG", "cs.AI", "cs.CL"), ("a", "b"))


@pytest.mark.parametrize("field", ["url", "venue"])
def test_what_is_missing_is_filled_and_what_is_there_stands(field: str) -> None:
    _, known = joined(*(record("doi:10.1000/x", **{field: value}) for value in (None, "first", "second")))
    assert getattr(only(known), field) == "first"


def test_more_about_a_paper_is_an_update_without_a_text() -> None:
    results, _ = joined(record("doi:10.1000/x"), record("doi:10.1000/x", venue="ACL"))
    assert isinstance(results[1], MergeResult)
    assert (results[1].outcome, results[1].text) == ("updated", None)


def test_a_record_is_never_changed_itself() -> None:
    one, two = record("doi:10.1000/x"), record("doi:10.1000/x", abstract=EDITED, tags=("a",))
    before = replace(one), replace(two)
    joined(one, two)
    assert (one, two) == before


# ---- for all records


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.integers(1, 3),
        "published": st.sampled_from(["2024", "2024-06", "2024-06-17", "2025"]),
        "updated": st.sampled_from(["2024-06-17", "2025"]),
        "categories": st.sampled_from([("cs.LG",), ("cs.CL", "cs.LG")]),
        "venue": st.sampled_from(["ACL", "EMNLP"]),
        "authors": st.sampled_from([("Ada Byron",), ("Alan Hay",)]),
    },
)


def records_of(number: int, *abstracts: str) -> st.SearchStrategy[Paper]:
    """Records of one work, under some of its ids or none, all of one title: that of the other work too."""
    ids = [f"arxiv:{number}", f"doi:10.1000/{number}", f"pmid:{number}", f"file:one:{number}", f"file:two:{number}"]
    return st.builds(
        lambda aliases, title, abstract, fields: record(*aliases, title=title, abstract=abstract, **fields),
        st.lists(st.sampled_from(ids), max_size=3, unique=True),
        st.sampled_from(["Editorial", "EDITORIAL."]),
        st.sampled_from(abstracts),
        FIELDS,
    )


RECORDS = st.lists(records_of(1, ABSTRACT, EDITED) | records_of(2, OTHER), max_size=8)


@given(RECORDS)
def test_the_second_pass_over_the_same_records_changes_nothing(records: list[Paper]) -> None:
    _, known = joined(*records)
    before = dict(known.papers)
    again, _ = joined(*records, known=known)
    assert {each.outcome for each in again if isinstance(each, MergeResult)} <= {"unchanged"}
    assert known.papers == before


@given(RECORDS)
def test_every_record_is_counted_and_every_added_one_is_a_paper(records: list[Paper]) -> None:
    results, known = joined(*records)
    counts = Counter(each.outcome for each in results if isinstance(each, MergeResult))
    gone = [paper_id for each in results if isinstance(each, MergeResult) for paper_id in each.merged_ids]
    assert counts.total() == len(records)
    assert counts["added"] == len(known.papers) + len(gone)
    assert not {*gone} & {*known.papers}


@given(RECORDS)
def test_every_alias_leads_to_a_paper_that_has_it(records: list[Paper]) -> None:
    _, known = joined(*records)
    for paper_id, paper in known.papers.items():
        assert paper.paper_id == paper_id
        assert all(known.owners[alias] == paper_id for alias in paper.aliases)
    assert all(alias in known.papers[owner].aliases for alias, owner in known.owners.items())


@given(st.data())
def test_the_order_of_records_does_not_matter_to_which_are_one_paper(data: st.DataObject) -> None:
    records = data.draw(RECORDS)
    shuffled = data.draw(st.permutations(records))
    found = [
        {
            frozenset(alias for alias in paper.aliases if not alias.startswith("title:"))
            for paper in known.papers.values()
        }
        for known in (joined(*records)[1], joined(*shuffled)[1])
    ]
    assert found[0] == found[1]


SCHEMES = ("arxiv:{}", "doi:10.1/{}", "doi:10.48550/arxiv.{}", "pmid:{}", "openalex:W{}", "s2:{}", "pmcid:PMC{}")


@st.composite
def overlapping(draw: st.DrawFn) -> list[Paper]:
    """Records of four works, each under some of its ids; of no two are title or text alike, so ids alone connect."""
    works = draw(
        st.lists(st.tuples(st.integers(1, 4), st.sets(st.sampled_from(SCHEMES), min_size=1, max_size=3)), max_size=10)
    )
    return [
        record(*(scheme.format(work) for scheme in schemes), title=f"Title {number}", abstract=f"{number} " * 9)
        for number, (work, schemes) in enumerate(works)
    ]


def connected(records: list[Paper]) -> set[frozenset[str]]:
    """The ids that records connect, directly or through others."""
    groups: list[set[str]] = []
    for each in records:
        apart = [group for group in groups if not group & set(each.aliases)]
        groups = [*apart, set(each.aliases).union(*(group for group in groups if group not in apart))]
    return set(map(frozenset, groups))


@given(overlapping())
def test_papers_are_what_the_ids_of_records_connect_so_their_order_does_not_matter(records: list[Paper]) -> None:
    results, known = joined(*records)
    assert {frozenset(paper.aliases) for paper in known.papers.values()} == connected(records)
    assert len(results) == len(records)
    again, _ = joined(*records, known=known)
    assert {each.outcome for each in again if isinstance(each, MergeResult)} <= {"unchanged"}


@given(
    st.permutations(
        [record("arxiv:1", abstract=f"{ABSTRACT} {each}", version=each) for each in (1, 2, 3)] + [record("pmid:1")]
    )
)
def test_the_order_of_versions_and_sources_does_not_matter_to_the_newest_version(records: list[Paper]) -> None:
    assert only(joined(*records)[1]).version == 3
