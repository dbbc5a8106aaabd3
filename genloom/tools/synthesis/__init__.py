"""Search from examples: programs found with no model at all, and what speaks for and against them."""

from genloom.tools.synthesis.answer import Abstained, Found, SearchAnswer
from genloom.tools.synthesis.search import ProgramRunner, find_existing, search
from genloom.tools.synthesis.task import DEFAULT_CANDIDATES, Component, SearchTask

__all__ = [
    "DEFAULT_CANDIDATES",
    "Abstained",
    "Component",
    "Found",
    "ProgramRunner",
    "SearchAnswer",
    "SearchTask",
    "find_existing",
    "search",
]
