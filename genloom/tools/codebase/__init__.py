"""The codebase engine: an index of a repository's source, and the context that a request needs of it."""

from genloom.tools.codebase.agent_tools import codebase_tools
from genloom.tools.codebase.codebase import Codebase, IndexedSymbol, SourceFile
from genloom.tools.codebase.context.injection import (
    build_context,
    choose_context,
    codebases,
    is_current,
    open_codebase,
    render_context,
)
from genloom.tools.codebase.context.rules import ProjectRules
from genloom.tools.codebase.context.tokens import estimate_tokens
from genloom.tools.codebase.functions import FunctionSignature
from genloom.tools.codebase.index.indexing import IndexReport
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol, Ranking
from genloom.tools.codebase.ranking.weights import RankingWeights
from genloom.tools.codebase.summaries.summary import Summary

__all__ = [
    "Codebase",
    "FunctionSignature",
    "IndexReport",
    "IndexedSymbol",
    "ProjectRules",
    "Query",
    "RankedFile",
    "RankedSymbol",
    "Ranking",
    "RankingWeights",
    "SourceFile",
    "Summary",
    "build_context",
    "choose_context",
    "codebase_tools",
    "codebases",
    "estimate_tokens",
    "is_current",
    "open_codebase",
    "render_context",
]
