"""Paper identity: ids in every form, normalised titles, content hashes and similarity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import identity

S2 = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("2406.11741", ("2406.11741", None)),
        (" 2406.11741v2 ", ("2406.11741", 2)),
        ("arXiv:2406.11741v12", ("2406.11741", 12)),
        ("ARXIV: 2406.11741", ("2406.11741", None)),
        ("0704.0001", ("0704.0001", None)),
        ("http://arxiv.org/abs/2406.11741v1", ("2406.11741", 1)),
        ("https://www.arxiv.org/pdf/2406.11741", ("2406.11741", None)),
        ("arxiv.org/pdf/2406.11741v2.pdf", ("2406.11741", 2)),
        ("https://arxiv.org/html/2406.11741v2/", ("2406.11741", 2)),
        ("https://export.arxiv.org/abs/2406.11741", ("2406.11741", None)),
        ("https://arxiv.org/abs/2406.11741v3?context=cs.CL#x", ("2406.11741", 3)),
        ("https://huggingface.co/papers/2406.11741", ("2406.11741", None)),
        ("10.48550/arXiv.2406.11741", ("2406.11741", None)),
        ("https://doi.org/10.48550/arXiv.2406.11741v2", ("2406.11741", 2)),
        ("hep-th/9901001", ("hep-th/9901001", None)),
        ("math.GT/0309136v1", ("math.gt/0309136", 1)),
        ("arXiv:cs.AI/0101001", ("cs.ai/0101001", None)),
        ("https://arxiv.org/abs/hep-th/9901001v2", ("hep-th/9901001", 2)),
    ],
)
def test_an_arxiv_id_is_found_in_every_form_with_its_version(given_: str, found: tuple[str, int | None]) -> None:
    assert identity.arxiv_id(given_) == found


@pytest.mark.parametrize(
    "given_",
    ["", "4983", "20240617", "2413.11741", "2400.11741", "2406.117", "2406.1174111", "2406.11741v", "10.1/2406.11741"],
)
def test_a_number_that_only_resembles_an_arxiv_id_is_none(given_: str) -> None:
    assert identity.arxiv_id(given_) is None


def test_a_field_that_says_arxiv_may_hold_an_impossible_month() -> None:
    assert identity.arxiv_id("2799.00012v2", named=True) == ("2799.00012", 2)


@pytest.mark.parametrize(
    ("given_", "ids"),
    [
        ("doi:10.1000/ABC.d", ["doi:10.1000/abc.d"]),
        ("10.1000/abc.", ["doi:10.1000/abc"]),
        ("https://dx.doi.org/10.1000/X", ["doi:10.1000/x"]),
        (
            "10.1002/(SICI)1097(1998)49:8<693::AID-ASI4>3.0.CO;2-O",
            ["doi:10.1002/(sici)1097(1998)49:8<693::aid-asi4>3.0.co;2-o"],
        ),
        ("https://doi.org/10.48550/arXiv.2406.11741", ["arxiv:2406.11741", "doi:10.48550/arxiv.2406.11741"]),
        ("PMID: 123", ["pmid:123"]),
        ("https://pubmed.ncbi.nlm.nih.gov/123/", ["pmid:123"]),
        ("https://www.ncbi.nlm.nih.gov/pubmed/123", ["pmid:123"]),
        ("https://europepmc.org/abstract/MED/123", ["pmid:123"]),
        ("PMCID: PMC1234567", ["pmcid:PMC1234567"]),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1234567/", ["pmcid:PMC1234567"]),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/1234567", ["pmcid:PMC1234567"]),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC1234567/pdf/main.pdf", ["pmcid:PMC1234567"]),
        ("https://pmc.ncbi.nlm.nih.gov/articles/pmc1234567.2?report=x#S1", ["pmcid:PMC1234567"]),
        ("http://europepmc.org/articles/PMC1234567", ["pmcid:PMC1234567"]),
        ("https://europepmc.org/article/PMC/PMC1234567", ["pmcid:PMC1234567"]),
        ("https://europepmc.org/article/AGR/1234567", []),
        ("10.48550/arXiv.2406.11741v2", ["arxiv:2406.11741", "doi:10.48550/arxiv.2406.11741"]),
        ("https://openalex.org/W123", ["openalex:W123"]),
        ("https://openalex.org/works/w123", ["openalex:W123"]),
        ("openalex:w123", ["openalex:W123"]),
        (f"s2:{S2.upper()}", [f"s2:{S2}"]),
        (f"https://www.semanticscholar.org/paper/A-title/{S2}", [f"s2:{S2}"]),
        ("W123", []),
        ("123", []),
        ("PMC123", []),
        (S2, []),
        ("https://example.org/123", []),
    ],
)
def test_a_text_stands_for_the_ids_of_known_schemes(given_: str, ids: list[str]) -> None:
    assert identity.scheme_ids(given_) == ids


@pytest.mark.parametrize(
    "given_", ["arxiv:2406.11741", "doi:10.1000/x", "pmid:12", "openalex:W12", f"s2:{S2}", "pmcid:PMC12"]
)
def test_an_id_of_ours_stands_for_itself(given_: str) -> None:
    assert identity.scheme_ids(given_) == [given_]


@pytest.mark.parametrize(
    ("paper_id", "scheme"),
    [
        ("arxiv:2406.11741", "arxiv"),
        ("doi:10.1/x:y", "doi"),
        ("doi:10.48550/arxiv.2406.11741", "doi:arxiv"),
        ("file:papers:7", "file:papers"),
        ("title:00ff", "title"),
    ],
)
def test_the_scheme_of_a_file_id_includes_the_file_and_arxivs_dois_are_one_of_their_own(
    paper_id: str, scheme: str
) -> None:
    assert identity.scheme_of(paper_id) == scheme


def test_ids_sort_by_how_well_they_name_a_paper() -> None:
    ids = ["arxiv:2406.11741", "doi:10.5555/x", "doi:10.48550/arxiv.2406.11741", "pmid:1", "openalex:W1", f"s2:{S2}"]
    ids += ["pmcid:PMC1", "file:f:1", "title:00", "other:1"]
    shuffled = sorted(ids)
    assert sorted(shuffled, key=identity.rank) == ids


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Grokking: {D}elayed Généralization", "grokking delayed generalization"),
        ("\\emph{Foo}  bar", "FOO BAR."),
        ('na\\"ive', "naïve"),
        ("Straße", "STRASSE"),
        ("ﬁne — tuning", "Fine-Tuning"),
        ("Foo™", "fooTM"),
        ("$L$ norm", "L norm"),
    ],
)
def test_titles_that_differ_in_typography_are_one(one: str, other: str) -> None:
    assert identity.normalised_title(one) == identity.normalised_title(other)


@pytest.mark.parametrize(
    ("one", "other"), [("L1", "L2"), ("co operate", "cooperate"), ("深度学习", "深度"), ("???", "!!!")]
)
def test_titles_of_other_words_differ(one: str, other: str) -> None:
    assert identity.normalised_title(one) != identity.normalised_title(other)


@given(st.text())
def test_normalising_a_title_twice_changes_nothing(title: str) -> None:
    once = identity.normalised_title(title)
    assert identity.normalised_title(once) == once


def test_a_title_id_is_sixteen_hex_digits_of_the_normalised_title() -> None:
    assert identity.title_id("Grokking!") == identity.title_id("GROKKING")
    assert identity.title_id("Grokking").startswith("title:")
    assert len(identity.title_id("Grokking")) == len("title:") + 16


def test_a_title_id_with_an_abstract_extends_the_one_without() -> None:
    assert identity.title_id("Editorial", "We begin.").startswith(identity.title_id("Editorial") + ".")
    assert identity.title_id("Editorial", "We begin.") != identity.title_id("Editorial", "We end.")


def test_a_content_hash_changes_with_the_title_and_with_the_abstract() -> None:
    hashes = {identity.content_hash(*pair) for pair in [("a", "b"), ("a", "c"), ("c", "b")]}
    assert len(hashes) == 3
    assert all(each.startswith("sha256:") and len(each) == 71 for each in hashes)


@given(st.text(), st.text())
def test_similarity_is_symmetric_within_zero_and_one_and_one_for_the_same(one: str, other: str) -> None:
    assert identity.similarity(one, other) == identity.similarity(other, one)
    assert 0 <= identity.similarity(one, other) <= 1
    assert identity.similarity(one, one) == 1


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [("We find a cure.", "we FIND a cure", 1.0), ("a b c d", "a b c e", 0.6), ("a b", "c d", 0.0), ("", "a", 0.0)],
)
def test_similarity_is_the_share_of_words_that_both_have(one: str, other: str, similarity: float) -> None:
    assert identity.similarity(one, other) == similarity


@pytest.mark.parametrize(
    ("ids", "url", "pdf"),
    [
        (["doi:10.1/x", "arxiv:2406.11741"], "https://example.org/a", "https://arxiv.org/pdf/2406.11741"),
        (["doi:10.1/x", "pmcid:PMC77"], None, "https://pmc.ncbi.nlm.nih.gov/articles/PMC77/pdf/"),
        (["doi:10.1/x"], "https://example.org/papers/a%20b.PDF", "https://example.org/papers/a%20b.PDF"),
        (["doi:10.1/x"], "https://example.org/a", None),
        (["doi:10.1/x"], "javascript:alert(1).pdf", None),
        (["doi:10.1/x"], 'https://example.org/"onclick=x.pdf', None),
        (["doi:10.1/x"], "https://example.org/\u202efdp.pdf", None),
        ([], None, None),
    ],
)
def test_the_pdf_of_a_paper_is_told_by_an_id_or_is_its_link(ids: list[str], url: str | None, pdf: str | None) -> None:
    assert identity.pdf_url(ids, url) == pdf
