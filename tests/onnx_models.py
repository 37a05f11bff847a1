"""
Small ONNX models, made in the test: cross-encoders that count how many words of the first text the second one holds.

They have the inputs, outputs and files of published ones, and a tokenizer over the words of given texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """The words that the tokenizer makes tokens of."""
    return WORD.findall(text.lower())


def count(query: str, text: str) -> int:
    """The score of a pair, by hand."""
    held = set(words(text))
    return sum(word in held for word in words(query))


def cross_encoder(
    folder: Path,
    texts: Iterable[str],
    *,
    factor: float = 1.0,
    labels: Sequence[str] = (),
    output: str = "score",
    inputs: Sequence[str] = INPUTS,
    config: dict[str, Any] | None = None,
) -> Path:
    """
    Write a model into a folder.

    Args:
        folder: It is made.
        texts: The tokenizer knows their words.
        factor: What the count is multiplied by; -1 puts last what has most in common.
        labels: Give a number for each: the count, its negative, and so on.
        output: `score`, `tokens` (a vector for each token, as an encoder gives), or `nothing` (not a number).
        inputs: The names of the inputs.
        config: What config.json holds beside the labels; None writes no file where there are no labels either.
    """
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(_graph(factor, len(labels), output, inputs).SerializeToString())
    tokenizer(texts).save(str(folder / "tokenizer.json"))
    if labels or config is not None:
        named = {"id2label": {str(row): label for row, label in enumerate(labels)}} if labels else {}
        (folder / "config.json").write_text(json.dumps({**named, **(config or {})}))
    return folder


def tokenizer(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer with a token for each word, as BERT puts two texts together."""
    vocabulary = [*SPECIAL, *sorted({word for text in texts for word in words(text)})]
    made = Tokenizer(models.WordLevel({word: row for row, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def _graph(factor: float, labels: int, output: str, inputs: Sequence[str]) -> onnx.ModelProto:
    ids, mask, types = inputs
    node = helper.make_node
    nodes = [
        node("Equal", ["ids_down", "ids_across"], ["same_word"]),
        node("Unsqueeze", [ids, "two"], ["ids_down"]),
        node("Unsqueeze", [ids, "one"], ["ids_across"]),
        node("Greater", [ids, "last_special"], ["is_word"]),
        node("Cast", [mask], ["is_shown"], to=TensorProto.BOOL),
        node("And", ["is_word", "is_shown"], ["counts"]),
        node("Cast", [types], ["is_second"], to=TensorProto.BOOL),
        node("Not", ["is_second"], ["is_first"]),
        node("And", ["counts", "is_first"], ["in_first"]),
        node("And", ["counts", "is_second"], ["in_second"]),
        node("Unsqueeze", ["in_first", "two"], ["first_down"]),
        node("Unsqueeze", ["in_second", "one"], ["second_across"]),
        node("And", ["same_word", "first_down"], ["half"]),
        node("And", ["half", "second_across"], ["pairs"]),
        node("Cast", ["pairs"], ["as_numbers"], to=TensorProto.FLOAT),
        node("ReduceMax", ["as_numbers", "two"], ["held"], keepdims=0),
        node("ReduceSum", ["held", "one"], ["count"], keepdims=1),
        node("Mul", ["count", "factor"], ["score"]),
        node("Neg", ["score"], ["negative"]),
        node("Sub", ["score", "score"], ["nil"]),
        node("Div", ["nil", "nil"], ["nothing"]),
        node("Cast", ["ids_down"], ["tokens"], to=TensorProto.FLOAT),
    ]
    if labels:
        parts = [("score", "negative")[row % 2] for row in range(labels)]
        nodes.append(node("Concat", parts, ["labelled"], axis=1))
    # in the order in which they need each other
    nodes[0], nodes[1], nodes[2] = nodes[1], nodes[2], nodes[0]
    result = "labelled" if labels else output
    shape = ["batch", "length", 1] if result == "tokens" else ["batch", labels or 1]
    graph = helper.make_graph(
        nodes,
        "overlap",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in inputs],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, shape)],
        [
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            helper.make_tensor("two", TensorProto.INT64, [1], [2]),
            helper.make_tensor("last_special", TensorProto.INT64, [], [len(SPECIAL) - 1]),
            helper.make_tensor("factor", TensorProto.FLOAT, [], [factor]),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(made)
    return made
