"""`genloom completion`: the script that makes a shell complete genloom's commands and options."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command(
    short_help="Shell completion for bash, zsh, fish.",
    epilog="""\b
To switch it on:
  bash   genloom completion bash > ~/.local/share/bash-completion/completions/genloom
  zsh    genloom completion zsh > "${fpath[1]}/_genloom"
  fish   genloom completion fish > ~/.config/fish/completions/genloom.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    from genloom.interfaces.cli.commands import genloom
    from genloom.interfaces.cli.terminal import put_bytes

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind.source_template % kind(genloom, {}, "genloom", "_GENLOOM_COMPLETE").source_vars()
    put_bytes(f"{script.strip()}\n".encode())
    return 0
