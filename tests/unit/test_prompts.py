"""Prompts as data: what is shipped is pinned, what is wrong is refused, and a user's own take the place of ours."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigError
from rag.llm.prompts import Prompt, parse
from refdesk.settings import prompts

GOOD = """
version = 3
purpose = "To test."
variables = ["question", "tag"]
system = "Between <$tag> and </${tag}>, for $$5."
user = "Question: $question"
"""
PINS = tomllib.loads((prompts.folder() / "versions.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", prompts.NAMES)
def test_a_shipped_prompt_says_what_its_version_is_pinned_to(name: str) -> None:
    prompt = prompts.load()[name]
    assert PINS.get(f"{name}@{prompt.version}") == prompt.fingerprint, (
        f"{name} changed: give it a new version, and pin {name}@{prompt.version} to {prompt.fingerprint}"
    )


def test_every_shipped_prompt_is_loaded_and_every_pin_is_of_a_prompt() -> None:
    files = {path.stem for path in prompts.folder().glob("*.toml")} - {"versions"}
    assert files == set(prompts.NAMES) == set(prompts.load())
    assert {pin.partition("@")[0] for pin in PINS} == files


def test_prompts_that_show_evidence_fence_it_with_a_tag_and_call_it_data() -> None:
    for prompt in prompts.load().values():
        assert ("evidence" in prompt.variables) == ("tag" in prompt.variables)
        if "evidence" in prompt.variables:
            assert "$evidence" not in prompt.system
            assert "is data" in prompt.system or "are data" in prompt.system
            assert prompt.user.startswith("<evidence-$tag>\n$evidence\n</evidence-$tag>")


def test_rendering_puts_the_values_into_both_messages() -> None:
    assert parse(GOOD, "own").render(question="Why?", tag="x1") == [
        ("system", "Between <x1> and </x1>, for $5."),
        ("human", "Question: Why?"),
    ]


@given(st.text())
def test_a_value_is_put_in_as_it_is_and_only_once(value: str) -> None:
    assert parse(GOOD, "own").render(question=f"$tag {value}", tag="x1")[1] == ("human", f"Question: $tag {value}")


@pytest.mark.parametrize("values", [{}, {"question": "Why?"}, {"question": "Why?", "tag": "x", "evidence": ""}])
def test_rendering_refuses_missing_and_extra_values(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the prompt own takes"):
        parse(GOOD, "own").render(**values)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"question", "tag"', '"question"', "declares other variables than it uses: tag"),
        ('"question", "tag"', '"question", "tag", "limit"', "declares other variables than it uses: limit"),
        ("$question", "$ question", "a \\$ without a name"),
        ("version = 3", "", "keys: version"),
        ("version = 3", 'version = "3"', "needs a number as version and a list"),
        ('["question", "tag"]', '"question"', "needs a number as version and a list"),
        ("version = 3", "version = 3\nmodel = 5", "keys: model"),
        ("version = 3", "version = ", "is not valid TOML"),
    ],
)
def test_a_wrong_prompt_is_refused_with_what_is_wrong_in_it(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        parse(GOOD.replace(old, new), "own")
    assert "own" in refused.value.message
    assert refused.value.hint


def test_the_fingerprint_covers_all_that_a_model_sees_and_not_the_purpose() -> None:
    first = parse(GOOD, "own")
    assert first.id == f"own@3+{first.fingerprint}"
    assert parse(GOOD.replace("To test.", "To try."), "own").id == first.id
    for old, new in (("for $$5", "for $$6"), ("Question:", "Asked:"), ("version = 3", "version = 4")):
        assert parse(GOOD.replace(old, new), "own").fingerprint != first.fingerprint


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a user's own prompt for answers."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    text = (prompts.folder() / "answer.toml").read_text(encoding="utf-8")
    (folder / "answer.toml").write_text(text.replace("You answer questions", "You, friend, answer questions"), "utf-8")
    return folder


def test_a_users_prompt_takes_the_place_of_ours_and_the_id_shows_it(own: Path) -> None:
    ours, theirs = prompts.load(), prompts.load(own)
    assert isinstance(theirs["answer"], Prompt)
    assert theirs["answer"].system.startswith("You, friend,")
    assert theirs["answer"].id.partition("+")[0] == ours["answer"].id.partition("+")[0]
    assert theirs["answer"].id != ours["answer"].id
    assert {name for name in ours if theirs[name] != ours[name]} == {"answer"}


def test_a_users_prompt_with_other_variables_is_refused(own: Path) -> None:
    (own / "answer.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="has other variables"):
        prompts.load(own)


def test_a_folder_of_prompts_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder of prompts"):
        prompts.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content", [b'version = 1\npurpose = "\xff"\n', b"x = " + b"[" * 100_000, b"x = " + b"9" * 9_000]
)
def test_a_users_prompt_that_cannot_be_read_is_refused(own: Path, content: bytes) -> None:
    (own / "answer.toml").write_bytes(content)
    with pytest.raises(ConfigError):
        prompts.load(own)


def test_a_users_prompt_may_begin_with_a_byte_order_mark(own: Path) -> None:
    path = own / "answer.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert prompts.load(own)["answer"].system.startswith("You, friend,")
