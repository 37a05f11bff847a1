"""
Chat models: made by LangChain's `init_chat_model`, called by streaming, and every failure of theirs in our words.

No message here holds what a server said: servers repeat keys.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, ModelUnavailable
from rag.llm.tokens import Counter

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

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
        base_url: Another server than the provider's own.
        api_key: None leaves it to the provider's environment variable.
        timeout_s: For a connection, and for each pause of a reply.
        max_output_tokens: The longest reply.

    Raises:
        ConfigError: The provider is not known or not installed, or its key is missing.
    """
    from langchain.chat_models import init_chat_model

    provider = name.partition(":")[0]
    options: dict[str, Any] = {"timeout": timeout_s, "max_retries": 2, "max_tokens": max_output_tokens}
    if base_url:
        options["base_url"] = base_url
        options["api_key"] = api_key or "none"  # a server of one's own asks for none
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
            f"“{name}” is no model that LangChain knows.",
            hint="Write it as `openai:gpt-4o-mini`: provider, colon, model.",
        ) from error
    return model


@dataclass(slots=True)
class Usage:
    """What calls cost: tokens as the server counted them, or, where it did not, an estimate."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Both ways together."""
        return self.input_tokens + self.output_tokens


@dataclass(slots=True)
class Chat:
    """
    One model, with what it was asked so far.

    Args:
        model: A LangChain chat model.
        counter: Counts tokens where the server does not.
        sleep, draw: The clock and the chance of retries.
    """

    model: BaseChatModel
    counter: Counter
    usage: Usage = field(default_factory=Usage)
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def stream(self, messages: Messages, **bound: Any) -> Iterator[str]:
        """
        The reply as it comes.

        Args:
            messages: Role and content of each.
            bound: Passed on to the model, such as `extra_body`, which LangChain leaves as it is.

        Raises:
            Refused: The server takes nothing so `bound` (400 or 422), for example no `response_format`.
            ModelUnavailable: It failed, or broke off.
        """
        empty = True
        for piece in self._stream(messages, bound):
            empty = False
            yield piece
        if empty:
            raise ModelUnavailable("The model's reply was empty.")

    def pause(self) -> None:
        """Wait a little, and not as long as others do, before asking again."""
        self.sleep(_PAUSE_S * (1 + self.draw()))

    def _stream(self, messages: Messages, bound: dict[str, Any]) -> Iterator[str]:
        model: Any = self.model.bind(**bound) if bound else self.model
        self.usage.calls += 1
        counted: dict[str, int] | None = None
        written: list[str] = []
        length = 0
        finished = False
        reply = None
        try:
            reply = model.stream(list(messages))
            for chunk in reply:
                if chunk.usage_metadata:
                    counted = counted or {"input_tokens": 0, "output_tokens": 0}
                    for name in counted:
                        counted[name] += chunk.usage_metadata[name]
                if chunk.response_metadata.get("finish_reason") == "content_filter" or chunk.additional_kwargs.get(
                    "refusal"
                ):
                    raise ModelUnavailable("The model refused to answer.", may_pass=False)
                finished = finished or bool(_FINISHES & set(chunk.response_metadata))
                piece = str(chunk.text).encode(errors="replace").decode()  # a lone surrogate is no text
                if piece:
                    written.append(piece)
                    yield piece
                length += len(piece)
                if length > MAX_REPLY_CHARS:
                    return
            if written and not finished and "ChatOpenAI" in (type(model).__name__, type(self.model).__name__):
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.")
        except (ModelUnavailable, GeneratorExit):
            raise
        except Exception as error:
            if written:
                raise ModelUnavailable("The model's reply broke off.", hint="Try again.") from error
            raise _translated(error, formed=bool(bound)) from error
        finally:
            if reply is not None and hasattr(reply, "close"):
                with suppress(Exception):
                    reply.close()
            self._count(messages, "".join(written), counted)

    def _count(self, messages: Messages, written: str, counted: dict[str, int] | None) -> None:
        if counted is None:
            counted = {
                "input_tokens": self.count(messages) if written else 0,
                "output_tokens": self.counter.count(written),
            }
            self.usage.estimated = self.usage.estimated or bool(written)
        self.usage.input_tokens += counted["input_tokens"]
        self.usage.output_tokens += counted["output_tokens"]

    def count(self, messages: Messages) -> int:
        """Tokens in messages, with the few that frame each."""
        return sum(self.counter.count(content) + 4 for _, content in messages) + 3


class Refused(Exception):
    """The server takes no request of this form, or the reply is of no use; another form may pass."""


def _translated(error: Exception, *, formed: bool) -> Exception:
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
