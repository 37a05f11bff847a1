"""BibTeX: macros, LaTeX, names, dates, ids, and entries that are broken or stand twice."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated

from rag.errors import UnreadableInput
from rag.sources import bibtex
from rag.sources.decoding import MAX_RECORD_CHARS, open_text
from rag.sources.records import Context
from rag.types import Paper, Reject

ENTRY = f"""@article{{byron2020,
  title = {{A {{BERT}} Study}},
  author = {{Byron, Ada and van der Berg, Jan}},
  year = 2020, month = may,
  abstract = {{{ABSTRACT}}}
}}
"""


def read(content: str | bytes) -> list[Paper | Reject]:
    """All records."""
    text, _ = open_text(io.BytesIO(content.encode() if isinstance(content, str) else content), "x.bib")
    return list(bibtex.parse(text, Context(name="x", source="bibtex", today=TODAY)))


def one(**fields: str) -> Paper:
    """The paper of one entry with these fields."""
    values = {"title": "T", "abstract": ABSTRACT} | fields
    (record,) = read("@misc{k,\n" + ",\n".join(f"{name} = {{{value}}}" for name, value in values.items()) + "\n}")
    assert isinstance(record, Paper), record
    return record


def test_an_entry_is_a_paper() -> None:
    (paper,) = read(ENTRY)
    assert isinstance(paper, Paper)
    assert (paper.paper_id, paper.title, paper.abstract) == ("file:x:byron2020", "A BERT Study", ABSTRACT)
    assert (paper.authors, paper.published) == (("Ada Byron", "Jan van der Berg"), "2020-05")


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("@article{", "@ARTICLE {"), ("title", "Title"), ("{", "{ ")])
def test_line_ends_case_and_spaces_do_not_matter(change: tuple[str, str]) -> None:
    assert titles(read(ENTRY.replace(*change))) == ["A BERT Study"]


@pytest.mark.parametrize(
    "head", [ENTRY, "\ufeff" + ENTRY, "% JabRef\n\n" + ENTRY, '@string{a = "b"}\n', "@Comment{x}\n@book(k,"]
)
def test_bibtex_is_recognised(head: str) -> None:
    assert bibtex.recognise(head)


@pytest.mark.parametrize(
    "head", ['{"a": "\n@article{k,"}', "[1]", "TY  - JOUR\n", "<a>\n@article{k,</a>", "title,abstract\n", "mail@{x"]
)
def test_other_text_is_not(head: str) -> None:
    assert not bibtex.recognise(head)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\"U}ber \'{e}t\'e na\"{\i}ve \c{C} {\v{s}} \o{} {\ss} Erd\H{o}s", "Über été naïve Ç š ø ß Erdős"),
        (r"S\o ren and \AA rhus", "Søren and Aarhus".replace("Aa", "Å")),
        (r"{\em One} \textbf{two} \texttt{a\_b} \mbox{c} \href{https://a.b}{d} \url{e}", "One two a_b c d e"),
        (r"50\% of R\&D, 50% of R&D, \$5 and $6", "50% of R&D, 50% of R&D, $5 and $6"),
        (r"$O(n^2)$ \(x\) $ \ell_1 $ costs $5", r"$O(n^2)$ \(x\) $ \ell_1 $ costs $5"),
        (r"$\ell_p$-{R}egression {in $\{0,1\}^n$}", r"$\ell_p$-Regression in $\{0,1\}^n$"),
        (r"10\textsuperscript{2} H\textsubscript{2}O p \textless{} 0.05", "10² H₂O p < 0.05"),
        (r"a -- b --- ``c'' d~e ~5 ms", "a – b — “c” d e ~5 ms"),
        (r"shown~\cite{a,b} in Section~\ref{x} by (1+\eps)", "shown in Section by (1+eps)"),
        (r"x &amp; y &lt; z", "x & y < z"),
    ],
)
def test_latex_is_decoded_and_math_kept(latex: str, text: str) -> None:
    paper = one(title=latex, abstract=f"{ABSTRACT} {latex}")
    assert (paper.title, paper.abstract) == (text, f"{ABSTRACT} {text}")


@pytest.mark.parametrize(
    "latex", ["{" * 999 + "}" * 999 + r"\'e", r"\href \sqrt é", r"\frac" * 50 + " \\ x", r"\begin{a}" * 2000, "$" * 999]
)
def test_latex_that_cannot_be_read_loses_no_paper(latex: str) -> None:
    assert one(abstract=f"{ABSTRACT} {latex}").abstract.startswith(ABSTRACT)


@pytest.mark.parametrize(
    ("author", "names"),
    [
        (r"M{\"u}ller, J{\"o}rg AND Knuth, Donald E.", ("Jörg Müller", "Donald E. Knuth")),
        ("King, Jr, Martin Luther", ("Martin Luther King Jr",)),
        ("{The {ATLAS} Collaboration} and Ludwig van Beethoven", ("The ATLAS Collaboration", "Ludwig van Beethoven")),
        ("{Barnes and Noble}", ("Barnes and Noble",)),
        ("{Byron}, {Ada} and {van Dyke, A}", ("Ada Byron", "van Dyke, A")),
        ("Byron, Ada\n  and\n  Hay, Alan", ("Ada Byron", "Alan Hay")),
        ("", ()),
    ],
)
def test_names_are_read_in_every_form(author: str, names: tuple[str, ...]) -> None:
    assert one(author=author).authors == names


def test_and_others_are_nobody() -> None:
    assert one(author="Byron, Ada and others").authors == ("Ada Byron",)


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"year": "2020"}, "2020"),
        ({"year": "{2020}", "month": "May"}, "2020-05"),
        ({"year": "2020", "month": "05"}, "2020-05"),
        ({"year": "2020", "month": "5", "day": "17"}, "2020-05-17"),
        ({"year": "2023", "month": "12--15 Jul"}, "2023-07"),
        ({"year": "2023", "month": "12 July"}, "2023-07-12"),
        ({"date": "2020-05-17", "year": "2021"}, "2020-05-17"),
        ({"year": "in press"}, None),
    ],
)
def test_dates_are_as_exact_as_they_were_given(fields: dict[str, str], published: str | None) -> None:
    assert one(**fields).published == published


@pytest.mark.parametrize(
    ("fields", "alias"),
    [
        ({"doi": r"10.1000/a{\_}b"}, "doi:10.1000/a_b"),
        ({"doi": "https://doi.org/10.1000/X"}, "doi:10.1000/x"),
        ({"eprint": "2406.11741v2", "archivePrefix": "arXiv"}, "arxiv:2406.11741"),
        ({"eprint": "hep-th/9901001", "eprinttype": "arxiv"}, "arxiv:hep-th/9901001"),
        ({"eprint": "2406.11741"}, "arxiv:2406.11741"),
        ({"journal": "CoRR", "volume": "abs/1706.03762"}, "arxiv:1706.03762"),
        ({"journal": "arXiv preprint arXiv:1706.03762"}, "arxiv:1706.03762"),
        ({"url": r"\url{https://arxiv.org/abs/1706.03762}"}, "arxiv:1706.03762"),
        ({"pmid": "123"}, "pmid:123"),
        ({"eprint": "123", "eprinttype": "pubmed"}, "pmid:123"),
    ],
)
def test_ids_are_found(fields: dict[str, str], alias: str) -> None:
    assert {alias, "file:x:k"} <= set(one(**fields).aliases)


def test_an_eprint_of_another_archive_is_no_arxiv_id() -> None:
    assert one(eprint="2406.11741", archiveprefix="hal").aliases == ("file:x:k",)


def test_keywords_venue_link_and_class_are_read() -> None:
    paper = one(keywords="a, {B}; c", booktitle=r"Proc.\ of X", url=r"https://a.b/c\_d", primaryClass="cs.CL")
    assert (paper.tags, paper.venue, paper.url, paper.categories) == (
        ("a", "B", "c"),
        "Proc. of X",
        "https://a.b/c_d",
        ("cs.CL",),
    )


def test_macros_are_replaced_and_joined() -> None:
    content = '@string{acl = "Proc. of {ACL}"}\n@string(both = acl # { and } # "more")\n'
    (paper,) = read(content + ENTRY.replace("year = 2020", 'journal = "In " # Both # { 22}'))
    assert isinstance(paper, Paper)
    assert paper.venue == "In Proc. of ACL and more 22"


def test_macros_of_macros_do_not_grow_without_end() -> None:
    lines = ["@string{a0 = {" + "x" * 100 + "}}", *(f"@string{{a{n} = a{n - 1} # a{n - 1}}}" for n in range(1, 60))]
    records = read("\n".join(lines) + "\n" + ENTRY)
    assert titles(records[-1:]) == ["A BERT Study"]
    assert any("too long" in record.reason for record in records if isinstance(record, Reject))


def test_an_entry_without_an_abstract_or_a_title_is_a_reject_with_its_line() -> None:
    records = read(ENTRY + "\n@misc{a, title = {T}}\n@misc{b, abstract = {" + ABSTRACT + "}}")
    assert titles(records) == ["A BERT Study", "- no abstract", "- no title"]
    assert [record.where for record in records if isinstance(record, Reject)] == ["line 8", "line 9"]


def test_a_key_that_stands_twice_names_the_first_paper_alone() -> None:
    first, same, other = read(ENTRY + ENTRY + ENTRY.replace("BERT", "moss"))
    assert isinstance(first, Paper)
    assert isinstance(other, Paper)
    assert same == first
    assert (first.aliases, other.title) == (("file:x:byron2020",), "A moss Study")
    assert [paper_id[:6] for paper_id in other.aliases] == ["title:"]


@pytest.mark.parametrize(
    "head", ["@article{", "@article{\n", "@ARTICLE {  ", "@article{,", "@article(", "@article{Byron 2020,"]
)
def test_an_entry_without_a_key_as_endnote_writes_it_is_a_paper(head: str) -> None:
    entry = ENTRY.replace("@article{byron2020,", head)
    assert titles(read((entry[:-2] + ")\n" if head.endswith("(") else entry) * 2)) == ["A BERT Study"] * 2


@pytest.mark.parametrize(
    ("journal", "venue"),
    [
        (r"{\apj}", "Astrophysical Journal"),
        (r"\mnras", "Monthly Notices of the Royal Astronomical Society"),
        (r'"\aap"', "Astronomy and Astrophysics"),
        (r"{{\jcap}}", "Journal of Cosmology and Astroparticle Physics"),
        (r"{Proc. of \apj}", "Proc. of apj"),
        (r"{Nature}", "Nature"),
    ],
)
def test_the_macros_of_astronomical_journals_are_their_names(journal: str, venue: str) -> None:
    (paper,) = read(ENTRY.replace("year = 2020", f"journal = {journal}"))
    assert isinstance(paper, Paper)
    assert paper.venue == venue


def test_entries_without_keys_are_not_one_another() -> None:
    assert len([each for each in read(ENTRY.replace("byron2020", "") * 2) if isinstance(each, Paper)]) == 2


@pytest.mark.parametrize(
    "broken",
    [
        "@article{b, title = {T\n",
        "@article{b, title {T}}\n",
        f"article{{b, title = {{T}}, abstract = {{{ABSTRACT}}}}}\n",
        f"@article{{b, title = {{T}} abstract = {{{ABSTRACT}}}, year = 2020}}\n",
        f"@article{{b, title = {{T}}, title = {{U}}, abstract = {{{ABSTRACT}}}}}\n",
        f"@article{{b, title = {{T}}, abstract = {{{'x' * MAX_RECORD_CHARS}}}}}\n",
    ],
)
def test_a_broken_entry_is_one_reject_and_costs_no_other(broken: str) -> None:
    records = read(ENTRY + broken + ENTRY.replace("byron2020", "c"))
    assert [isinstance(record, Paper) for record in records] == [True, False, True]
    assert isinstance(records[1], Reject)
    assert records[1].where.startswith("line")


def test_of_another_field_that_stands_twice_the_first_is_taken() -> None:
    (paper,) = read(ENTRY.replace("year = 2020", "keywords = {a}, keywords = {b}"))
    assert isinstance(paper, Paper)
    assert paper.tags == ("a",)


def test_comments_and_preambles_are_no_records() -> None:
    assert titles(read("Some text\n@comment{jabref-meta: x}\n@preamble{ {\\x} }\n" + ENTRY + "\nThe end")) == [
        "A BERT Study"
    ]


def test_undecodable_bytes_refuse_their_entry_alone() -> None:
    content = (
        ENTRY + ENTRY.replace("byron2020", "b").replace("BERT", "é")
    ).encode() + b"@misc{c,title={\xff},abstract={x}}"
    assert [isinstance(record, Paper) for record in read("é".encode() * 9 + b"\n" + content)] == [True, True, False]


@pytest.mark.parametrize("name", ["paperlists_acl2022_200", "paperlists_colt2023_200"])
def test_every_entry_of_a_real_file_is_a_paper_or_a_named_reject(real_data: Path, name: str) -> None:
    content = (real_data / "formats" / "bibtex" / f"{name}.bib").read_text("utf-8")
    entries = content.split("\n@")
    records = read(content)
    assert len(records) == len(entries)
    for entry, record in zip(entries, records, strict=True):
        assert isinstance(record, Paper) == ("abstract = \t {" in entry and "abstract = \t {}" not in entry), record
        if isinstance(record, Reject):
            assert (record.reason, bool(record.title)) == ("no abstract", True)


@settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS)
def test_damaged_bytes_give_papers_and_rejects(mutations: list[tuple[str, int, bytes]]) -> None:
    content = mutated((ENTRY + '@string{a = "b"}\n' + ENTRY.replace("byron2020", "b")).encode(), mutations)
    with suppress(UnreadableInput):  # the first bytes may be those of an archive, or nothing may be left
        for record in read(content):
            assert isinstance(record, Paper) or (record.where and record.reason)


@settings(max_examples=150, deadline=5000)
@given(st.text(st.sampled_from("\\{}$%&~^_'\"`-#[]() aé\n") | st.characters(), max_size=300))
def test_any_latex_is_read(latex: str) -> None:
    assert isinstance(bibtex._text(latex), str)


@pytest.mark.parametrize(
    "given_",
    [
        {"pmcid": "PMC1234567"},
        {"pmcid": "1234567"},
        {"eprint": "PMC1234567", "eprinttype": "pmcid"},
        {"url": r"https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1234567/"},
    ],
)
def test_the_id_in_pubmed_central_is_taken(given_: dict[str, str]) -> None:
    assert one(**given_).aliases[0] == "pmcid:PMC1234567"
