"""Subscriptions that readers make: by the command, the API and the page; their mails, links and feeds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from serving import serving
from test_readers import signed_in

import refdesk
from refdesk.errors import InputError, NotThere
from refdesk.signing import read, sign
from tests.commands import Ran
from tests.smtp_server import MailServer
from tests.smtp_server import serving as mail_server

Cli = Callable[..., Ran]


@pytest.fixture
def library(lab: refdesk.Library) -> refdesk.Library:
    return lab


@pytest.fixture
def fresh(library: refdesk.Library, tmp_path: Path) -> list[str]:
    """Papers of the last whole week, which the next run tells."""
    today = datetime.now(UTC).date()
    day = today - timedelta(days=today.weekday() + 4)
    rows = [
        {
            "id": f"arxiv:2611.0000{number}",
            "title": f"Grokking of networks, part {number}",
            "abstract": f"We study grokking in network {number}. Delayed generalization is explained by weight decay.",
            "listed": day.isoformat(),
        }
        for number in range(1, 5)
    ]
    file = tmp_path / "week.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    library.add(file)
    return [str(row["id"]) for row in rows]


def test_a_subscription_is_made_changed_exported_and_deleted_on_the_command_line(cli: Cli, folder: Path) -> None:
    at = ("--library", str(folder))
    assert "no subscriptions" in cli(*at, "subscribe").err
    made = cli(*at, "subscribe", "mine", "--topic", "grokking", "--topic", "weight decay", "--size", "5")
    assert "topics grokking | weight decay" in made.out
    cli(*at, "subscribe", "mine", "--every", "day")
    found = json.loads(cli(*at, "subscribe", "mine", "--json").out)
    assert found["settings"] == {"topics": ["grokking", "weight decay"], "size": 5, "every": "day"}
    exported = cli(*at, "subscribe", "--toml").out
    assert cli(*at, "unsubscribe", "mine").status == 0
    assert cli(*at, "unsubscribe", "mine").status == 4
    (folder / "refdesk.toml").write_text(exported)
    status = json.loads(cli(*at, "status", "--json").out)
    assert [(each["name"], each["every"]) for each in status["subscriptions"]] == [("mine", "day")]
    assert "in refdesk.toml" in cli(*at, "subscribe").out
    assert cli(*at, "subscribe", "mine", "--size", "3").status == 4


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("../up", {}, "not a valid name"),
        ("", {}, "not a valid name"),
        ("default", {}, "is of refdesk.toml"),
        ("mine", {"folder": "/etc"}, "no setting `folder`"),
        ("mine", {"to": ["a@example.org"]}, "no setting `to`"),
        ("mine", {"profile": "/etc/passwd"}, "no setting `profile`"),
        ("mine", {"reader": "ada"}, "no setting `reader`"),
        ("mine", {"size": 0}, "`size` must be at least 1"),
        ("mine", {"timezone": "Mars"}, "`timezone` must be a timezone"),
        ("mine", {"mail": "yes"}, "`mail` must be true or false"),
    ],
)
def test_what_a_reader_may_not_set_is_refused(
    library: refdesk.Library, name: str, settings: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        library.subscribing.put(name, settings, "bob")
    assert words in caught.value.message
    assert library.subscribing.all("bob") == []


def test_names_are_one_readers_alone(library: refdesk.Library, folder: Path) -> None:
    library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
    with pytest.raises(InputError, match="Another reader"):
        library.subscribing.put("mine", {}, "bob")
    with pytest.raises(NotThere):
        library.subscribing.get("mine", "bob")
    with pytest.raises(NotThere):
        library.subscribing.delete("mine", "bob")
    (folder / "refdesk.toml").write_text("[subscriptions.mine]\nsize = 3\n")
    library.reload()
    assert library.subscribing.get("mine", "ada").hidden
    assert library.issues.shows("mine", "local")
    assert not library.issues.shows("mine", "ada")


def test_no_reader_takes_the_name_of_anothers_issues(library: refdesk.Library, fresh: list[str]) -> None:
    library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
    list(library.issues.run(catch_up=1))
    assert library.issues.stored("ada")
    library.subscribing.put("mine", {"topics": ["pruning"]}, "ada")
    library.subscribing.unsubscribe("mine", "ada@example.org")
    library.readers.remove("ada")
    assert not library._store.catalog.subscriptions().unsubscribed("mine"), "her address goes with her"
    with pytest.raises(InputError, match="earlier subscription"):
        library.subscribing.put("mine", {}, "bob")
    assert library.issues.stored("bob") == []
    assert library.subscribing.put("mine", {}).reader == "local"


def test_default_depends_on_the_file_alone(library: refdesk.Library) -> None:
    library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
    assert [each["name"] for each in library.issues.status()["subscriptions"]] == ["default", "mine"]
    assert library.digest("2026-W27").subscription == "default"


def test_the_api_and_the_page_make_and_delete(library: refdesk.Library) -> None:
    with (
        serving(library, auth="token") as at,
        signed_in(library, at.url, "ada") as ada,
        signed_in(library, at.url, "bob") as bob,
    ):
        made = ada.put("/api/v1/subscriptions/mine", json={"topics": ["grokking"], "size": 4})
        assert (made.status_code, made.json()["settings"]) == (200, {"topics": ["grokking"], "size": 4})
        assert bob.get("/api/v1/subscriptions/mine").status_code == 404
        assert bob.put("/api/v1/subscriptions/mine", json={}).status_code == 422
        assert bob.delete("/api/v1/subscriptions/mine").status_code == 404
        assert ada.put("/api/v1/subscriptions/mine", json={"folder": "/etc"}).status_code == 422
        form = {
            "name": "page",
            "topics": "grokking\n<script>alert(1)</script>\n",
            "size": "7",
            "every": "day",
            "mail": "on",
        }
        assert ada.post("/subscriptions", data=form).headers["location"] == "/subscriptions"
        shown = ada.get("/subscriptions").text
        assert "&lt;script&gt;" in shown
        assert "<script>alert" not in shown
        ada.put("/api/v1/subscriptions/page", json={"topics": ["grokking"], "size": 7, "timezone": "Europe/Berlin"})
        assert ada.post("/subscriptions", data=form).status_code == 303
        kept = ada.get("/api/v1/subscriptions/page").json()["settings"]
        assert (kept["timezone"], kept["every"]) == ("Europe/Berlin", "day"), "what the form has no field for stays"
        edited = ada.get("/subscriptions/page").text
        assert 'value="7"' in edited
        wrong = ada.post("/subscriptions", data={**form, "size": "many"})
        assert (wrong.status_code, "“many” is no number" in wrong.text, "grokking" in wrong.text) == (422, True, True)
        assert ada.post("/subscriptions/page/delete").status_code == 303
        assert ada.delete("/api/v1/subscriptions/mine").status_code == 204
        assert ada.get("/api/v1/subscriptions").json() == {"subscriptions": []}


def test_mails_go_to_the_reader_with_links_that_act_for_them_alone(
    library: refdesk.Library, folder: Path, fresh: list[str]
) -> None:
    with mail_server() as mail:
        (folder / "refdesk.toml").write_text(
            f'[email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\nfrom = "desk@example.org"\n'
            '[serve]\npublic_url = "https://papers.example.org"\n'
            '[subscriptions.team]\nto = ["carol@example.org", "ADA@example.org"]\n'
        )
        library.reload()
        library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
        library.subscribing.put("silent", {"topics": ["grokking"], "mail": False}, "ada")
        library.subscribing.put("nowhere", {"topics": ["grokking"]}, "bob")
        list(library.issues.run(catch_up=1))
        sent = {(to, message["List-Id"].split(".")[0][1:]): message for to, message in messages(mail)}
        assert sorted(sent) == [
            ("ADA@example.org", "team"),
            ("ada@example.org", "mine"),
            ("carol@example.org", "team"),
        ]
        stored = library.issues.stored_form("mine", library.issues.stored("ada")[0].period, "html") or ""
        assert "/rated/" not in stored
        assert "Unsubscribe" not in stored
        strangers = links(sent["carol@example.org", "team"])
        assert not [each for each in strangers if "/rated/" in each]
        assert len([each for each in strangers if "/unsubscribe/" in each]) == 1
        hers = links(sent["ada@example.org", "mine"])
        rated = [each for each in hers if "/rated/" in each]
        assert len(rated) == 2 * len(fresh)
        header = sent["ada@example.org", "mine"]["List-Unsubscribe"]
        assert sent["ada@example.org", "mine"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def path(url: str) -> str:
        return url.strip("<>").removeprefix("https://papers.example.org")

    with serving(library, auth="token") as at, httpx.Client(base_url=at.url) as anybody:
        like = path(rated[0])
        assert "Do you like this paper" in anybody.get(like).text
        assert library.issues.ratings("ada") == {}, "a mail program that opens the link does nothing"
        assert "You like this paper" in anybody.post(like).text
        assert list(library.issues.ratings("ada").values()) == [1]
        assert library.issues.ratings() == {}
        assert "taken back" in anybody.post(like, data={"undo": "yes"}).text
        assert library.issues.ratings("ada") == {}
        for wrong in (
            like[:-2],
            like.replace("/rated/", "/unsubscribe/"),
            "/rated/x.y",
            f"/rated/{'A' * 3000}",
        ):
            assert anybody.post(wrong).status_code == 404
        assert anybody.post(path(header), content="List-Unsubscribe=One-Click").status_code == 200
        assert library.subscribing.get("mine", "ada").mailed_to is None
        library.subscribing.put("mine", {"topics": ["grokking", "pruning"]}, "ada")
        assert library.subscribing.get("mine", "ada").mailed_to is None, "a change does not undo it"
        with signed_in(library, at.url, "ada") as ada:
            assert '<input name="mail" type="checkbox">' in ada.get("/subscriptions/mine").text
            ada.post("/subscriptions", data={"name": "mine", "topics": "grokking", "every": "week", "mail": "on"})
            assert library.subscribing.get("mine", "ada").mailed_to == "ada@example.org"
            assert '<input name="mail" type="checkbox" checked>' in ada.get("/subscriptions/mine").text
        anybody.post(path(header))
        assert "again" in anybody.post(path(header), data={"again": "yes"}).text
        assert library.subscribing.get("mine", "ada").mailed_to == "ada@example.org"
        anybody.post(path(header))
        library.readers.remove("ada")
        assert anybody.post(like).status_code == 404
        assert anybody.get("/library").status_code == 303


def test_an_address_that_two_readers_share_rates_for_the_one_whose_subscription_it_is(
    library: refdesk.Library, folder: Path, fresh: list[str]
) -> None:
    library.readers.set("bob", email="ADA@example.org")
    with mail_server() as mail:
        (folder / "refdesk.toml").write_text(
            f'[email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\nfrom = "desk@example.org"\n'
            '[serve]\npublic_url = "https://papers.example.org"\n[subscriptions.team]\nto = ["ada@example.org"]\n'
        )
        library.reload()
        library.subscribing.put("bobs", {"topics": ["grokking"]}, "bob")
        list(library.issues.run(catch_up=1))
        rated = {
            message["List-Id"].split(".")[0][1:]: [each for each in links(message) if "/rated/" in each]
            for _, message in messages(mail)
        }
    assert rated["team"] == []
    signed = rated["bobs"][0].partition("/rated/")[2]
    found = read(signed, library.readers.find, act="rate")
    assert found
    assert found.reader.name == "bob"


def test_who_unsubscribed_gets_no_mail_and_others_do(library: refdesk.Library, folder: Path, fresh: list[str]) -> None:
    with mail_server() as mail:
        (folder / "refdesk.toml").write_text(
            f'[email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\nfrom = "desk@example.org"\n'
            '[subscriptions.team]\nto = ["carol@example.org", "Dave <DAVE@example.org>"]\n'
        )
        library.reload()
        library.subscribing.unsubscribe("team", "dave@EXAMPLE.org")
        list(library.issues.run(catch_up=1))
        assert mail.readers == ["carol@example.org"]


def test_an_address_is_a_readers_once_they_opened_the_mailed_link(
    library: refdesk.Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as mail, serving(library, auth="token") as at, signed_in(library, at.url, "bob") as bob:
        assert bob.post("/api/v1/address", json={"address": "bob@example.org"}).status_code == 422
        (folder / "refdesk.toml").write_text(
            f'[email]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\nfrom = "desk@example.org"\n'
            '[serve]\npublic_url = "https://papers.example.org"\n'
        )
        library.reload()
        assert bob.post("/api/v1/address", json={"address": "no address"}).status_code == 422
        assert bob.post("/api/v1/address", json={"address": "bob@example.org"}).status_code == 202
        assert "A link was mailed to bob@example.org" in bob.post("/address", data={"address": "bob@example.org"}).text
        assert library.readers.get("bob").email is None
        (link, *_) = [each for each in links(messages(mail)[0][1]) if "/confirm/" in each]
        path = link.removeprefix("https://papers.example.org")
        assert httpx.get(f"{at.url}{path}").status_code == 200
        assert library.readers.get("bob").email is None
        monkeypatch.setattr(library._store, "_now", lambda: datetime.now(UTC) + timedelta(days=3))
        assert httpx.post(f"{at.url}{path}").status_code == 404
        monkeypatch.undo()
        assert httpx.post(f"{at.url}{path}").status_code == 200
        assert library.readers.get("bob").email == "bob@example.org"


def test_a_feed_has_a_secret_address_that_can_be_ended(library: refdesk.Library, fresh: list[str]) -> None:
    library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
    list(library.issues.run(catch_up=1))
    with (
        serving(library, auth="token") as at,
        signed_in(library, at.url, "ada") as ada,
        signed_in(library, at.url, "bob") as bob,
        httpx.Client(base_url=at.url) as anybody,
    ):
        assert bob.post("/api/v1/subscriptions/mine/feed").status_code == 404
        address = ada.post("/api/v1/subscriptions/mine/feed").json()["address"]
        assert ada.post("/api/v1/subscriptions/mine/feed").json()["address"] == address
        found = anybody.get(address)
        assert (found.status_code, found.headers["content-type"]) == (200, "application/atom+xml")
        assert b"Grokking of networks" in found.content
        assert anybody.get("/feeds/guessed.atom").status_code == 404
        assert ada.delete("/api/v1/subscriptions/mine/feed").status_code == 204
        assert anybody.get(address).status_code == 404
        ada.post("/subscriptions/mine/feed")
        assert library.subscribing.get("mine", "ada").feed not in (None, address[7:-5])
        library.readers.remove("ada")
        assert library.subscribing.all("ada") == []


def test_who_has_a_name_no_longer_ends_no_address_of_its_feed(library: refdesk.Library, folder: Path) -> None:
    library.subscribing.put("mine", {"topics": ["grokking"]}, "ada")
    (folder / "refdesk.toml").write_text('[subscriptions.mine]\nreader = "bob"\n')
    library.reload()
    his = library.subscribing.link("mine", "bob")
    with pytest.raises(InputError, match="is of refdesk"):
        library.subscribing.link("mine", "ada")
    library.subscribing.unlink("mine", "ada")
    assert library.subscribing.linked(his) == "mine"
    library.subscribing.unlink("mine", "bob")
    assert library.subscribing.linked(his) is None


def test_signed_links_are_of_one_library_one_reader_and_one_act(library: refdesk.Library) -> None:
    ada, find = library.readers.get("ada"), library.readers.find
    signed = sign(ada, "rate", "doi:10.1/a/b.c", "mine/2026-W27", "1")
    found = read(signed, find, act="rate")
    assert found
    assert (found.reader.name, found.parts) == ("ada", ("doi:10.1/a/b.c", "mine/2026-W27", "1"))
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", signed)
    assert read(signed, find, act="unsubscribe") is None
    for at in range(0, len(signed), 7):
        other = signed[:at] + ("A" if signed[at] != "A" else "B") + signed[at + 1 :]
        assert read(other, find, act="rate") is None
    for wrong in ("", ".", "a.b", "e30.AAAA", "bnVsbA.AAAA", "\u00e9.\u00e9", "WzEsMl0.AAAA"):
        assert read(wrong, find, act="rate") is None


def messages(mail: MailServer) -> list[tuple[str, EmailMessage]]:
    """The accepted messages with whom each is for."""
    return [(to, message_from_bytes(text, policy=policy.default)) for to, text in mail.accepted]


def links(message: EmailMessage) -> list[str]:
    """The links of the HTML part."""
    html = message.get_body(("html",))
    assert html
    return [each.replace("&amp;", "&") for each in re.findall(r'href="(https://papers[^"]+)"', html.get_content())]
