"""Folders, patterns and archives as inputs: everything in them is read or named, and no archive does harm."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import refdesk
from refdesk.errors import UnreadableInput
from refdesk.ingest import archives
from tests.commands import Ran
from tests.feed_server import FeedServer, entries, serving


def rows(first: int, count: int = 3) -> bytes:
    """Invented papers as JSON Lines."""
    return b"".join(
        json.dumps(
            {
                "id": f"sample:{number}",
                "title": f"On subject {number} of the invented series",
                "abstract": f"We study subject{number} with care. It has effect{number}. More work is needed.",
            }
        ).encode()
        + b"\n"
        for number in range(first, first + count)
    )


def csv(first: int) -> bytes:
    return f"id,title,abstract\nsample:{first},On subject {first},We study subject{first} with much care.\n".encode()


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def count(library: refdesk.Library) -> int:
    return library.status()["papers"]


# ---- archives


def test_all_files_of_a_zip_are_read_each_by_its_content(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "export.zip",
        {"a.jsonl": rows(0), "deep/er/b.csv": csv(10), "c.jsonl.gz": gzip.compress(rows(20)), "d.data": rows(30)},
    )
    report = library.add(path)
    assert (report.added, report.rejected) == (10, ())
    assert library.add(path).unchanged == 10
    assert library.show("file:c:sample:20").title == "On subject 20 of the invented series"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_usual_compression_is_read(library: refdesk.Library, tmp_path: Path, method: int) -> None:
    assert library.add(zipped(tmp_path / "x.zip", {"a.jsonl": rows(0)}, method)).added == 3


def test_an_archive_is_known_by_its_content(library: refdesk.Library, tmp_path: Path) -> None:
    assert library.add(zipped(tmp_path / "export.bib", {"a.jsonl": rows(0)})).added == 3


def test_hidden_files_and_what_a_mac_adds_are_left_out(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "x.zip",
        {
            "a.jsonl": rows(0),
            "__MACOSX/._a.jsonl": b"\0\5\x16\7",
            ".DS_Store": b"\0\0\0\1Bud1",
            "deep/.hidden.jsonl": rows(50),
            ".git/config.jsonl": rows(60),
        },
    )
    report = library.add(path)
    assert (report.added, report.rejected) == (3, ())


def test_a_member_named_from_here_is_not_hidden(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"./a.jsonl": rows(0), "b.jsonl": rows(10)})
    assert library.add(path).added == 6


def test_members_of_one_name_are_not_mistaken_for_each_other(library: refdesk.Library, tmp_path: Path) -> None:
    other = rows(0).replace(b"subject", b"matter")
    path = zipped(tmp_path / "x.zip", {"2024/papers.jsonl": rows(0), "2025/papers.jsonl": other})
    assert library.add(path).added == 6
    assert count(library) == 6


def test_a_member_that_holds_no_papers_is_named_and_the_rest_is_read(library: refdesk.Library, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.jsonl", rows(40))
    path = zipped(
        tmp_path / "x.zip",
        {"a.jsonl": rows(0), "b.pdf": b"%PDF-1.7 ...", "inner.zip": inner.getvalue(), "void.csv": b"", "z.csv": csv(9)},
    )
    report = library.add(path)
    assert report.added == 4
    assert [reject.where for reject in report.rejected] == ["b.pdf", "inner.zip", "void.csv"]
    assert all(reject.reason for reject in report.rejected)


def test_rejects_within_a_member_name_it(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.jsonl": rows(0) + b'{"title": "Alone"}\n', "b.jsonl": rows(10)})
    (reject,) = library.add(path).rejected
    assert reject.where.startswith("a.jsonl: ")
    assert reject.reason == "no abstract"


@pytest.mark.parametrize(
    "name", ["../../evil.jsonl", "/etc/evil.jsonl", "..\\evil.jsonl", "C:\\evil.jsonl", "a/../../b"]
)
def test_a_path_that_leads_out_of_the_archive_is_refused(library: refdesk.Library, tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "x.zip", {"a.jsonl": rows(0), name: rows(10)})
    with pytest.raises(UnreadableInput, match="leads out of it") as raised:
        library.add(path)
    assert raised.value.hint
    assert count(library) == 0
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_bomb_is_refused(library: refdesk.Library, tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "x.zip", {"a.jsonl": rows(0), "bomb.jsonl": b" " * (32 << 20)}, method)
    with pytest.raises(UnreadableInput, match="zip bomb"):
        library.add(path)
    assert count(library) == 0


def test_a_zip_bomb_that_lies_about_its_size_is_refused(library: refdesk.Library, tmp_path: Path) -> None:
    size = 8 << 20
    content = zipped(tmp_path / "x.zip", {"bomb.jsonl": b" " * size}).read_bytes()
    lie = content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != content
    (tmp_path / "x.zip").write_bytes(lie)
    with pytest.raises(UnreadableInput):
        library.add(tmp_path / "x.zip")


def test_too_many_members_are_refused(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "x.zip", {f"{at}.jsonl": b"" for at in range(archives.MAX_MEMBERS + 1)}, zipfile.ZIP_STORED
    )
    with pytest.raises(UnreadableInput, match="more than 10,000 files"):
        library.add(path)


def test_an_encrypted_archive_is_refused(library: refdesk.Library, tmp_path: Path) -> None:
    content = bytearray(zipped(tmp_path / "x.zip", {"a.jsonl": rows(0)}).read_bytes())
    content[6] |= 1  # the flag in the member's own header,
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory's
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UnreadableInput, match="encrypted") as raised:
        library.add(tmp_path / "x.zip")
    assert raised.value.hint == "Unpack it first."


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    at = content.index(b"papers.jsonl") + 12 + 40
    return content[:at] + bytes(255 - byte for byte in content[at : at + 30]) + content[at + 30 :]


def _unknown(content: bytes) -> bytes:
    made = bytearray(content)
    made[8] = made[content.index(b"PK\x01\x02") + 10] = 99
    return bytes(made)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
@pytest.mark.parametrize("damage", [_cut, _flipped, _unknown])
def test_a_damaged_archive_is_told(
    library: refdesk.Library, tmp_path: Path, damage: Callable[[bytes], bytes], method: int
) -> None:
    content = zipped(tmp_path / "x.zip", {"papers.jsonl": rows(0, 200)}, method).read_bytes()
    (tmp_path / "x.zip").write_bytes(damage(content))
    with pytest.raises(UnreadableInput):
        library.add(tmp_path / "x.zip")


def test_a_damaged_member_does_not_take_the_others_with_it(library: refdesk.Library, tmp_path: Path) -> None:
    members = {"a.jsonl": rows(0), "papers.jsonl": rows(100, 200), "z.jsonl": rows(10)}
    content = zipped(tmp_path / "x.zip", members).read_bytes()
    (tmp_path / "x.zip").write_bytes(_flipped(content))
    report = library.add(tmp_path / "x.zip")
    assert report.added >= 6
    assert any("papers.jsonl" in reject.where for reject in report.rejected)


@pytest.mark.parametrize("members", [{}, {"deep/": b""}, {".hidden.jsonl": rows(0)}], ids=["none", "folders", "hidden"])
def test_an_archive_without_files_is_told(library: refdesk.Library, tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(UnreadableInput):
        library.add(zipped(tmp_path / "x.zip", members))


def test_a_link_in_an_archive_is_not_followed(library: refdesk.Library, tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_bytes(rows(70))
    info = zipfile.ZipInfo("link.jsonl")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, str(tmp_path / "secret.jsonl"))
        archive.writestr("a.jsonl", rows(0))
    assert library.add(tmp_path / "x.zip").added == 3


# ---- gzip


def test_a_gzip_is_read_and_named_without_its_ending(library: refdesk.Library, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl.gz").write_bytes(gzip.compress(rows(0)))
    assert library.add(tmp_path / "papers.jsonl.gz").added == 3
    assert library.show("file:papers:sample:1")


def test_a_damaged_gzip_is_told(library: refdesk.Library, tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl.gz").write_bytes(gzip.compress(os.urandom(2000).hex().encode() + rows(0, 50))[:-400])
    with pytest.raises(UnreadableInput, match="damaged gzip"):
        library.add(tmp_path / "papers.jsonl.gz")


@pytest.mark.parametrize("content", [rows(0) + b" " * (64 << 20), rows(0) + b'{"title": "' + b"x" * (64 << 20)])
def test_a_gzip_bomb_is_refused(library: refdesk.Library, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "papers.jsonl.gz").write_bytes(gzip.compress(content))
    with pytest.raises(UnreadableInput, match="gzip bomb"):
        library.add(tmp_path / "papers.jsonl.gz")
    path = zipped(tmp_path / "x.zip", {"a.jsonl": rows(10), "b.jsonl.gz": gzip.compress(content)})
    assert any("gzip bomb" in reject.reason for reject in library.add(path).rejected)


def test_a_zip_within_a_gzip_is_refused_by_name(library: refdesk.Library, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.jsonl": rows(0)})
    (tmp_path / "x.zip.gz").write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(UnreadableInput, match="zip archive"):
        library.add(tmp_path / "x.zip.gz")


# ---- folders and patterns


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder of papers, hidden files, an archive, and what is no paper."""
    box = tmp_path / "box"
    (box / "deep" / "er").mkdir(parents=True)
    (box / ".git").mkdir()
    (box / "a.jsonl").write_bytes(rows(0))
    (box / "deep" / "b.csv").write_bytes(csv(10))
    zipped(box / "deep" / "er" / "c.zip", {"c1.jsonl": rows(20), "c2.jsonl": rows(30)})
    (box / "notes.bin").write_bytes(b"\0\1\2\3")
    (box / ".hidden.jsonl").write_bytes(rows(40))
    (box / ".git" / "d.jsonl").write_bytes(rows(50))
    return box


