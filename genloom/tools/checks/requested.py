"""What a request plainly asks for: the capabilities that its words grant to the code."""

from __future__ import annotations

import re

from genloom.state import Capability, GenerationRequest

__all__ = ["requested_capabilities"]

_NEGATED = re.compile(
    r"\b(?:without|don'?t|do not|does not|must not|should not|may not|never|no|not|avoid(?:ing)?|instead of|rather than|"
    r"forbid(?:den|s)?|except)\b(?:[^.;\n]*?\b(?:or|nor)\b[^.;,\n]*|[^.;,\n]*)",
    re.IGNORECASE,
)

_WORDS: dict[Capability, str] = {
    "files": r"files?|filenames?|folders?|director(?:y|ies)|filesystem|disk|paths?|pathlib|glob|tempfile|sqlite3?",
    "network": (
        r"https?|network|download\w*|fetch(?:es|ing)?|web ?(?:page|site|server|socket|hook)s?|sockets?|rest api|"
        r"api (?:client|call|request)s?|requests? library|crawl\w*|scrap(?:e|er|es|ing)|smtp|e-?mails? (?:by|through|via)|"
        r"send \w+ ?e-?mails?|ftp|dns|tcp|udp|urllib|httpx|aiohttp"
    ),
    "processes": (
        r"sub-?process(?:es)?|multiprocessing|(?:run|runs|running|execute|executes|call|calls|spawn|spawns|launch|launches) "
        r"(?:an? |the |some |external |shell |system )*(?:commands?|programs?|executables?|processes?|scripts?)|shell "
        r"commands?|worker processes|process pool|os\.system"
    ),
    "native_code": r"ctypes|cffi",
    "introspection": r"stack frames?|call stack|sys\._getframe|garbage collector",
    "dynamic_code": (
        r"eval|exec|dynamic(?:ally)? (?:imports?|loads?|evaluat\w+|execut\w+)|plug-?ins?|importlib|"
        r"import(?:s|ing)? (?:an? |the )?modules? by name|"
        r"(?:execute|run|evaluate|compile)s? (?:the |a |some )?python (?:code|source|expressions?)"
    ),
    "deserialisation": r"(?:un)?pickl\w+|marshal|shelve|dill",
    "environment": r"environment variables?|env(?:ironment)? vars?|environ|getenv|signal handlers?|sys\.path|sys\.modules",
}

_PATTERNS = {capability: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for capability, words in _WORDS.items()}


def requested_capabilities(request: GenerationRequest) -> frozenset[Capability]:
    """Return the capabilities that the request's own words ask for.

    Only what the caller wrote counts: prompt, name, signature and constraints, never the context of a codebase. What
    stands after a negation ("without subprocess") grants nothing.
    """
    said = "\n".join([request.prompt, request.name or "", request.signature or "", *request.constraints])
    text = _NEGATED.sub(" ", said.replace("_", " "))
    return frozenset(capability for capability, pattern in _PATTERNS.items() if pattern.search(text))
