"""Generators: the ways of making a draft."""

from genloom.nodes.generators.generator import Abstention, Assignment, Generated, Generator
from genloom.nodes.generators.model import write_with_model
from genloom.nodes.generators.search import reuse_existing, search_program

__all__ = [
    "Abstention",
    "Assignment",
    "Generated",
    "Generator",
    "reuse_existing",
    "search_program",
    "write_with_model",
]
