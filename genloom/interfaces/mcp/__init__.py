"""genloom's tools served over the Model Context Protocol (`genloom mcp`)."""