def test_a_folder_is_all_files_in_it_but_the_hidden_ones(library: refdesk.Library, box: Path) -> None:
    report = library.add(box)
    assert report.added == 10
    assert [reject.where for reject in report.rejected] == [str(box / "notes.bin")]


def test_files_of_one_name_in_two_folders_are_not_mistaken_for_each_other(
    library: refdesk.Library, tmp_path: Path
) -> None:
    for year, content in (("2024", rows(0)), ("2025", rows(0).replace(b"subject", b"matter"))):
        (tmp_path / "box" / year).mkdir(parents=True)
        (tmp_path / "box" / year / "papers.jsonl").write_bytes(content)
    assert library.add(tmp_path / "box").added == 6
    assert count(library) == 6


@pytest.mark.parametrize(
    ("pattern", "added"), [("*.jsonl", 3), ("**/*.csv", 1), ("**/*.zip", 6), ("[ab].jsonl", 3), ("deep/?.csv", 1)]
)
def test_a_pattern_is_what_it_matches(library: refdesk.Library, box: Path, pattern: str, added: int) -> None:
    report = library.add(box / pattern)
    assert (report.added, report.rejected) == (added, ())


def test_a_file_with_the_name_of_a_pattern_is_that_file(library: refdesk.Library, tmp_path: Path) -> None:
    (tmp_path / "a[1].jsonl").write_bytes(rows(0))
    (tmp_path / "a1.jsonl").write_bytes(rows(10))
    assert library.add(tmp_path / "a[1].jsonl").added == 3
    assert library.show("file:a[1]:sample:0")


