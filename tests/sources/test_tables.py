"""CSV and TSV: headers, quoting, rows that do not fit, and places that tell the line."""

from __future__ import annotations

import pytest
from reading import ABSTRACT, as_csv, fields, one, read, titles

from rag.errors import UnreadableInput
from rag.sources import decoding
from rag.types import Paper, Reject

TWO = [fields(1), fields(2)]
TITLES = ["Title 1", "Title 2"]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_commas_tabs_and_semicolons_divide_the_cells(delimiter: str) -> None:
    assert titles(read(as_csv(TWO, delimiter))) == TITLES


def test_the_delimiter_is_that_of_the_header() -> None:
    assert one(f"title;abstract\nOne, two, three;{ABSTRACT}").title == "One, two, three"


@pytest.mark.parametrize(
    "header", ["title,abstract", "TITLE, Abstract ", '"title","abstract"', "\ufefftitle,abstract", "\n\ntitle,text"]
)
def test_a_header_is_read_in_any_usual_writing(header: str) -> None:
    assert titles(read(f"{header}\nT,{ABSTRACT}\n")) == ["T"]


def test_spaces_within_a_column_name_do_not_matter() -> None:
    assert one(f"Title,Abstract,ArXiv ID\nT,{ABSTRACT},2799.00012v2").paper_id == "arxiv:2799.00012"


@pytest.mark.parametrize(
    ("header", "lacking"),
    [("name,abstract,year", "title"), ("title,year", "abstract"), ("a,b,c", "title"), ("title", "abstract")],
)
def test_a_header_that_cannot_be_mapped_is_an_error_that_names_its_columns(header: str, lacking: str) -> None:
    with pytest.raises(UnreadableInput) as caught:
        read(f"{header}\n1,2,3\n", "papers.csv")
    assert f"no column “{lacking}”" in caught.value.message
    assert all(f"“{name}”" in caught.value.message for name in header.split(","))


def test_a_table_of_a_header_alone_holds_no_records() -> None:
    assert read("title,abstract\n") == []


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ('"One\ntwo"', "One two"),
        ('"One\n\n\ntwo"', "One two"),
        ('"Say ""this"""', 'Say "this"'),
        ('"One, two"', "One, two"),
        ('5" disks', '5" disks'),
    ],
)
def test_quotes_and_newlines_within_a_cell_are_kept_together(cell: str, title: str) -> None:
    assert titles(read(f"title,abstract\n{cell},{ABSTRACT}\nT,{ABSTRACT}\n")) == [title, "T"]


def test_a_row_with_too_many_cells_is_a_reject() -> None:
    records = read(f"title,abstract\nT,{ABSTRACT},x\nU,{ABSTRACT}\n")
    assert records[0] == Reject(where="line 2", reason="3 cells under 2 columns", title="T")
    assert titles(records[1:]) == ["U"]


def test_a_row_with_too_few_cells_lacks_the_last() -> None:
    assert titles(read(f"title,abstract\nT\nU,{ABSTRACT}\n")) == ["- no abstract", "U"]


def test_empty_rows_are_no_records() -> None:
    assert titles(read(f'title,abstract\n\n , \n"",""\nT,{ABSTRACT}\n')) == ["T"]


def test_a_quote_that_never_closes_refuses_its_row_alone() -> None:
    records = read(f'title,abstract\nT,{ABSTRACT}\n"U,{ABSTRACT}\nV,{ABSTRACT}\n')
    assert titles(records) == ["T", "- not a row of a table: unexpected end of data", "V"]
    assert records[1].where == "line 3"  # type: ignore[union-attr]


def test_a_quote_that_is_only_a_sign_keeps_its_row_where_tabs_part_the_cells() -> None:
    records = read(f'title\tabstract\n"Quoted" is a title\t{ABSTRACT}\n"An inch\t{ABSTRACT}\nV\t{ABSTRACT}\n')
    assert titles(records) == ['"Quoted" is a title', '"An inch', "V"]


def test_text_after_a_closed_quote_refuses_its_row_alone() -> None:
    records = read(f'title,abstract\n"T"x,{ABSTRACT}\nU,{ABSTRACT}\n')
    assert [isinstance(record, Paper) for record in records] == [False, True]


def test_the_place_of_a_reject_is_the_line_where_its_row_begins() -> None:
    content = f'\n\ntitle,abstract\n"A\nB",{ABSTRACT}\n\nC,\n"D\nE",\nF,x\n'
    assert [record.where for record in read(content) if isinstance(record, Reject)] == ["line 7", "line 8", "line 10"]


