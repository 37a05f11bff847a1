"""
Dependency injection: builds the parts once from the settings and passes them in.

Use cases take what they need; none takes all the settings.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.checking import Checker, similarity
from rag.embedders import DEFAULT, canonical, embedder
from rag.errors import ConfigError
from rag.question import understand
from rag.retrieval.filtered import selection_of
from rag.retrieval.retriever import Retriever
from rag.types import Answer, Filter
from refdesk.ask import Ask, ModelSettings
from refdesk.citations import Citations
from refdesk.facts import Facts
from refdesk.judges import Judges, JudgeSettings
from refdesk.retrieval import Retrieval
from refdesk.servers import MakeMemory, chats
from refdesk.settings import prompts
from refdesk.settings.config import Config
from stores.indexes import Indexes
from stores.locks import WriterOfPapers
from stores.place import Place
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.answers.generated import Generator
    from rag.judges import EntailmentJudge
    from rag.llm.prompts import Prompt
    from rag.ports import Replies, Reranker
    from stores.lexical.tantivy import TantivyLexical
    from stores.vectors.chroma import ChromaVectors

POSITIONS_SINCE = 2
"""The layout of the word index from which on it knows where words stand."""


def store(
    folder: Path,
    config: Config,
    *,
    create: bool,
    read_only: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> LibraryStore:
    """Open the library in `folder`."""
    return LibraryStore(
        Place(folder, config.catalog),
        embedder_name=canonical(config.embedder) if config.embedder else None,
        make_embedder=embedder,
        default_embedder=DEFAULT,
        indexes=indexes(folder, config.vectors),
        make_lock=partial(WriterOfPapers, timeout_s=config.lock_timeout_s, notify=notify),
        create=create,
        read_only=read_only,
        notify=notify,
    )


def move(
    folder: Path,
    config: Config,
    url: str,
    *,
    progress: Callable[[int, float], None],
    notify: Callable[[str], None],
) -> dict[str, int]:
    """Move the catalog of the library in `folder` to another database, as `stores.moving` does."""
    from stores.moving import move_catalog

    make_lock = partial(WriterOfPapers, folder, timeout_s=config.lock_timeout_s, notify=notify)
    return move_catalog(Place(folder, config.catalog), url, make_lock=make_lock, progress=progress)


def indexes(folder: Path, vectors_url: str | None = None) -> Indexes:
    """The word index and the vector index of the library in `folder`, opened when first needed."""
    return Indexes(folder, open_lexical=_open_lexical, open_vectors=_open_vectors, vectors_url=vectors_url)


def _open_lexical(path: Path) -> TantivyLexical:
    from stores.lexical.tantivy import TantivyLexical

    return TantivyLexical(path)


def _open_vectors(place: Path | str, library_id: str, former_id: str) -> ChromaVectors:
    from stores.vectors.chroma import ChromaVectors  # Chroma takes a second to import

    return ChromaVectors(place, library_id=library_id, former_id=former_id)


def retriever(library: LibraryStore, reranker: Reranker | None = None) -> Retriever:
    """Retrieval over an open library. Single words are always compared by the static embedder."""
    from rag.embedders.static import StaticEmbedder

    embedder = library.embedder
    words = embedder if isinstance(embedder, StaticEmbedder) else StaticEmbedder()
    return Retriever(library.catalog, library.lexical, library.vectors, embedder, words.word_vectors, reranker)


def reranker(config: Config) -> Reranker | None:
    """The reranker of the settings; None where they name none. Raises ConfigError."""
    if not config.reranker:
        return None
    from rag.onnx import CrossEncoder
    from refdesk.models.known import find

    return CrossEncoder(find(config.reranker), threads=_threads())


def _threads() -> int:
    """The threads of a local model; 0 is one for each core."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdigit() else 0


def checker() -> Checker:
    """The verifier, with the static embedder's word vectors."""
    from rag.embedders.static import StaticEmbedder

    return Checker(similarity(StaticEmbedder().word_vectors))


def retrieval(library: LibraryStore, config: Config) -> Retrieval:
    """Retrieval over an open library, whichever embedder it has; a reranker is loaded when first needed."""
    return Retrieval(library, lambda library: retriever(library, reranker(config)))


def citations(library: LibraryStore) -> Citations:
    """Citation lookup in an open library."""
    return Citations(library.catalog, library.catalog.change_counter)