def test_a_pattern_that_matches_nothing_is_told(library: refdesk.Library, box: Path) -> None:
    with pytest.raises(UnreadableInput, match="does not exist"):
        library.add(box / "*.bib")


@pytest.mark.parametrize("hidden", [False, True])
def test_an_empty_folder_is_told(library: refdesk.Library, tmp_path: Path, hidden: bool) -> None:
    (tmp_path / "empty" / "deep").mkdir(parents=True)
    if hidden:
        (tmp_path / "empty" / ".papers.jsonl").write_bytes(rows(0))
    with pytest.raises(UnreadableInput, match="holds no files"):
        library.add(tmp_path / "empty")


def test_an_empty_folder_beside_a_file_is_told_too(library: refdesk.Library, box: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = library.add(box / "a.jsonl", tmp_path / "empty")
    assert report.added == 3
    assert any(str(tmp_path / "empty") in told for told in (*report.notes, *(each.where for each in report.rejected)))


def test_no_input_adds_nothing(library: refdesk.Library) -> None:
    try:
        report = library.add()
    except refdesk.errors.RefdeskError:
        return
    assert (report.added, report.rejected) == (0, ())


def test_the_command_line_takes_folders_patterns_and_archives(
    cli: Callable[..., Ran], box: Path, tmp_path: Path
) -> None:
    for name, added in ((box / "*.jsonl", 3), (box / "deep" / "er" / "c.zip", 6), (box / "deep", 1)):
        ran = cli("--library", tmp_path / "library", "add", name, "--json")
        assert ran.json["added"] == added
    ran = cli("--library", tmp_path / "library", "add", zipped(tmp_path / "x.zip", {"../x": b"x"}))
    assert ran.status == 4
    assert "leads out of it" in ran.err
    ran = cli("--library", tmp_path / "other", "add", tmp_path / "*.bib")
    assert ran.status == 4
    assert not (tmp_path / "other").exists()


# ---- addresses


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        running.papers = entries("2026-06-18", "2026-06-19")
        yield running


def test_an_address_of_this_machine_that_somebody_typed_is_fetched(
    library: refdesk.Library, server: FeedServer
) -> None:
    server.target = f"{server.url.replace('127.0.0.1', 'localhost')}/rss"
    assert library.add(f"{server.url}/moved").added == 2


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/secret", "http://[::1]:1/", "http://169.254.169.254/latest"])
def test_an_address_of_the_internet_that_redirects_into_the_readers_network_is_refused(
    library: refdesk.Library, server: FeedServer, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)  # it answers for an address of the internet
    server.target = "http://letters.example.invalid/rss"
    assert library.add("http://papers.example.invalid/moved").added == 2
    server.asked.clear()
    server.target = target
    with pytest.raises(UnreadableInput, match=r"redirects to .*, an address of this machine") as raised:
        library.add("http://papers.example.invalid/moved")
    assert raised.value.hint
    assert [each.path for each in server.asked] == ["/moved"]
