"""Tools of MCP servers, for agents: from configured servers, within limits, their answers as delimited data."""

from genloom.tools.mcp.server_spec import McpServer, read_mcp_servers
from genloom.tools.mcp.server_tools import amcp_tools, mcp_toolbox, mcp_tools

__all__ = ["McpServer", "amcp_tools", "mcp_toolbox", "mcp_tools", "read_mcp_servers"]
