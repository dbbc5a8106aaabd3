"""From an agent's run to a draft: its result, or the diff of its pull request."""
