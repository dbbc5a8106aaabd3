"""Findings as SARIF 2.1.0, the form that code hosts read (OASIS, "Static Analysis Results Interchange Format")."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from genloom.state import SEVERITY_RANK, Finding, Severity, Verdict
from genloom.version import VERSION

__all__ = ["FINGERPRINT", "to_sarif", "verdict_findings"]

FINGERPRINT = "genloomFinding/v1"
"""The name under which each result carries what stays the same when lines move."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"note": "note", "warning": "warning", "error": "error", "blocker": "error"}
_NONE: Mapping[str, str] = {}

_MEANINGS = {
    "call": "A function that the policy forbids",
    "capability": "Code that reaches outside of itself",
    "check": "A check that did not hold",
    "combination": "Capabilities that attacks are made of",
    "import": "A module that the policy forbids or does not allow",
    "licence": "A licence or copyright notice in the code",
    "model": "A remark of a model that reviewed the code",
    "size": "A file larger than the policy allows",
    "syntax": "A file that is not valid Python",
    "unreadable": "A file that could not be read as Python",
    "verification": "What the verification as a whole showed",
}


def to_sarif(
    findings: Sequence[Finding], sources: Mapping[str, str] = _NONE, *, complete: bool = True
) -> dict[str, Any]:  # Any: a JSON document
    """Return a SARIF log with one run, which is `complete` unless something kept it from looking.

    Paths are taken as seen from the working folder. A finding about a whole file has no region; a blocker is an error
    with its severity among the properties. `sources` are the files' texts by path: with them a result's fingerprint, by
    which hosts know it again, holds as long as its line stays what it is, wherever that moves.
    """
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": "genloom",
        "semanticVersion": VERSION,
        "version": VERSION,
        "rules": [_rule(rule, findings) for rule in rules],
    }
    prints = _fingerprints(findings, sources)
    results = [_result(f, rules.index(f.rule), print_) for f, print_ in zip(findings, prints, strict=True)]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": complete}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def verdict_findings(verdict: Verdict, path: str, lines: Mapping[str, int]) -> tuple[Finding, ...]:
    """Return the checks that did not hold as findings; for a verdict without any, one that says why.

    `lines` tell where the functions that checks call are defined. A check that decides nothing is a
    warning where it failed, and left out where it did not run.
    """
    found = [
        Finding(
            rule=f"check:{check.source}",
            severity="error" if check.result == "failed" == verdict.result and not check.advisory else "warning",
            message=_shown(check.check, check.result, check.expected, check.actual, check.detail),
            path=path,
            line=lines.get(check.check.partition("(")[0].strip(), 0),
        )
        for check in verdict.checks
        if check.result == "failed" or (check.result == "not_run" and not check.advisory)
    ]
    if verdict.result == "passed" or any(f.severity == "error" for f in found):
        return tuple(found)
    whole = Finding(
        rule=f"verification:{verdict.result}",
        severity="error" if verdict.result == "failed" else "warning",
        message=" ".join(filter(None, (verdict.reason, getattr(verdict, "hint", "")))),
        path=path,
    )
    return (whole, *found)


def _shown(check: str, result: str, expected: str, actual: str, detail: str) -> str:
    said = f"`{check}` {'did not run' if result == 'not_run' else 'does not hold'}"
    if expected or actual:
        said += f": expected {expected}, got {actual or 'nothing'}"
    return f"{said}. {detail}".removesuffix(". ")


def _rule(rule: str, findings: Iterable[Finding]) -> dict[str, Any]:
    worst = max((f.severity for f in findings if f.rule == rule), key=SEVERITY_RANK.__getitem__)
    family, _, name = rule.partition(":")
    entry: dict[str, Any] = {
        "id": rule,
        "shortDescription": {"text": _meaning(family, name, rule)},
        "defaultConfiguration": {"level": _LEVELS[worst]},
    }
    if family == "bandit":
        entry["helpUri"] = "https://bandit.readthedocs.io/"
    elif family not in _MEANINGS:
        entry["helpUri"] = "https://docs.astral.sh/ruff/rules/"
    if family in ("bandit", "capability", "combination") or (rule[0] == "S" and rule[1:].isdigit()):
        entry["properties"] = {"tags": ["security"]}
    return entry


def _meaning(family: str, name: str, rule: str) -> str:
    if family in _MEANINGS:
        return f"{_MEANINGS[family]} ({name.replace('_', ' ')})" if name else _MEANINGS[family]
    return f"Bandit's rule {name}" if family == "bandit" else f"Ruff's rule {rule}"


def _result(finding: Finding, rule_index: int, fingerprint: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message or finding.rule},
        "partialFingerprints": {FINGERPRINT: fingerprint},
        "properties": {"severity": finding.severity},
    }
    if finding.path:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(path: str) -> str:
    """A path below the working folder as a relative reference, any other as a whole `file:` address."""
    pure = Path(path)
    if pure.is_absolute() or ".." in pure.parts:
        return Path(os.path.abspath(pure)).as_uri()  # noqa: PTH100 - links stay as they were given
    return quote(pure.as_posix(), errors="surrogateescape")  # a name need not be text


def _fingerprints(findings: Sequence[Finding], sources: Mapping[str, str]) -> list[str]:
    lines = {path: text.splitlines() for path, text in sources.items()}
    seen: Counter[tuple[str, ...]] = Counter()
    prints: list[str] = []
    for finding in findings:
        text = lines.get(finding.path, [])
        about = text[finding.line - 1].strip() if 0 < finding.line <= len(text) else finding.message
        key = (finding.rule, Path(finding.path).as_posix(), about)
        prints.append(hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "replace")).hexdigest()[:32])
        seen[key] += 1
    return prints
