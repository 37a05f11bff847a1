"""Questions and what is understood of each: kind, topic, phrases, authors, span. Every row was read by a person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.question import Understood, understand

TODAY = date(2026, 8, 25)
UNDERSTOOD: dict[str, dict[str, Any]] = {
    "What's new on diffusion language models?": dict(
        kind="overview", topic="diffusion language models", phrases=("diffusion language models",), newest_first=True
    ),
    "What is the difference between DPO and PPO?": dict(
        kind="comparison",
        topic="DPO PPO",
        sides=(
            "DPO",
            "PPO",
        ),
    ),
    "What is retrieval-augmented generation?": dict(
        kind="definition", topic="retrieval-augmented generation", phrases=("retrieval-augmented generation",)
    ),
    "Which papers use contrastive learning for time series?": dict(
        kind="list",
        topic="use contrastive learning for time series",
        phrases=(
            "contrastive learning",
            "time series",
        ),
    ),
    "What datasets exist for table question answering?": dict(
        kind="list", topic="datasets exist for table question answering", phrases=("table question answering",)
    ),
    "Summarize the papers about speculative decoding": dict(
        kind="overview", topic="speculative decoding", phrases=("speculative decoding",)
    ),
    "What did Graham Neubig publish?": dict(kind="metadata", fact="papers", authors=("Graham Neubig",)),
    "papers by Graham Neubig": dict(kind="metadata", fact="papers", authors=("Graham Neubig",)),
    "latest papers on mixture of experts": dict(
        kind="overview", topic="mixture of experts", phrases=("mixture of experts",), newest_first=True
    ),
    "recent work on reward hacking this month": dict(
        kind="overview",
        topic="reward hacking",
        phrases=("reward hacking",),
        since="2026-08-01",
        span_words="this month",
        newest_first=True,
    ),
    "What has been published on tokenizers since May?": dict(
        kind="overview", topic="tokenizers", since="2026-05-01", span_words="since May"
    ),
    "Who wrote BabelJudge?": dict(kind="metadata", fact="authors", topic="BabelJudge"),
    "How many papers on tokenizers?": dict(kind="metadata", fact="count", topic="tokenizers"),
    "How many papers are there about state space models?": dict(
        kind="metadata", fact="count", topic="state space models", phrases=("state space models",)
    ),
    "How many parameters does Zamba2-VL have?": dict(
        kind="number", topic="parameters does Zamba2-VL have", phrases=("zamba2-vl",)
    ),
    "What are the limitations of Mamba?": dict(kind="findings", topic="limitations of Mamba", polarity=-1),
    "hello": dict(kind="none"),
    "thanks": dict(kind="none"),
    "thank you very much!": dict(kind="none"),
    "What is the capital of France?": dict(kind="findings", topic="capital of France"),
    "agents": dict(kind="overview", topic="agents"),
    "Does chain-of-thought not help small models?": dict(
        kind="yes_no",
        topic="chain-of-thought not help small models",
        phrases=(
            "chain-of-thought",
            "small models",
        ),
        polarity=-1,
    ),
    "Do inline citations make the answers of language models less correct?": dict(
        kind="yes_no",
        topic="inline citations make the answers of language models less correct",
        phrases=(
            "inline citations",
            "language models",
        ),
    ),
    "Why do transformers learn in-context?": dict(
        kind="findings", topic="transformers learn in-context", phrases=("in-context",)
    ),
    "How does quantization affect long-context accuracy?": dict(
        kind="findings", topic="quantization affect long-context accuracy", phrases=("long-context accuracy",)
    ),
    "Is LoRA better than full fine-tuning?": dict(
        kind="comparison",
        topic="LoRA full fine-tuning",
        phrases=("full fine-tuning",),
        sides=(
            "LoRA",
            "full fine-tuning",
        ),
    ),
    "How do diffusion models compare to autoregressive models for text generation?": dict(
        kind="comparison",
        topic="diffusion models autoregressive models",
        phrases=(
            "diffusion models",
            "autoregressive models",
        ),
        sides=(
            "diffusion models",
            "autoregressive models",
        ),
    ),
    "LoRA vs QLoRA": dict(
        kind="comparison",
        topic="LoRA QLoRA",
        sides=(
            "LoRA",
            "QLoRA",
        ),
    ),
    "Compare retrieval-augmented generation and long-context models": dict(
        kind="comparison",
        topic="retrieval-augmented generation long-context models",
        phrases=(
            "retrieval-augmented generation",
            "long-context models",
        ),
        sides=(
            "retrieval-augmented generation",
            "long-context models",
        ),
    ),
    "Welche Methoden gibt es zur Erkennung von Halluzinationen?": dict(
        kind="findings", topic="Welche Methoden gibt es zur Erkennung von Halluzinationen?", language="de"
    ),
    "Quels sont les effets de la quantification sur les modèles de langue ?": dict(
        kind="findings", topic="Quels sont les effets de la quantification sur les modèles de langue ?", language="fr"
    ),
    "¿Qué métodos existen para detectar alucinaciones?": dict(
        kind="findings", topic="¿Qué métodos existen para detectar alucinaciones?", language="es"
    ),
    "大型语言模型的幻觉检测有哪些方法?": dict(
        kind="findings", topic="大型语言模型的幻觉检测有哪些方法?", language="zh"
    ),
    "speculative decoding": dict(kind="overview", topic="speculative decoding", phrases=("speculative decoding",)),
    "retrieval augmented generation evaluation": dict(
        kind="overview",
        topic="retrieval augmented generation evaluation",
        phrases=("retrieval augmented generation evaluation",),
    ),
    "What explains grokking?": dict(kind="findings", topic="explains grokking"),
    "What do papers say about reward hacking?": dict(
        kind="overview", topic="reward hacking", phrases=("reward hacking",)
    ),
    "What do recent papers say about 3D Gaussian splatting?": dict(
        kind="overview", topic="3D Gaussian splatting", phrases=("3d gaussian splatting",), newest_first=True
    ),
    "Can large language models play chess?": dict(
        kind="yes_no", topic="large language models play chess", phrases=("large language models",)
    ),
    "Are sparse autoencoders useful for interpretability?": dict(
        kind="yes_no", topic="sparse autoencoders useful for interpretability", phrases=("sparse autoencoders",)
    ),
    "Which papers introduce a benchmark for web agents?": dict(
        kind="list", topic="introduce a benchmark for web agents", phrases=("web agents",)
    ),
    "List papers on federated learning in healthcare": dict(
        kind="list", topic="federated learning in healthcare", phrases=("federated learning",)
    ),
    "Show me papers about protein language models from 2025": dict(
        kind="list",
        topic="protein language models",
        phrases=("protein language models",),
        since="2025-01-01",
        until="2025-12-31",
        span_words="from 2025",
    ),
    "Find papers on machine unlearning published in June 2025": dict(
        kind="list",
        topic="machine unlearning",
        phrases=("machine unlearning",),
        since="2025-06-01",
        until="2025-06-30",
        span_words="published in June 2025",
    ),
    "papers on video generation in the last two weeks": dict(
        kind="list",
        topic="video generation",
        phrases=("video generation",),
        since="2026-08-11",
        span_words="in the last two weeks",
    ),
    "What's new in robotics this week?": dict(
        kind="overview", topic="robotics", since="2026-08-24", span_words="this week", newest_first=True
    ),
    "Give me an overview of preference optimization": dict(
        kind="overview", topic="preference optimization", phrases=("preference optimization",)
    ),
    "overview of continual learning": dict(
        kind="overview", topic="continual learning", phrases=("continual learning",)
    ),
    "What is grokking?": dict(kind="definition", topic="grokking"),
    "What are sparse autoencoders?": dict(
        kind="definition", topic="sparse autoencoders", phrases=("sparse autoencoders",)
    ),
    "Define catastrophic forgetting": dict(
        kind="definition", topic="catastrophic forgetting", phrases=("catastrophic forgetting",)
    ),
    'What does "lost in the middle" mean?': dict(
        kind="definition", topic='"lost in the middle"', phrases=("lost in the middle",), quoted=("lost in the middle",)
    ),
    "Explain speculative decoding": dict(
        kind="definition", topic="speculative decoding", phrases=("speculative decoding",)
    ),
    "How accurate are LLM judges?": dict(kind="number", topic="accurate are LLM judges", phrases=("llm judges",)),
    "What accuracy does AlphaGeometry reach on IMO problems?": dict(
        kind="number", topic="accuracy does AlphaGeometry reach on IMO problems", phrases=("imo problems",)
    ),
    "How much faster is speculative decoding than ordinary decoding?": dict(
        kind="number",
        topic="faster is speculative decoding than ordinary decoding",
        phrases=(
            "speculative decoding",
            "ordinary decoding",
        ),
    ),
    "What percentage of patients responded to treatment with semaglutide?": dict(
        kind="number", topic="percentage of patients responded to treatment with semaglutide"
    ),
    "How large is the training corpus of OLMo 2?": dict(
        kind="number",
        topic="large is the training corpus of OLMo 2",
        phrases=(
            "training corpus",
            "olmo 2",
        ),
    ),
    'When was "Attention Is All You Need" published?': dict(
        kind="metadata", fact="date", topic="Attention Is All You Need", quoted=("Attention Is All You Need",)
    ),
    "Who are the authors of the paper Chain of Thought Monitoring?": dict(
        kind="metadata", fact="authors", topic="Chain of Thought Monitoring"
    ),
    "Who proposed direct preference optimization?": dict(
        kind="metadata", fact="authors", topic="direct preference optimization"
    ),
    "What did Yoshua Bengio write about consciousness?": dict(
        kind="list", topic="consciousness", authors=("Yoshua Bengio",)
    ),
    "Percy Liang's papers": dict(kind="metadata", fact="papers", authors=("Percy Liang",)),
    "papers by Y. LeCun on joint embedding": dict(
        kind="list", topic="joint embedding", phrases=("joint embedding",), authors=("Y. LeCun",)
    ),
    "publications of Fei-Fei Li": dict(kind="metadata", fact="papers", authors=("Fei-Fei Li",)),
    "show me papers by Sergey Levine": dict(kind="metadata", fact="papers", authors=("Sergey Levine",)),
    "which papers were written by Christopher D. Manning?": dict(
        kind="metadata", fact="papers", authors=("Christopher D. Manning",)
    ),
    "papers by María Itzel Cocom-Pech": dict(kind="metadata", fact="papers", authors=("María Itzel Cocom-Pech",)),
    "What causes hallucinations in vision-language models?": dict(
        kind="findings", topic="causes hallucinations in vision-language models", phrases=("vision-language models",)
    ),
    "What are open problems in mechanistic interpretability?": dict(
        kind="overview",
        topic="open problems in mechanistic interpretability",
        phrases=("mechanistic interpretability",),
    ),
    "What is the state of the art in speech recognition?": dict(
        kind="overview", topic="speech recognition", phrases=("speech recognition",)
    ),
    "state of the art in object detection": dict(
        kind="overview", topic="object detection", phrases=("object detection",)
    ),
    "Is there evidence that vitamin D prevents influenza?": dict(
        kind="yes_no", topic="evidence that vitamin D prevents influenza", phrases=("vitamin d",)
    ),
    "Does semaglutide reduce cardiovascular risk?": dict(
        kind="yes_no", topic="semaglutide reduce cardiovascular risk", phrases=("cardiovascular risk",)
    ),
    "Vitamin D supplementation reduces the risk of respiratory infection": dict(
        kind="findings",
        topic="Vitamin D supplementation reduces the risk of respiratory infection",
        phrases=(
            "vitamin d supplementation",
            "respiratory infection",
        ),
    ),
    "Should I use RAG or long context?": dict(
        kind="comparison",
        topic="RAG long context",
        phrases=("long context",),
        sides=(
            "RAG",
            "long context",
        ),
    ),
    "Which is better, RAG or fine-tuning?": dict(
        kind="comparison",
        topic="RAG fine-tuning",
        phrases=("fine-tuning",),
        sides=(
            "RAG",
            "fine-tuning",
        ),
    ),
    "What are the advantages of Mamba over transformers?": dict(
        kind="findings", topic="advantages of Mamba over transformers"
    ),
    "Why is my model overfitting?": dict(kind="findings", topic="my model overfitting", phrases=("model overfitting",)),
    "What happened in reinforcement learning in 2025?": dict(
        kind="overview",
        topic="reinforcement learning",
        phrases=("reinforcement learning",),
        since="2025-01-01",
        until="2025-12-31",
        span_words="in 2025",
    ),
    "What changed in multimodal models between March and June 2025?": dict(
        kind="overview",
        topic="multimodal models",
        phrases=("multimodal models",),
        since="2025-03-01",
        until="2025-06-30",
        span_words="between March and June 2025",
    ),
    "papers from 2024 to 2025 on graph neural networks": dict(
        kind="list",
        topic="graph neural networks",
        phrases=("graph neural networks",),
        since="2024-01-01",
        until="2025-12-31",
        span_words="from 2024 to 2025",
    ),
    "papers before 2025 on prompt injection": dict(
        kind="list",
        topic="prompt injection",
        phrases=("prompt injection",),
        until="2024-12-31",
        span_words="before 2025",
    ),
    "What has been done on code generation after April 2025?": dict(
        kind="overview",
        topic="code generation",
        phrases=("code generation",),
        since="2025-05-01",
        span_words="after April 2025",
    ),
    "Any papers on quantum error correction?": dict(
        kind="list", topic="quantum error correction", phrases=("quantum error correction",)
    ),
    "I'm looking for surveys on agentic memory": dict(
        kind="list", topic="surveys on agentic memory", phrases=("agentic memory",)
    ),
    "recommend papers about time series forecasting": dict(
        kind="list", topic="time series forecasting", phrases=("time series forecasting",)
    ),
    "How is reinforcement learning used for reasoning?": dict(
        kind="findings", topic="reinforcement learning used for reasoning", phrases=("reinforcement learning",)
    ),
    "How can one detect machine-generated text?": dict(
        kind="findings", topic="detect machine-generated text", phrases=("machine-generated text",)
    ),
    "How to reduce hallucinations in summarization?": dict(
        kind="findings", topic="reduce hallucinations in summarization"
    ),
    "What methods are used for long video understanding?": dict(
        kind="list", topic="methods are used for long video understanding", phrases=("long video understanding",)
    ),
    "Which models perform best on SWE-bench?": dict(
        kind="list", topic="models perform best on SWE-bench", phrases=("swe-bench",)
    ),
    "Who works on protein folding?": dict(kind="list", topic="protein folding", phrases=("protein folding",)),
    "tell me about flow matching": dict(kind="overview", topic="flow matching", phrases=("flow matching",)),
    "What do we know about emergent abilities?": dict(
        kind="overview", topic="emergent abilities", phrases=("emergent abilities",)
    ),
    "Is scaling all you need?": dict(kind="yes_no", topic="scaling all you need"),
    "Has anyone studied sycophancy in language models?": dict(
        kind="list", topic="sycophancy in language models", phrases=("language models",)
    ),
    "What evidence is there that LLMs can reason?": dict(
        kind="findings", topic="evidence is there that LLMs can reason"
    ),
    "Do LLMs understand causality, or do they only parrot it?": dict(
        kind="yes_no", topic="LLMs understand causality, or do they only parrot it"
    ),
    "What is the effect of temperature on diversity?": dict(
        kind="findings", topic="effect of temperature on diversity"
    ),
    "What is the role of attention sinks?": dict(
        kind="findings", topic="role of attention sinks", phrases=("attention sinks",)
    ),
    "What are the main challenges of on-device inference?": dict(
        kind="overview", topic="challenges of on-device inference", phrases=("on-device inference",)
    ),
    '"test-time training"': dict(
        kind="overview", topic='"test-time training"', phrases=("test-time training",), quoted=("test-time training",)
    ),
    '"Mixture-of-Depths" papers': dict(
        kind="overview", topic='"Mixture-of-Depths"', phrases=("mixture-of-depths",), quoted=("Mixture-of-Depths",)
    ),
    "What is MMLU-Pro?": dict(kind="definition", topic="MMLU-Pro", phrases=("mmlu-pro",)),
    "what's RLHF": dict(kind="definition", topic="RLHF"),
    "state space models": dict(kind="overview", topic="state space models", phrases=("state space models",)),
    "Are there any datasets for Swahili speech recognition?": dict(
        kind="list", topic="datasets for Swahili speech recognition", phrases=("swahili speech recognition",)
    ),
    "How often do LLM agents fail on long tasks?": dict(
        kind="number",
        topic="LLM agents fail on long tasks",
        phrases=(
            "llm agents",
            "long tasks",
        ),
        polarity=-1,
    ),
    "What is not known about in-context learning?": dict(
        kind="findings", topic="not known about in-context learning", phrases=("in-context learning",), polarity=-1
    ),
    "Where does bias in LLM judges come from?": dict(
        kind="findings", topic="bias in LLM judges come from", phrases=("llm judges",)
    ),
    "Which languages are covered by multilingual benchmarks?": dict(
        kind="findings", topic="languages are covered by multilingual benchmarks", phrases=("multilingual benchmarks",)
    ),
    "What's the impact of data contamination on benchmarks?": dict(
        kind="findings", topic="impact of data contamination on benchmarks", phrases=("data contamination",)
    ),
    "what are people doing with world models": dict(kind="overview", topic="world models", phrases=("world models",)),
    "news about open-weight models": dict(
        kind="overview", topic="open-weight models", phrases=("open-weight models",), newest_first=True
    ),
    "new methods for KV cache compression": dict(
        kind="overview", topic="methods for KV cache compression", phrases=("kv cache compression",)
    ),
    "Please can you tell me whether watermarking survives paraphrasing?": dict(
        kind="yes_no", topic="watermarking survives paraphrasing"
    ),
    "Hi, could you list recent papers on watermarking?": dict(kind="list", topic="watermarking", newest_first=True),
    "Thanks! What about Mamba?": dict(kind="findings", topic="Mamba"),
    "good morning": dict(kind="none"),
    "help": dict(kind="none"),
    "???": dict(kind="none"),
    "the": dict(kind="none"),
    "2025": dict(kind="none", since="2025-01-01", until="2025-12-31", span_words="2025"),
    "this week": dict(kind="none", since="2026-08-24", span_words="this week"),
    "Is there a survey on tool learning?": dict(kind="list", topic="tool learning", phrases=("tool learning",)),
    "Does it work?": dict(kind="none"),
    "How do I train a small language model?": dict(
        kind="findings", topic="train a small language model", phrases=("small language model",)
    ),
    "Which paper proposed the Transformer?": dict(kind="list", topic="proposed the Transformer"),
    'Since when do people use "jailbreak" for LLMs?': dict(
        kind="findings", topic='use "jailbreak" for LLMs', quoted=("jailbreak",)
    ),
    "What trends are there in AI safety research in the past 6 months?": dict(
        kind="overview",
        topic="AI safety research",
        phrases=("ai safety",),
        since="2026-02-25",
        span_words="in the past 6 months",
    ),
    "compare GRPO with PPO": dict(
        kind="comparison",
        topic="GRPO PPO",
        sides=(
            "GRPO",
            "PPO",
        ),
    ),
    "GRPO versus DPO in mathematical reasoning": dict(
        kind="comparison",
        topic="GRPO DPO",
        sides=(
            "GRPO",
            "DPO",
        ),
    ),
    "How does GRPO differ from PPO?": dict(
        kind="comparison",
        topic="GRPO PPO",
        sides=(
            "GRPO",
            "PPO",
        ),
    ),
    "What is better for low-resource languages: fine-tuning or prompting?": dict(
        kind="comparison",
        topic="fine-tuning prompting",
        phrases=("fine-tuning",),
        sides=(
            "fine-tuning",
            "prompting",
        ),
    ),
    "summary of findings on sleep and memory consolidation": dict(
        kind="overview", topic="sleep and memory consolidation", phrases=("memory consolidation",)
    ),
    "most cited papers on diffusion": dict(kind="list", topic="diffusion"),
    "trends in multilingual NLP": dict(kind="overview", topic="multilingual NLP", phrases=("multilingual nlp",)),
    "What are attention sinks and why do they appear?": dict(
        kind="findings", topic="attention sinks and why do they appear", phrases=("attention sinks",)
    ),
    "What did LeCun publish on joint embedding?": dict(
        kind="list", topic="joint embedding", phrases=("joint embedding",), authors=("LeCun",)
    ),
    "papers by LeCun on joint embedding": dict(
        kind="list", topic="joint embedding", phrases=("joint embedding",), authors=("LeCun",)
    ),
    "papers of Fei-Fei Li": dict(kind="metadata", fact="papers", authors=("Fei-Fei Li",)),
    "papers of interest": dict(kind="list", topic="interest"),
    "what has Graham Neubig written about code agents since May?": dict(
        kind="list",
        topic="code agents",
        phrases=("code agents",),
        authors=("Graham Neubig",),
        since="2026-05-01",
        span_words="since May",
    ),
    "Graham Neubig's papers on agents": dict(kind="list", topic="agents", authors=("Graham Neubig",)),
    "show me recent papers by Sergey Levine about robots": dict(
        kind="list", topic="robots", authors=("Sergey Levine",), newest_first=True
    ),
    "How many papers did Graham Neubig publish in 2025?": dict(
        kind="metadata",
        fact="papers",
        authors=("Graham Neubig",),
        since="2025-01-01",
        until="2025-12-31",
        span_words="in 2025",
    ),
    "How many papers are by Neubig?": dict(kind="metadata", fact="papers", authors=("Neubig",)),
    "papers by Graham Neubig and Sergey Levine": dict(
        kind="metadata",
        fact="papers",
        authors=(
            "Graham Neubig",
            "Sergey Levine",
        ),
    ),
    "papers by Neubig, Graham": dict(kind="metadata", fact="papers", authors=("Neubig, Graham",)),
    "What is in-context learning?": dict(
        kind="definition", topic="in-context learning", phrases=("in-context learning",)
    ),
    "on-device inference": dict(kind="overview", topic="on-device inference", phrases=("on-device inference",)),
    "one-shot imitation": dict(kind="overview", topic="one-shot imitation", phrases=("one-shot imitation",)),
    "What does BERT say about syntax?": dict(kind="findings", topic="BERT say about syntax"),
    "What do researchers say about syntax?": dict(kind="overview", topic="syntax"),
    "what else did Percy Liang write?": dict(kind="metadata", fact="papers", authors=("Percy Liang",)),
    "papers by Neubig et al.": dict(kind="metadata", fact="papers", authors=("Neubig",)),
    "publications of fei-fei li in 2025": dict(
        kind="metadata",
        fact="papers",
        authors=("fei-fei li",),
        since="2025-01-01",
        until="2025-12-31",
        span_words="in 2025",
    ),
    "Which papers from OpenAI are about safety?": dict(kind="list", topic="from OpenAI are about safety"),
    "papers from May on agents": dict(
        kind="list", topic="agents", since="2026-05-01", until="2026-05-31", span_words="from May"
    ),
    "from May onwards": dict(kind="none", since="2026-05-01", span_words="from May onwards"),
    "chain of thought monitoring": dict(
        kind="overview", topic="chain of thought monitoring", phrases=("chain of thought",)
    ),
    "text-to-image diffusion": dict(
        kind="overview", topic="text-to-image diffusion", phrases=("text-to-image diffusion",)
    ),
    "human-in-the-loop learning": dict(
        kind="overview", topic="human-in-the-loop learning", phrases=("human-in-the-loop learning",)
    ),
    "between November and March 2025": dict(
        kind="none", since="2024-11-01", until="2025-03-31", span_words="between November and March 2025"
    ),
    "What was published between 2025-03-01 and 2025-03-15 on agents?": dict(
        kind="overview",
        topic="agents",
        since="2025-03-01",
        until="2025-03-15",
        span_words="between 2025-03-01 and 2025-03-15",
    ),
    "What are good benchmarks for code generation?": dict(
        kind="list", topic="good benchmarks for code generation", phrases=("code generation",)
    ),
    "How good are LLMs at math?": dict(kind="findings", topic="good are LLMs at math"),
}
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
    assert (read.kind, read.authors) == ("list", ())
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
