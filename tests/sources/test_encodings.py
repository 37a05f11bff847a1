"""Encodings: what a file declares, what reads as people write, and what is refused because it is not sure."""

from __future__ import annotations

import pytest
from reading import ABSTRACT, parsed, titles
from test_reference_managers import case

from rag.errors import UnreadableInput
from rag.sources.encodings import codec_name
from rag.sources.western import oddities
from rag.types import Paper, Reject

RIS = f"TY  - JOUR\nTI  - {{}}\nAB  - {ABSTRACT}\nER  - \n"
WESTERN = """
    Aujourd’hui, l’été où les garçons naïfs de Noël jouèrent à l’œuvre d’un château : « Ça coûte 5 € » jusqu’à
    presqu’île qu’elle d’après l’hôpital cœur fœtus œdème manœuvre ambiguë âge Citroën bœuf Œdipe ÉTÉ
    c’est-à-dire Größe „Straßen“ §5 süß müßte Ärzte Österreich 20 °C 5 µm ±3 % Köln–Bonn El año ¿qué pasó?
    ¡Nunca! niño España lingüística García-Núñez José Ángel Íñigo 1º 2ª nº compañía Muñoz cigüeña Ñuñoa
    informação ações São João mãe irmã Guimarães câmara você às põe Camões perché più città così lunedì è c’è
    dell’arte un’altra quest’anno dov’è caffè Nicolò Ørsted Åse Søren Bjørn næste høj øje søen Ångström Määttä
    Töölö ö Guðrún Sigurðardóttir Þór Davíð fræði þjóð Björk don’t it’s cost–benefit p–n I–V 3’-UTR O’Brien
    D’Angelo Hawai‘i “quoted” ‘single’ models—namely • 10 m², cm³, R² ©2020 Text® word™ ½ 10×20 25 ºC £5 naïve
    façade résumé déjà-vu Schrödinger Gödel Hölder Škoda Tomáš Žák Novotný Dušan Hà Võ Bùi Çelik Öztürk
    Ménière’s d’Alembert L’Hôpital Zel’dovich Xi’an N’Diaye 360° 45°N vis-à-vis
    """.split()


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("mac_roman", "zählten Köln größere für Zoë José García Muñoz investigación naïve don’t Çengel"),
        ("cp437", "zählten Köln für Müller José Straße naïve"),
        ("cp1250", "Dvořák Jiří Kateřina Paweł Wałęsa Gdańsk Kovačević Petrović Erdős Băsescu Ondřej"),
        ("iso8859_2", "Dvořák Lukáš Błażej Żak Mądry"),
        ("cp1254", "Yılmaz Erdoğan Ayşe Şahin Işık"),
        ("cp1251", "Привет мир это"),
        ("koi8_r", "Привет мир это 360°"),
        ("cp1253", "Καλημέρα κόσμε $β$"),
        ("gb18030", "墙上的苔藓 我们"),
        ("big5", "牆上的苔蘚 我們"),
        ("shift_jis", "壁の苔について 研究した"),
        ("euc_kr", "벽의 이끼 연구"),
    ],
)  # fmt: skip
def test_words_of_another_encoding_look_odd_when_they_are_read_as_cp1252(encoding: str, words: str) -> None:
    for word in words.split():
        if not word.isascii() and (wrong := word.encode(encoding).decode("cp1252", "replace")) != word:
            assert oddities([wrong]), (word, wrong)


def test_words_that_people_write_are_not_odd() -> None:
    assert [word for word in WESTERN if oddities([word, "„", "Þórsson"])] == []


@pytest.mark.parametrize("text", ["für Größe", "– “quoted”", "Привет", "墙上的苔藓", "γ and α", "don’t", "5 °C ± 1"])
def test_a_text_that_was_encoded_twice_is_a_reject(text: str) -> None:
    twice = text.encode().decode("cp1252", "replace")
    (record,), _ = parsed(RIS.format("T").replace(ABSTRACT, f"{ABSTRACT} {twice}"), "x.ris")
    assert isinstance(record, Reject)
    (paper,), _ = parsed(RIS.format(text), "x.ris")
    assert isinstance(paper, Paper)


def test_a_text_that_lost_characters_is_a_reject() -> None:
    (record,), _ = parsed(RIS.format("Gr\ufffde"), "x.ris")
    assert record == Reject(where="line 1", reason="characters that were lost (U+FFFD)", title="Gr\ufffde")


# ---- what is declared


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        ("% Encoding: MacRoman", "mac_roman"),
        ("% Encoding: Cp1250", "cp1250"),
        ("% This file was created with JabRef 2.9.\n% Encoding: ISO8859_1", "cp1252"),
        ("%% Saved with string encoding Western (Mac OS Roman) ", "mac_roman"),
        ("@comment{x-kbibtex-encoding=iso-8859-2}", "iso8859_2"),
        ("% -*- mode: bibtex; coding: latin-1 -*-", "cp1252"),
        ("% vim: set fileencoding=cp1250 :", "cp1250"),
        ("% !TEX encoding = MacOSRoman", "mac_roman"),
        ("% Encoding: GBK", "gb18030"),
    ],
)
def test_the_encoding_that_a_file_declares_is_obeyed(line: str, encoding: str) -> None:
    czech = "Čtení Dvořáka"
    title = {"cp1250": czech, "iso8859_2": czech, "gb18030": "墙上的苔藓"}.get(encoding, "Über García")
    content = f"{line}\n\n@misc{{k, title = {{{title}}}, abstract = {{{ABSTRACT}}}}}\n"
    records, notes = parsed(content.encode(encoding), "x.bib")
    assert (titles(records), notes) == ([title], ())


