"""Exports of reference managers and databases: EndNote, Web of Science, Zotero RDF, MODS, and the cases of users."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reading import ABSTRACT, one, parsed, read, titles

from benchmarks.exports import WRITERS, held, papers
from rag.types import Paper, Reject
from refdesk.render.export import FORMATS

CASES = Path(__file__).parents[1] / "cases" / "field"


def case(name: str) -> list[Paper]:
    """The papers of a case, of which no record is a reject."""
    records = read((CASES / name).read_bytes(), name)
    assert all(isinstance(record, Paper) for record in records), records
    return [record for record in records if isinstance(record, Paper)]


# ---- the cases


@pytest.mark.parametrize("name", ["wos_tagged.ciw", "wos_tagged_named.ris"])
def test_web_of_science_is_read_whatever_its_suffix(name: str) -> None:
    first, second = case(name)
    assert (first.title, first.published) == ("A map of soil water in dry fields", "2023-03")
    assert (first.authors, first.tags) == (("Ngozi Okafor", "Per Lindqvist"), ("radar", "soil water"))
    assert {"doi:10.5555/sm.2023.104", "pmid:36900001"} <= set(first.aliases)
    assert first.abstract == "We map soil water at 100 m with radar. The error is 4 percent by volume in dry fields."
    assert (second.title, second.authors, second.published) == ("Moss on walls", ("Tirunesh Abebe",), "2022")


@pytest.mark.parametrize("name", ["endnote_refer.enw", "endnote.xml"])
def test_endnote_is_read(name: str) -> None:
    (paper,) = case(name)
    assert (paper.authors, paper.published, paper.venue) == (("Ngozi Okafor", "Per Lindqvist"), "2023", "Soil Letters")
    assert paper.paper_id == "doi:10.5555/sm.2023.104"
    assert paper.abstract.startswith("We map soil moisture at 100 m with radar.")


def test_zotero_rdf_is_read() -> None:
    (paper,) = case("zotero.rdf")
    assert (paper.title, paper.authors, paper.published) == ("A map of soil moisture", ("Ngozi Okafor",), "2023-03")


def test_text_between_records_of_ovid_is_no_record() -> None:
    first, second = case("ovid_text_between.ris")
    assert (first.title, second.title) == ("Moss on walls in five cities.", "A map of soil moisture.")
    assert first.abstract.endswith("North walls had twice as much.")


def test_two_papers_with_one_key_are_two_papers() -> None:
    first, second = case("dupkey_two_papers.bib")
    assert (first.aliases, second.aliases) == (
        ("doi:10.5555/sm.2023.104", "file:dupkey_two_papers:Okafor2023"),
        ("doi:10.5555/ws.70001",),
    )


def test_endnotes_bibtex_without_keys_is_read() -> None:
    first, second = case("endnote_no_key.bib")
    assert (first.title, first.venue, second.title) == ("A map of soil moisture", "Soil Letters", "Moss on walls")


def test_the_macro_of_a_journal_is_its_name() -> None:
    (paper,) = case("ads_journal_macro.bib")
    assert (paper.venue, paper.published) == ("Astronomical Journal", "2023-03")


# ---- 200 papers in each format


@pytest.mark.parametrize("form", WRITERS)
def test_what_a_program_writes_comes_in_unchanged_and_goes_out_unchanged(form: str) -> None:
    made = papers(200)
    records, notes = parsed(WRITERS[form](made), "export")
    assert titles(records) == [paper.title for paper in made]
    assert not notes
    came_in = [record for record in records if isinstance(record, Paper)]
    assert {paper.source for paper in came_in} == {form}
    for paper, record in zip(made, came_in, strict=True):
        assert held(record, form) == held(paper, form)
    for name, export in FORMATS.items():
        again = read("\n".join(export(came_in)), f"export.{name}", format_name=name)
        assert [held(record, form) for record in again if isinstance(record, Paper)] == [
            held(record, form) for record in came_in
        ]


@pytest.mark.parametrize("form", WRITERS)
def test_a_bad_record_costs_no_other(form: str) -> None:
    made = papers(3)
    content = WRITERS[form](made)
    without = content.replace(made[1].abstract, "")
    if without == content:  # the text is escaped or folded there
        start = content.index("We study case 1.")
        end = content.index(" end.", start) + len(" end.")
        without = content[:start] + content[end:]
    first, second, third = read(without)
    assert titles([first, third]) == [made[0].title, made[2].title]
    assert isinstance(second, Reject)
    assert (second.reason, second.title, bool(second.where)) == ("no abstract", made[1].title, True)


# ---- Web of Science


WOS = f"PT J\nAU Byron, A\nTI One\nAB {ABSTRACT}\nPY 2020\nER\n"


@pytest.mark.parametrize(
    "content",
    [
        WOS,
        "FN Thomson Reuters Web of Science\u2122\nVR 1.0\n" + WOS + "\nEF\n",
        WOS.replace("\n", "\r\n"),
        WOS.replace("ER\n", ""),
        "FN Clarivate Analytics Web of Science\nVR 1.0\n" + WOS.replace("PT J\n", ""),
    ],
)
def test_the_writings_of_web_of_science_give_the_same_paper(content: str) -> None:
    paper = one(content)
    assert (paper.title, paper.abstract, paper.authors, paper.published, paper.source) == (
        "One", ABSTRACT, ("A Byron",), "2020", "wos",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "published"),
    [
        ("PD MAR 15\nPY 2023", "2023-03-15"),
        ("PD JAN-FEB\nPY 2023", "2023-01"),
        ("PD SPR\nPY 2023", "2023"),
        ("EA MAR 2023", "2023-03"),
        ("PD MAR\nPY 2023\nEA JAN 2022", "2023-03"),
    ],
)
def test_dates_of_web_of_science_are_as_exact_as_they_were_given(lines: str, published: str) -> None:
    assert one(WOS.replace("PY 2020", lines)).published == published


def test_groups_are_authors_and_full_names_go_before_short_ones() -> None:
    paper = one(WOS.replace("AU Byron, A\n", "AU Byron, A\nAF Byron, Ada\nCA The Moss Group\n"))
    assert paper.authors == ("Ada Byron", "The Moss Group")


# ---- EndNote


REFER = f"%0 Journal Article\n%A Byron, Ada\n%T One\n%D 2020\n%X {ABSTRACT}\n"


@pytest.mark.parametrize(
    "content",
    [
        REFER,
        "\ufeff" + REFER.replace("\n", "\r\n"),
        REFER.replace("%0 Journal Article\n", ""),
        REFER.replace(" small", "\nsmall").replace("the loss", "\n\nthe loss"),
        REFER.replace("%X", "%K a\n%X"),
    ],
)
def test_the_writings_of_endnote_give_the_same_paper(content: str) -> None:
    paper = one(content)
    assert (paper.title, paper.abstract, paper.authors, paper.published) == ("One", ABSTRACT, ("Ada Byron",), "2020")


@pytest.mark.parametrize("kind", ["%0 Journal Article\n", ""])
@pytest.mark.parametrize("gap", ["\n", "\n\n \n"])
def test_references_are_parted_by_their_types_or_by_blank_lines(kind: str, gap: str) -> None:
    second = REFER.replace("One", "Two")
    content = (REFER + gap + second).replace("%0 Journal Article\n", kind)
    assert titles(read(content)) == ["One", "Two"]
    assert titles(read(REFER + second)) == ["One", "Two"]


def test_a_reference_that_lost_its_beginning_is_not_joined_to_the_one_before() -> None:
    second = REFER.replace("One", "Two")
    assert titles(read(REFER + "\n" + second.replace("%0 Journal Article\n", ""))) == ["One", "Two"]
    (record,) = read(REFER + second.replace("%0 Journal Article\n", ""))
    assert record == Reject(where="line 1", reason="not valid EndNote text: the field %T stands twice")


def test_a_superscript_of_endnote_is_kept() -> None:
    text = f'{ABSTRACT} At 10<style face="superscript">-3</style> m&#xD;and H<style face="subscript">2</style>O.'
    content = (CASES / "endnote.xml").read_text("utf-8")
    start, end = content.index("<abstract>") + 10, content.index("</abstract>")
    assert one(content[:start] + f"<style>{text}</style>" + content[end:]).abstract == (
        f"{ABSTRACT} At 10⁻³ m and H₂O."
    )


def test_a_pubmed_id_of_endnote_is_taken_only_from_pubmed() -> None:
    content = (CASES / "endnote.xml").read_text("utf-8")
    number = "<accession-num>123</accession-num>"
    assert "pmid:123" not in one(content.replace("<dates>", number + "<dates>")).aliases
    database = "<remote-database-name>PubMed</remote-database-name>"
    assert "pmid:123" in one(content.replace("<dates>", number + database + "<dates>")).aliases


# ---- Zotero


def test_a_journal_within_the_item_gives_venue_and_doi_and_notes_are_no_records() -> None:
    content = (CASES / "zotero.rdf").read_text("utf-8")
    journal = "<bib:Journal><dc:title>Soil Letters</dc:title><dc:identifier>DOI 10.5555/x</dc:identifier></bib:Journal>"
    memo = "<bib:Memo rdf:about='#n'><rdf:value>a note</rdf:value></bib:Memo>"
    content = content.replace("<dc:date>", f"<dcterms:isPartOf>{journal}</dcterms:isPartOf><dc:date>")
    paper = one(content.replace("</rdf:RDF>", memo + "</rdf:RDF>"))
    assert (paper.venue, paper.paper_id) == ("Soil Letters", "doi:10.5555/x")


def test_ids_in_the_extra_field_of_zotero_are_taken() -> None:
    content = (CASES / "zotero.rdf").read_text("utf-8")
    extra = "<dc:description>PMID: 123\nPMCID: PMC1234567\narXiv:2303.01234 [cs]</dc:description>"
    assert {"pmid:123", "pmcid:PMC1234567", "arxiv:2303.01234"} <= set(
        one(content.replace("<dc:date>", extra + "<dc:date>")).aliases
    )


def test_items_of_one_journal_do_not_share_its_doi() -> None:
    made = papers(2)
    content = WRITERS["zotero_rdf"](made).replace("urn:issn:1", "urn:issn:0")
    first, second = read(content)
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert "doi:10.5555/x.0" in first.aliases
    assert "doi:10.5555/x.0" not in second.aliases


# ---- MODS


def test_a_subtitle_of_mods_is_a_part_of_the_title_and_editors_are_no_authors() -> None:
    content = f"""<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo><nonSort>The</nonSort><title>moss</title>
        <subTitle>on walls</subTitle></titleInfo><name><namePart>Byron, Ada</namePart></name>
        <name><namePart>Hay, Alan</namePart><role><roleTerm>editor</roleTerm></role></name>
        <abstract>{ABSTRACT}</abstract></mods>"""
    paper = one(content)
    assert (paper.title, paper.authors) == ("The moss: on walls", ("Byron, Ada",))


@pytest.mark.parametrize("kind", ["Acquisition note", "Review", "content advice"])
def test_a_note_in_the_element_abstract_of_mods_is_no_abstract(kind: str) -> None:
    note = f'<abstract type="{kind}">Bought from the estate of a botanist in 1911.</abstract>'
    record = '<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo><title>Moss</title></titleInfo>{}</mods>'
    assert titles(read(record.format(note))) == ["- no abstract"]
    for kept in ("<abstract>", '<abstract type="Summary">'):
        assert one(record.format(f"{note}{kept}{ABSTRACT}</abstract>")).abstract == ABSTRACT


# ---- damage that would spoil an abstract or join two records


@pytest.mark.parametrize("line", ["%R(10.5555/x", "%Uhttps://x.example/"])
def test_a_damaged_tag_of_endnote_is_no_part_of_the_abstract(line: str) -> None:
    assert one(f"{REFER}{line}\n").abstract == ABSTRACT


def test_a_stray_line_in_web_of_science_makes_its_record_a_reject() -> None:
    first, second = read(WOS.replace("PY 2020", "C1[Byron, A] Univ") + WOS.replace("One", "Two"))
    assert first == Reject(
        where="line 1",
        reason="not valid Web of Science text: a line neither has a tag nor begins with a space",
    )
    assert isinstance(second, Paper)


@pytest.mark.parametrize("form", ["zotero_rdf", "mods", "acl", "endnote_xml"])
def test_a_record_of_two_titles_is_a_reject(form: str) -> None:
    made = papers(1)
    content = WRITERS[form](made)
    pattern = {"mods": r"<titleInfo>.*?</titleInfo>", "zotero_rdf": r"<dc:title>Study.*?</dc:title>"}
    title = re.search(pattern.get(form, r"<title>.*?</title>"), content, re.DOTALL)
    assert title
    (record,) = read(content.replace(title[0], title[0] + title[0].replace("Study", "Other")))
    assert isinstance(record, Reject)
    assert "twice" in record.reason


@pytest.mark.parametrize("path", ["abstract", "titles/title"])
def test_a_record_within_a_field_of_endnote_is_a_reject(path: str) -> None:
    inner = f"<record><titles><title>Two</title></titles><abstract>{ABSTRACT}</abstract></record>"
    title, abstract = ("One" + inner, ABSTRACT) if path == "titles/title" else ("One", f"We ask why. {inner}")
    record = "<record><ref-type>17</ref-type><titles><title>{}</title></titles><abstract>{}</abstract></record>"
    content = record.format(title, abstract) + record.format("Three", ABSTRACT)
    assert titles(read(f"<xml><records>{content}</records></xml>")) == [
        f"- not valid EndNote XML: the field {path} holds an element record",
        "Three",
    ]


# ---- RefWorks, Ovid, and BibTeX of databases


def test_the_authors_of_a_chinese_database_stand_on_one_line() -> None:
    content = (
        f"RT Journal Article\nSR 1\nA1 王小明;李四\nT1 墙上的苔藓\nJF 墙\nYR 2020\nK1 苔藓;墙\nAB {ABSTRACT}\nDS CNKI\n"
    )
    paper = one(content)
    assert (paper.source, paper.authors, paper.published) == ("refworks", ("王小明", "李四"), "2020")
    assert paper.tags == ("苔藓", "墙")


def test_medline_as_ovid_writes_it_is_read() -> None:
    record = f"""VN  - Ovid Technologies
