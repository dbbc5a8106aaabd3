"""The API's endpoints, in groups: each method is one request and returns its typed answer."""

from genloom.tools.codegen.endpoints.agent_runs import AgentRunEndpoints
from genloom.tools.codegen.endpoints.connections import AccountConnections
from genloom.tools.codegen.endpoints.organizations import Integrations, Models, Organizations, Rules, Users
from genloom.tools.codegen.endpoints.repos import PullRequests, Repos, SetupCommands
from genloom.tools.codegen.endpoints.webhooks import Webhooks

__all__ = [
    "AccountConnections",
    "AgentRunEndpoints",
    "Integrations",
    "Models",
    "Organizations",
    "PullRequests",
    "Repos",
    "Rules",
    "SetupCommands",
    "Users",
    "Webhooks",
]
