"""Cross-encoders in ONNX Runtime: scores and labels of real, small models, and every fault of a folder named."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ConfigError
from rag.onnx import BATCH_TOKENS, MAX_TOKENS, CrossEncoder
from tests.onnx_models import INPUTS, count, cross_encoder

WORDS = [f"word{number}" for number in range(200)]


def text(draw: random.Random, length: int) -> str:
    return " ".join(draw.choices(WORDS, k=length))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cross_encoder(tmp_path_factory.mktemp("models") / "count", WORDS)


@pytest.fixture(scope="module")
def model(folder: Path) -> CrossEncoder:
    return CrossEncoder(folder)


def test_the_scores_of_texts_of_all_lengths_are_those_counted_by_hand(model: CrossEncoder) -> None:
    draw = random.Random(1)
    query = text(draw, 12)
    texts = [text(draw, draw.choice((0, 1, 5, 40, 300, 450))) for _ in range(120)]
    assert sum(len(each.split()) for each in texts) > 3 * BATCH_TOKENS
    assert model.scores(query, texts) == [count(query, each) for each in texts]
    assert model.scores(query, texts[::-1]) == [count(query, each) for each in texts[::-1]]


def test_of_a_pair_that_is_too_long_only_the_longer_text_is_cut(model: CrossEncoder) -> None:
    query = "word1 word2 word3"
    late = " ".join(["word9"] * 2_000)
    assert model.max_tokens == MAX_TOKENS
    assert model.scores(query, [f"{query} {late}", f"{late} {query}", late]) == [3, 0, 0]
    assert model.scores(f"{late} word7", ["word7 word8"]) == [0]


def test_a_model_with_fewer_positions_is_given_shorter_pairs(tmp_path: Path) -> None:
    model = CrossEncoder(cross_encoder(tmp_path / "short", WORDS, config={"max_position_embeddings": 16}))
    filler = " ".join(["word9"] * 20)
    assert model.max_tokens == 16
    assert model.scores("word1", [f"word1 {filler}", f"{filler} word1"]) == [1, 0]


@pytest.mark.parametrize("odd", ["", " ", "\x00", "\ud800 word1", "短い要旨 🙂", "a" * 100_000])
def test_odd_texts_have_scores_too(model: CrossEncoder, odd: str) -> None:
    assert model.scores(odd, ["word1", odd])[0] == count(odd, "word1")
    assert model.scores("word1", [odd]) == [count("word1", odd)]


def test_no_texts_have_no_scores(model: CrossEncoder) -> None:
    assert model.scores("word1", []) == []


def test_eight_threads_get_the_scores_of_one(model: CrossEncoder) -> None:
    draw = random.Random(2)
    asked = [(text(draw, 5), [text(draw, 60) for _ in range(30)]) for _ in range(24)]
    expected = [model.scores(*each) for each in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: model.scores(*each), asked)) == expected


def test_the_probabilities_of_labels_are_named_as_config_json_names_them(tmp_path: Path) -> None:
    labels = ("entailment", "contradiction", "neutral")
    model = CrossEncoder(cross_encoder(tmp_path / "judge", WORDS, labels=labels))
    assert model.labels == labels
    found = model.probabilities([("word1 word2", "word1 word2"), ("word1", "word3")])
    powers = np.exp([[2, -2, 2], [0, 0, 0]])
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)
    with pytest.raises(ConfigError, match="is no reranker: it has the labels entailment, contradiction, neutral"):
        model.scores("word1", ["word1"])


def cut(name: str) -> Callable[[Path], object]:
    """Cut a file of the folder off in its middle."""

    def cut_off(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])

    return cut_off


def other(**options: object) -> Callable[[Path], object]:
    """Put another model in the place of the folder's."""

    def replace(folder: Path) -> None:
        other = cross_encoder(folder.parent / "other", WORDS, **options)  # type: ignore[arg-type]
        (folder / "model.onnx").write_bytes((other / "model.onnx").read_bytes())

    return replace


FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no model": (lambda at: (at / "model.onnx").unlink(), "has no model.onnx", "A model is a folder with"),
    "no tokenizer": (lambda at: (at / "tokenizer.json").unlink(), "has no tokenizer.json", "A model is a folder with"),
    "no folder": (lambda at: at.rename(at.parent / "away"), "is not a folder", "A model is a folder with"),
    "half a model": (cut("model.onnx"), r"model\.onnx cannot be read", "Get the model again"),
    "an empty model": (lambda at: (at / "model.onnx").write_bytes(b""), r"model\.onnx cannot be read", "again"),
    "half a tokenizer": (cut("tokenizer.json"), r"tokenizer\.json cannot be read", "Get the model again"),
    "a broken config": (lambda at: (at / "config.json").write_text("{"), r"config\.json cannot be read", "again"),
    "foreign inputs": (
        other(inputs=("pixels", "attention_mask", "token_type_ids")),
        "has the inputs pixels, attention_mask, token_type_ids: not those of a cross-encoder",
        "Its inputs must be input_ids",
    ),
    "a vector a token": (
        other(output="tokens"),
        r"is no cross-encoder: for 2 pairs .* shape \(2, 1\d, 1\)",
        "embedder",
    ),
    "no numbers": (other(output="nothing"), "gives a score that is no number", "Get the model again"),
    "labels without names": (other(labels=("a", "b")), "gives 2 numbers for a pair, but config.json", "`id2label`"),
    "too few names": (
        lambda at: (
            other(labels=("a", "b"))(at),
            (at / "config.json").write_text(json.dumps({"id2label": {"0": "LABEL_0"}})),
        ),
        "gives 2 numbers for a pair, but config.json does not name them",
        "`id2label`",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_is_no_cross_encoder_is_refused_with_the_reason(tmp_path: Path, fault: str) -> None:
    folder = cross_encoder(tmp_path / "model", WORDS)
    spoil, says, hint = FAULTS[fault]
    spoil(folder)
    with pytest.raises(ConfigError, match=says) as caught:
        CrossEncoder(folder)
    assert str(folder) in caught.value.message
    assert hint in (caught.value.hint or "")
    assert "\n" not in caught.value.message


def test_a_model_that_takes_no_segments_is_run_without_them(tmp_path: Path, folder: Path) -> None:
    """As those of the kind of RoBERTa, whose model has two inputs."""
    import onnx

    made = onnx.load(str(folder / "model.onnx"))
    zeros = onnx.helper.make_node("Sub", [INPUTS[0], INPUTS[0]], [INPUTS[2]])
    made.graph.node.insert(0, zeros)
    del made.graph.input[2]
    two = cross_encoder(tmp_path / "two", WORDS)
    (two / "model.onnx").write_bytes(made.SerializeToString())
    assert CrossEncoder(two).scores("word1", ["word1"]) == [0]
