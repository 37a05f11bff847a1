"""PubMed XML: structured abstracts, ids, dates, names, books, broken records, and files that would do harm."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from reading import ABSTRACT, TODAY, titles
from test_properties import MUTATIONS, mutated

from rag.errors import UnreadableInput
from rag.sources import pubmed_xml
from rag.sources.decoding import MAGIC, MAX_ENTRY_CHARS, open_text
from rag.sources.records import Context
from rag.types import Paper, Reject

DOCTYPE = '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/x.dtd">'
CITATION = f"""<MedlineCitation Status="MEDLINE"><PMID Version="1">123</PMID><Article><Journal><JournalIssue>
<PubDate><Year>2023</Year><Month>Feb</Month></PubDate></JournalIssue><Title>A journal</Title></Journal>
<ArticleTitle>A title with H<sub>2</sub>O in <i>E. coli</i>.</ArticleTitle>
<ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID><ELocationID EIdType="doi" ValidYN="Y">10.1000/x</ELocationID>
<Abstract><AbstractText Label="METHODS" NlmCategory="METHODS">{ABSTRACT}</AbstractText>
<AbstractText Label="UNLABELLED">p &lt; 10<sup>-3</sup> &amp; more.</AbstractText>
<CopyrightInformation>No.</CopyrightInformation>
</Abstract><AuthorList><Author><LastName>Byron</LastName><ForeName>Ada</ForeName><Suffix>Jr</Suffix></Author>
<Author><CollectiveName>The Group</CollectiveName></Author></AuthorList>
<ArticleDate><Year>2022</Year><Month>10</Month><Day>29</Day></ArticleDate></Article>
<CommentsCorrectionsList><CommentsCorrections><PMID>9</PMID></CommentsCorrections></CommentsCorrectionsList>
<KeywordList><Keyword>one</Keyword><Keyword>two, three</Keyword></KeywordList></MedlineCitation>"""
ARTICLE = f"""<PubmedArticle>{CITATION}<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1000/y</ArticleId>
</ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.1000/reference</ArticleId></ArticleIdList>
</Reference></ReferenceList></PubmedData></PubmedArticle>"""
BOOK = f"""<PubmedBookArticle><BookDocument><PMID>77</PMID><ArticleIdList><ArticleId IdType="doi">10.1000/b</ArticleId>
</ArticleIdList><Book><BookTitle>A book</BookTitle><PubDate><Year>1993</Year></PubDate><AuthorList Type="editors">
<Author><LastName>Editor</LastName></Author></AuthorList></Book><ArticleTitle>A chapter</ArticleTitle>
<AuthorList Type="authors">
<Author><LastName>Hay</LastName><Initials>A</Initials></Author></AuthorList><Abstract>
<AbstractText>{ABSTRACT}</AbstractText></Abstract></BookDocument></PubmedBookArticle>"""


def as_set(*records: str, head: str = f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n') -> str:
    """A set of records."""
    return f"{head}<PubmedArticleSet>\n" + "\n".join(records) + "\n</PubmedArticleSet>\n"


def read(content: str | bytes) -> list[Paper | Reject]:
    """All records."""
    text, _ = open_text(io.BytesIO(content.encode() if isinstance(content, str) else content), "x.xml")
    return list(pubmed_xml.parse(text, Context(name="x", source="pubmed_xml", today=TODAY)))


def one(old: str = "", new: str = "", record: str = ARTICLE) -> Paper:
    """The paper of a set of one record, in which `old` is replaced."""
    assert old in record
    (found,) = read(as_set(record.replace(old, new) if old else record))
    assert isinstance(found, Paper), found
    return found


def test_a_record_is_a_paper() -> None:
    paper = one()
    assert (paper.title, paper.abstract) == ("A title with H₂O in E. coli.", f"METHODS: {ABSTRACT} p < 10⁻³ & more.")
    assert (paper.paper_id, paper.aliases) == ("doi:10.1000/x", ("doi:10.1000/x", "pmid:123"))
    assert (paper.authors, paper.published) == (("Ada Byron Jr", "The Group"), "2023-02")
    assert (paper.venue, paper.tags) == ("A journal", ("one", "two, three"))


def test_a_set_of_citations_alone_is_read() -> None:
    content = (
        f"<MedlineCitationSet>{CITATION}{CITATION}<DeleteCitation><PMID>5</PMID></DeleteCitation></MedlineCitationSet>"
    )
    assert titles(read(content)) == ["A title with H₂O in E. coli."] * 2


def test_a_book_is_read() -> None:
    paper = one(record=BOOK)
    assert (paper.title, paper.authors, paper.venue) == ("A chapter", ("A Hay",), "A book")
    assert (paper.published, paper.aliases) == ("1993", ("doi:10.1000/b", "pmid:77"))


def test_a_book_without_chapter_has_the_title_of_the_book() -> None:
    assert one("<ArticleTitle>A chapter</ArticleTitle>", record=BOOK).title == "A book"


def test_only_the_records_own_ids_are_taken() -> None:
    paper = one('<ELocationID EIdType="doi" ValidYN="Y">10.1000/x</ELocationID>')
    assert paper.aliases == ("doi:10.1000/y", "pmid:123")
    assert one('doi" ValidYN="Y"', 'doi" ValidYN="N"').aliases == paper.aliases


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("<Year>2022</Year><Month>10</Month>", "2022-10-29"),
        ("<Year>2018</Year><Month>05</Month><Day>7</Day>", "2018-05-07"),
        ("<Year>2018</Year><Month>May</Month><Day>17</Day>", "2018-05-17"),
        ("<Year>2001</Year><Season>May-Jun</Season>", "2001"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", "1998-12"),
        ("<MedlineDate>2000 Spring</MedlineDate>", "2000"),
        ("", "2022-10-29"),
    ],
)
def test_dates_of_every_form_are_read(date: str, published: str) -> None:
    assert one("<Year>2023</Year><Month>Feb</Month>", date).published == published


def test_another_sources_abstract_serves_only_where_there_is_none() -> None:
    other = "<OtherAbstract Language='fre'><AbstractText>Un autre résumé.</AbstractText></OtherAbstract>"
    other += "<OtherAbstract><AbstractText>Another abstract.</AbstractText></OtherAbstract></MedlineCitation>"
    assert one("</MedlineCitation>", other).abstract.startswith("METHODS")
    without = ARTICLE.replace("<Abstract>", "<X>").replace("</Abstract>", "</X>")
    assert one("</MedlineCitation>", other, without).abstract == "Another abstract."


def test_lines_that_an_indenting_program_broke_before_an_index_are_joined() -> None:
    assert one("H<sub>2", "H\n\t\t<sub>2").title == "A title with H₂O in E. coli."


def test_math_and_namespaces_declared_on_the_root_are_read() -> None:
    math = "E <mml:math><mml:mi>x</mml:mi><mml:mo>=</mml:mo><mml:mn>1</mml:mn></mml:math>"
    content = as_set(ARTICLE.replace("E. coli", math)).replace(
        "<PubmedArticleSet>", "<PubmedArticleSet xmlns:mml='http://www.w3.org/1998/Math/MathML'>"
    )
    assert titles(read(content)) == ["A title with H₂O in E x=1."]


def test_an_empty_set_holds_no_records() -> None:
    assert read("<PubmedArticleSet></PubmedArticleSet>") == []


def test_a_record_without_abstract_is_a_reject() -> None:
    records = read(as_set(ARTICLE, ARTICLE.replace("AbstractText", "X"), ARTICLE.replace("ArticleTitle", "X")))
    assert titles(records[1:]) == ["- no abstract", "- no title"]
    assert [record.where for record in records if isinstance(record, Reject)] == ["record 2", "record 3"]


@pytest.mark.parametrize(
    "damage",
    [
        ("</AuthorList>", ""),
        ("</PubmedArticle>", ""),
        ("&amp;", "&"),
        ("&amp;", "&nbsp;"),
        ("2023", "\x01"),
        ("<sub>", "<![CDATA["),
    ],
)
def test_a_broken_record_is_one_reject_and_costs_no_other(damage: tuple[str, str]) -> None:
    records = read(as_set(ARTICLE, ARTICLE.replace(*damage), ARTICLE))
    assert [isinstance(record, Paper) for record in records] == [True, False, True]
    assert isinstance(records[1], Reject)
    assert (records[1].where, records[1].reason[:19]) == ("record 2", "not well-formed XML")
    assert (records[1].title or "")[:12] == "A title with"


def test_a_record_that_lost_its_beginning_is_a_reject() -> None:
    broken = ARTICLE.replace("<PubmedArticle>", "").replace("<MedlineCitation Status", "<Broken Status")
    assert [isinstance(record, Paper) for record in read(as_set(ARTICLE, broken, ARTICLE))] == [True, False, True]


def test_documents_one_after_the_other_are_read() -> None:
    assert len(titles(read(as_set(ARTICLE) + as_set(ARTICLE, BOOK)))) == 3


def test_a_record_nested_without_end_is_a_reject() -> None:
    deep = ARTICLE.replace("E. coli", "<b>" * 10_000 + "</b>" * 10_000)
    assert titles(read(as_set(deep, ARTICLE)))[0] == "- nested too deeply"


def test_an_overlong_record_is_refused_alone() -> None:
    long = ARTICLE.replace("E. coli", "x" * (MAX_ENTRY_CHARS + 1))
    assert [isinstance(record, Paper) for record in read(as_set(ARTICLE, long, ARTICLE))] == [True, False, True]


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;',
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
    ],
)
def test_a_file_that_declares_entities_is_refused(declared: str) -> None:
    head = f"<!DOCTYPE PubmedArticleSet [{declared}]>\n"
    with pytest.raises(UnreadableInput, match="declares XML entities") as caught:
        read(as_set(ARTICLE.replace("E. coli", "&x;&b;"), head=head))
    assert caught.value.hint
    with pytest.raises(UnreadableInput):
        read(as_set(ARTICLE) + as_set(ARTICLE, head=head))


def test_undecodable_bytes_refuse_their_record_alone() -> None:
    good = ARTICLE.replace("E. coli", "é" * 9).encode()
    content = b"<PubmedArticleSet>" + good + good.replace(b"journal", b"journal\xff") + good + b"</PubmedArticleSet>"
    records = read(content)
    assert [isinstance(record, Paper) for record in records] == [True, False, True]
    assert titles(records)[1] == "- bytes that are not UTF-8"


@pytest.mark.parametrize(
    "head", [as_set(), as_set(ARTICLE, head=""), "<!-- x --><MedlineCitationSet a='b'>", ARTICLE, BOOK]
)
def test_pubmed_xml_is_recognised(head: str) -> None:
    assert pubmed_xml.recognise(head)


@pytest.mark.parametrize(
    "head",
    ["<feed><PubmedArticle>", "PubmedArticleSet", "[]", "", "<PubmedArticleSets>", '{"a": "<PubmedArticleSet>"}'],
)
def test_other_text_is_not(head: str) -> None:
    assert not pubmed_xml.recognise(head)


def test_every_record_of_the_real_files_is_a_paper_or_a_named_reject(real_data: Path) -> None:
    folder = real_data / "formats" / "pubmed_xml"
    for name, wanted in (
        ("pubmed-29768149.xml", [True]),
        ("test_current_medline.xml.gz", [True, True, False, True]),
    ):
        content = (folder / name).read_bytes()
        plain = gzip.decompress(content) if name.endswith(".gz") else content
        records = read(content)
        assert len(records) == plain.count(b"<PubmedArticle>")
        assert [isinstance(record, Paper) for record in records] == wanted
        assert {record.reason for record in records if isinstance(record, Reject)} <= {"no abstract"}


@settings(max_examples=150, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(mutations=MUTATIONS)
def test_damaged_bytes_give_papers_and_rejects(mutations: list[tuple[str, int, bytes]]) -> None:
    content = mutated(as_set(ARTICLE, BOOK, ARTICLE).encode(), mutations)
    if content.strip() and b"\0" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff", *MAGIC)):
        with suppress(UnreadableInput):  # its encoding may not be sure
            for record in read(content):
                assert isinstance(record, Paper) or (record.where and record.reason)


@pytest.mark.parametrize("kind", ["pmc", "pmcid"])
def test_the_papers_own_id_in_pubmed_central_is_taken(kind: str) -> None:
    list_ = "<PubmedData><ArticleIdList>"
    assert "pmcid:PMC1234567" in one(list_, f'{list_}<ArticleId IdType="{kind}">PMC1234567</ArticleId>').aliases
    list_ = "<Reference><ArticleIdList>"
    assert one(list_, f'{list_}<ArticleId IdType="{kind}">PMC1234567</ArticleId>').aliases == one().aliases


TYPED = "<PublicationTypeList><PublicationType>{}</PublicationType></PublicationTypeList></Article>"
REFERRED = '<CommentsCorrections RefType="{}"><PMID>9</PMID></CommentsCorrections></CommentsCorrectionsList>'


@pytest.mark.parametrize(
    ("form", "said", "flags"),
    [
        (TYPED, "Retracted Publication", ("withdrawn",)),
        (TYPED, "Retraction of Publication", ()),  # the notice
        (REFERRED, "RetractionIn", ("withdrawn",)),
        (REFERRED, "RetractionOf", ()),
    ],
)
def test_a_retracted_paper_is_flagged_and_its_notice_is_not(form: str, said: str, flags: tuple[str, ...]) -> None:
    end = form[form.rindex("</") :]
    assert one(end, form.format(said)).flags == flags