def facts(library: LibraryStore) -> Facts:
    """Answers from the metadata of an open library."""

    def count(topic: str, among: Filter) -> list[str] | None:
        library.refresh()
        library.health.require()
        terms = library.lexical.terms(topic)
        if library.lexical.layout < POSITIONS_SINCE or not terms:
            return None
        selection = selection_of(among, library.catalog, library.lexical)
        found = library.lexical.phrase_search([terms], limit=max(1, library.catalog.count()), among=selection)
        return [paper_id for paper_id, _ in found]

    return Facts(library.catalog, count)


def ask(library: LibraryStore, config: Config, *, retrieval: Retrieval, citations: Citations, facts: Facts) -> Ask:
    """Questions over an open library, with the model of the settings."""

    def answer_by_facts(question: str, among: Filter, limit: int | None) -> Answer | None:
        today = date.fromisoformat(library.now()[:10])
        return facts.answer(understand(question, today=today), among, limit=limit)

    settings = model_settings(config)
    replies = library.catalog.replies(read_only=library.read_only)
    memory = partial(library.catalog.server, read_only=library.read_only)
    judges_ = judges(config, settings, replies=replies, now=library.now, memory=memory)
    return Ask(
        settings,
        retrieve=retrieval.retrieve,
        facts=answer_by_facts,
        citations=citations,
        replies=replies,
        writable=library.writable,
        make_checker=checker,
        make_generator=lambda checker: generator(
            settings, checker=checker, judges=judges_, replies=replies, now=library.now, memory=memory
        ),
        judges=judges_,
        make_tag=lambda: secrets.token_hex(4),
        now=library.now,
    )


def model_settings(config: Config) -> ModelSettings:
    """The settings that answers are written by."""
    prices = (config.price_per_million_input, config.price_per_million_output)
    return ModelSettings(
        model=config.model,
        prompts=config.prompts,
        window=config.model_window,
        max_output_tokens=config.max_output_tokens,
        timeout_s=config.model_timeout_s,
        max_sentences=config.max_sentences,
        max_tokens_per_question=config.max_tokens_per_question,
        max_tokens_per_day=config.max_tokens_per_day,
        max_tokens_per_issue=config.max_tokens_per_issue,
        prices=None if None in prices else (prices[0] or 0.0, prices[1] or 0.0),
    )


def generator(
    settings: ModelSettings,
    *,
    checker: Checker,
    judges: Judges,
    replies: Replies,
    now: Callable[[], str],
    memory: MakeMemory | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Generator:
    """The chain that writes answers with the model of the settings. Raises ConfigError."""
    from rag.answers.generated import Generator
    from rag.answers.stored import ReplyStore

    name = settings.model or ""
    return Generator(
        chats(name, settings, environment, memory=memory),
        name=name,
        checker=checker,
        prompts=load_prompts(settings),
        replies=ReplyStore(replies, now),
        make_judge=judges.of_question,
    )


def judges(
    config: Config,
    settings: ModelSettings,
    *,
    replies: Replies,
    now: Callable[[], str],
    memory: MakeMemory | None = None,
) -> Judges:
    """The judges of claims; models are made when first needed."""
    from refdesk.models import known

    name = config.judge_model or config.model

    return Judges(
        JudgeSettings(
            choice=config.judge,
            model=name,
            own=config.judge_model is not None and config.judge_model != config.model,
            entailment=bool(config.entailment_model or known.downloaded("entailment")),
        ),
        replies=replies,
        now=now,
        make_chat=lambda cancelled: chats(name or "", settings, memory=memory)(cancelled),
        make_entailment=lambda: entailment(config),
        load_prompt=lambda: load_prompts(settings)["judge"],
    )


def entailment(config: Config) -> EntailmentJudge:
    """The entailment model of the settings as a judge. Raises ConfigError."""
    from rag.judges import EntailmentJudge
    from rag.onnx import CrossEncoder
    from refdesk.models import known

    named = config.entailment_model
    folder = known.find(named, wanted="an entailment model") if named else known.downloaded("entailment")
    if not folder:
        raise ConfigError(
            "No entailment model is on this machine.", hint="Name its folder in the setting `entailment_model`."
        )
    return EntailmentJudge(CrossEncoder(folder, threads=_threads()), threshold=config.entailment_threshold)


def load_prompts(settings: ModelSettings) -> dict[str, Prompt]:
    """The prompts of the settings. Raises ConfigError."""
    return prompts.load(Path(settings.prompts).expanduser() if settings.prompts else None)
