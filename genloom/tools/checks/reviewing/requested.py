"""What a request plainly asks for: the capabilities that its words grant to the code.

Only what the caller wrote counts: never retrieved text, and never what a model answered. The words must say that the code
is to *do* it ("download the page"); a subject that code can treat as plain text ("parse an HTTP header", "the shortest
path") grants nothing. In doubt nothing is granted: a finding costs a look, a grant that nobody meant costs more.
"""

from __future__ import annotations

import re

from genloom.state import Capability, GenerationRequest

__all__ = ["requested_capabilities"]

MAX_CHARACTERS = 50_000
"""Of a longer request the beginning counts: what is asked stands there, what was pasted follows."""

_NEGATED = re.compile(
    r"\b(?:without|don'?t|do(?:es)? not|doesn'?t|must(?: not|n'?t)|should(?: not|n'?t)|may not|can(?:not|'?t)|never|no|not|"
    r"avoid(?:s|ing)?|instead of|rather than|forbid(?:den|s)?|except|neither|nor|refuses?|rejects?|prevents?|blocks?|"
    r"detects?|offline)\b[^.;:\n]*?(?=\bbut\b|\bthen\b|[.;:\n]|$)",
    re.IGNORECASE,
)
"""A negation, and the rest of its sentence. What code is to detect or refuse it is not to do."""

_QUOTED = re.compile(
    r"(?m)^[ \t]*(?:>>>|\.\.\.)[^\n]*$|```.*?(?:```|\Z)|\"[^\"\n]{0,500}\"|(?<!\w)'[^'\n]{0,500}'(?!\w)|\bhttps?://\S+",
    re.DOTALL,
)
"""Examples, fences, quoted text and addresses: what the code treats, not what it does."""

_A = (
    r"(?:(?:an?|the|some|each|every|all|its|their|this|that|given|new|local|remote|text|binary|csv|json|log|external|"
    r"shell|system|whole|large|named|temporary|configuration|config|settings|input|output|url|of|from|in|to|contents?|"
    r"lines?|words?|data|bytes|into|as) ){0,6}"
)
_FILE = r"(?:files?|folders?|director(?:y|ies)|disk|file ?system)"
_PAGE = (
    r"(?:urls?|web ?(?:page|site)s?|pages?|endpoints?|websites?|rest apis?|apis?|servers?|internet|web|"
    r"files? (?:from|over) (?:the )?(?:web|internet|network|url))"
)

_WORDS: dict[Capability, str] = {
    "files": (
        rf"(?:read|write|open|load|save|create|delete|remove|copy|copie|move|rename|append|walk|scan|list|search|watch|"
        rf"store|dump|export|count|parse)(?:s|d|ing)? {_A}{_FILE}|(?:read|load|save|write|store)s? (?:\w+ ){{1,5}}"
        rf"(?:from|to|into|in|on|as) {_A}{_FILE}|path to an? {_FILE}|given an? file ?path|pathlib|tempfile|sqlite3?"
    ),
    "network": (
        r"https? (?:client|server|request|get|post|call)s?|(?:tcp|udp|socket|smtp|ftp|dns|websocket|rest|api|web) ?"
        r"(?:api )?(?:client|server|connection|request|call|lookup|query|queries)s?|rest api client|"
        rf"(?:download|fetch|crawl|scrap)(?:e|es|s|ing|ed)? {_A}{_PAGE}|(?:downloader|web crawler|web scraper|port scanner)|"
        r"(?:open|use|connect|bind|listen)(?:s|ing)? (?:\w+ ){0,4}(?:sockets?|ports?|network)|"
        r"send(?:s|ing)? (?:\w+ ){0,3}(?:e-?mails?|https? requests?|requests? to)|over (?:the )?(?:network|internet)|"
        r"(?:with|use|using|by|through|via) `?(?:requests|urllib|urllib3|httpx|aiohttp|sockets?|smtplib|ftplib)\b"
    ),
    "processes": (
        r"(?:with|use|using|by|through|via|in|a|an) `?(?:sub-?process(?:es)?|multiprocessing|os\.system)|"
        r"(?:run|runs|running|execute|executes|call|calls|spawn|spawns|launch|launches|start|starts) "
        r"(?:an? |the |some |each |given |external |shell |system |child |worker )*"
        r"(?:commands?|programs?|executables?|subprocess(?:es)?|processes|shell scripts?)|worker processes|process pool"
    ),
    "native_code": r"(?:with|use|using|by|through|via) `?(?:ctypes|cffi)",
    "introspection": (
        r"(?:inspect|walk|read|look at|print|use|using)(?:s|ing)? (?:the )?(?:caller'?s |current )?(?:stack frames?|call "
        r"stack)|sys\._getframe|(?:query|use|using) the garbage collector"
    ),
    "dynamic_code": (
        r"(?:with|use|using|by|through|via) `?(?:eval|exec|importlib)\b|(?:load|loads|import|imports|discover|discovers) "
        r"(?:the |all |some )?plug-?ins?|dynamic(?:ally)? (?:import|load|evaluate|execute)s?|"
        r"import(?:s|ing)? (?:an? |the )?modules? by (?:its )?name|"
        r"(?:execute|run|evaluate|compile)s? (?:the |a |some |given )*python (?:code|source|expressions?|scripts?)"
    ),
    "deserialisation": (
        r"(?:un)?pickl(?:e|es|ing) (?:the |an? |some )?\w+|(?:with|use|using|by|through|via|from) `?(?:pickle|marshal|"
        r"shelve|dill)\b"
    ),
    "environment": (
        r"(?:read|get|set|load|use|using|from|look up|override|take|change)(?:s|ing)? (?:\w+ ){0,4}"
        r"(?:environment|env) var(?:iable)?s?|from the environment|os\.environ|os\.getenv|"
        r"(?:install|handle|register|set)s? (?:an? |the )?signal handlers?|(?:change|extend|edit)s? sys\.(?:path|modules)"
    ),
}

_PATTERNS = {capability: re.compile(rf"\b(?:{words})", re.IGNORECASE) for capability, words in _WORDS.items()}


def requested_capabilities(request: GenerationRequest) -> dict[Capability, str]:
    """Return the capabilities that the request's own words ask for, each with the words that do.

    Prompt, name, signature and constraints count; the context of a codebase, tests, examples, quoted text and what stands
    after a negation ("without subprocess") do not.
    """
    said = "\n".join([*_sentences(request.prompt), request.name or "", request.signature or "", *request.constraints])
    text = _NEGATED.sub(" ", _QUOTED.sub(" ", said[:MAX_CHARACTERS]).replace("_", " "))
    text = " ".join(text.replace("\n", " . ").split())
    found = {capability: pattern.search(text) for capability, pattern in _PATTERNS.items()}
    return {capability: match[0][:80] for capability, match in found.items() if match}


def _sentences(prompt: str) -> list[str]:
    """The paragraphs of a prompt, each on one line: a sentence that is broken over lines is one."""
    return [" ".join(p.split()) if ">>>" not in p and "```" not in p else p for p in re.split(r"\n\s*\n", prompt)]
