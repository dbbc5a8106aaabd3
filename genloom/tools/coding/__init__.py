"""Coding: how an agent changes files of a repository, and never anything else."""

from genloom.tools.coding.edits import EditError, replace_text, unified_diff
from genloom.tools.coding.tools import CodingToolName, coding_tools
from genloom.tools.coding.workspace import Workspace

__all__ = ["CodingToolName", "EditError", "Workspace", "coding_tools", "replace_text", "unified_diff"]
