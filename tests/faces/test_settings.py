"""Settings: each wrong one is named with its file and dotted key and exits with 3; one broken table stops no other."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.errors import ConfigError
from refdesk import wiring
from refdesk.settings import config, feeds, toml
from refdesk.settings.email import mail
from refdesk.settings.subscriptions import checked
from tests.commands import ROOT, Ran, environment
from tests.commands import run as command

Cli = Callable[..., Ran]
MAIL = {"host": "mail.example.org", "from": "ada@example.org"}


def load(folder: Path, text: str | bytes, variables: dict[str, str] | None = None, **passed: Any) -> config.Config:
    """The settings of a file with this content."""
    (folder / "refdesk.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.load(folder, environment=variables or {}, **passed)


# ---- the library's own settings


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("colour = 'red'", "`colour` is an unknown setting", "The settings are embedder, model"),
        ("file = 'x'", "`file` is an unknown setting", ""),
        ("max_sentence = 3", "`max_sentence` is an unknown setting", "Did you mean `max_sentences`?"),
        ("max_sentences = 'many'", "`max_sentences` must be a whole number; it is 'many'", ""),
        ("max_sentences = 2.5", "`max_sentences` must be a whole number; it is 2.5", ""),
        ("max_sentences = true", "`max_sentences` must be a number, not true or false; it is true", ""),
        ("max_sentences = 0", "`max_sentences` must be at least 1; it is 0", ""),
        ("max_tokens_per_day = -1", "`max_tokens_per_day` must be at least 0; it is -1", ""),
        (f"max_tokens_per_day = 1{'0' * 30}", "`max_tokens_per_day` must be at most", ""),
        ("feed_timeout_s = inf", "`feed_timeout_s` must be a finite number; it is inf", ""),
        ("model_timeout_s = nan", "`model_timeout_s` must be a finite number; it is nan", ""),
        ("lock_timeout_s = 1e300", "`lock_timeout_s` must be at most 86400", ""),
        ("feed_timeout_s = 0", "`feed_timeout_s` must be more than 0", ""),
        ("price_per_million_input = -0.1", "`price_per_million_input` must be at least 0", ""),
        ("model = 3", "`model` must be text in quotes; it is 3", ""),
        ("model = 'a\tb'", "`model` must not contain control characters", ""),
        ('contact = "me\\nX-Injected: 1"', "`contact` must not contain control characters", ""),
        ('prompts = "a\\u0000b"', "`prompts` must not contain a NUL", ""),
        ('prompts = "~nosuchuser/prompts"', "`prompts` must be the path of a user that exists", ""),
        ('catalog = "catalog.sqlite3"', "`catalog` must be an SQLAlchemy URL", ""),
        ('catalog = "sqlite:///a\\u0000b"', "`catalog` must not contain control characters", ""),
        ('catalog = "sqlite:///~nosuchuser/x"', "`catalog` must have the whole path", ""),
        ('catalog = "https://[bad"', "`catalog` must be an SQLAlchemy URL", ""),
        ('catalog = "postgresql://me@db:port/x"', "`catalog` must be an SQLAlchemy URL", ""),
        ('catalog = "postgresql://me:a%00b@db/x"', "`catalog` must not contain a NUL", ""),
        ('catalog = "postgresql://me@db/x?row_factory=y"', "`catalog` must have options of libpq alone, and row", ""),
        ('vectors = "localhost:8000"', "`vectors` must be an http(s) URL", ""),
        ('vectors = "http://[bad"', "`vectors` must be an http(s) URL", ""),
        ("[embedder]\nname = 'static'", "`embedder` must be text in quotes", ""),
        ("feeds = 3", "`feeds` must be a table; it is 3", ""),
        ("[feeds]\ncs = 3", "`feeds.cs` must be a table; it is 3", ""),
        ("[subscriptions]\nmine = 3", "`subscriptions.mine` must be a table; it is 3", ""),
        ('[feeds."a\\u0000"]', "must not contain control characters", ""),
        ("email = 'me'", "`email` must be a table", ""),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_dotted_key(tmp_path: Path, text: str, says: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert raised.value.message.startswith(str(tmp_path / "refdesk.toml"))
    assert says in raised.value.message
    assert hint in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not toml", "cannot be read"),
        (b"model = '\xff'", "cannot be read"),
        (b"model = 'a\x00b'", "cannot be read"),
        (b"x = " + b"9" * 6_000, r"cannot be read: a number in it has thousands of digits\.$"),
        (b"x = " + b"[" * 400_000, "deeper than 32"),
        (b"x = " + b"[" * 33 + b"]" * 33, "deeper than 32"),
        (b"[" + b".".join([b"a"] * 400_000) + b"]", "deeper than 32"),
        (b"x = {" + b"a . " * 200_000 + b"a = 1}", "deeper than 32"),
        (b'"a".' * 200_000 + b"a = 1", "deeper than 32"),
        (b"#" * (toml.MAX_BYTES + 1), "larger than"),
    ],
    ids=["no TOML", "no UTF-8", "NUL", "digits", "brackets", "lists", "header", "inline", "quoted", "huge"],
)
def test_odd_toml_is_refused_at_once(tmp_path: Path, content: bytes, says: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, content)
    assert time.perf_counter() - began < 5


def test_a_file_of_many_words_without_a_dot_is_read_at_once(tmp_path: Path) -> None:
    began = time.perf_counter()
    load(tmp_path, b"#" + b"a" * 900_000)
    assert time.perf_counter() - began < 5


def test_a_byte_order_mark_is_not_part_of_the_first_setting(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbfmax_sentences = 4\n").max_sentences == 4


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "refdesk.toml").mkdir()
    with pytest.raises(ConfigError, match="is not a file"):
        config.load(tmp_path, environment={})


def test_arguments_go_above_the_environment_and_that_above_the_file(tmp_path: Path) -> None:
    text = "max_sentences = 4\nmodel = 'file'\ncontact = 'file'\n"
    found = load(tmp_path, text, {"REFDESK_MODEL": "environment", "REFDESK_MAX_SENTENCES": "3"}, model="argument")
    assert (found.model, found.max_sentences, found.contact) == ("argument", 3, "file")


def test_an_empty_variable_sets_nothing_and_an_empty_model_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, "model = 'file'", {"REFDESK_MODEL": ""}).model == "file"
    assert load(tmp_path, "model = 'file'", model="").model is None


@pytest.mark.parametrize(
    ("variables", "says", "hint"),
    [
        ({"REFDESK_MODLE": "x"}, "REFDESK_MODLE, which is an unknown setting", "Did you mean `REFDESK_MODEL`?"),
        ({"REFDESK_FEEDS": "{}"}, "REFDESK_FEEDS, but `feeds` is a table", "Tables stand only in refdesk.toml"),
        ({"REFDESK_SUBSCRIPTIONS": "x"}, "`subscriptions` is a table", "Tables stand only in refdesk.toml"),
        ({"REFDESK_EMAIL": "x"}, "`email` is a table", "Tables stand only in refdesk.toml"),
        ({"REFDESK_LOCK_TIMEOUT_S": "soon"}, "REFDESK_LOCK_TIMEOUT_S must be a number; it is 'soon'", ""),
        ({"REFDESK_LOCK_TIMEOUT_S": "nan"}, "REFDESK_LOCK_TIMEOUT_S must be a finite number", ""),
        ({"REFDESK_FEED_TIMEOUT_S": "inf"}, "REFDESK_FEED_TIMEOUT_S must be a finite number", ""),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variables: dict[str, str], says: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config.load(tmp_path, environment=variables)
    assert says in raised.value.message
    assert hint in (raised.value.hint or "")


def test_variables_that_are_read_elsewhere_are_no_settings(tmp_path: Path) -> None:
    others = {"REFDESK_LIBRARY": "x", "REFDESK_SMTP_PASSWORD": "x", "REFDESK_TEST_DATA": "/", "PATH": "/bin"}
    assert config.load(tmp_path, environment=others) == config.Config()


def test_a_wrong_argument_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="The argument `model` must not contain control characters"):
        config.load(tmp_path, environment={}, model="a\nb")


def test_a_password_in_a_wrong_url_is_not_shown(tmp_path: Path) -> None:
    wrong = (
        *("catalog = 'postgresql://me:se/cret@db:port/x'", "vectors = 'http://me:se/cret@[bad'"),
        *("catalog = 'postgresql://me:s@cret/x@db/x'", "catalog = 'postgresql://me:s@/cret?y#z@db/x'"),
    )
    for setting in wrong:
        with pytest.raises(ConfigError) as raised:
            load(tmp_path, setting)
        assert "cret" not in raised.value.message


@pytest.mark.parametrize("text", ["feed_timeout_s = inf", "x = " + "[" * 100_000, 'prompts = "~nosuchuser/x"'])
def test_the_command_exits_with_3_and_writes_nothing(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "refdesk.toml").write_text(text, encoding="utf-8")
    ran = cli("--library", tmp_path / "library", "run", "--json")
    assert ran.status == 3
    assert ran.json["error"]["type"] == "ConfigError"
    assert [path.name for path in (tmp_path / "library").iterdir()] == ["refdesk.toml"]


# ---- tables


def told(check: Callable[[], object]) -> str:
    """The message and the hint of a table that is wrong."""
    with pytest.raises(ConfigError) as raised:
        check()
    return f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({}, "refdesk.toml: `feeds.it.kind` is missing. The kinds are arxiv"),
        ({"kind": "gopher"}, "`feeds.it.kind` must be one of the kinds; it is 'gopher'"),
        ({"kind": "arxiv"}, "`feeds.it` needs `categories` or `query`"),
        ({"kind": "arxiv", "catgories": ["cs.CL"]}, "Did you mean `categories`?"),
        ({"kind": "pubmed", "query": "x", "categories": ["x"]}, "`feeds.it.categories` is an unknown setting"),
        ({"kind": "arxiv", "categories": ["cs.CL", 7]}, "`feeds.it.categories` must be text in quotes; it is 7"),
        ({"kind": "rss", "url": "https://[bad"}, "`feeds.it.url` must be an http(s) URL; it is 'https://[bad'"),
        ({"kind": "rss", "url": "https://me:cret@:x/"}, "https://***@:x/"),
        ({"kind": "rss", "url": "https://x.example/", "since": "soon"}, "must be a date such as 2026-06-17"),
        ({"kind": "folder", "path": "a\0b"}, "`feeds.it.path` must not contain a NUL character"),
        ({"kind": "folder", "path": "~nosuchuser"}, "`feeds.it.path` must be the path of a user that exists"),
        ({"kind": "zotero", "library": "12345"}, "must be users/… or groups/…"),
    ],
)
def test_a_wrong_feed_is_named(table: dict[str, Any], says: str) -> None:
    assert says in told(lambda: feeds.check("it", table))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"topic": ["x"]}, "`subscriptions.mine.topic` is an unknown setting. Did you mean `topics`?"),
        ({"size": 0}, "`subscriptions.mine.size` must be at least 1; it is 0"),
        ({"size": True}, "must be a number, not true or false; it is true"),
        ({"threshold": 2}, "`subscriptions.mine.threshold` must be at most 1; it is 2"),
        ({"threshold": float("nan")}, "`subscriptions.mine.threshold` must be"),
        ({"timezone": "Mars/Olympus"}, "must be a timezone such as Europe/Berlin; it is 'Mars/Olympus'"),
        ({"every": "year"}, "must be one of 'day', 'week' or 'month'; it is 'year'"),
        ({"formats": ["pdf"]}, "must be one of 'md', 'html', 'json' or 'eml'; it is 'pdf'"),
        ({"to": ["nobody"]}, "`subscriptions.mine.to` must be a mail address"),
        ({"topics": "grokking"}, "must be a list of texts"),
        ({"folder": "a\0b"}, "must not contain a NUL character"),
        ({"folder": "~nosuchuser/x"}, "must be the path of a user that exists"),
    ],
)
def test_a_broken_subscription_is_named_and_does_not_stop_the_others(table: dict[str, Any], says: str) -> None:
    valid, errors = checked({"mine": table, "other": {"topics": ["grokking"], "size": 3}})
    assert list(valid) == ["other"]
    assert valid["other"].topics == ("grokking",)
    assert says in f"{errors['mine'].message} {errors['mine'].hint}"


def test_a_subscription_that_no_file_can_be_named_after_is_broken() -> None:
    valid, errors = checked({"a/b": {}})
    assert not valid
    assert "not a valid name" in errors["a/b"].message


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"timeout_s": float("inf")}, "refdesk.toml: `email.timeout_s` must be a finite number; it is inf"),
        ({"timeout_s": 1e300}, "`email.timeout_s` must be at most 86400"),
        ({"timeout_s": 0}, "`email.timeout_s` must be more than 0"),
        ({"port": 70_000}, "`email.port` must be at most 65535"),
        ({"port": "x"}, "`email.port` must be a whole number"),
        ({"list_unsubscribe": "https://[bad"}, "`email.list_unsubscribe` must be an https: or mailto: URL"),
        ({"list_unsubscribe": "https://e.org/\nBcc: a@b.c"}, "`email.list_unsubscribe` must not contain control"),
        ({"username": "me", "password_file": "~nosuchuser/x"}, "`email.password_file` must be the path of a user"),
        ({"username": "me", "password_file": "a\0b"}, "`email.password_file` must not contain a NUL"),
        ({"username": "me", "password_file": "/nowhere/at/all"}, "cannot be read"),
        ({"username": "me"}, "needs a password"),
        ({"ca_file": "~nosuchuser/x"}, "`email.ca_file` must be the path of a user"),
        ({"security": "ssl"}, "must be one of 'starttls', 'tls' or 'none'; it is 'ssl'"),
        ({"host": "mail example"}, "`email.host` must be the name of a mail server"),
        ({"from": "nobody"}, "`email.from` must be a mail address"),
        ({"hots": "x"}, "`email.hots` is an unknown setting. Did you mean `host`?"),
        ({"password": "cret"}, "`email` contains a password"),
    ],
)
def test_a_wrong_mail_setting_is_named(table: dict[str, Any], says: str) -> None:
    said = told(lambda: mail({**MAIL, **table}, {}))
    assert says in said
    assert "cret" not in said


def test_a_missing_mail_setting_is_named() -> None:
    assert "`email.from` is missing" in told(lambda: mail({"host": "mail.example.org"}))


def test_the_status_names_every_wrong_table(cli: Cli, own_library: Path) -> None:
    (own_library / "refdesk.toml").write_text(
        '[feeds.box]\nkind = "folder"\npath = "~nosuchuser"\n'
        "[subscriptions.bad]\nsize = 0\n[subscriptions.good]\n[email]\ntimeout_s = inf\n"
        'host = "mail.example.org"\nfrom = "ada@example.org"\n',
        encoding="utf-8",
    )
    ran = cli("--library", own_library, "status", "--json")
    assert ran.status == 0
    assert {error["table"]: error["error"] for error in ran.json["settings"]} == {
        "subscriptions.bad": "refdesk.toml: `subscriptions.bad.size` must be at least 1; it is 0.",
        "email": "refdesk.toml: `email.timeout_s` must be a finite number; it is inf.",
    }
    assert [(feed["state"], "nosuchuser" in feed["error"]) for feed in ran.json["feeds"]] == [("broken", True)]
    shown = " ".join(cli("--library", own_library, "status").out.split())
    assert "`subscriptions.bad.size` must be at least 1" in shown
    assert "`email.timeout_s` must be a finite number" in shown


def test_the_status_names_readers_without_mail_settings(cli: Cli, own_library: Path) -> None:
    (own_library / "refdesk.toml").write_text('[subscriptions.mine]\nto = ["ada@example.org"]\n', encoding="utf-8")
    ran = cli("--library", own_library, "status", "--json")
    assert ran.status == 0
    assert [(error["table"], "no [email]" in error["error"]) for error in ran.json["settings"]] == [
        ("subscriptions.mine", True)
    ]
    assert "has readers, and refdesk.toml no [email]" in cli("--library", own_library, "status").out


def test_the_status_names_rated_papers_that_the_library_lacks(cli: Cli, own_library: Path) -> None:
    (own_library / "refdesk.toml").write_text(
        '[subscriptions.mine]\nliked = ["10.5555/refdesk.0007", "arxiv:2406.00000"]\ndisliked = ["10.1/none"]\n',
        encoding="utf-8",
    )
    ran = cli("--library", own_library, "status", "--json")
    assert ran.json["subscriptions"][0]["missing"] == ["arxiv:2406.00000", "10.1/none"]
    shown = cli("--library", own_library, "status").out
    assert "not in the library, though liked or disliked: arxiv:2406.00000, 10.1/none" in shown


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("europe/berlin", "Did you mean `Europe/Berlin`?"),
        ("zzz", "Write it as Europe/Berlin."),
    ],
)
def test_a_mistyped_timezone_gets_the_nearest_name(name: str, hint: str) -> None:
    errors = checked({"mine": {"timezone": name}})[1]
    assert (errors["mine"].hint or "").startswith(hint)


def test_a_wrong_table_is_named_with_the_file_that_was_chosen(cli: Cli, sample_library: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(
        "[subscriptions.bad]\nsize = 0\n[feeds.box]\nkind = 'gopher'\n[email]\nport = 0\n", encoding="utf-8"
    )
    ran = cli("--library", sample_library, "--config", path, "status", "--json")
    errors = [*(error["error"] for error in ran.json["settings"]), ran.json["feeds"][0]["error"], ran.json["error"]]
    assert len(errors) == 4
    assert all(error.startswith("other.toml: `") for error in errors)


def test_the_status_hides_the_password_of_the_catalog_also_with_a_slash(tmp_path: Path) -> None:
    from refdesk.status import status

    url = f"sqlite:///{tmp_path}/catalog.sqlite3?password=se/cret"
    with refdesk.open_library(tmp_path / "library") as library:
        store = library._store
        store.place = replace(store.place, catalog_url=url)
        store.indexes = wiring.indexes(store.place.folder, "http://me:se/cret@host")
        shown = json.dumps(status(store, feeds=(), reranker=None, errors={}))
    assert "cret" not in shown
    assert "me:***@host" in shown


# ---- settings that change while a library is open


def test_reload_reads_an_edited_file_again_and_nothing_else_does(own_library: Path, sample: Path) -> None:
    question = "Norm decay explains the delay of generalization."
    with refdesk.open_library(own_library) as library:
        assert len(library.ask(question).claims) == 5
        (own_library / "refdesk.toml").write_text("max_sentences = 2\n[subscriptions.mine]\nsize = 3\n")
        assert len(library.ask(question).claims) == 5
        library.reload()
        assert len(library.ask(question).claims) == 2
        assert [each["name"] for each in library.status()["subscriptions"]] == ["mine"]


def test_reload_leaves_nothing_of_the_old_settings_in_memory(own_library: Path) -> None:
    with refdesk.open_library(own_library) as library:
        library.search("grokking")
        old = weakref.ref(library._retrieval._of_the_embedder())
        gc.disable()  # it would free a reference cycle at some time; a server that is asked all day has 100 MB by then
        try:
            library.reload()
            assert old() is None
        finally:
            gc.enable()


def test_reload_keeps_the_old_settings_where_the_new_ones_are_wrong(own_library: Path) -> None:
    with refdesk.open_library(own_library) as library:
        (own_library / "refdesk.toml").write_text("max_sentences = 0\n")
        with pytest.raises(ConfigError, match="max_sentences"):
            library.reload()
        (own_library / "refdesk.toml").write_text('vectors = "http://127.0.0.1:1/"\n')
        with pytest.raises(ConfigError, match="`vectors` has changed; an open library keeps it"):
            library.reload()
        assert len(library.ask("Norm decay explains the delay of generalization.").claims) == 5


def test_reload_keeps_what_was_passed_when_the_library_was_opened(own_library: Path) -> None:
    with refdesk.open_library(own_library, model="openai:gpt-4o-mini") as library:
        (own_library / "refdesk.toml").write_text("model = 'openai:other'\n")
        library.reload()
        assert library.model == "openai:gpt-4o-mini"


# ---- the settings and the start of the program


def test_pydantic_is_not_imported_where_there_is_no_setting_to_check(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from refdesk.settings import config; from refdesk.cli import cli;"
        f"config.load(Path({str(tmp_path)!r}), environment={{}}); print([m for m in sys.modules if 'pydantic' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_setting_has_a_type_that_is_checked() -> None:
    from refdesk.settings import sources

    names = [field.name for field in fields(config.Config) if field.name != config.NO_SETTING]
    assert list(sources._TREE.model_fields) == names


@pytest.mark.parametrize("culprit", ["rag/__init__.py", "stores.py"])
def test_a_users_own_rag_or_stores_is_named_as_the_culprit(tmp_path: Path, culprit: str) -> None:
    path = tmp_path / culprit
    path.parent.mkdir(exist_ok=True)
    path.touch()
    (tmp_path / "script.py").write_text("import refdesk\n", encoding="utf-8")
    for arguments in (["-m", "refdesk", "--version"], ["script.py"]):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert f"Python finds {tmp_path / culprit.partition('/')[0]} in place of" in last
        assert "Rename that file or folder" in last


def test_a_folder_named_rag_that_is_no_package_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "rag").mkdir()
    (tmp_path / "rag" / "notes.txt").touch()
    done = subprocess.run(
        [sys.executable, "-m", "refdesk", "--version"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_the_command_says_when_the_environment_is_wrong(own_library: Path) -> None:
    ran = command("--library", own_library, "status", env=environment(REFDESK_MODLE="x"))
    assert ran.status == 3
    assert "REFDESK_MODLE" in ran.err and "REFDESK_MODEL" in ran.err
