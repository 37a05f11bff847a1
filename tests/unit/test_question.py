# ruff: noqa: E501
"""Questions and what is understood of each: kind, topic, phrases, authors, span. Every row was checked by reading it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question import Understood, understand

TODAY = date(2026, 8, 25)
# fmt: off
UNDERSTOOD: dict[str, dict[str, Any]] = {  # a row is a line, however long
    "What's new on diffusion language models?": {"kind": "overview", "topic": "diffusion language models", "phrases": ("diffusion language models",), "newest_first": True},
    "What is the difference between DPO and PPO?": {"kind": "comparison", "topic": "DPO, PPO", "sides": ("DPO", "PPO",)},
    "What is retrieval-augmented generation?": {"kind": "definition", "topic": "retrieval-augmented generation", "phrases": ("retrieval-augmented generation",)},
    "Which papers use contrastive learning for time series?": {"kind": "list", "topic": "use contrastive learning for time series", "phrases": ("contrastive learning", "time series",)},
    "What datasets exist for table question answering?": {"kind": "list", "topic": "datasets exist for table question answering", "phrases": ("table question answering",)},
    "Summarize the papers about speculative decoding": {"kind": "overview", "topic": "speculative decoding", "phrases": ("speculative decoding",)},
    "What did Graham Neubig publish?": {"kind": "metadata", "fact": "papers", "authors": ("Graham Neubig",)},
    "papers by Graham Neubig": {"kind": "metadata", "fact": "papers", "authors": ("Graham Neubig",)},
    "latest papers on mixture of experts": {"kind": "overview", "topic": "mixture of experts", "phrases": ("mixture of experts",), "newest_first": True},
    "recent work on reward hacking this month": {"kind": "overview", "topic": "reward hacking", "phrases": ("reward hacking",), "since": "2026-08-01", "span_words": "this month", "newest_first": True},
    "What has been published on tokenizers since May?": {"kind": "overview", "topic": "tokenizers", "since": "2026-05-01", "span_words": "since May"},
    "Who wrote BabelJudge?": {"kind": "metadata", "fact": "authors", "topic": "BabelJudge"},
    "How many papers on tokenizers?": {"kind": "metadata", "fact": "count", "topic": "tokenizers"},
    "How many papers are there about state space models?": {"kind": "metadata", "fact": "count", "topic": "state space models", "phrases": ("state space models",)},
    "How many parameters does Zamba2-VL have?": {"kind": "number", "topic": "parameters does Zamba2-VL have", "phrases": ("zamba2-vl",)},
    "What are the limitations of Mamba?": {"kind": "findings", "topic": "limitations of Mamba", "polarity": -1},
    "hello": {"kind": "none"},
    "thanks": {"kind": "none"},
    "thank you very much!": {"kind": "none"},
    "What is the capital of France?": {"kind": "findings", "topic": "capital of France"},
    "agents": {"kind": "overview", "topic": "agents"},
    "Does chain-of-thought not help small models?": {"kind": "yes_no", "topic": "chain-of-thought not help small models", "phrases": ("chain-of-thought", "small models",), "polarity": -1},
    "Doesn't chain-of-thought help small models?": {"kind": "yes_no", "topic": "chain-of-thought help small models", "phrases": ("chain-of-thought", "small models",), "polarity": 1},
    "Do inline citations make the answers of language models less correct?": {"kind": "yes_no", "topic": "inline citations make the answers of language models less correct", "phrases": ("inline citations", "language models",)},
    "Why do transformers learn in-context?": {"kind": "findings", "topic": "transformers learn in-context", "phrases": ("in-context",)},
    "How does quantization affect long-context accuracy?": {"kind": "findings", "topic": "quantization affect long-context accuracy", "phrases": ("long-context accuracy",)},
    "Is LoRA better than full fine-tuning?": {"kind": "comparison", "topic": "LoRA, full fine-tuning", "phrases": ("full fine-tuning",), "sides": ("LoRA", "full fine-tuning",)},
    "How do diffusion models compare to autoregressive models for text generation?": {"kind": "comparison", "topic": "diffusion models, autoregressive models, text generation", "phrases": ("diffusion models", "autoregressive models",), "sides": ("diffusion models", "autoregressive models",)},
    "LoRA vs QLoRA": {"kind": "comparison", "topic": "LoRA, QLoRA", "sides": ("LoRA", "QLoRA",)},
    "Compare retrieval-augmented generation and long-context models": {"kind": "comparison", "topic": "retrieval-augmented generation, long-context models", "phrases": ("retrieval-augmented generation", "long-context models",), "sides": ("retrieval-augmented generation", "long-context models",)},
    "Welche Methoden gibt es zur Erkennung von Halluzinationen?": {"kind": "findings", "topic": "Welche Methoden gibt es zur Erkennung von Halluzinationen?", "language": "de"},
    "Quels sont les effets de la quantification sur les modèles de langue ?": {"kind": "findings", "topic": "Quels sont les effets de la quantification sur les modèles de langue ?", "language": "fr"},
    "¿Qué métodos existen para detectar alucinaciones?": {"kind": "findings", "topic": "¿Qué métodos existen para detectar alucinaciones?", "language": "es"},
    "大型语言模型的幻觉检测有哪些方法?": {"kind": "findings", "topic": "大型语言模型的幻觉检测有哪些方法?", "language": "zh"},
    "speculative decoding": {"kind": "overview", "topic": "speculative decoding", "phrases": ("speculative decoding",)},
    "retrieval augmented generation evaluation": {"kind": "overview", "topic": "retrieval augmented generation evaluation", "phrases": ("retrieval augmented generation evaluation",)},
    "What explains grokking?": {"kind": "findings", "topic": "explains grokking"},
    "What do papers say about reward hacking?": {"kind": "overview", "topic": "reward hacking", "phrases": ("reward hacking",)},
    "What do recent papers say about 3D Gaussian splatting?": {"kind": "overview", "topic": "3D Gaussian splatting", "phrases": ("3d gaussian splatting",), "newest_first": True},
    "Can large language models play chess?": {"kind": "yes_no", "topic": "large language models play chess", "phrases": ("large language models",)},
    "Are sparse autoencoders useful for interpretability?": {"kind": "yes_no", "topic": "sparse autoencoders useful for interpretability", "phrases": ("sparse autoencoders",)},
    "Which papers introduce a benchmark for web agents?": {"kind": "list", "topic": "introduce a benchmark for web agents", "phrases": ("web agents",)},
    "List papers on federated learning in healthcare": {"kind": "list", "topic": "federated learning in healthcare", "phrases": ("federated learning",)},
    "Show me papers about protein language models from 2025": {"kind": "list", "topic": "protein language models", "phrases": ("protein language models",), "since": "2025-01-01", "until": "2025-12-31", "span_words": "from 2025"},
    "Find papers on machine unlearning published in June 2025": {"kind": "list", "topic": "machine unlearning", "phrases": ("machine unlearning",), "since": "2025-06-01", "until": "2025-06-30", "span_words": "published in June 2025"},
    "papers on video generation in the last two weeks": {"kind": "list", "topic": "video generation", "phrases": ("video generation",), "since": "2026-08-11", "span_words": "in the last two weeks"},
    "What's new in robotics this week?": {"kind": "overview", "topic": "robotics", "since": "2026-08-24", "span_words": "this week", "newest_first": True},
    "Give me an overview of preference optimization": {"kind": "overview", "topic": "preference optimization", "phrases": ("preference optimization",)},
    "overview of continual learning": {"kind": "overview", "topic": "continual learning", "phrases": ("continual learning",)},
    "What is grokking?": {"kind": "definition", "topic": "grokking"},
    "What are diffusion language models?": {"kind": "definition", "topic": "diffusion language models", "phrases": ("diffusion language models",)},
    "What are popular language models?": {"kind": "list", "topic": "popular language models", "phrases": ("popular language models",)},
    "What are sparse autoencoders?": {"kind": "definition", "topic": "sparse autoencoders", "phrases": ("sparse autoencoders",)},
    "Define catastrophic forgetting": {"kind": "definition", "topic": "catastrophic forgetting", "phrases": ("catastrophic forgetting",)},
    'What does "lost in the middle" mean?': {"kind": "definition", "topic": '"lost in the middle"', "phrases": ("lost in the middle",), "quoted": ("lost in the middle",)},
    "Explain speculative decoding": {"kind": "definition", "topic": "speculative decoding", "phrases": ("speculative decoding",)},
    "How accurate are LLM judges?": {"kind": "number", "topic": "accurate are LLM judges", "phrases": ("llm judges",)},
    "What accuracy does AlphaGeometry reach on IMO problems?": {"kind": "number", "topic": "accuracy does AlphaGeometry reach on IMO problems", "phrases": ("imo problems",)},
    "How much faster is speculative decoding than ordinary decoding?": {"kind": "number", "topic": "faster is speculative decoding than ordinary decoding", "phrases": ("speculative decoding", "ordinary decoding",)},
    "What percentage of patients responded to treatment with semaglutide?": {"kind": "number", "topic": "percentage of patients responded to treatment with semaglutide"},
    "How large is the training corpus of OLMo 2?": {"kind": "number", "topic": "large is the training corpus of OLMo 2", "phrases": ("training corpus", "olmo 2",)},
    'When was "Attention Is All You Need" published?': {"kind": "metadata", "fact": "date", "topic": "Attention Is All You Need", "quoted": ("Attention Is All You Need",)},
    "Who are the authors of the paper Chain of Thought Monitoring?": {"kind": "metadata", "fact": "authors", "topic": "Chain of Thought Monitoring"},
    "Who proposed direct preference optimization?": {"kind": "metadata", "fact": "authors", "topic": "direct preference optimization"},
    "What did Yoshua Bengio write about consciousness?": {"kind": "list", "topic": "consciousness", "authors": ("Yoshua Bengio",)},
    "Percy Liang's papers": {"kind": "metadata", "fact": "papers", "authors": ("Percy Liang",)},
    "papers by Y. LeCun on joint embedding": {"kind": "list", "topic": "joint embedding", "phrases": ("joint embedding",), "authors": ("Y. LeCun",)},
    "publications of Fei-Fei Li": {"kind": "metadata", "fact": "papers", "authors": ("Fei-Fei Li",)},
    "show me papers by Sergey Levine": {"kind": "metadata", "fact": "papers", "authors": ("Sergey Levine",)},
    "which papers were written by Christopher D. Manning?": {"kind": "metadata", "fact": "papers", "authors": ("Christopher D. Manning",)},
    "papers by María Itzel Cocom-Pech": {"kind": "metadata", "fact": "papers", "authors": ("María Itzel Cocom-Pech",)},
    "What causes hallucinations in vision-language models?": {"kind": "findings", "topic": "causes hallucinations in vision-language models", "phrases": ("vision-language models",)},
    "What are open problems in mechanistic interpretability?": {"kind": "overview", "topic": "mechanistic interpretability", "phrases": ("mechanistic interpretability",)},
    "What is the state of the art in speech recognition?": {"kind": "overview", "topic": "speech recognition", "phrases": ("speech recognition",)},
    "state of the art in object detection": {"kind": "overview", "topic": "object detection", "phrases": ("object detection",)},
    "Is there evidence that vitamin D prevents influenza?": {"kind": "yes_no", "topic": "evidence that vitamin D prevents influenza", "phrases": ("vitamin d",)},
    "Does semaglutide reduce cardiovascular risk?": {"kind": "yes_no", "topic": "semaglutide reduce cardiovascular risk", "phrases": ("cardiovascular risk",)},
    "Vitamin D supplementation reduces the risk of respiratory infection": {"kind": "findings", "topic": "Vitamin D supplementation reduces the risk of respiratory infection", "phrases": ("vitamin d supplementation", "respiratory infection",)},
    "Should I use RAG or long context?": {"kind": "comparison", "topic": "RAG, long context", "phrases": ("long context",), "sides": ("RAG", "long context",)},
    "Which is better, RAG or fine-tuning?": {"kind": "comparison", "topic": "RAG, fine-tuning", "phrases": ("fine-tuning",), "sides": ("RAG", "fine-tuning",)},
    "What are the advantages of Mamba over transformers?": {"kind": "findings", "topic": "advantages of Mamba over transformers"},
    "Why is my model overfitting?": {"kind": "findings", "topic": "my model overfitting", "phrases": ("model overfitting",)},
    "What happened in reinforcement learning in 2025?": {"kind": "overview", "topic": "reinforcement learning", "phrases": ("reinforcement learning",), "since": "2025-01-01", "until": "2025-12-31", "span_words": "in 2025"},
    "What changed in multimodal models between March and June 2025?": {"kind": "overview", "topic": "multimodal models", "phrases": ("multimodal models",), "since": "2025-03-01", "until": "2025-06-30", "span_words": "between March and June 2025"},
    "papers from 2024 to 2025 on graph neural networks": {"kind": "list", "topic": "graph neural networks", "phrases": ("graph neural networks",), "since": "2024-01-01", "until": "2025-12-31", "span_words": "from 2024 to 2025"},
    "papers before 2025 on prompt injection": {"kind": "list", "topic": "prompt injection", "phrases": ("prompt injection",), "until": "2024-12-31", "span_words": "before 2025"},
    "What has been done on code generation after April 2025?": {"kind": "overview", "topic": "code generation", "phrases": ("code generation",), "since": "2025-05-01", "span_words": "after April 2025"},
    "Any papers on quantum error correction?": {"kind": "list", "topic": "quantum error correction", "phrases": ("quantum error correction",)},
    "I'm looking for surveys on agentic memory": {"kind": "list", "topic": "surveys on agentic memory", "phrases": ("agentic memory",)},
    "recommend papers about time series forecasting": {"kind": "list", "topic": "time series forecasting", "phrases": ("time series forecasting",)},
    "How is reinforcement learning used for reasoning?": {"kind": "findings", "topic": "reinforcement learning used for reasoning", "phrases": ("reinforcement learning",)},
    "How can one detect machine-generated text?": {"kind": "findings", "topic": "detect machine-generated text", "phrases": ("machine-generated text",)},
    "How to reduce hallucinations in summarization?": {"kind": "findings", "topic": "reduce hallucinations in summarization"},
    "What methods are used for long video understanding?": {"kind": "list", "topic": "methods are used for long video understanding", "phrases": ("long video understanding",)},
    "Which models perform best on SWE-bench?": {"kind": "list", "topic": "models perform best on SWE-bench", "phrases": ("swe-bench",)},
    "Who works on protein folding?": {"kind": "list", "topic": "protein folding", "phrases": ("protein folding",)},
    "tell me about flow matching": {"kind": "overview", "topic": "flow matching", "phrases": ("flow matching",)},
    "What do we know about emergent abilities?": {"kind": "overview", "topic": "emergent abilities", "phrases": ("emergent abilities",)},
    "Is scaling all you need?": {"kind": "yes_no", "topic": "scaling all you need"},
    "Has anyone studied sycophancy in language models?": {"kind": "list", "topic": "sycophancy in language models", "phrases": ("language models",)},
    "What evidence is there that LLMs can reason?": {"kind": "findings", "topic": "evidence is there that LLMs can reason"},
    "Do LLMs understand causality, or do they only parrot it?": {"kind": "yes_no", "topic": "LLMs understand causality, or do they only parrot it"},
    "What is the effect of temperature on diversity?": {"kind": "findings", "topic": "effect of temperature on diversity"},
    "What is the role of attention sinks?": {"kind": "findings", "topic": "role of attention sinks", "phrases": ("attention sinks",)},
    "What are the main challenges of on-device inference?": {"kind": "overview", "topic": "challenges of on-device inference", "phrases": ("on-device inference",)},
    '"test-time training"': {"kind": "overview", "topic": '"test-time training"', "phrases": ("test-time training",), "quoted": ("test-time training",)},
    '"Mixture-of-Depths" papers': {"kind": "overview", "topic": '"Mixture-of-Depths"', "phrases": ("mixture-of-depths",), "quoted": ("Mixture-of-Depths",)},
    "What is MMLU-Pro?": {"kind": "definition", "topic": "MMLU-Pro", "phrases": ("mmlu-pro",)},
    "what's RLHF": {"kind": "definition", "topic": "RLHF"},
    "state space models": {"kind": "overview", "topic": "state space models", "phrases": ("state space models",)},
    "Are there any datasets for Swahili speech recognition?": {"kind": "list", "topic": "datasets for Swahili speech recognition", "phrases": ("swahili speech recognition",)},
    "How often do LLM agents fail on long tasks?": {"kind": "number", "topic": "LLM agents fail on long tasks", "phrases": ("llm agents", "long tasks",), "polarity": -1},
    "What is not known about in-context learning?": {"kind": "findings", "topic": "not known about in-context learning", "phrases": ("in-context learning",), "polarity": -1},
    "Where does bias in LLM judges come from?": {"kind": "findings", "topic": "bias in LLM judges come from", "phrases": ("llm judges",)},
    "Which languages are covered by multilingual benchmarks?": {"kind": "findings", "topic": "languages are covered by multilingual benchmarks", "phrases": ("multilingual benchmarks",)},
    "What's the impact of data contamination on benchmarks?": {"kind": "findings", "topic": "impact of data contamination on benchmarks", "phrases": ("data contamination",)},
    "what are people doing with world models": {"kind": "overview", "topic": "world models", "phrases": ("world models",)},
    "news about open-weight models": {"kind": "overview", "topic": "open-weight models", "phrases": ("open-weight models",), "newest_first": True},
    "new methods for KV cache compression": {"kind": "overview", "topic": "methods for KV cache compression", "phrases": ("kv cache compression",)},
    "Please can you tell me whether watermarking survives paraphrasing?": {"kind": "yes_no", "topic": "watermarking survives paraphrasing"},
    "Hi, could you list recent papers on watermarking?": {"kind": "list", "topic": "watermarking", "newest_first": True},
    "Thanks! What about Mamba?": {"kind": "findings", "topic": "Mamba"},
    "good morning": {"kind": "none"},
    "help": {"kind": "none"},
    "???": {"kind": "none"},
    "the": {"kind": "none"},
    "2025": {"kind": "none", "since": "2025-01-01", "until": "2025-12-31", "span_words": "2025"},
    "this week": {"kind": "none", "since": "2026-08-24", "span_words": "this week"},
    "Is there a survey on tool learning?": {"kind": "list", "topic": "tool learning", "phrases": ("tool learning",)},
    "Does it work?": {"kind": "none"},
    "How do I train a small language model?": {"kind": "findings", "topic": "train a small language model", "phrases": ("small language model",)},
    "Which paper proposed the Transformer?": {"kind": "list", "topic": "proposed the Transformer"},
    'Since when do people use "jailbreak" for LLMs?': {"kind": "findings", "topic": 'use "jailbreak" for LLMs', "quoted": ("jailbreak",)},
    "What trends are there in AI safety research in the past 6 months?": {"kind": "overview", "topic": "AI safety research", "phrases": ("ai safety",), "since": "2026-02-25", "span_words": "in the past 6 months"},
    "compare GRPO with PPO": {"kind": "comparison", "topic": "GRPO, PPO", "sides": ("GRPO", "PPO",)},
    "GRPO versus DPO in mathematical reasoning": {"kind": "comparison", "topic": "GRPO, DPO, mathematical reasoning", "sides": ("GRPO", "DPO",)},
    "How does GRPO differ from PPO?": {"kind": "comparison", "topic": "GRPO, PPO", "sides": ("GRPO", "PPO",)},
    "What is better for low-resource languages: fine-tuning or prompting?": {"kind": "comparison", "topic": "fine-tuning, prompting, low-resource languages", "phrases": ("fine-tuning",), "sides": ("fine-tuning", "prompting",)},
    "summary of findings on sleep and memory consolidation": {"kind": "overview", "topic": "sleep and memory consolidation", "phrases": ("memory consolidation",)},
    "most cited papers on diffusion": {"kind": "list", "topic": "diffusion"},
    "trends in multilingual NLP": {"kind": "overview", "topic": "multilingual NLP", "phrases": ("multilingual nlp",)},
    "What are attention sinks and why do they appear?": {"kind": "findings", "topic": "attention sinks and why do they appear", "phrases": ("attention sinks",)},
    "What did LeCun publish on joint embedding?": {"kind": "list", "topic": "joint embedding", "phrases": ("joint embedding",), "authors": ("LeCun",)},
    "papers by LeCun on joint embedding": {"kind": "list", "topic": "joint embedding", "phrases": ("joint embedding",), "authors": ("LeCun",)},
    "papers of Fei-Fei Li": {"kind": "metadata", "fact": "papers", "authors": ("Fei-Fei Li",)},
    "papers of interest": {"kind": "list", "topic": "interest"},
    "what has Graham Neubig written about code agents since May?": {"kind": "list", "topic": "code agents", "phrases": ("code agents",), "authors": ("Graham Neubig",), "since": "2026-05-01", "span_words": "since May"},
    "Graham Neubig's papers on agents": {"kind": "list", "topic": "agents", "authors": ("Graham Neubig",)},
    "show me recent papers by Sergey Levine about robots": {"kind": "list", "topic": "robots", "authors": ("Sergey Levine",), "newest_first": True},
    "How many papers did Graham Neubig publish in 2025?": {"kind": "metadata", "fact": "papers", "authors": ("Graham Neubig",), "since": "2025-01-01", "until": "2025-12-31", "span_words": "in 2025"},
    "How many papers are by Neubig?": {"kind": "metadata", "fact": "papers", "authors": ("Neubig",)},
    "papers by Graham Neubig and Sergey Levine": {"kind": "metadata", "fact": "papers", "authors": ("Graham Neubig", "Sergey Levine",)},
    "papers by Neubig, Graham": {"kind": "metadata", "fact": "papers", "authors": ("Neubig, Graham",)},
    "What is in-context learning?": {"kind": "definition", "topic": "in-context learning", "phrases": ("in-context learning",)},
    "on-device inference": {"kind": "overview", "topic": "on-device inference", "phrases": ("on-device inference",)},
    "one-shot imitation": {"kind": "overview", "topic": "one-shot imitation", "phrases": ("one-shot imitation",)},
    "What does BERT say about syntax?": {"kind": "findings", "topic": "BERT say about syntax"},
    "What do researchers say about syntax?": {"kind": "overview", "topic": "syntax"},
    "what else did Percy Liang write?": {"kind": "metadata", "fact": "papers", "authors": ("Percy Liang",)},
    "papers by Neubig et al.": {"kind": "metadata", "fact": "papers", "authors": ("Neubig",)},
    "publications of fei-fei li in 2025": {"kind": "metadata", "fact": "papers", "authors": ("fei-fei li",), "since": "2025-01-01", "until": "2025-12-31", "span_words": "in 2025"},
    "Which papers from OpenAI are about safety?": {"kind": "list", "topic": "from OpenAI are about safety"},
    "papers on agents since 15 March": {"kind": "list", "topic": "agents", "since": "2026-03-15", "span_words": "since 15 March"},
    "papers on agents since 8 October 2025": {"kind": "list", "topic": "agents", "since": "2025-10-08", "span_words": "since 8 October 2025"},
    "papers on agents between 3 and 8 October 2025": {"kind": "list", "topic": "agents", "since": "2025-10-03", "until": "2025-10-08", "span_words": "between 3 and 8 October 2025"},
    "papers on agents listed on 8 October, 2025": {"kind": "list", "topic": "agents", "since": "2025-10-08", "until": "2025-10-08", "span_words": "listed on 8 October, 2025"},
    "papers on agents in October, 2025": {"kind": "list", "topic": "agents", "since": "2025-10-01", "until": "2025-10-31", "span_words": "in October, 2025"},
    "papers on agents since March 15": {"kind": "list", "topic": "agents", "since": "2026-03-15", "span_words": "since March 15"},
    "papers on agents since December 3": {"kind": "list", "topic": "agents", "since": "2025-12-03", "span_words": "since December 3"},
    "papers on agents since last week": {"kind": "list", "topic": "agents", "since": "2026-08-17", "span_words": "since last week"},
    "papers on agents since yesterday": {"kind": "list", "topic": "agents", "since": "2026-08-24", "span_words": "since yesterday"},
    "papers from May on agents": {"kind": "list", "topic": "agents", "since": "2026-05-01", "until": "2026-05-31", "span_words": "from May"},
    "from May onwards": {"kind": "none", "since": "2026-05-01", "span_words": "from May onwards"},
    "chain of thought monitoring": {"kind": "overview", "topic": "chain of thought monitoring", "phrases": ("chain of thought",)},
    "text-to-image diffusion": {"kind": "overview", "topic": "text-to-image diffusion", "phrases": ("text-to-image diffusion",)},
    "human-in-the-loop learning": {"kind": "overview", "topic": "human-in-the-loop learning", "phrases": ("human-in-the-loop learning",)},
    "between November and March 2025": {"kind": "none", "since": "2024-11-01", "until": "2025-03-31", "span_words": "between November and March 2025"},
    "What was published between 2025-03-01 and 2025-03-15 on agents?": {"kind": "overview", "topic": "agents", "since": "2025-03-01", "until": "2025-03-15", "span_words": "between 2025-03-01 and 2025-03-15"},
    "What are good benchmarks for code generation?": {"kind": "list", "topic": "good benchmarks for code generation", "phrases": ("code generation",)},
    "How good are LLMs at math?": {"kind": "findings", "topic": "good are LLMs at math"},
}
# fmt: on
"""By question the fields that are not the default."""


def test_the_table_has_at_least_120_questions_of_every_kind() -> None:
    assert len(UNDERSTOOD) >= 120
    kinds = "findings list overview comparison definition yes_no number metadata none"
    assert {row["kind"] for row in UNDERSTOOD.values()} == set(kinds.split())
    assert {row.get("fact") for row in UNDERSTOOD.values()} == {None, "authors", "count", "date", "papers"}


@pytest.mark.parametrize("question", UNDERSTOOD)
def test_a_question_is_understood_as_a_person_reads_it(question: str) -> None:
    assert understand(question, today=TODAY) == Understood(question=question, **UNDERSTOOD[question])


@pytest.mark.parametrize("question", ["papers by Graham Neubig", "papers by LeCun on joint embedding"])
def test_names_are_words_of_the_topic_where_the_library_does_not_know_them(question: str) -> None:
    read = understand(question, today=TODAY, authors=False)
    assert read.kind != "metadata" and read.authors == ()
    assert question.split()[2] in read.topic


def test_a_question_with_much_context_is_read_by_its_last_question_and_keeps_the_phrases_of_all() -> None:
    context = (
        "We run a small clinic and want to know what to tell the people who come to us. Some of them have read that "
        "vitamin D supplementation helps, others are afraid of kidney stones, and we have no time to read it all. "
    )
    read = understand(context + "Does it prevent respiratory infections?", today=TODAY)
    assert read.kind == "yes_no"
    assert {"vitamin d supplementation", "kidney stones", "respiratory infections"} <= set(read.phrases)


@given(st.text(max_size=200))
def test_any_text_is_understood_somehow(text: str) -> None:
    read = understand(text, today=TODAY)
    assert read.question == text
    assert all(phrase == phrase.lower() for phrase in read.phrases)