DB  - Embase
UI  - 2004123456
TI  - Moss on walls
      in five cities.
AB  - {ABSTRACT}
AU  - Okafor N.
AU  - Lindqvist P.
JN  - Wall Letters
YR  - 2020
DO  - https://dx.doi.org/10.5555/x

"""
    first, second = read(
        f"<1>\n{record}<2>\n{record.replace('2004123456', '2').replace('Moss', 'Ferns').replace('5/x', '5/y')}"
    )
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.title, first.abstract, first.published) == ("Moss on walls in five cities.", ABSTRACT, "2020")
    assert (first.paper_id, first.venue, first.source) == ("doi:10.5555/x", "Wall Letters", "medline")
    assert (second.title, second.authors) == ("Ferns on walls in five cities.", ("Okafor N.", "Lindqvist P."))


@pytest.mark.parametrize(
    "content",
    [
        """@article{ ISI:000123,
Author = {Okafor, Ngozi and
   Lindqvist, Per},
Title = {{A map of
   soil}},
Journal = {{Soil Letters}},
Year = {{2023}},
Month = {{MAR 15}},
Abstract = {{ABSTRACT}},
DOI = {{10.5555/x}},
Keywords = {{radar; soil}},
}
""",
        """Scopus
EXPORT DATE: 3 March 2023