def test_the_encoding_of_an_xml_declaration_is_obeyed() -> None:
    content = (
        '<?xml version="1.0" encoding="windows-1250"?><xml><records><record>'
        "<titles><title>Čtení Dvořáka</title></titles>"
        f"<abstract>{ABSTRACT}</abstract></record></records></xml>"
    )
    assert titles(parsed(content.encode("cp1250"))[0]) == ["Čtení Dvořáka"]


def test_a_file_that_is_utf8_and_declares_another_encoding_is_utf8_with_a_note() -> None:
    content = f"% Encoding: MacRoman\n\n@misc{{k, title = {{Über García}}, abstract = {{{ABSTRACT}}}}}\n"
    records, notes = parsed(content, "x.bib")
    assert titles(records) == ["Über García"]
    assert notes == ("x.bib declares mac_roman and is UTF-8; it was read as UTF-8",)


def test_a_declaration_that_makes_nonsense_of_the_text_is_not_obeyed() -> None:
    content = f"% Encoding: MacRoman\n\n@misc{{k, title = {{Größe für Müller}}, abstract = {{{ABSTRACT}}}}}\n"
    records, notes = parsed(content.encode("cp1252"), "x.bib")
    assert (titles(records), notes) == (["Größe für Müller"], ("x.bib is not UTF-8; it was read as cp1252",))


def test_the_case_of_a_declared_encoding() -> None:
    (paper,) = case("encoding_declared_macroman.bib")
    assert (paper.title, paper.authors) == ("Über Moose an Mauern", ("Zoë Müller", "José García"))


# ---- what is not declared


def test_the_case_of_a_chinese_file_is_read_right() -> None:
    (paper,) = case("encoding_gbk.ris")
    assert (paper.title, paper.authors) == ("墙上的苔藓", ("王小明",))
    assert "背阴处的苔藓" in paper.abstract


FIVE = "Dvořák Jiří Přemysl Kateřina Ondřej"


def test_what_is_not_sure_is_refused_with_the_option_that_names_it() -> None:
    with pytest.raises(UnreadableInput, match="its encoding is not sure") as caught:
        parsed(RIS.format("שלום עולם ספר לבן ביתי").encode("cp1255"), "x.ris")
    assert "--encoding" in (caught.value.hint or "")


def test_a_refusal_shows_how_the_text_would_read() -> None:
    content = RIS.format("Zoë Müller in Köln und Größe").replace("AB  -", "AU  - García, José\nAB  -")
    with pytest.raises(UnreadableInput) as caught:
        parsed(content.encode("mac_roman"), "x.ris")
    assert (caught.value.hint or "").startswith(
        "It reads “Zoë Müller Köln” if it is mac_roman, “Zo‘ MŸller Kšln” if it is cp1252:"
    )


def test_the_encoding_that_the_user_names_is_taken() -> None:
    assert titles(parsed(RIS.format(FIVE).encode("iso8859_2"), "x.ris", encoding="ISO-8859-2")[0]) == [FIVE]
    assert titles(parsed(RIS.format(FIVE).encode("utf-16-le"), "x.ris", encoding="utf-16-le")[0]) == [FIVE]


def test_an_encoding_that_there_is_none_of_is_an_error() -> None:
    with pytest.raises(UnreadableInput, match="no encoding “nothing”"):
        parsed(RIS, "x.ris", encoding="nothing")


def test_bytes_that_are_wrong_in_the_named_encoding_cost_their_record() -> None:
    content = (RIS.format("Über") + RIS.format("MARK")).encode("cp1250").replace(b"MARK", b"a\x81b")
    records, notes = parsed(content, "x.ris", encoding="cp1250")
    assert [isinstance(record, Paper) for record in records] == [True, False]
    assert notes == ("x.ris was read as cp1250, with 1 wrong byte; records that hold one are rejected",)


def test_a_few_wrong_bytes_in_a_file_of_ascii_cost_their_records() -> None:
    content = (RIS.format("One") + RIS.format("MARK") + RIS.format("Two")).encode().replace(b"MARK", b"a\xffb")
    records, notes = parsed(content, "x.ris")
    assert [isinstance(record, Paper) for record in records] == [True, False, True]
    assert "--encoding" in notes[0]


def test_a_text_of_two_encodings_is_refused() -> None:
    words = ["Größe", "für", "Müller", "Köln", "Zürich"]
    content = "\n".join(RIS.format(word) for word in words).encode("cp1252") + RIS.format("Größe").encode()
    with pytest.raises(UnreadableInput, match="not sure"):
        parsed(content, "x.ris")


@pytest.mark.parametrize(
    ("name", "codec"),
    [("Cp1252", "cp1252"), ("latin1", "cp1252"), ("x-MacRoman", "mac_roman"), ("utf8", "utf-8"), ("Big5", "big5"),
     ("windows-1251", "cp1251"), ("unicode_escape", None), ("utf-7", None), ("rot13", None), ("", None), ("\0", None)],
)  # fmt: skip
def test_names_of_encodings_are_understood_as_programs_write_them(name: str, codec: str | None) -> None:
    assert codec_name(name) == codec
