"""One request to a model whose reply is stored: search queries, names of themes."""

from __future__ import annotations

from rag.answers.budget import Options, within_budget
from rag.answers.stored import ReplyStore, Request
from rag.llm.chat import Chat, Messages


def stored_or_asked(
    request: Request, messages: Messages, *, replies: ReplyStore, chat: Chat, tokens: int, options: Options
) -> str:
    """
    The stored reply to a request, or else what the model replies now, which is stored.

    Args:
        request: What determines the reply.
        messages: Role and content of each.
        replies: Where replies are stored.
        chat: Counts what the call uses.
        tokens: The most tokens that the reply is expected to have.
        options: The budgets, and whether stored replies are used.

    Raises:
        ModelUnavailable, Refused, CancelledError: As `within_budget`.
    """
    if not options.fresh and (stored := replies.find(request)):
        return stored.reply
    reply = "".join(within_budget(chat, messages, tokens, options))
    replies.keep(request, [reply], tokens=chat.usage.tokens)
    return reply
