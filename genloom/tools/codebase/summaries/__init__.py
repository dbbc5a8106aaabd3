"""Summaries: counts of a repository, file or symbol, for people and prompts."""
