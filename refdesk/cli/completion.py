"""The command completion, and the answers that a shell asks for while a line is typed."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

PROGRAM, VARIABLE = "refdesk", "_REFDESK_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """
    Print a script that completes commands in SHELL.

    It completes options and file names too.

    \b
    bash: add  eval "$(refdesk completion bash)"  to ~/.bashrc
    zsh:  add  eval "$(refdesk completion zsh)"  to ~/.zshrc, after compinit
    fish: refdesk completion fish > ~/.config/fish/completions/refdesk.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click has all three
    click.echo(kind(context.find_root().command, {}, PROGRAM, VARIABLE).source(), nl=False)


def asked_by_a_shell(command: click.Command) -> int | None:
    """Answer a shell that asks for completions, and return the exit status; None where no shell asks."""
    instruction = os.environ.get(VARIABLE)
    return shell_complete(command, {}, PROGRAM, VARIABLE, instruction) if instruction else None


def format_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Have the shell complete the name of a format that `add` reads."""
    from refdesk.library import formats

    return [CompletionItem(name, help=what) for name, what in formats().items() if name.startswith(incomplete)]


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Have the shell complete the name of a file, for an argument that may be something else too."""
    return [CompletionItem(incomplete, type="file")]
