"""Doubts: what a claim binds together otherwise than its sentence, by kind; and faithful claims without any."""

from __future__ import annotations

import pytest

from rag.checking import similarity
from rag.checking.doubts import doubts
from rag.checking.features import read
from rag.embedders.static import StaticEmbedder

AHEAD = "On four benchmarks, Larch consistently outperforms strong neural baselines by 3 points."
BIGGER = "The choice of pretraining data has a larger effect on accuracy than the size of the network."
CAUSE = "In this cohort, chronic stress leads to poor sleep."
PAIR = "Larch reaches 91 % accuracy and Birch 87 %."
GROUPS = "The prevalence was 13.7% in rural women and 19% in urban women."
SPEED = "The method runs on phones and reduces latency by 39% with up to 60% fewer parameters."
ROUTE = "Pruning early layers improves speed, while pruning late layers harms recall."
SHARED = "We show that the optimal learning rates are task-dependent across all eight suites."
PART = "The parser solves 11 of 17 question types perfectly."
SOME = "Some transformer models forget rare words after fine-tuning."
MAY = "Shorter prompts may reduce the cost of inference for large models."
SUGGEST = "These results suggest that shorter prompts improve the accuracy of retrieval."
LINKED = "High intake of salt was associated with kidney stones in older men."
PRIOR = "Existing methods struggle with long documents and need costly annotation."
OURS = "We propose Larch, which keeps all annotations local and trains within an hour."
MICE = "The compound reduced tumour growth in mice after two weeks of treatment."
WITHOUT = "Training without data augmentation lowers the accuracy of the classifier."
RATHER = "The encoder relies on local texture rather than global shape to recognise animals."
ERRORS = "The filter reaches the best recall but introduces 8 false positives."
TRIAL = "The trial enrolled 40 adults with asthma at three clinics and measured lung function weekly."

