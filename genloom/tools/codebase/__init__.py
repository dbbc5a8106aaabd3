"""The codebase engine: an index of a repository's source, and the context that a request needs of it."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.tools.codebase.agent_tools import codebase_tools
    from genloom.tools.codebase.codebase import Codebase
    from genloom.tools.codebase.context.injection import (
        best_places,
        build_context,
        choose_context,
        is_current,
        render_context,
    )
    from genloom.tools.codebase.context.open_codebases import codebases, open_codebase
    from genloom.tools.codebase.context.rules import ProjectRules
    from genloom.tools.codebase.context.tokens import estimate_tokens
    from genloom.tools.codebase.functions import FunctionSignature
    from genloom.tools.codebase.index.indexing import IndexReport
    from genloom.tools.codebase.ranking.query import Query
    from genloom.tools.codebase.ranking.ranking import RankedFile, RankedSymbol, Ranking
    from genloom.tools.codebase.ranking.weights import RankingWeights
    from genloom.tools.codebase.records import IndexedSymbol, SourceFile
    from genloom.tools.codebase.relations.relation import CallGraph, DeadSymbol, DeadSymbols, Relation
    from genloom.tools.codebase.relations.reveal import Revealed
    from genloom.tools.codebase.summaries.functions import (
        get_class_summary,
        get_codebase_summary,
        get_file_summary,
        get_function_summary,
        get_symbol_summary,
    )
    from genloom.tools.codebase.summaries.summary import Summary
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "agent_tools": "codebase_tools",
            "codebase": "Codebase",
            "context.injection": "best_places build_context choose_context is_current render_context",
            "context.open_codebases": "codebases open_codebase",
            "context.rules": "ProjectRules",
            "context.tokens": "estimate_tokens",
            "functions": "FunctionSignature",
            "index.indexing": "IndexReport",
            "ranking.query": "Query",
            "ranking.ranking": "RankedFile RankedSymbol Ranking",
            "ranking.weights": "RankingWeights",
            "records": "IndexedSymbol SourceFile",
            "relations.relation": "CallGraph DeadSymbol DeadSymbols Relation",
            "relations.reveal": "Revealed",
            "summaries.functions": (
                "get_class_summary get_codebase_summary get_file_summary get_function_summary get_symbol_summary"
            ),
            "summaries.summary": "Summary",
        },
    )

__all__ = [
    "CallGraph",
    "Codebase",
    "DeadSymbol",
    "DeadSymbols",
    "FunctionSignature",
    "IndexReport",
    "IndexedSymbol",
    "ProjectRules",
    "Query",
    "RankedFile",
    "RankedSymbol",
    "Ranking",
    "RankingWeights",
    "Relation",
    "Revealed",
    "SourceFile",
    "Summary",
    "best_places",
    "build_context",
    "choose_context",
    "codebase_tools",
    "codebases",
    "estimate_tokens",
    "get_class_summary",
    "get_codebase_summary",
    "get_file_summary",
    "get_function_summary",
    "get_symbol_summary",
    "is_current",
    "open_codebase",
    "render_context",
]
