"""Tables and JSON as programs write them: each column in its field, what was not used named, nothing taken wrongly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from reading import ABSTRACT, as_csv, as_json, as_jsonl, fields, one, read, titles, used

from rag.errors import UnreadableInput
from rag.types import Paper

CASES = Path(__file__).parents[1] / "cases" / "field"
DOI = "doi:10.5555/sm.2023.104"
RADAR = "We map soil moisture at 100 m with radar. The error is 4 percent by volume in dry fields."


def case(name: str) -> tuple[list[Paper], list[str]]:
    """The papers of a case, of which none is rejected, and the notes."""
    records, usage = used((CASES / name).read_bytes(), name)
    papers = [record for record in records if isinstance(record, Paper)]
    assert len(papers) == len(records), records
    return papers, list(usage)


# ---- cases from the field


def test_zotero_csv_has_its_date_authors_and_tags_and_no_listing_date() -> None:
    (paper,), notes = case("zotero.csv")
    assert (paper.title, paper.abstract) == ("A map of soil moisture", RADAR)
    assert (paper.authors, paper.published, paper.listed) == (("Okafor, Ngozi", "Lindqvist, Per"), "2023-03", None)
    assert (paper.paper_id, paper.venue, paper.tags) == (DOI, "Soil Letters", ("radar", "soil"))
    assert "“Date Added”" in notes[0]


def test_ieee_csv_has_its_title_and_keywords_and_no_listing_date() -> None:
    (paper,), notes = case("ieee.csv")
    assert (paper.title, paper.authors) == ("A map of soil moisture", ("N. Okafor", "P. Lindqvist"))
    assert (paper.published, paper.listed, paper.paper_id) == ("2023", None, DOI)
    assert (paper.tags, paper.venue) == (("radar", "soil"), "2023 Soil Conference")
    assert all(f"“{name}”" in notes[0] for name in ("Date Added To Xplore", "IEEE Terms", "PDF Link"))


def test_lens_csv_has_its_authors_and_date() -> None:
    (paper,), _ = case("lens.csv")
    assert (paper.authors, paper.published) == (("Ngozi Okafor", "Per Lindqvist"), "2023-03-01")
    assert {DOI, "pmid:36900001", "pmcid:PMC9000001"} < set(paper.aliases)
    assert (paper.venue, paper.tags, paper.categories) == ("Soil Letters", ("radar",), ("Soil science", "Radar"))


def test_a_row_of_scopus_with_one_cell_too_many_is_read_up_to_its_abstract() -> None:
    (first, second), notes = case("scopus_extra_cell.csv")
    assert (first.abstract, first.authors) == (RADAR, ("Okafor N.", "Lindqvist P."))
    assert (first.published, first.aliases, first.venue) == ("2023", (DOI,), "Soil Letters")
    assert (second.title, second.authors, second.published) == ("Moss on walls", ("Abebe T.",), "2022")
    assert second.aliases == ("doi:10.5555/wl.2022.9", "file:scopus_extra_cell:2-s2.0-2")
    assert any("1 row with one cell too many" in note and "line 2" in note for note in notes)


def test_europe_pmc_has_its_labelled_abstract_ids_and_both_authors() -> None:
    (paper,), _ = case("europepmc.json")
    assert paper.abstract == (
        "Background: Moss grows on walls. Results: We counted moss on 40 walls and found nine kinds."
    )
    assert {"pmid:36900002", "pmcid:PMC9000002", "doi:10.5555/sm.2023.105"} <= set(paper.aliases)
    assert (paper.authors, paper.published) == (("Okafor N", "Lindqvist P"), "2023-02-11")
    assert paper.venue == "Wall Letters"


def test_the_list_of_biorxiv_is_found_behind_its_messages() -> None:
    (paper,), _ = case("biorxiv_api.json")
    assert (paper.paper_id, paper.published) == ("doi:10.1101/2026.11.01.111111", "2026-11-01")
    assert (paper.authors, paper.categories) == (("Okafor, N.", "Lindqvist, P."), ("plant biology",))


def test_inspire_has_its_title_and_abstract_out_of_lists() -> None:
    (paper,), _ = case("inspire.json")
    assert (paper.title, paper.paper_id) == ("Moss in a quantum wall", "arxiv:2303.01234")
    assert paper.abstract.startswith("We quantise moss on walls")
    assert paper.authors == ("Okafor, Ngozi",)


# ---- one small file of each program

TITLE = "A map of soil moisture"
WRITTEN = "Okafor, Ngozi; Lindqvist, Per"
FAMILY_FIRST = ("Okafor, Ngozi", "Lindqvist, Per")
GIVEN_FIRST = ("Ngozi Okafor", "Per Lindqvist")
BOTH = [{"first": "Ngozi", "last": "Okafor"}, {"first": "Per", "last": "Lindqvist"}]


def table(header: str, row: dict[str, str], delimiter: str = ",") -> str:
    """A table of one row, whose other cells are empty."""
    return as_csv([dict.fromkeys(header.split("|"), "") | row], delimiter)


WOS = (
    "PT|AU|BA|AF|CA|TI|SO|SE|LA|DT|DE|ID|AB|C1|RP|EM|CR|NR|TC|PU|SN|EI|J9|JI|PD|PY|VL|IS|BP|EP|AR|DI|DL|EA|WC|SC|PM|"
    "UT|DA"
)
DIMENSIONS = (
    "Rank|Publication ID|DOI|PMID|PMCID|ISBN|Title|Abstract|Acknowledgements|Source title|MeSH terms|Publication date|"
    "PubYear|Publication date (online)|Volume|Issue|Pagination|Authors|Corresponding Authors|Times cited|Dimensions URL"
)
SCOPUS = (
    "Authors|Author full names|Author(s) ID|Title|Year|Source title|Volume|Issue|Art. No.|Page start|Page end|Cited by|"
    "DOI|Link|Affiliations|Authors with affiliations|Abstract|Author Keywords|Index Keywords|PubMed ID|Document Type|"
    "Source|EID"
)
EMBASE = (
    "Title|Author Names|AiP/IP Entry Date|Full Record Entry Date|Source|Source title|Publication Year|Volume|Issue|"
    "Date of Publication|Publication Type|Abstract|Author Keywords|Emtree Medical Index Terms|Embase Accession ID|"
    "Medline PMID|PUI|DOI|Full Text Link"
)
COVIDENCE = (
    "Title|Authors|Abstract|Published Year|Published Month|Journal|Volume|Issue|Pages|Accession Number|DOI|Ref|"
    "Covidence #|Study|Notes|Tags"
)
RAYYAN = (
    "key|title|year|month|day|journal|issn|volume|issue|pages|authors|url|language|publisher|location|abstract|notes|"
    "doi|keywords|pubmed_id|pmc_id"
)
COMMON = {"Title": TITLE, "Abstract": RADAR, "DOI": "10.5555/sm.2023.104"}
PROGRAMS: dict[str, tuple[str, dict[str, Any]]] = {
    "web of science, tab-delimited": (
        table(
            WOS,
            {"PT": "J", "AU": "Okafor, N; Lindqvist, P", "AF": WRITTEN, "TI": TITLE, "AB": RADAR, "SO": "SOIL LETTERS",
             "DE": "radar; soil water", "ID": "GENERATED", "PD": "MAR 15", "PY": "2023", "DI": "10.5555/sm.2023.104",
             "PM": "36900001", "UT": "WOS:000900000000001", "DA": "2026-11-27"},
            "\t",
        ).replace("\r\n", "\t\r\n").replace("\t\r\n", "\r\n", 1),
        {"authors": FAMILY_FIRST, "published": "2023-03-15", "tags": ("radar", "soil water"), "venue": "SOIL LETTERS",
         "aliases": (DOI, "pmid:36900001", "file:papers:WOS:000900000000001")},
    ),
    "web of science, full names": (
        as_csv([{"Publication Type": "J", "Authors": "Okafor, N; Lindqvist, P", "Author Full Names": WRITTEN,
                 "Article Title": TITLE, "Source Title": "Soil Letters", "Author Keywords": "radar", "Abstract": RADAR,
                 "Publication Date": "MAR 15", "Publication Year": "2023", "DOI": "10.5555/sm.2023.104",
                 "UT (Unique WOS ID)": "WOS:1"}], "\t"),
        {"authors": FAMILY_FIRST, "published": "2023", "tags": ("radar",), "aliases": (DOI, "file:papers:WOS:1")},
    ),
    "dimensions": (
        '"About the data: Exported on Nov 27, 2026. Criteria: \'soil, moisture\' in title and abstract."\n'
        + table(DIMENSIONS, {**COMMON, "Rank": "1", "Publication ID": "pub.1", "PMID": "36900001", "Authors": WRITTEN,
                             "Publication date": "2023-03", "Publication date (online)": "2023-03-01",
                             "PubYear": "2023", "Source title": "Soil Letters",
                             "Dimensions URL": "https://app.dimensions.ai/details/publication/pub.1"}),
        {"authors": FAMILY_FIRST, "published": "2023-03-01", "venue": "Soil Letters",
         "aliases": (DOI, "pmid:36900001", "file:papers:pub.1")},
    ),
    "scopus": (
        table(SCOPUS, {**COMMON, "Authors": "Okafor N.; Lindqvist P.", "Year": "2023", "Source title": "Soil Letters",
                       "Author full names": "Okafor, Ngozi (57190000001); Lindqvist, Per (57190000002)",
                       "Author Keywords": "radar; soil", "PubMed ID": "36900001", "Source": "Scopus",
                       "EID": "2-s2.0-1", "Link": "https://www.scopus.com/x?eid=1"}),
        {"authors": FAMILY_FIRST, "published": "2023", "tags": ("radar", "soil"), "venue": "Soil Letters",
         "aliases": (DOI, "pmid:36900001", "file:papers:2-s2.0-1")},
    ),
    "scopus, older": (
        table("Authors|Title|Year|Source title|DOI|Abstract|EID",
              {**COMMON, "Authors": "Okafor, N., Lindqvist, P.", "Year": "2023"}),
        {"authors": ("Okafor, N.", "Lindqvist, P."), "published": "2023"},
    ),
    "embase": (
        table(EMBASE, {**COMMON, "Author Names": "Okafor N., Lindqvist P.", "AiP/IP Entry Date": "2024-01-01",
                       "Full Record Entry Date": "2024-01-02", "Source": "Soil Letters (2023) 12:3 (104-110)",
                       "Source title": "Soil Letters", "Publication Year": "2023", "Medline PMID": "36900001",
                       "Date of Publication": "1 Mar 2023", "Author Keywords": "radar, soil"}),
        {"authors": ("Okafor N.", "Lindqvist P."), "published": "2023-03-01", "tags": ("radar", "soil"),
         "venue": "Soil Letters", "aliases": (DOI, "pmid:36900001")},
    ),
    "covidence": (
        table(COVIDENCE, {**COMMON, "Authors": WRITTEN, "Published Year": "2023", "Published Month": "3",
                          "Journal": "Soil Letters", "Covidence #": "#12", "Tags": "radar"}),
        {"authors": FAMILY_FIRST, "published": "2023-03", "venue": "Soil Letters", "aliases": (DOI,)},
    ),
    "rayyan": (
        table(RAYYAN, {"key": "rayyan-1", "title": TITLE, "abstract": RADAR, "year": "2023", "month": "3", "day": "1",
                       "journal": "Soil Letters", "authors": "Okafor, Ngozi and Lindqvist, Per",
                       "doi": "10.5555/sm.2023.104", "keywords": "radar", "pubmed_id": "36900001",
                       "notes": 'RAYYAN-INCLUSION: {"Ann"=>"Included"}'}),
        {"authors": FAMILY_FIRST, "published": "2023-03-01", "tags": ("radar",),
         "aliases": (DOI, "pmid:36900001", "file:papers:rayyan-1")},
    ),
    "zotero, with ids in Extra": (
        as_csv([{"Key": "ABCD2345", "Item Type": "preprint", "Publication Year": "2023", "Author": WRITTEN,
                 "Title": TITLE, "Abstract Note": RADAR, "Date": "2023-03-01", "Date Added": "2026-01-02",
                 "Manual Tags": "radar", "Automatic Tags": "Physics - Optics",
                 "Extra": "arXiv:2303.01234 [physics.optics]\nPMID: 36900001"}]),
        {"published": "2023-03-01", "tags": ("radar", "Physics - Optics"),
         "aliases": ("arxiv:2303.01234", "pmid:36900001", "file:papers:ABCD2345")},
    ),
    "openreview": (
        json.dumps({"notes": [{"id": "aBcD", "forum": "aBcD", "cdate": 1695200000000, "pdate": 1705420800000,
                               "content": {"title": {"value": TITLE}, "abstract": {"value": RADAR},
                                           "authors": {"value": [*GIVEN_FIRST]}, "authorids": {"value": ["~N", "~P"]},
                                           "keywords": {"value": ["radar", "soil"]},
                                           "venue": {"value": "ICLR 2024"}}}], "count": 1}),
        {"authors": GIVEN_FIRST, "published": "2024-01-16", "tags": ("radar", "soil"), "venue": "ICLR 2024",
         "aliases": ("file:papers:aBcD",)},
    ),
    "openreview, flattened": (
        as_csv([{"id": "aBcD", "content.title.value": TITLE, "content.abstract.value": RADAR,
                 "content.authors.value": "['Ngozi Okafor', \"Per Lindqvist\"]"}]),
        {"authors": GIVEN_FIRST},
    ),
    "inspire": (
        json.dumps({"hits": {"hits": [{"id": "1", "created": "2026-01-01", "updated": "2026-02-02", "links": {"a": "b"},
                    "metadata": {"titles": [{"title": TITLE}], "control_number": 1, "earliest_date": "2023-03-01",
                                 "abstracts": [{"value": RADAR}], "dois": [{"value": "10.5555/sm.2023.104"}],
                                 "authors": [{"full_name": name} for name in FAMILY_FIRST],
                                 "arxiv_eprints": [{"value": "2303.01234", "categories": ["hep-ph"]}],
                                 "publication_info": [{"journal_title": "Soil Lett.", "year": 2023}],
                                 "references": [{"title": "Another"}]}}], "total": 1}}),
        {"authors": FAMILY_FIRST, "published": "2023-03-01", "updated": None, "venue": "Soil Lett.",
         "aliases": ("arxiv:2303.01234", DOI, "file:papers:1")},
    ),
    "ads": (
        json.dumps({"responseHeader": {"status": 0}, "response": {"numFound": 1, "docs": [
            {"bibcode": "2023SoiL...12..104O", "title": [TITLE], "abstract": RADAR, "author": [*FAMILY_FIRST],
             "date": "2023-03-01T00:00:00Z", "pubdate": "2023-03-00", "year": "2023", "pub": "Soil Letters",
             "doi": ["10.5555/sm.2023.104"], "keyword": ["radar"], "arxiv_class": ["astro-ph.EP"],
             "identifier": ["2023SoiL...12..104O", "arXiv:2303.01234", "10.5555/sm.2023.104"]}]}}),
        {"authors": FAMILY_FIRST, "published": "2023-03", "venue": "Soil Letters", "tags": ("radar",),
         "categories": ("astro-ph.EP",), "aliases": ("arxiv:2303.01234", DOI, "file:papers:2023SoiL...12..104O")},
    ),
    "acl anthology": (
        as_json([{"bibkey": "okafor-2023-map", "title": TITLE, "abstract": RADAR, "booktitle": "Proceedings of X",
                  "author": [{**name, "full": " ".join(name.values())} for name in BOTH], "year": "2023",
                  "month": "July", "doi": "10.5555/sm.2023.104", "url": "https://aclanthology.org/2023.x-1.1"}]),
        {"authors": GIVEN_FIRST, "published": "2023-07", "venue": "Proceedings of X",
         "url": "https://aclanthology.org/2023.x-1.1"},
    ),
    "arxiv's data set of Kaggle": (
        as_jsonl([{"id": "2303.01234", "submitter": "N. O.", "authors": "Ngozi Okafor and Per Lindqvist",
                   "title": TITLE, "comments": "8 pages", "journal-ref": None, "doi": None, "categories": "cs.LG cs.CL",
                   "abstract": RADAR, "update_date": "2024-09-09", "authors_parsed": [["Okafor", "Ngozi", ""]],
                   "versions": [{"version": "v1", "created": "Thu, 2 Mar 2023 19:18:42 GMT"}]}]) + "\n",
        {"authors": GIVEN_FIRST, "published": "2023-03-02", "categories": ("cs.LG", "cs.CL")},
    ),
    "embase, fields by row": (
        f'"TITLE","{TITLE}"\n"AUTHOR NAMES","Okafor N.","Lindqvist P."\n"SOURCE","Soil Letters (2023) 12:3"\n'
        f'"SOURCE TITLE","Soil Letters"\n"PUBLICATION YEAR","2023"\n"ABSTRACT","{RADAR}"\n'
        '"AUTHOR KEYWORDS","radar","soil"\n"MEDLINE PMID","36900001","http://www.ncbi.nlm.nih.gov/pubmed/36900001"\n'
        '"DOI","10.5555/sm.2023.104"\n\n"TITLE","A second without abstract"\n"DOI","10.5555/b"\n',
        {"authors": ("Okafor N.", "Lindqvist P."), "published": "2023", "tags": ("radar", "soil"),
         "venue": "Soil Letters", "aliases": (DOI, "pmid:36900001")},
    ),
    "zenodo, titles outside and inside": (
        json.dumps({"hits": {"hits": [{"id": 1, "title": TITLE, "updated": "2026-01-01", "metadata": {
            "title": TITLE, "description": f"<p>{RADAR}</p>", "creators": [{"name": name} for name in FAMILY_FIRST],
            "publication_date": "2023-03-01", "doi": "10.5555/sm.2023.104"}}]}}),
        {"authors": FAMILY_FIRST, "published": "2023-03-01", "updated": None, "aliases": (DOI, "file:papers:1")},
    ),
    "springer api": (
        json.dumps({"result": [{"total": "1"}], "records": [{"title": TITLE, "doi": "10.5555/sm.2023.104",
            "creators": [{"creator": name} for name in FAMILY_FIRST], "publicationDate": "2023-03-01",
            "publicationName": "Soil Letters", "abstract": {"h1": "Abstract", "p": re.split(r"(?<=\.) ", RADAR)},
            "url": [{"format": "", "platform": "", "value": "https://example.org/a"}]}]}),
        {"authors": FAMILY_FIRST, "published": "2023-03-01", "venue": "Soil Letters", "url": "https://example.org/a"},
    ),
    "the lens, json": (
        json.dumps({"total": 1, "data": [{"lens_id": "000-1", "title": TITLE, "abstract": RADAR, "year_published": 2023,
            "authors": [{"first_name": "Ngozi", "last_name": "Okafor", "initials": "N"},
                        {"display_name": "Per Lindqvist"}],
            "external_ids": [{"type": "doi", "value": "10.5555/sm.2023.104"}, {"type": "magid", "value": "1"}],
            "date_published": "2023-03-01T00:00:00+00:00", "source": {"title": "Soil Letters", "type": "Journal"}}]}),
        {"authors": GIVEN_FIRST, "published": "2023-03-01", "venue": "Soil Letters",
         "aliases": (DOI, "file:papers:000-1")},
    ),
    "openalex, csv": (
        as_csv([{"id": "https://openalex.org/W12", "title": TITLE, "display_name": TITLE, "abstract": RADAR,
                 "doi": "https://doi.org/10.5555/sm.2023.104", "publication_year": "2023", "type": "article",
                 "publication_date": "2023-03-01", "authorships.author.display_name": "Ngozi Okafor|Per Lindqvist"}]),
        {"authors": GIVEN_FIRST, "published": "2023-03-01", "aliases": (DOI, "openalex:W12")},
    ),
    "ebsco": (
        as_csv([{"Article Title": TITLE, "Author": WRITTEN, "Journal Title": "Soil Letters", "Abstract": RADAR,
                 "Publication Date": "Mar2023", "DOI": "10.5555/sm.2023.104", "PLink": "https://example.org"}]),
        {"authors": FAMILY_FIRST, "published": "2023-03", "venue": "Soil Letters"},
    ),
    "excel, with its separator": (
        f"sep=;\nTitle;Abstract;Authors\n{TITLE};{RADAR};Ngozi Okafor, Per Lindqvist\n", {"authors": GIVEN_FIRST},
    ),
    "doaj": (
        json.dumps({"total": 1, "results": [{"id": "ab12", "created_date": "2024-01-01", "bibjson": {
            "title": TITLE, "abstract": RADAR, "year": "2023", "month": "03", "journal": {"title": "Soil Letters"},
            "author": [{"name": name, "affiliation": "X"} for name in GIVEN_FIRST], "keywords": ["radar"],
            "identifier": [{"type": "doi", "id": "10.5555/sm.2023.104"}, {"type": "eissn", "id": "1"}]}}]}),
        {"authors": GIVEN_FIRST, "published": "2023-03", "venue": "Soil Letters", "aliases": (DOI, "file:papers:ab12")},
    ),
    "pages of europe pmc as lines": (
        as_jsonl([{"hitCount": 1, "resultList": {"result": [
            {"id": str(number), "source": "MED", "title": TITLE, "abstractText": RADAR, "pubYear": "2023",
             "authorString": "Okafor N, Lindqvist P.", "journalInfo": {"journal": {"title": "Soil Letters"}}}]}}
            for number in (1,)]) + '{"hitCount": 0, "resultList": {"result": []}}\n',
        {"authors": ("Okafor N", "Lindqvist P"), "published": "2023", "venue": "Soil Letters"},
    ),
}  # fmt: skip
"""By program, a file of one paper and what is right of it."""


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_has_its_columns_in_their_fields(program: str) -> None:
    content, right = PROGRAMS[program]
    papers = [record for record in read(content) if isinstance(record, Paper)]
    (paper,) = papers
    found = {name: getattr(paper, name) for name in right}
    assert (paper.title, paper.abstract, paper.listed, found) == (TITLE, RADAR, None, right)


DBLP = {"result": {"hits": {"@total": "1", "hit": [{"@id": "1", "info": {
    "authors": {"author": [{"@pid": "1", "text": "Ngozi Okafor 0001"}]}, "title": f"{TITLE}.", "venue": "CoRR",
    "year": "2023", "key": "journals/corr/1", "ee": "https://doi.org/10.5555/x"}}]}}}  # fmt: skip


def test_dblp_has_no_abstracts_and_this_is_said() -> None:
    records, usage = used(json.dumps(DBLP))
    assert titles(records) == ["- no abstract"]
    assert list(usage) == ["no record has an abstract"]


@pytest.mark.parametrize(
    ("program", "header"),
    [
        ("PubMed", "PMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,Create Date,PMCID,DOI"),
        (
            "Springer",
            "Item Title,Publication Title,Book Series Title,Journal Volume,Journal Issue,Item DOI,Authors,"
            "Publication Year,URL,Content Type",
        ),
    ],
)
def test_a_csv_that_never_has_abstracts_is_refused_with_the_way_to_get_them(program: str, header: str) -> None:
    with pytest.raises(UnreadableInput, match=f"is the CSV of {program}, which has no abstracts") as caught:
        read(f"{header}\n{',' * header.count(',')}\n", "export.csv")
    assert caught.value.hint and "add" in caught.value.hint


def test_titles_of_such_a_csv_are_kept_where_that_is_asked_for() -> None:
    row = "PMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,Create Date,PMCID,DOI\n"
    row += f'36900001,{TITLE},"Okafor N, Lindqvist P.",X,Okafor N,Soil Lett,2023,2023/03/02,,10.5555/sm.2023.104\n'
    (record,), usage = used(row, keep_without_abstract=True)
    assert isinstance(record, Paper)
    assert (record.title, record.abstract, record.published) == (TITLE, "", "2023")
    assert (record.authors, record.aliases) == (("Okafor N", "Lindqvist P"), (DOI, "pmid:36900001"))
    assert "no record has an abstract" in [*usage]


# ---- what is not used is named


def test_columns_with_a_value_that_is_not_used_are_named_and_empty_ones_are_not() -> None:
    _, usage = used(as_csv([fields(1, volume="3", pages="", note="NA"), fields(2, volume="", pages="", note="")]))
    assert next(iter(usage)) == "columns not used: “volume”"


@pytest.mark.parametrize("make", [as_jsonl, as_json, lambda entries: json.dumps({"papers": entries})])
def test_keys_with_a_value_that_is_not_used_are_named_once(make: Any) -> None:
    entries = [fields(1, volume=None, Score=0), fields(2, volume=3, Score=1), fields(3, volume=4)]
    assert next(iter(used(make(entries))[1])) == "columns not used: “Score”, “volume”"


def test_of_two_columns_of_one_field_the_better_is_used_and_the_other_named_if_it_differs() -> None:
    entry = {"Title": "T", "Summary": "Another text than the abstract has.", "Abstract": ABSTRACT, "Keywords": "a"}
    records, usage = used(as_csv([entry | {"Author Keywords": "b"}]))
    assert isinstance(records[0], Paper)
    assert (records[0].abstract, records[0].tags) == (ABSTRACT, ("a", "b"))
    assert next(iter(usage)) == "columns not used: “Summary”"


def test_a_published_that_is_no_date_is_none_and_is_named() -> None:
    entry = fields(1, date="2026-11-01", published="10.1093/brain/1999.01.02")
    records, usage = used(as_csv([entry, fields(2, date="2026-11-02", published="NA")]))
    assert [record.published for record in records if isinstance(record, Paper)] == ["2026-11-01", "2026-11-02"]
    assert all(len(record.aliases) == 1 for record in records if isinstance(record, Paper))
    assert next(iter(usage)) == "columns not used: “published”"


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({}, "no record has a date or an author; `--listed DATE` says when they were listed"),
        ({"year": 2024}, "no record has an author"),
        ({"authors": ["Ada Byron"]}, "no record has a date; `--listed DATE` says when they were listed"),
        ({"authors": ["Ada Byron"], "listed": "2026-01-01"}, None),
    ],
)
def test_a_file_of_which_no_record_has_a_date_or_an_author_says_so(more: dict[str, Any], note: str | None) -> None:
    assert list(used(as_jsonl([fields(1, **more), fields(2)]))[1]) == ([note] if note else [])


def test_a_listing_date_that_was_given_is_a_date() -> None:
    assert list(used(as_jsonl([fields(1, authors=["A B"])]), listed="2026-01-01")[1]) == []


def test_names_beyond_the_first_hundred_are_counted() -> None:
    _, usage = used(as_jsonl([fields(1, **{f"k{number}": 1 for number in range(130)})]))
    assert next(iter(usage)).endswith("“k99” and 30 more")


# ---- rows with a cell too many

SHIFTED = "Authors,Title,Year,Source title,DOI,Link,Affiliations,Abstract,Keywords,EID\n"


@pytest.mark.parametrize(
    "row",
    [
        f'"Okafor N.",Moss, on walls,2023,Walls,10.5555/a,https://a.b/c,"X, Y","{ABSTRACT}",k,e',
        f'"Okafor N.",Moss,2023,Walls, and Roofs,10.5555/a,https://a.b/c,"X, Y","{ABSTRACT}",k,e',
        f'"Okafor N.",Moss,2023,Walls,,https://a.b/c,"X, Y","{ABSTRACT}",k,k,e',
        f'Okafor N., Lindqvist P.,Moss,2023,Walls,10.5555/a,https://a.b/c,"X, Y","{ABSTRACT}",k,e',
        f'"Okafor N.",Moss,2023,Walls,10.5555/a,https://a.b/c,"Dept. of Soil","University of Walls, London",'
        f'"{ABSTRACT}",k,e',
        '"Okafor N.",Moss,2023,Walls,10.5555/a,https://a.b/c,X,We find that moss, which is green, grows.,k,e',
        '"Okafor N.",Moss,2023,Walls,10.5555/a,https://a.b/c,X,We find that it is green.,"It is.",k,k,e',
    ],
    ids=["title cut", "venue cut", "no doi", "authors cut", "affiliation cut", "abstract cut", "two cells too many"],
)
def test_a_row_whose_shift_may_stand_before_the_end_of_its_abstract_is_a_reject_with_its_place(row: str) -> None:
    (reject,) = read(SHIFTED + row + "\n")
    assert not isinstance(reject, Paper) and reject.where == "line 2" and "cells under 10 columns" in reject.reason


# ---- where the papers of JSON lie

TWO = [fields(1), fields(2)]


@pytest.mark.parametrize(
    ("document", "passed"),
    [
        ({"messages": [{"status": "ok"}], "items": TWO}, 1),
        ({"facets": [{"name": "a"}, {"name": "b"}], "data": {"page": 1, "found": TWO}}, 2),
        ({"items": TWO, "errors": [{"code": 1}]}, 1),
        ({"title": "My papers", "papers": TWO}, 0),
        ([{"page": 1, "results": TWO[:1]}, {"page": 2, "results": TWO[1:]}], 0),
        ([TWO[:1], TWO[1:]], 0),
        ({"status": "ok", "papers": {"12": TWO[0], "13": TWO[1]}}, 0),
        ({"accepted": TWO[:1], "rejected": TWO[1:]}, 0),
        ({"hits": [{"_score": 1, "_source": TWO[0]}, {"_score": 2, "_source": TWO[1]}]}, 0),
        ({"n": [{"a": 1}] * 60, "items": TWO}, 60),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_the_list_whose_objects_have_titles_is_read_wherever_it_lies(document: Any, passed: int, indent: Any) -> None:
    records, usage = used(json.dumps(document, indent=indent), "papers.json")
    assert titles(records) == ["Title 1", "Title 2"]
    assert sum(usage.passed_over.values()) == passed
    assert passed == 0 or any(note.startswith(f"{passed} object") for note in usage)


def test_an_object_without_a_title_in_the_list_of_papers_is_a_reject_in_its_place() -> None:
    assert titles(read(json.dumps({"papers": [{"a": 1}, *TWO, {"b": 1}]}))) == [
        "- no title", "Title 1", "Title 2", "- no title",
    ]  # fmt: skip


def test_if_no_object_has_a_title_each_is_a_reject() -> None:
    records, usage = used(json.dumps({"things": [{"a": 1}] * 70}))
    assert titles(records) == ["- no title"] * 70
    assert not usage.passed_over


@pytest.mark.parametrize("order", [["title", "abstract", "references"], ["references", "title", "abstract"]])
def test_the_references_of_a_paper_are_no_papers(order: list[str]) -> None:
    entry = {**fields(1), "references": [fields(7), fields(8)]}
    assert one(json.dumps({key: entry[key] for key in order}, indent=1)).title == "Title 1"