ROWS: list[tuple[str, str, str | None]] = [
    # who is ahead of whom
    ("Strong neural baselines consistently outperform Larch by 3 points.", AHEAD, "order"),
    ("On four benchmarks, strong neural baselines outperform Larch.", AHEAD, "order"),
    ("Larch is outperformed by strong neural baselines on four benchmarks.", AHEAD, "order"),
    ("Larch is surpassed by strong neural baselines.", AHEAD, "order"),
    ("Strong neural baselines are outperformed by Larch by 3 points.", AHEAD, None),
    ("Larch surpasses strong neural baselines on four benchmarks.", AHEAD, None),
    ("Larch outperforms strong neural baselines by 3 points on four benchmarks.", AHEAD, None),
    ("Strong neural baselines lag behind Larch on four benchmarks.", AHEAD, None),
    ("The size of the network has a larger effect on accuracy than the choice of pretraining data.", BIGGER, "order"),
    ("The size of the network has a smaller effect on accuracy than the choice of pretraining data.", BIGGER, None),
    ("The choice of pretraining data has a larger effect than the size of the network.", BIGGER, None),
    ("Poor sleep leads to chronic stress in this cohort.", CAUSE, "order"),
    ("In this cohort, poor sleep leads to chronic stress.", CAUSE, "order"),
    ("Chronic stress leads to poor sleep in this cohort.", CAUSE, None),
    ("The encoder relies on global shape rather than local texture to recognise animals.", RATHER, "order"),
    ("The encoder relies on global shape instead of local texture.", RATHER, "order"),
    ("The encoder relies on local texture instead of global shape.", RATHER, None),
    ("The encoder relies on local texture rather than global shape.", RATHER, None),
    # what a number belongs to
    ("Birch reaches 91 % accuracy.", PAIR, "binding"),
    ("Birch reaches 91 % accuracy and Larch 87 %.", PAIR, "binding"),
    ("Larch reaches 87 % accuracy.", PAIR, "binding"),
    ("Larch reaches 91 % accuracy.", PAIR, None),
    ("Birch reaches 87 %, and Larch reaches 91 %.", PAIR, None),
    ("Larch, at 91 %, is more accurate than Birch, at 87 %.", PAIR, None),
    ("The prevalence was 13.7% in urban women and 19% in rural women.", GROUPS, "binding"),
    ("The prevalence was 19% in rural women.", GROUPS, "binding"),
    ("The prevalence was 13.7% in urban women.", GROUPS, "binding"),
    ("The prevalence was 19% in urban women.", GROUPS, None),
    ("In urban women the prevalence was 19%, in rural women 13.7%.", GROUPS, None),
    (
        "The error was 4% for Larch and 9% for Birch.",
        "Larch and Birch have errors of 9% and 4%, respectively.",
        "binding",
    ),
    ("The error was 9% for Larch and 4% for Birch.", "Larch and Birch have errors of 9% and 4%, respectively.", None),
    ("Pruning late layers improves speed, while pruning early layers harms recall.", ROUTE, "binding"),
    ("Pruning early layers improves speed, while pruning late layers harms recall.", ROUTE, None),
    ("Pruning late layers harms recall, while pruning early layers improves speed.", ROUTE, None),
    # how many
    ("The parser solves all question types perfectly.", PART, "quantifier"),
    ("The parser solves question types perfectly.", PART, "quantifier"),
    ("The parser solves 11 question types perfectly.", PART, None),
    ("The parser solves 11 of 17 question types perfectly.", PART, None),
    ("All transformer models forget rare words after fine-tuning.", SOME, "quantifier"),
    ("Most transformer models forget rare words after fine-tuning.", SOME, "quantifier"),
    ("Every transformer model forgets rare words after fine-tuning.", SOME, "quantifier"),
    ("Transformer models forget rare words after fine-tuning.", SOME, "quantifier"),
    ("Several transformer models forget rare words after fine-tuning.", SOME, None),
    ("Some transformer models forget rare words after fine-tuning.", SOME, None),
    (
        "Larch always outperforms strong neural baselines.",
        "Larch often outperforms strong neural baselines.",
        "quantifier",
    ),
    ("Larch never forgets rare words.", "Larch does not usually forget rare words.", "quantifier"),
    # how sure
    ("Shorter prompts reduce the cost of inference for large models.", MAY, "certainty"),
    ("Shorter prompts reduce the cost of inference.", MAY, "certainty"),
    ("Shorter prompts might reduce the cost of inference for large models.", MAY, None),
    ("Shorter prompts can reduce the cost of inference for large models.", MAY, None),
    ("Shorter prompts possibly reduce the cost of inference for large models.", MAY, None),
    ("These results prove that shorter prompts improve the accuracy of retrieval.", SUGGEST, "certainty"),
    ("It was proven that shorter prompts improve the accuracy of retrieval.", SUGGEST, "certainty"),
    ("These results indicate that shorter prompts improve the accuracy of retrieval.", SUGGEST, None),
    ("High intake of salt causes kidney stones in older men.", LINKED, "certainty"),
    ("Kidney stones in older men were caused by high intake of salt.", LINKED, "certainty"),
    ("High intake of salt leads to kidney stones in older men.", LINKED, "certainty"),
    ("High intake of salt was linked to kidney stones in older men.", LINKED, None),
    ("Kidney stones were associated with high intake of salt in older men.", LINKED, None),
    (
        "Shorter prompts may improve the accuracy of retrieval.",
        "Shorter prompts improve the accuracy of retrieval.",
        None,
    ),
    # how much
    ("The method uses 60% fewer parameters.", SPEED, "bound"),
    ("The method has an average of 60% fewer parameters.", SPEED, "bound"),
    ("The method uses as much as 60% fewer parameters.", SPEED, None),
    ("The method uses up to 60% fewer parameters.", SPEED, None),
    ("The method reduces latency to 39%.", SPEED, "bound"),
    ("The method reduces latency by 39%.", SPEED, None),
    ("The method brings a 39% reduction of latency on phones.", SPEED, None),
    ("The survey covers 10 languages.", "The survey covers more than 10 languages.", "bound"),
    ("The survey covers over 10 languages.", "The survey covers more than 10 languages.", None),
    ("Latency falls from 5 to 3 seconds.", "Latency falls from 5 seconds to 3 seconds.", None),
    # where it holds
    ("The compound reduced tumour growth after two weeks of treatment.", MICE, "scope"),
    ("In mice, the compound reduced tumour growth.", MICE, None),
    ("The effect appears in adults.", "The effect appears only in adults.", "scope"),
    ("Only in adults does the effect appear.", "The effect appears only in adults.", None),
    # who does it
    ("The proposed method struggles with long documents and needs costly annotation.", PRIOR, "actor"),
    ("Larch struggles with long documents and needs costly annotation.", PRIOR, "actor"),
    ("Previous methods struggle with long documents and need costly annotation.", PRIOR, None),
    ("Existing methods need costly annotation.", PRIOR, None),
    ("Existing methods keep all annotations local and train within an hour.", OURS, "actor"),
    ("Larch keeps all annotations local and trains within an hour.", OURS, None),
    # opposites
    ("Training with data augmentation lowers the accuracy of the classifier.", WITHOUT, "negation"),
    ("Training without data augmentation lowers the accuracy.", WITHOUT, None),
    ("The optimal learning rates are task-independent across all eight suites.", SHARED, "negation"),
    ("The optimal learning rates are task-dependent across all eight suites.", SHARED, None),
    ("The filter reaches the best recall with zero false positives.", ERRORS, "negation"),
    ("The filter reaches the best recall with 8 false positives.", ERRORS, None),
    ("The two tasks use separate attention heads.", "The two tasks use shared attention heads.", "negation"),
    # additions
    (
        "The trial enrolled 40 adults with asthma at three clinics, and the Nobel committee praised its director.",
        TRIAL,
        "invented",
    ),
    (
        "The trial enrolled 40 adults with asthma and measured lung function weekly by quantum telescope.",
        TRIAL,
        "invented",
    ),
    ("The trial enrolled 40 adults with asthma at three clinics.", TRIAL, None),
    ("The authors say that the trial enrolled 40 adults with asthma and measured lung function weekly.", TRIAL, None),
]


@pytest.fixture(scope="module")
def alike():
    return similarity(StaticEmbedder().word_vectors)


@pytest.mark.parametrize(("claim", "sentence", "kind"), ROWS)
def test_a_doubt_names_what_a_claim_binds_otherwise(alike, claim, sentence, kind):
    found = [doubt.problem for doubt in doubts(read(claim), [read(sentence)], alike)]
    if kind is None:
        assert not found
    else:
        assert kind in {problem.kind for problem in found}
        assert all(claim[slice(*problem.at)] == problem.found for problem in found)
