"""
Chat models: made by LangChain's `init_chat_model`, called by streaming, their failures translated into our errors.

No error message repeats what a server said, for servers repeat keys.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, ModelUnavailable
from rag.llm.tokens import Counter

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

Messages = Sequence[tuple[str, str]]

MAX_REPLY_CHARS = 100_000
_PAUSE_S = 0.3
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

    provider = name.partition(":")[0]
    options: dict[str, Any] = {"timeout": timeout_s, "max_retries": 2, "max_tokens": max_output_tokens}
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
        cancelled: True when nobody waits for the reply any longer; asked at every chunk of a reply.
        sleep: Waits some seconds before a retry.
        draw: A random number, 0 to 1, so that many who retry do not do so together.
    """

    model: BaseChatModel
    counter: Counter
    usage: Usage = field(default_factory=Usage)
    cancelled: Callable[[], bool] = lambda: False
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def stream(self, messages: Messages, **bound: Any) -> Iterator[str]:
        """
        Call the model and yield its reply as it comes.

        The call ends within one chunk of the reply when it is cancelled or this iterator is closed; its tokens are
        counted all the same.

        Args:
            messages: Role and content of each.
            bound: Passed on to the model, such as `extra_body`, which LangChain leaves as it is.

        Raises:
            Refused: The server does not take a request with what is `bound` (400 or 422), such as a response format.
            ModelUnavailable: The model failed, or its reply broke off or was empty.
            CancelledError: The call was cancelled.
        """
        empty = True
        for text in self._stream(messages, bound):
            empty = False
            yield text
        if empty:
            raise ModelUnavailable("The model's reply was empty.")

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

    def _stream(self, messages: Messages, bound: dict[str, Any]) -> Iterator[str]:
        self.stop_if_cancelled()
        model: Any = self.model.bind(**bound) if bound else self.model
        self.usage.calls += 1
        reply = _Reply()
        chunks = None
        try:
            chunks = model.stream(list(messages))
            for chunk in chunks:
                text = reply.read(chunk)
                self.stop_if_cancelled()
                if text:
                    yield text
                    self.stop_if_cancelled()  # before the next chunk is waited for
                if reply.length > MAX_REPLY_CHARS:
                    return
            if reply.texts and not reply.finished and "ChatOpenAI" in (type(model).__name__, type(self.model).__name__):
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.")
        except (ModelUnavailable, CancelledError, GeneratorExit):
            raise
        except Exception as error:
            if reply.texts:
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.") from error
            raise _translated(error, formed=bool(bound)) from error
        finally:
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


@dataclass(slots=True)
class _Reply:
    """What was received of one reply so far."""

    begun: bool = False
    finished: bool = False
    counted: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    length: int = 0
    texts: list[str] = field(default_factory=list)

    def read(self, chunk: AIMessageChunk) -> str:
        """The text of a chunk. Raises ModelUnavailable if the model refuses to answer."""
        self.begun = True
        if chunk.usage_metadata:
            self.counted = True
            self.input_tokens += chunk.usage_metadata["input_tokens"]
            self.output_tokens += chunk.usage_metadata["output_tokens"]
        filtered = chunk.response_metadata.get("finish_reason") == "content_filter"
        if filtered or chunk.additional_kwargs.get("refusal"):
            raise ModelUnavailable("The model refused to answer.", may_pass=False)
        self.finished = self.finished or bool(_FINISHES & set(chunk.response_metadata))
        text = str(chunk.text).encode(errors="replace").decode()  # a lone surrogate is no text
        if text:
            self.texts.append(text)
            self.length += len(text)
        return text


class Refused(Exception):
    """The server does not take a request of this form, or the reply is of no use; another form may work."""


def _translated(error: Exception, *, formed: bool) -> Exception:
    """A vendor's error in our words; `formed` if the request carried a part that another request could leave out."""
    status = getattr(error, "status_code", None)
    kinds = {type_.__name__ for type_ in type(error).__mro__}
    if isinstance(error, TypeError | NotImplementedError) or status in (400, 415, 422):
        reason = "The model's server refused the request."
        return Refused(reason) if formed else ModelUnavailable(reason, may_pass=False)
    if status in (401, 403):
        return ModelUnavailable(
            f"The model's server refused the key ({status}).", hint="Check the key in the environment.", may_pass=False
        )
    if status == 404:
        return ModelUnavailable(
            "The server has no model of that name (404).",
            hint="Check `model` and the server's address.",
            may_pass=False,
        )
    if status == 429:
        return ModelUnavailable("The model's server is rate limited (429).", hint="Try again later.", may_pass=False)
    if isinstance(status, int) and status >= 500:
        return ModelUnavailable(f"The model's server failed ({status}).", hint="Try again later.", may_pass=False)
    if kinds & {"APITimeoutError", "TimeoutException", "TimeoutError"}:
        return ModelUnavailable("The model's server did not answer in time.", hint="Try again later.", may_pass=False)
    if kinds & {"APIConnectionError", "ConnectError"}:
        return ModelUnavailable(
            "The model's server cannot be reached.", hint="Is it running, and is OPENAI_BASE_URL right?", may_pass=False
        )
    if kinds & {"OpenAIRefusalError", "ContentFilterFinishReasonError"}:
        return ModelUnavailable("The model refused to answer.", may_pass=False)
    return ModelUnavailable("The model's reply could not be read.")
