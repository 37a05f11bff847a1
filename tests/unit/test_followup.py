# ruff: noqa: E501
"""Follow-ups and how each is read after the question before it. Every row was checked by reading it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question import follow_up, understand

TODAY = date(2026, 8, 25)
# fmt: off
READ = [  # the last question, the line, how it is read, and the question to ask or the word that is unclear
    ("Does RAG reduce hallucinations in medicine?", "and in law?", "resolved", "Does RAG reduce hallucinations in law?"),
    ("Does RAG reduce hallucinations?", "And in medicine?", "resolved", "Does RAG reduce hallucinations in medicine?"),
    ("Does RAG reduce hallucinations?", "what about fine-tuning?", "resolved", "Does fine-tuning reduce hallucinations?"),
    ("Does chain-of-thought help small models?", "what about large models?", "resolved", "Does chain-of-thought help large models?"),
    ("Does chain-of-thought help small models?", "and self-consistency?", "resolved", "Does self-consistency help small models?"),
    ("What is grokking?", "and double descent?", "resolved", "What is double descent?"),
    ("What is grokking?", "and state space models?", "resolved", "What are state space models?"),
    ("What is grokking?", "Does it need weight decay?", "resolved", "Does grokking need weight decay?"),
    ("What is grokking?", "Is it true that models generalize late?", "own", "Is it true that models generalize late?"),
    ("What are sparse autoencoders?", "how do they scale?", "resolved", "How do sparse autoencoders scale?"),
    ("What are sparse autoencoders?", "What are their limitations?", "resolved", "What are the limitations of sparse autoencoders?"),
    ("What are the limitations of Mamba?", "and of RWKV?", "resolved", "What are the limitations of RWKV?"),
    ("What are the limitations of Mamba?", "and the advantages?", "resolved", "What are the advantages of Mamba?"),
    ("What is grokking?", "and the causes?", "resolved", "What are the causes of grokking?"),
    ("What do papers say about reward hacking?", "and datasets?", "resolved", "Which datasets are there for reward hacking?"),
    ("LoRA vs QLoRA", "and DoRA?", "resolved", "LoRA vs DoRA"),
    ("LoRA vs QLoRA", "what about LoRA vs DoRA?", "own", "LoRA vs DoRA?"),
    ("What is the difference between DPO and PPO?", "and GRPO?", "resolved", "What is the difference between DPO and GRPO?"),
    ("How do diffusion models compare to autoregressive models for text generation?", "and for image generation?", "resolved", "How do diffusion models compare to autoregressive models for image generation?"),
    ("How many papers on tokenizers?", "and on chunking?", "resolved", "How many papers on chunking?"),
    ("How many papers on tokenizers?", "and since May?", "resolved", "How many papers on tokenizers since May?"),
    ("papers by Graham Neubig", "and Yoshua Bengio?", "resolved", "Papers by Yoshua Bengio"),
    ("What did Graham Neubig publish?", "what about Percy Liang?", "resolved", "What did Percy Liang publish?"),
    ("What did Graham Neubig publish?", "and since 2025?", "resolved", "What did Graham Neubig publish since 2025?"),
    ("What did Graham Neubig publish?", "What else did he write?", "resolved", "What else did Graham Neubig write?"),
    ("What do papers say about reward hacking?", "and by Percy Liang?", "resolved", "Papers by Percy Liang on reward hacking?"),
    ("Who wrote BabelJudge?", "When was it published?", "resolved", "When was BabelJudge published?"),
    ("Who wrote BabelJudge?", "and LamPO?", "resolved", "Who wrote LamPO?"),
    ("What's new in robotics this week?", "and last week?", "resolved", "What's new in robotics last week?"),
    ("What's new in robotics this week?", "and on agents?", "resolved", "What's new in agents this week?"),
    ("What's new in robotics?", "and since May?", "resolved", "What's new in robotics since May?"),
    ("What's new on diffusion language models?", "how about 2025?", "resolved", "What's new on diffusion language models in 2025?"),
    ("What's new on diffusion language models?", "and the latest?", "resolved", "Latest papers on diffusion language models?"),
    ("What's new on diffusion language models?", "Do these models reason?", "resolved", "Do diffusion language models reason?"),
    ("What's new on diffusion language models?", "and speculative decoding since May?", "resolved", "What's new on speculative decoding since May?"),
    ("Does weight decay explain grokking?", "why?", "resolved", "Why does weight decay explain grokking?"),
    ("Does weight decay explain grokking?", "Does it matter for transformers?", "own", "Does it matter for transformers?"),
    ("Does weight decay explain grokking?", "what about it?", "unclear", "it"),
    ("What explains grokking?", "why?", "unclear", "why"),
    ("What explains grokking?", "Does weight decay explain it?", "resolved", "Does weight decay explain grokking?"),
    ("What explains grokking?", "tell me more", "more", "What explains grokking?"),
    ("What explains grokking?", "more papers?", "more", "What explains grokking?"),
    ("What explains grokking?", "What is the capital of France?", "own", "What is the capital of France?"),
    ("What explains grokking?", "Do language models know what they know?", "own", "Do language models know what they know?"),
    ("What explains grokking?", "How do language models use their context?", "own", "How do language models use their context?"),
    ("What explains grokking?", "And how does quantization affect accuracy?", "own", "how does quantization affect accuracy?"),
    ("What explains grokking?", "Who wrote these papers?", "unclear", "these papers"),
    ("What explains grokking?", "speculative decoding", "own", "speculative decoding"),
    ("How does quantization affect long-context accuracy?", "and pruning?", "resolved", "How does pruning affect long-context accuracy?"),
    ("How does quantization affect long-context accuracy?", "and short-context accuracy?", "resolved", "How does quantization affect short-context accuracy?"),
    ("How does quantization affect long-context accuracy?", "what about when the model is small?", "resolved", "How does quantization affect long-context accuracy when the model is small?"),
    ("How many parameters does Zamba2-VL have?", "and Mamba?", "resolved", "How many parameters does Mamba have?"),
    ("What accuracy does AlphaGeometry reach on IMO problems?", "and AlphaProof?", "resolved", "What accuracy does AlphaProof reach on IMO problems?"),
    ("What datasets exist for table question answering?", "and for charts?", "resolved", "What datasets exist for charts?"),
    ("What datasets exist for table question answering?", "in German?", "resolved", "What datasets exist for table question answering in German?"),
    ("Which papers use contrastive learning for time series?", "the same for diffusion models", "resolved", "Which papers use diffusion models for time series?"),
    ("Which papers use contrastive learning for time series?", "for audio instead", "resolved", "Which papers use contrastive learning for audio?"),
    ("Which papers introduce a benchmark for web agents?", "and mobile agents?", "resolved", "Which papers introduce a benchmark for mobile agents?"),
    ("Is LoRA better than full fine-tuning?", "and is it cheaper?", "unclear", "it"),
    ("Is LoRA better than full fine-tuning?", "only since 2025", "resolved", "Is LoRA better than full fine-tuning since 2025?"),
    ("What did Yoshua Bengio write about consciousness?", "and about agency?", "resolved", "What did Yoshua Bengio write about agency?"),
    ("What did Yoshua Bengio write about consciousness?", "and Geoffrey Hinton?", "resolved", "What did Geoffrey Hinton write about consciousness?"),
    ("Welche Methoden gibt es zur Erkennung von Halluzinationen?", "and in law?", "own", "and in law?"),
    ("What is grokking?", "Und was ist mit Halluzinationen und der Erkennung?", "own", "Und was ist mit Halluzinationen und der Erkennung?"),
    ("hello", "and grokking?", "own", "and grokking?"),
    ("Are vision transformers robust to noise?", "without data augmentation?", "resolved", "Are vision transformers robust to noise without data augmentation?"),
    ("What causes hallucinations in vision-language models?", "and in language models?", "resolved", "What causes hallucinations in language models?"),
    ("What causes hallucinations in vision-language models?", "can they be detected?", "unclear", "they"),
    ('What does "lost in the middle" mean?', 'and "attention sink"?', "resolved", 'What does "attention sink" mean?'),
    ("speculative decoding", "and for vision-language models?", "resolved", "Speculative decoding for vision-language models"),
    ("speculative decoding", "Is this faster than ordinary decoding?", "resolved", "Is speculative decoding faster than ordinary decoding?"),
    ("speculative decoding", "does that hold for small batches?", "resolved", "Does speculative decoding hold for small batches?"),
    ("Explain speculative decoding", "what about the drawbacks?", "resolved", "What are the drawbacks of speculative decoding?"),
    ("Summarize the papers about speculative decoding", "what about tree attention?", "resolved", "Summarize the papers about tree attention"),
    ("Does semaglutide reduce cardiovascular risk?", "and tirzepatide?", "resolved", "Does tirzepatide reduce cardiovascular risk?"),
    ("Does semaglutide reduce cardiovascular risk?", "In women?", "resolved", "Does semaglutide reduce cardiovascular risk in women?"),
    ("Does semaglutide reduce cardiovascular risk?", "Is this paper any good?", "unclear", "this paper"),
    ("Does semaglutide reduce cardiovascular risk?", "what about papers from 2024?", "resolved", "Does semaglutide reduce cardiovascular risk from 2024?"),
    ("What percentage of patients responded to treatment with semaglutide?", "and tirzepatide?", "resolved", "What percentage of patients responded to treatment with tirzepatide?"),
    ("What explains grokking?", "thanks, and what about dropout?", "resolved", "What explains dropout?"),
    ("speculative decoding", "and tree attention", "resolved", "Tree attention"),
    ("What explains grokking?", "How do these findings generalize?", "unclear", "these findings"),
    ("Are sparse autoencoders useful for interpretability?", "what about transcoders instead?", "resolved", "Are transcoders useful for interpretability?"),
    ("What is grokking?", "Who discovered it this year?", "resolved", "Who discovered grokking this year?"),
    ("What did Graham Neubig publish?", "have they worked on code generation?", "resolved", "Have Graham Neubig worked on code generation?"),
]
# fmt: on


@pytest.mark.parametrize(("last", "line", "reading", "expected"), READ)
def test_a_follow_up_is_read_after_the_question_before_it(last: str, line: str, reading: str, expected: str) -> None:
    read = follow_up(line, understand(last, today=TODAY), today=TODAY)
    assert (read.reading, read.word or read.question) == (reading, expected)


def test_the_first_line_of_a_conversation_is_a_question_of_its_own() -> None:
    read = follow_up("and in law?", None, today=TODAY)
    assert (read.reading, read.question) == ("own", "and in law?")


def test_an_unclear_word_comes_with_what_it_may_mean() -> None:
    last = understand("Does weight decay explain grokking?", today=TODAY)
    assert follow_up("How fast is it?", last, today=TODAY).candidates == ("weight decay", "grokking")


def test_a_chain_of_follow_ups_keeps_the_frame() -> None:
    question = "Does RAG reduce hallucinations in medicine?"
    for line in ("and in law?", "what about fine-tuning?", "and since May?", "and in finance?"):
        question = follow_up(line, understand(question, today=TODAY), today=TODAY).question
    assert question == "Does fine-tuning reduce hallucinations in finance since May?"


@given(last=st.text(max_size=80), line=st.text(max_size=80))
def test_any_line_after_any_question_is_read(last: str, line: str) -> None:
    read = follow_up(line, understand(last, today=TODAY), today=TODAY)
    assert bool(read.word) == (read.reading == "unclear")
