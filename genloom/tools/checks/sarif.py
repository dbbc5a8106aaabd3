"""Findings as SARIF 2.1.0, the form that code hosts read (OASIS, "Static Analysis Results Interchange Format")."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

from genloom.state import Finding, Severity

__all__ = ["to_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: dict[Severity, str] = {"note": "note", "warning": "warning", "error": "error", "blocker": "error"}


def to_sarif(findings: Sequence[Finding]) -> dict[str, Any]:  # Any: a JSON document
    """Return a SARIF log with one run. A finding about a whole file has no region; a blocker is an error with its
    severity among the properties."""
    rules = sorted({finding.rule for finding in findings})
    driver = {
        "name": "genloom",
        "version": _version(),
        "rules": [{"id": rule, "shortDescription": {"text": rule}} for rule in rules],
    }
    results = [_result(finding, rules.index(finding.rule)) for finding in findings]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message or finding.rule},
        "properties": {"severity": finding.severity},
    }
    if finding.path:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path.replace("\\", "/"))}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _version() -> str:
    try:
        return version("genloom")
    except PackageNotFoundError:  # run from a source tree
        return "0"
