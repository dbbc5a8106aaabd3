"""Search from examples: programs found with no model at all, and what speaks for and against them."""

from genloom.tools.synthesis.answer import Abstained, Found, SearchAnswer
from genloom.tools.synthesis.finding import ProgramOptions, SearchOptions, afind_program, find_program
from genloom.tools.synthesis.langchain_tool import search_program_tool
from genloom.tools.synthesis.search import ProgramRunner, find_existing, search
from genloom.tools.synthesis.task import DEFAULT_CANDIDATES, Component, SearchTask

__all__ = [
    "DEFAULT_CANDIDATES",
    "Abstained",
    "Component",
    "Found",
    "ProgramOptions",
    "ProgramRunner",
    "SearchAnswer",
    "SearchOptions",
    "SearchTask",
    "afind_program",
    "find_existing",
    "find_program",
    "search",
    "search_program_tool",
]
