"""
The judges of a library: which one decides about the claims of an answer, and which about those of a document.

An answer that a model writes is judged by the model of the settings. A document is judged by what is stored
and offline, unless its reader asks for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from rag.answers.budget import Options, within_budget
from rag.errors import ConfigError
from rag.judges import EntailmentJudge, ModelJudge, StoredJudge
from rag.llm.chat import Messages
from rag.types import JudgeChoice

if TYPE_CHECKING:
    from rag.checking import Judge
    from rag.llm.chat import Chat
    from rag.llm.prompts import Prompt
    from rag.ports import Replies


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """
    Who judges.

    Args:
        choice: `auto` is the first of model, entailment and words that is there.
        model: The chat model that judges; None where there is none.
        own: True if it is another one than the model that writes.
        entailment: True if an entailment model is named or downloaded.
    """

    choice: JudgeChoice = "auto"
    model: str | None = None
    own: bool = False
    entailment: bool = False


class Judges:
    """
    Makes the judges of a library.

    Args:
        settings: Who judges.
        replies: Where judgements are stored.
        now: The time, ISO 8601 in UTC.
        make_chat: Makes a chat with the judge's model, from a function that returns True once it is cancelled.
        make_entailment: Loads the entailment model. Raises ConfigError.
        load_prompt: Loads the judge's prompt. Raises ConfigError.
    """

    def __init__(
        self,
        settings: JudgeSettings,
        *,
        replies: Replies,
        now: Callable[[], str],
        make_chat: Callable[[Callable[[], bool]], Chat],
        make_entailment: Callable[[], EntailmentJudge],
        load_prompt: Callable[[], Prompt],
    ) -> None:
        self._settings, self._replies, self._now = settings, replies, now
        self._make_chat, self._make_entailment, self._load_prompt = make_chat, make_entailment, load_prompt
        self._loading = Lock()
        self._loaded: EntailmentJudge | None = None

    def of_question(self, chat: Chat, options: Options) -> Judge | None:
        """
        The judge of an answer that a model writes; None leaves it to the words.

        Args:
            chat: The question's chat, which counts the judge's tokens too.
            options: The question's budgets.

        Raises:
            ConfigError: The entailment model cannot be used.
        """
        settings = self._settings
        if settings.choice == "model" or (settings.choice == "auto" and settings.model):
            asked = replace(self._make_chat(chat.cancelled), usage=chat.usage) if settings.own else chat
            return self._model(asked, options, fresh=options.fresh)
        if settings.choice == "entailment" or (settings.choice == "auto" and settings.entailment):
            return self._entailment()
        return None

    def of_document(self, choice: JudgeChoice | None, options: Options, cancelled: Callable[[], bool]) -> Judge | None:
        """
        The judge of a document that is verified; None leaves it to the words.

        Args:
            choice: None takes that of the settings, but never asks a model.
            options: The budgets of a model that is asked.
            cancelled: True when nobody waits any longer.

        Raises:
            ConfigError: There is no such model, or it cannot be used.
        """
        if choice == "model":
            if not self._settings.model:
                raise ConfigError(
                    "No chat model is configured that could judge.",
                    hint="Set `judge_model` or `model` in refdesk.toml.",
                )
            return self._model(self._make_chat(cancelled), options, fresh=False)
        wanted = choice or self._settings.choice
        if wanted == "words":
            return None
        if wanted == "entailment":
            return self._entailment()
        return StoredJudge(self._entailment() if self._settings.entailment else None, self._replies, self._now)

    def stored(self) -> StoredJudge:
        """A judge who knows what is stored, and nothing else."""
        return StoredJudge(None, self._replies, self._now)

    def _model(self, chat: Chat, options: Options, *, fresh: bool) -> Judge:
        def ask(messages: Messages, most: int, form: Mapping[str, Any]) -> str:
            return "".join(within_budget(chat, messages, most, options, **form))

        prompt = self._load_prompt()
        judge = ModelJudge(ask, prompt, tag=options.tag)
        return StoredJudge(judge, self._replies, self._now, prompt=prompt.id, model=self._settings.model, fresh=fresh)

    def _entailment(self) -> EntailmentJudge:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._make_entailment()
            return self._loaded
