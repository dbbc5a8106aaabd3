"""All endpoints: those of agent runs as methods, the others in groups that are loaded when they are first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from genloom.tools.codegen.endpoints.agent_runs import AgentRunEndpoints

if TYPE_CHECKING:
    from genloom.tools.codegen.endpoints.connections import AccountConnections
    from genloom.tools.codegen.endpoints.organizations import Integrations, Models, Organizations, Rules, Users
    from genloom.tools.codegen.endpoints.repos import PullRequests, Repos, SetupCommands
    from genloom.tools.codegen.endpoints.webhooks import Webhooks

__all__ = ["ApiEndpoints"]


class ApiEndpoints(AgentRunEndpoints):
    """The whole API over one connection. Most programs need agent runs alone, so each group is imported in its property."""

    @cached_property
    def organizations(self) -> Organizations:
        """The organisations that the token's owner belongs to."""
        from genloom.tools.codegen.endpoints.organizations import Organizations

        return Organizations(self._connection, self._own_organization)

    @cached_property
    def users(self) -> Users:
        """The members of the organisation, and the token's owner."""
        from genloom.tools.codegen.endpoints.organizations import Users

        return Users(self._connection, self._own_organization)

    @cached_property
    def repos(self) -> Repos:
        """The repositories that agents can work in."""
        from genloom.tools.codegen.endpoints.repos import Repos

        return Repos(self._connection, self._own_organization)

    @cached_property
    def pull_requests(self) -> PullRequests:
        """The pull requests of the organisation's repositories."""
        from genloom.tools.codegen.endpoints.repos import PullRequests

        return PullRequests(self._connection, self._own_organization)

    @cached_property
    def integrations(self) -> Integrations:
        """What the organisation is connected to."""
        from genloom.tools.codegen.endpoints.organizations import Integrations

        return Integrations(self._connection, self._own_organization)

    @cached_property
    def rules(self) -> Rules:
        """What the organisation and the token's owner tell every agent."""
        from genloom.tools.codegen.endpoints.organizations import Rules

        return Rules(self._connection, self._own_organization)

    @cached_property
    def models(self) -> Models:
        """The models that runs can name."""
        from genloom.tools.codegen.endpoints.organizations import Models

        return Models(self._connection, self._own_organization)

    @cached_property
    def setup_commands(self) -> SetupCommands:
        """Runs that find out how a repository, or why a sandbox does not, get ready."""
        from genloom.tools.codegen.endpoints.repos import SetupCommands

        return SetupCommands(self._connection, self._own_organization)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Where the server tells of runs that ended."""
        from genloom.tools.codegen.endpoints.webhooks import Webhooks

        return Webhooks(self._connection, self._own_organization)

    @cached_property
    def account(self) -> AccountConnections:
        """What the user's account is connected to."""
        from genloom.tools.codegen.endpoints.connections import AccountConnections

        return AccountConnections(self._connection, self._own_organization)
