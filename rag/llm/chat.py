"""
Chat models: made by LangChain's `init_chat_model`, called by streaming, their failures translated into our errors.

Servers differ in what they take. The optional parts of a request that a server refuses are left out, and the request is
made once more without them; `Dialect` remembers that. No error message repeats what a server said, for servers repeat
keys.
"""

from __future__ import annotations

import json
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, ModelUnavailable
from rag.llm.dialect import MOST_TRIES, Dialect, Part, applied
from rag.llm.failures import Refused as Refused
from rag.llm.failures import translated
from rag.llm.reasoning import Visible
from rag.llm.tokens import Counter

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

Messages = Sequence[tuple[str, str]]

MAX_REPLY_CHARS = 100_000
_PAUSE_S = 0.3
_REASONING_CHARS = 20
"""Characters that are more than white space and a tag."""
_FINISHES = {"finish_reason", "stop_reason", "done_reason"}


def make(
    name: str, *, base_url: str | None, api_key: str | None, timeout_s: float, max_output_tokens: int
) -> BaseChatModel:
    """
    The chat model of a name such as `openai:gpt-4o-mini`.

    Args:
        name: Provider and model, as `init_chat_model` takes them.
        base_url: The server's address; None is the provider's own.
        api_key: None reads the provider's environment variable.
        timeout_s: The longest wait for a connection, and between two parts of a reply.
        max_output_tokens: The longest reply.

    Raises:
        ConfigError: The provider is unknown or not installed, or its key is missing.
    """
    from langchain.chat_models import init_chat_model

    # of replies in parts, which the client's types do not know, and which are read all the same
    warnings.filterwarnings("ignore", "Pydantic serializer warnings", UserWarning)
    provider = name.partition(":")[0]
    options: dict[str, Any] = {"timeout": timeout_s, "max_retries": 1, "max_tokens": max_output_tokens}
    if base_url:
        options["base_url"] = base_url
        options["api_key"] = api_key or "none"  # a local server asks for none, and the client insists on one
    if provider == "openai":
        options["stream_usage"] = True
    try:
        model: BaseChatModel = init_chat_model(name, **options)
    except ImportError as error:
        package = getattr(error, "name", None) or f"langchain-{provider}"
        raise ConfigError(
            f"The model “{name}” needs a package that is not installed.",
            hint=f"Run `pip install {package.replace('_', '-')}`.",
        ) from error
    except Exception as error:
        if "api_key" in str(error).lower():
            raise ConfigError(
                f"The model “{name}” needs a key.", hint=f"Set {provider.upper()}_API_KEY in the environment."
            ) from error
        raise ConfigError(
            f"LangChain does not know the model “{name}”.",
            hint="Write it as `openai:gpt-4o-mini`: provider, colon, model.",
        ) from error
    return model


