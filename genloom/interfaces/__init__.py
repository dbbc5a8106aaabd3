"""Interfaces: the ways in. Python, the command line, LangGraph Studio."""