@pytest.mark.parametrize("extra", [-2, -1, 0, 1, 2, 3, 4, 5, 50, 1_000_000])
@pytest.mark.parametrize("quote", ["", '"'])
def test_an_overlong_cell_is_refused_and_takes_no_other_row_with_it(extra: int, quote: str) -> None:
    long = "x" * (decoding.MAX_RECORD_CHARS - 4 + extra)
    records = read(f"title,abstract\nT,{quote}{long}{quote}\nU,{ABSTRACT}\nV,{ABSTRACT}\n")
    assert isinstance(records[0], Reject)
    assert titles(records[1:]) == ["U", "V"]


def test_an_overlong_row_of_short_cells_is_refused_whole() -> None:
    header = ["title", "abstract", *(f"c{number}" for number in range(40))]
    row = ["T", ABSTRACT, *["x" * 30_000] * 40]
    records = read("\n".join([",".join(header), ",".join(row), f"U,{ABSTRACT}"]))
    assert titles(records) == [
        f"- not a row of a table: the line is longer than {decoding.MAX_RECORD_CHARS:,} characters",
        "U",
    ]


def test_an_overlong_header_is_an_error() -> None:
    with pytest.raises(UnreadableInput, match="no header"):
        read("title,abstract," + "x," * decoding.MAX_RECORD_CHARS + "\n", "papers.csv")


@pytest.mark.parametrize("row", ["T,10.5555/a,30000000,Soil", "T,2024,30000000,Soil", "T,10.5555/a"])
def test_a_row_with_too_few_cells_whose_year_or_doi_stands_elsewhere_is_a_reject(row: str) -> None:
    records = read(f"title,year,doi,abstract,venue\n{row}\nU,2024,10.5555/b,{ABSTRACT}\n")
    assert titles(records) == [f"- {row.count(',') + 1} cells under 5 columns", "U"]


@pytest.mark.parametrize(
    "row", [f'Moss,"{ABSTRACT}",walls; green moss', "Moss,Ngozi Okafor,walls; green moss", f'1,"{ABSTRACT}","X, Y."']
)
def test_a_row_that_lacks_a_cell_before_its_end_is_a_reject(row: str) -> None:
    records = read(f"title,authors,abstract,keywords\n{row}\nU,Ada Byron,{ABSTRACT}\n")
    assert titles(records)[1:] == ["U"] and "3 cells under 4 columns" in titles(records)[0]


def test_a_row_whose_abstract_stands_before_its_column_is_no_paper_without_one() -> None:
    row = '"We find that it is green, and that they are old. It was not known."'
    (reject,) = read(f"title,authors,abstract\nMoss,{row}\n", keep_without_abstract=True)
    assert isinstance(reject, Reject) and "2 cells under 3 columns" in reject.reason
    (paper,) = read("title,authors,abstract\nMoss,Ada Byron\n", keep_without_abstract=True)
    assert isinstance(paper, Paper) and paper.authors == ("Ada Byron",)


def test_a_row_that_lacks_the_cells_of_its_end_is_a_paper() -> None:
    assert titles(read(f"title,authors,abstract,keywords,venue\nT,Ada Byron,{ABSTRACT}\n")) == ["T"]


def test_a_row_whose_abstract_lacks_its_opening_quote_is_a_reject() -> None:
    records = read(f'title,abstract\nT,it falls to "3.5%" in the end."\nU,{ABSTRACT}\n')
    assert titles(records) == ["- a quotation mark is missing", "U"]


def test_a_header_whose_quotes_are_damaged_is_an_error() -> None:
    with pytest.raises(UnreadableInput, match='damaged at “Title",Venue'):
        read(f'"Key","Title"",Venue","Abstract"\na,T,{ABSTRACT}\n', "papers.csv")


@pytest.mark.parametrize("text", ["https://example.org/a.pdf", "WOS:000000000000010", "10.5555/made.3"])
def test_one_word_is_no_abstract(text: str) -> None:
    (record,) = read(f"title,abstract\nT,{text}\n")
    assert isinstance(record, Reject)


def test_a_text_that_was_encoded_twice_is_refused() -> None:
    content = f"title,abstract\nT,Müller uses β-carotene. {ABSTRACT}\n".encode()
    records = read(content.decode("latin-1").encode())
    assert titles(records) == ["- UTF-8 that was read in another encoding: “MÃ¼ller”"]