@dataclass(slots=True)
class Usage:
    """The tokens that calls used, as the server counted them; `estimated` if it did not for one of them."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(slots=True)
class Chat:
    """
    The calls to one model for one question, and the tokens that they used.

    Args:
        model: A LangChain chat model.
        counter: Counts tokens where the server does not.
        max_output: The most tokens of a reply that the model was made for.
        dialect: What the server takes; one for all chats with it.
        cancelled: True when nobody waits for the reply any longer; asked at every chunk of a reply.
        sleep: Waits some seconds before a retry.
        draw: A random number, 0 to 1, so that many who retry do not do so together.
    """

    model: BaseChatModel
    counter: Counter
    max_output: int = 1_200
    dialect: Dialect = field(default_factory=Dialect)
    usage: Usage = field(default_factory=Usage)
    cancelled: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    was_cut: bool = False
    formed: bool = False
    reasoned: bool = False

    def stream(self, messages: Messages, **bound: Any) -> Iterator[str]:
        """
        Call the model and yield its reply as it comes, without reasoning.

        The call ends within one chunk of the reply when it is cancelled or this iterator is closed; its tokens are
        counted all the same. Afterwards `was_cut` says if the reply ended at the most tokens,
        `formed` if the request had a response format, and `reasoned` if reasoning was removed.

        Args:
            messages: Role and content of each.
            bound: Passed on to the model, such as `extra_body`, which LangChain leaves as it is.

        Raises:
            ModelUnavailable: The model failed, or its reply broke off, was empty, or was cut before it began.
            CancelledError: The call was cancelled.
        """
        without: set[Part] = set()
        for tries in range(1, MOST_TRIES + 1):
            try:
                yield from self._visible(messages, bound, without)
                return
            except _PartsRefused as error:
                if tries == MOST_TRIES:
                    raise error.failure from error
                without |= error.parts if tries < MOST_TRIES - 1 else error.sent
            except ModelUnavailable as error:
                error.may_pass = error.may_pass and tries == 1
                raise

    def cut(self) -> ModelUnavailable:
        """The error of a reply that was cut before it said anything of use."""
        return ModelUnavailable(
            f"The model's reply was cut at {self.max_output:,} tokens, before an answer began.",
            hint="Raise `max_output_tokens`; a model that reasons needs several thousand.",
            may_pass=False,
        )

    def pause(self) -> None:
        """Wait a little before a retry; raises CancelledError if nobody waits for it any longer."""
        self.sleep(_PAUSE_S * (1 + self.draw()))
        self.stop_if_cancelled()

    def stop_if_cancelled(self) -> None:
        """Raise CancelledError if nobody waits for the answer any longer."""
        if self.cancelled():
            raise CancelledError("The question was cancelled.")

    def count(self, messages: Messages) -> int:
        """Tokens in messages, with the few that frame each of them."""
        return sum(self.counter.count(content) + 4 for _, content in messages) + 3

    def _visible(self, messages: Messages, bound: dict[str, Any], without: set[Part]) -> Iterator[str]:
        visible, empty = Visible(), True
        removed = 0  # characters, white space among them
        for piece in self._stream(messages, bound, without):
            removed += len(piece)
            if text := visible.feed(piece):
                empty, removed = False, removed - len(text)
                yield text
        if text := visible.finish():
            empty, removed = False, removed - len(text)
            yield text
        self.reasoned = removed > _REASONING_CHARS
        if empty:
            raise self.cut() if self.was_cut else ModelUnavailable("The model's reply was empty.")

    def _stream(self, messages: Messages, bound: dict[str, Any], without: set[Part]) -> Iterator[str]:
        self.stop_if_cancelled()
        openai = _is_openai(self.model)
        parts = self.dialect.sent(messages, bound, openai=openai, without=without)
        self.formed = "response_format" in parts
        model = _without_retries(self.model) if without and openai else self.model
        sent = messages
        if openai:
            model, sent, bound = applied(model, messages, bound, parts, self.max_output)
        elif not self.formed:
            bound = {name: value for name, value in bound.items() if name != "extra_body"}
        model = model.bind(**bound) if bound else model
        self.usage.calls += 1
        reply = _Reply(cumulative=openai)
        chunks = None
        try:
            streams = "stream" in parts or not openai
            chunks = model.stream(list(sent)) if streams else iter([model.invoke(list(sent))])
            for chunk in chunks:
                if not reply.begun:
                    self.dialect.leave_out(without)
                text = reply.read(chunk)
                self.stop_if_cancelled()
                if text:
                    yield text
                    self.stop_if_cancelled()  # before the next chunk is waited for
                if reply.length > MAX_REPLY_CHARS:
                    return
            if reply.texts and not (reply.finished or reply.is_whole) and openai:
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.")
        except (ModelUnavailable, CancelledError, GeneratorExit):
            raise
        except Exception as error:
            if reply.texts:
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.") from error
            failure = translated(error)
            if refused := self.dialect.refused(error, parts):
                raise _PartsRefused(refused, parts, failure) from error
            raise failure from error
        finally:
            self.was_cut = reply.was_cut
            if chunks is not None and hasattr(chunks, "close"):
                with suppress(Exception):
                    chunks.close()  # ends the connection
            self._count(messages, reply)

    def _count(self, messages: Messages, reply: _Reply) -> None:
        """Add the tokens of a call: as the server counted them, else an estimate of what was sent and received."""
        if reply.counted:
            self.usage.input_tokens += reply.input_tokens
            self.usage.output_tokens += reply.output_tokens
        elif reply.begun:
            self.usage.input_tokens += self.count(messages)
            self.usage.output_tokens += self.counter.count("".join(reply.texts))
            self.usage.estimated = True


class _PartsRefused(Exception):
    """The server refused parts of the request that can be left out; `failure` is the error if that does not help."""

    def __init__(self, parts: set[Part], sent: set[Part], failure: Exception) -> None:
        super().__init__(parts)
        self.parts, self.sent, self.failure = parts, sent, failure


def _without_retries(model: Any) -> Any:
    """The same model, whose client asks a server that fails only once."""
    once = model.root_client.with_options(max_retries=0)
    return model.model_copy(update={"root_client": once, "client": once.chat.completions})


def _is_openai(model: Any) -> bool:
    """True for LangChain's client of OpenAI's protocol, which many servers speak."""
    return any("ChatOpenAI" in kind.__name__ for kind in type(model).__mro__)


@dataclass(slots=True)
class _Reply:
    """What was received of one reply so far; `cumulative` if each count of tokens stands for the whole reply."""

    cumulative: bool = False
    begun: bool = False
    finished: bool = False
    was_cut: bool = False
    counted: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    length: int = 0
    texts: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """True if the text ends as whole JSON, so that nothing is missing though the server does not say so."""
        text = "".join(self.texts).rstrip().removesuffix("```").rstrip()
        at = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
        try:
            return at >= 0 and isinstance(json.loads(text[at:]), dict | list)
        except (ValueError, RecursionError):
            return False

    def read(self, chunk: AIMessage) -> str:
        """The text of a chunk. Raises ModelUnavailable if the model refuses to answer."""
        self.begun = True
        if chunk.usage_metadata:
            self._count(chunk.usage_metadata["input_tokens"], chunk.usage_metadata["output_tokens"])
        reasons = {chunk.response_metadata.get(name) for name in _FINISHES}
        if "content_filter" in reasons or chunk.additional_kwargs.get("refusal"):
            raise ModelUnavailable("The model refused to answer.", may_pass=False)
        self.finished = self.finished or bool(_FINISHES & set(chunk.response_metadata))
        self.was_cut = self.was_cut or bool(reasons & {"length", "max_tokens", "MAX_TOKENS"})
        text = str(chunk.text).encode(errors="replace").decode()  # a lone surrogate is no text
        if text := text or _arguments(chunk):
            self.texts.append(text)
            self.length += len(text)
        return text

    def _count(self, input_tokens: int, output_tokens: int) -> None:
        self.counted = True
        if self.cumulative:
            self.input_tokens, self.output_tokens = input_tokens, output_tokens
        else:
            self.input_tokens, self.output_tokens = self.input_tokens + input_tokens, self.output_tokens + output_tokens


def _arguments(chunk: AIMessage) -> str:
    """The arguments of the call of a tool, by which some models reply with JSON."""
    if pieces := getattr(chunk, "tool_call_chunks", None):
        return "".join(str(piece.get("args") or "") for piece in pieces)
    return "".join(json.dumps(call["args"]) for call in chunk.tool_calls)
