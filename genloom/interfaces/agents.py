"""The agents that genloom itself can be: offered to graphs by name, made when one is first asked for."""

from __future__ import annotations

from genloom.tools.codegen.backends import AgentBackend, agent_backends

__all__ = ["offer_agents"]


def offer_agents() -> None:
    """Offer the agent backend `local`: genloom's own server, started in this process when a run is given to it.

    What runs graphs by way of `genloom.interfaces` has done so already; programs that build graphs themselves call it.
    """
    agent_backends.offer("local", _local)


def _local() -> AgentBackend:
    """Make it. Raises `UsageError` without the extra `serve`."""
    from genloom.interfaces.server.extra import require_serve  # the server is heavy, and rarely wanted

    require_serve()
    from genloom.interfaces.server.local import LocalAgent

    return LocalAgent()
