"""`refdesk run`: what is due is made once and delivered once, whatever happened before."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import refdesk
from rag.delivery.outbox import planned
from rag.embedders import DEFAULT, embedder
from rag.errors import ConfigError, InputError, LibraryLocked, LibraryReadOnly
from refdesk import wiring
from refdesk.digest.run import Step
from refdesk.library import Library
from refdesk.settings import config
from stores.locks import WriterOfPapers
from stores.store import LibraryStore, Place
from tests.commands import Ran
from tests.commands import run as command
from tests.smtp_server import MailServer, serving
from tests.usecases.test_digests import configured, record, write

both = pytest.mark.catalogs("sqlite", "team")
MONDAY = datetime(2026, 6, 22, 6, tzinfo=UTC)
"""When the week 2026-W25 is just over."""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = MONDAY

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@contextmanager
def opened(folder: Path, clock: Clock) -> Iterator[Library]:
    """The library, by a clock of our own."""
    settings = config.load(folder)
    store = LibraryStore(
        Place(folder, settings.catalog),
        indexes=wiring.indexes(folder, settings.vectors),
        make_lock=WriterOfPapers,
        embedder_name=None,
        make_embedder=embedder,
        default_embedder=DEFAULT,
        now=clock,
    )
    with Library(store, settings) as library:
        yield library


def weeks(tmp_path: Path, count: int = 4, size: int = 8) -> Path:
    """Papers of the weeks from 2026-W25 on."""
    records = [
        record(100 * week + number, f"2026-06-{15 + number % 7}" if not week else _day(week, number))
        for week in range(count)
        for number in range(size)
    ]
    return write(tmp_path / "weeks.jsonl", records)


def _day(week: int, number: int) -> str:
    return (MONDAY + timedelta(days=7 * (week - 1) + number % 7)).date().isoformat()


def did(steps: Iterator[Step]) -> list[tuple[str, str, str]]:
    return [(each.step, each.name.partition(" ")[0], each.outcome) for each in steps]


def issues(steps: list[tuple[str, str, str]]) -> list[str]:
    return [name for step, name, outcome in steps if step == "issue" and outcome == "done"]


def shown(library: Library, subscription: str = "default") -> dict[str, list[str]]:
    """The papers of each issue that was made."""
    records = library._store.catalog.issues().all(subscription, limit=100)
    return {each.period: [paper["paper_id"] for paper in each.document["papers"]] for each in records}


@both
def test_the_last_whole_week_is_made_and_delivered_once(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        assert issues(did(library.issues.run())) == ["2026-W25.default"]
        files = {path.name: path.read_bytes() for path in (folder / "issues").iterdir()}
        names = {f"2026-W25.default.{form}" for form in ("md", "html", "json")}
        assert files.keys() == {*names, "default.atom"}
        assert json.loads(files["2026-W25.default.json"])["coverage"]["listed"] == 8
        assert did(library.issues.run()) == []
        assert library.verify(files["2026-W25.default.md"].decode())
        assert library.verify(files["2026-W25.default.json"].decode())


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("each", ["2026-W26", "2026-W27", "2026-W28"]),
        ("merge", ["2026-06-22--2026-07-12"]),
        ("skip", ["2026-W28"]),
    ],
)
def test_three_missed_weeks_are_caught_up_as_configured_and_no_paper_is_in_two_issues(
    tmp_path: Path, folder: Path, clock: Clock, catch_up: str, expected: list[str]
) -> None:
    configured(folder, f'[subscriptions.default]\ncatch_up = "{catch_up}"\nsize = 40\n')
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        clock.time += timedelta(days=21)
        assert issues(did(library.issues.run())) == [f"{name}.default" for name in expected]
        papers = [paper for each in shown(library).values() for paper in each]
        assert len(papers) == len(set(papers)) == {"each": 32, "merge": 32, "skip": 16}[catch_up]
        assert did(library.issues.run()) == []


@pytest.mark.parametrize(
    ("before", "then", "expected"),
    [
        ("week", "month", [("2026-06-29", "2026-07-01"), ("2026-07-01", "2026-08-01")]),
        ("month", "week", [("2026-07-01", "2026-07-06"), ("2026-07-06", "2026-07-13")]),
        ("day", "week", [("2026-07-02", "2026-07-06"), ("2026-07-06", "2026-07-13")]),
    ],
)
def test_no_day_is_left_out_where_weeks_become_months_or_the_other_way(
    folder: Path, clock: Clock, before: str, then: str, expected: list[tuple[str, str]]
) -> None:
    configured(folder, f'[subscriptions.default]\nevery = "{before}"\n')
    clock.time = datetime(2026, 7, 2, 6, tzinfo=UTC)
    with opened(folder, clock) as library:
        list(library.issues.run())
    configured(folder, f'[subscriptions.default]\nevery = "{then}"\n')
    clock.time += timedelta(days=30)
    with opened(folder, clock) as library:
        list(library.issues.run())
        made = library._store.catalog.issues().all("default", limit=100)
    assert [(each.first, each.end) for each in made[1:3]] == expected


@both
def test_a_paper_that_came_in_after_the_issue_of_its_week_is_in_the_next_one(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        library.add(write(tmp_path / "late.jsonl", [record(99, "2026-06-17"), record(98, "2026-01-05")]))
        clock.time += timedelta(days=7)
        list(library.issues.run())
        found = library._store.catalog.issues().find("default", "2026-W26")
        assert found is not None
        assert "arxiv:2606.00099" in shown(library)["2026-W26"]
        assert found.document["coverage"]["late"] == 1
        assert found.document["coverage"]["listed"] == 9  # of a week long before any issue nothing is late


@both
def test_a_revised_paper_comes_back_once_and_only_for_more_than_wording(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        revised, reworded = record(1, "2026-06-16"), record(2, "2026-06-17")
        revised["abstract"] = str(revised["abstract"]).replace("2.5 percent", "7.5 percent")
        reworded["abstract"] = str(reworded["abstract"]).replace("We count", "We counted")
        library.add(write(tmp_path / "again.jsonl", [revised, reworded]))
        for _ in range(2):
            clock.time += timedelta(days=7)
            list(library.issues.run())
        found = library._store.catalog.issues().find("default", "2026-W26")
        assert found is not None
        back = [paper for paper in found.document["papers"] if paper["status"] == "revised"]
        assert [paper["paper_id"] for paper in back] == ["arxiv:2606.00001"]
        assert "numbers changed" in back[0]["changes"]
        later = shown(library)["2026-W27"]
        assert not {"arxiv:2606.00001", "arxiv:2606.00002"} & set(later)


def test_a_withdrawn_paper_comes_back_flagged_and_supports_nothing_strongly(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        gone = record(1, "2026-06-16")
        gone["abstract"] = "This paper has been withdrawn by the authors due to an error in the counts of summer two."
        library.add(write(tmp_path / "gone.jsonl", [gone]))
        for _ in range(2):
            clock.time += timedelta(days=7)
            list(library.issues.run())
        found = library._store.catalog.issues().find("default", "2026-W26")
        assert found is not None
        back = next(paper for paper in found.document["papers"] if paper["paper_id"] == "arxiv:2606.00001")
        assert back["status"] == "withdrawn" and back["tldr"]["support"] == "weak"
        assert "arxiv:2606.00001" not in shown(library)["2026-W27"]


@both
def test_a_paper_that_was_united_with_another_comes_back_once(tmp_path: Path, folder: Path, clock: Clock) -> None:
    preprint = record(1, "2026-06-16")
    article: dict[str, object] = {
        "doi": "10.1000/herons",
        "title": "Herons migrate by night",
        "abstract": "We followed 31 herons with radar along the coast. Most of them slept by day.",
        "date": "2026-06-23",
    }
    with opened(folder, clock) as library:
        library.add(write(tmp_path / "one.jsonl", [preprint]))
        list(library.issues.run())
        library.add(write(tmp_path / "other.jsonl", [article]))
        clock.time += timedelta(days=7)
        list(library.issues.run())
        database_record = {
            "paperId": "0" * 40,
            "title": article["title"],
            "abstract": article["abstract"],
            "publicationDate": "2026-06-23",
            "externalIds": {"ArXiv": str(preprint["arxiv_id"]), "DOI": "10.1000/herons"},
        }
        (tmp_path / "both.json").write_text(json.dumps({"data": [database_record]}), encoding="utf-8")
        library.add(tmp_path / "both.json")
        for _ in range(3):
            clock.time += timedelta(days=7)
            list(library.issues.run())
        assert [len(papers) for papers in shown(library).values()] == [1, 1, 1, 0, 0]


@both
def test_a_theme_that_goes_on_keeps_its_id_and_name(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path, count=3, size=60))
        first, second = (library.digest(f"2026-W{week}") for week in (26, 27))
        names = {theme.id: (theme.name, theme.size) for theme in first.themes}
        going = [theme for theme in second.themes if theme.status != "new"]
        assert going
        for theme in going:
            assert names[theme.id] == (theme.name, theme.previous_size)
            assert theme.history[-2:] == (("2026-W26", theme.previous_size), ("2026-W27", theme.size))


def by_mail(
    folder: Path, server: MailServer, to: str = '"ada@example.com"', more: str = "", *, timeout_s: float = 10
) -> Path:
    return configured(
        folder,
        f"[subscriptions.mine]\nto = [{to}]\n{more}\n"
        f'[email]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        f'from = "Refdesk <desk@example.org>"\ntimeout_s = {timeout_s}\n',
    )


@both
def test_every_reader_gets_an_issue_once(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with serving() as server:
        by_mail(folder, server, '"ada@example.com", "bob@example.com"')
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path))
            list(library.issues.run())
            list(library.issues.run())
            assert sorted(server.readers) == ["ada@example.com", "bob@example.com"]
            assert b"List-Id: <mine.refdesk.example.org>" in server.accepted[0][1]
            clock.time += timedelta(days=7)
            list(library.issues.run())
            assert len(server.accepted) == 4
            assert library.status()["outbox"] == []


@pytest.mark.parametrize(
    ("does", "state", "after"),
    [
        ({"connect": "421 4.3.2 Closing"}, "failed", 1),
        ({"rcpt": "450 4.2.1 Busy"}, "failed", 1),
        ({"rcpt": "550 5.1.1 No such user"}, "failed", 0),
        ({"data": "drop"}, "failed", 1),
        ({"end": "drop"}, "unknown", 1),
        ({"mail": "hang"}, "failed", 1),
    ],
)
def test_a_failing_mail_server_loses_and_doubles_nothing_and_status_explains(
    tmp_path: Path, folder: Path, clock: Clock, does: dict[str, str], state: str, after: int
) -> None:
    with serving(does=dict(does)) as server:
        by_mail(folder, server, timeout_s=0.4 if "hang" in does.values() else 10)
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path))
            steps = did(library.issues.run())
            assert ("delivery", "2026-W25.mine", "failed") in steps
            told = library.status()["outbox"]
            assert [each["state"] for each in told] == [state]
            assert told[0]["why"] and told[0]["next"]
            assert (told[0]["command"] is None) == (state == "failed" and after == 1)
            server.does.clear()
            clock.time += timedelta(hours=2)
            list(library.issues.run())
            assert len(server.accepted) == after


@both
def test_a_delivery_of_unknown_fate_is_sent_again_when_asked_for(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with serving(does={"end": "drop"}) as server:
        by_mail(folder, server)
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path))
            list(library.issues.run())
            server.does.clear()
            (told,) = library.status()["outbox"]
            name = told["command"].rpartition(" ")[2]
            steps = did(library.issues.run(resend=name))
            assert steps == [("delivery", "2026-W25.mine", "done")]
            assert len(server.accepted) == 2
            with pytest.raises(InputError):
                list(library.issues.run(resend=name))


def test_who_is_no_reader_any_more_gets_nothing(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with serving(does={"rcpt": "450 4.2.1 Busy"}) as server:
        by_mail(folder, server)
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path, count=1))
            list(library.issues.run())
        server.does.clear()
        by_mail(folder, server, '"bob@example.com"')
        clock.time += timedelta(hours=2)
        with opened(folder, clock) as library:
            list(library.issues.run())
            (told,) = library.status()["outbox"]
            assert "no longer a reader" in told["why"]
            list(library.issues.run(dismiss=told["dismiss"].rpartition(" ")[2]))
            assert library.status()["outbox"] == []
        assert server.accepted == []


@both
def test_an_address_written_in_another_case_is_the_same_reader(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with serving() as server:
        by_mail(folder, server, '"Ada@Example.com", "ada@example.com"')
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path, count=1))
            list(library.issues.run())
            assert server.readers == ["Ada@Example.com"]
            record = library._store.catalog.issues().find("mine", "2026-W25")
            assert record
            again = planned(
                subscription="mine", period="2026-W25", channel="email", target="ADA@example.com", now=clock.time
            )
            library._store.catalog.issues().keep(record, [again])
            assert did(library.issues.run()) == []
        assert len(server.accepted) == 1


def test_files_are_written_to_a_folder_of_the_readers_too_and_the_message_among_them(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with serving() as server:
        by_mail(folder, server, more=f'formats = ["md", "eml"]\nfolder = "{tmp_path / "mine"}"')
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path, count=1))
            list(library.issues.run())
        written = {path.name: path.read_bytes() for path in (tmp_path / "mine").iterdir()}
        assert written.keys() == {"2026-W25.mine.md", "2026-W25.mine.eml"}
        assert all((folder / "issues" / name).read_bytes() == content for name, content in written.items())
        assert b"To: ada@example.com" in written["2026-W25.mine.eml"]


@both
def test_papers_without_a_day_are_of_the_librarys_day(tmp_path: Path, folder: Path, clock: Clock) -> None:
    undated = record(1, "")
    path = write(tmp_path / "undated.jsonl", [{key: undated[key] for key in undated if key != "listed"}])
    with opened(folder, clock) as library:
        library.add(path)
        assert [paper.imported[:10] for paper in library.papers()] == ["2026-06-22"]


@both
def test_a_run_does_not_wait_for_an_import_in_another_process(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        steps: list[Step] = []
        running = threading.Thread(target=lambda: steps.extend(library.issues.run()))
        with FileLock(folder / "lock", thread_local=False):
            running.start()
            running.join(15)
            assert not running.is_alive()
        assert [step.outcome for step in steps if step.step == "issue"] == ["done"]


def test_a_lock_that_cannot_be_taken_is_told_of_the_library_and_not_of_the_output(
    folder: Path, clock: Clock, cli: Callable[..., Ran]
) -> None:
    opened(folder, clock).__enter__().close()
    (folder / "run.lock").mkdir()
    ran = cli("--library", folder, "run")
    assert ran.status == LibraryReadOnly.exit_code
    assert f"The library {folder} cannot be written" in ran.err


def test_two_runs_do_not_overlap(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as library, opened(folder, clock) as other:
        library.add(weeks(tmp_path))
        running = library.issues.run()
        next(running)
        with pytest.raises(LibraryLocked):
            list(other.issues.run())
        list(running)
        assert did(other.issues.run()) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[subscriptions.mine]\nto = ["ada@example.com"]\n', r"no \[email\]"),
        ('[subscriptions.mine]\nto = ["nobody"]\n[email]\nhost = "h"\nfrom = "a@b.c"\n', "nobody"),
        ('[email]\nhost = "h"\n', "`email.from` is missing"),
        ('[email]\nhost = "h"\nfrom = "a@b.c"\npassword = "x"\n', "`email` contains a password"),
        ('[email]\nhost = "h"\nfrom = "a@b.c"\nusername = "x"\n', "needs a password"),
        ('[email]\nhost = "h"\nfrom = "a@b.c"\nsecurity = "ssl"\n', "ssl"),
        ('[email]\nhost = "h"\nfrom = "a@b.c"\nport = "x"\n', "port"),
        ('[email]\nhost = "h"\nfrom = "a@b.c"\nhots = "x"\n', "hots"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_done(folder: Path, clock: Clock, settings: str, said: str) -> None:
    configured(folder, settings)
    with opened(folder, clock) as library:
        with pytest.raises(ConfigError, match=said):
            list(library.issues.run())
        assert not (folder / "issues").exists()


def test_a_feed_that_fails_does_not_stop_the_issue_and_is_told_in_it(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    configured(folder, f'[feeds.box]\nkind = "folder"\npath = "{tmp_path / "nowhere"}"\n')
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        steps = did(library.issues.run())
        assert steps[0] == ("sync", "box", "failed")
        assert issues(steps) == ["2026-W25.default"]
        found = library._store.catalog.issues().find("default", "2026-W25")
        assert found is not None
        (feed,) = found.document["coverage"]["feeds"]
        assert feed["state"] == "broken" and feed["error"]


def test_the_command_tells_success_nothing_to_do_and_failure_apart(tmp_path: Path, folder: Path) -> None:
    ran = command("--library", folder, "run", "--json")
    assert ran.status == 0, ran.err
    lines: list[dict[str, Any]] = [json.loads(line) for line in ran.out.splitlines()]
    assert [each["step"] for each in lines] == ["issue", "delivery", "delivery"]
    assert command("--library", folder, "run").status == 9
    (folder / "refdesk.toml").write_text(f'[feeds.box]\nkind = "folder"\npath = "{tmp_path / "nowhere"}"\n')
    assert command("--library", folder, "run").status == 6


@both
def test_an_issue_is_asked_within_its_papers(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path, count=2))
        chosen = library.within_issue("2026-W25", refdesk.Filter())
        answer = library.ask("Were glaciers counted from the air?", filter=chosen)
        assert answer.answered
        assert {source.paper.paper_id for source in answer.sources} <= set(chosen.papers)
        assert all(paper < "arxiv:2606.00100" for paper in chosen.papers)


def test_a_reader_who_is_written_in_two_ways_gets_one_message(tmp_path: Path, folder: Path, clock: Clock) -> None:
    with serving() as server:
        by_mail(folder, server, '"Ada Byron <ada@example.com>", "ada@example.com"')
        with opened(folder, clock) as library:
            library.add(weeks(tmp_path))
            list(library.issues.run())
            assert server.readers == ["ada@example.com"]


def test_a_wrong_subscription_does_not_hide_the_status(folder: Path, clock: Clock) -> None:
    configured(folder, "[subscriptions.mine]\nsize = 0\n")
    with opened(folder, clock) as library:
        found = library.status()
        assert "size` must be at least 1" in found["error"] and found["papers"] == 0


def test_a_daily_issue_still_knows_a_paper_of_two_months_ago(tmp_path: Path, folder: Path, clock: Clock) -> None:
    # by attention: an order by interest reads the days before each of the sixty issues too
    configured(folder, '[subscriptions.default]\nevery = "day"\norder = "trending"\n')
    clock.time = MONDAY + timedelta(days=1)
    with opened(folder, clock) as library:
        library.add(write(tmp_path / "papers.jsonl", [record(1, MONDAY.date().isoformat())]))
        list(library.issues.run())
        clock.time += timedelta(days=60)
        list(library.issues.run())
        gone = record(1, MONDAY.date().isoformat())
        gone["abstract"] = "This paper has been withdrawn by the authors due to an error in the counts of summer two."
        library.add(write(tmp_path / "gone.jsonl", [gone]))
        clock.time += timedelta(days=1)
        list(library.issues.run())
        assert list(shown(library).values())[-1] == ["arxiv:2606.00001"]


def test_a_clock_that_jumps_makes_a_few_issues_says_so_and_the_present_is_not_lost(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    now = clock.time
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        clock.time = datetime(2031, 1, 1, tzinfo=UTC)
        steps = list(library.issues.run())
        assert sum(step.step == "issue" and step.outcome == "done" for step in steps) == 5
        told = next(step for step in steps if "left out" in step.detail)
        assert "`refdesk run --catch-up 231`" in str(told.hint)
        clock.time = now + timedelta(days=7)
        row = library.issues.status()["subscriptions"][0]
        assert (row["due"], row["left_out"], row["ahead"]) == (["2026-W26"], 0, "2030-W52")
        steps = list(library.issues.run())
        assert "time to come" in steps[0].detail
        assert [step.name for step in steps if step.step == "issue" and step.outcome == "done"] == ["2026-W26.default"]
        assert len(shown(library)["2026-W26"]) == 8


def test_what_was_left_out_is_made_when_asked_for_and_no_further_back_than_there_are_papers(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        list(library.issues.run())
        clock.time += timedelta(days=70)
        list(library.issues.run())
        assert "2026-W27" not in shown(library)
        assert issues(did(library.issues.run(catch_up=4)))[0] == "2026-W27.default"
        assert issues(did(library.issues.run(catch_up=100))) == ["2026-W26.default"]
        assert len(shown(library)["2026-W26"]) == 8


def test_issue_files_that_were_deleted_come_back_and_nothing_else_is_written_or_sent(
    tmp_path: Path, folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as library:
        library.add(weeks(tmp_path))
        for _ in range(5):
            list(library.issues.run())
            clock.time += timedelta(days=7)
        clock.time -= timedelta(days=7)
        home = folder / "issues"
        before = {path.name: path.read_bytes() for path in home.iterdir()}
        (home / "2026-W29.default.md").write_text("cut by its reader", encoding="utf-8")
        for name in ("2026-W25.default.md", "2026-W27.default.html", "2026-W28.default.md", "default.atom"):
            (home / name).unlink()
        steps = list(library.issues.run())
        assert {(step.step, step.outcome) for step in steps} == {("delivery", "done")}
        after = {path.name: path.read_bytes() for path in home.iterdir()}
        assert after.pop("2026-W29.default.md") == b"cut by its reader"
        assert set(before) - set(after) == {"2026-W25.default.md", "2026-W29.default.md"}
        assert all(before[name] == content for name, content in after.items())
        assert list(library.issues.run()) == []
