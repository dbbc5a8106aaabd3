"""The context: what of a repository goes into a prompt, within a budget, and as which text."""