@ARTICLE{Okafor2023,
\tauthor = {Okafor, Ngozi and Lindqvist, Per},
\ttitle = {A map of soil},
\tyear = {2023}, month = {March}, day = {15},
\tjournal = {Soil Letters},
\tdoi = {10.5555/x},
\tabstract = {ABSTRACT},
\tauthor_keywords = {radar; soil},
\tsource = {Scopus}
}
""",
        """DB  - McK
C8  -
TI  - A map of soil
AB  - ABSTRACT
TY  - JOUR
AU  - Okafor, Ngozi
AU  - Lindqvist, Per
PY  - 2023/03/15/
KW  - radar
KW  - soil
DO  - 10.5555/x
JO  - Soil Letters
ER  -
""",
        """%0 Journal Article
%A Okafor, Ngozi
%A Lindqvist, Per
%T A map of soil
%J Soil Letters
%8 March 15, 2023
%! Map
%X ABSTRACT
%f A figure
%R 10.5555/x
%K radar
soil
%[ 2023-05-01
""",
    ],
)
def test_exports_of_databases_give_the_same_paper(content: str) -> None:
    paper = one(content.replace("ABSTRACT", ABSTRACT))
    assert (paper.title, paper.abstract, paper.published) == ("A map of soil", ABSTRACT, "2023-03-15")
    assert (paper.authors, paper.venue) == (("Ngozi Okafor", "Per Lindqvist"), "Soil Letters")
    assert (paper.tags, paper.paper_id) == (("radar", "soil"), "doi:10.5555/x")


# ---- lines of an abstract that look like fields


@pytest.mark.parametrize("line", ["AI models are compared with it.", "US sites are wetter.", "IL 6 rose."])
def test_a_paragraph_in_refworks_that_begins_with_two_capitals_stays_in_the_abstract(line: str) -> None:
    (paper,) = read(f"RT Journal Article\nT1 Moss\nAB {ABSTRACT}\n{line}\nIt grows.\nYR 2024\n")
    assert isinstance(paper, Paper) and paper.abstract == f"{ABSTRACT} {line} It grows." and paper.published == "2024"


@pytest.mark.parametrize(
    "content",
    [
        f"RT Journal Article\nT1 Moss\nAB {ABSTRACT}\nAD patients were asked too.\nYR 2024\n",
        f"%0 Journal Article\n%T Moss\n%X {ABSTRACT}\n%95 güven aralığı ile.\n%D 2024\n",
        f"FN Clarivate\nVR 1.0\nPT J\nTI Moss\nAB {ABSTRACT}\nER and PR were seen.\nUT WOS:1\nER\nEF\n",
        f"FN Clarivate\nVR 1.0\nPT J\nTI Moss\nAB {ABSTRACT}\nAI models are compared.\nUT WOS:1\nER\nEF\n",
    ],
    ids=["RefWorks", "EndNote", "Web of Science, ER", "Web of Science"],
)
def test_a_line_that_may_be_a_field_or_the_abstract_makes_its_record_a_reject(content: str) -> None:
    (record,) = read(content)
    assert isinstance(record, Reject) and "not valid" in record.reason


# ---- what databases say of a paper


@pytest.mark.parametrize(("kind", "flags"), [("Article; Retracted Publication", ("withdrawn",)), ("Retraction", ())])
def test_a_paper_whose_document_type_is_retracted_is_withdrawn(kind: str, flags: tuple[str, ...]) -> None:
    tagged = f"FN Clarivate\nVR 1.0\nPT J\nTI Moss\nDT {kind}\nAB {ABSTRACT}\nUT WOS:1\nER\nEF\n"
    table = f"EID,Title,Source title,Abstract,Document Type\n2-s2.0-1,Moss,Walls,{ABSTRACT},{kind}\n"
    for content in (tagged, table):
        (paper,) = read(content)
        assert isinstance(paper, Paper) and paper.flags == flags


@pytest.mark.parametrize(("element", "kind"), [("ConferenceProceedings", "presentation"), ("Data", "computerProgram")])
def test_presentations_and_software_of_zotero_are_papers_too(element: str, kind: str) -> None:
    (paper,) = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:z="http://www.zotero.org/namespaces/export#" xmlns:bib="http://purl.org/net/biblio#" '
        f'xmlns:dcterms="http://purl.org/dc/terms/"><bib:{element} rdf:about="#item_1"><z:itemType>{kind}</z:itemType>'
        f"<dc:title>Moss</dc:title><dcterms:abstract>{ABSTRACT}</dcterms:abstract></bib:{element}></rdf:RDF>"
    )
    assert isinstance(paper, Paper) and paper.abstract == ABSTRACT
