"""Findings and verdicts as SARIF: the official schema, and what code hosts need to tell results apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import CheckResult, Failed, Finding, NotRun, Passed, Severity, Verdict
from genloom.tools.checks import review_source, to_sarif, verdict_findings
from genloom.tools.checks.sarif import FINGERPRINT

SCHEMA = json.loads((Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)

SEVERITIES: list[Severity] = ["note", "warning", "error", "blocker"]
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["S602", "bandit:B614", "capability:files", "licence", "model:naming", "ruff:not-run"]),
    severity=st.sampled_from(SEVERITIES),
    message=st.text(max_size=30),
    path=st.sampled_from(["", "m.py", "a b/ü.py", "../up.py", "/tmp/x.py", "./here.py", "C:\\x.py", "100%.py"]),
    line=st.integers(0, 5),
)


def valid(log: dict[str, Any]) -> dict[str, Any]:
    """The one run of a log that the official schema accepts."""
    plain = json.loads(json.dumps(log))
    VALIDATOR.validate(plain)
    (run,) = plain["runs"]
    assert isinstance(run, dict)
    return run


def prints(findings: list[Finding], source: str) -> list[str]:
    run = valid(to_sarif(findings, {"m.py": source}))
    return [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]


def test_the_schema_itself_refuses_what_is_wrong() -> None:
    """The validator is not one that accepts anything."""
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})
    log = to_sarif([Finding(rule="S602", severity="error", message="m", path="m.py", line=1)])
    log["runs"][0]["results"][0]["level"] = "blocker"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)


@given(st.lists(FINDINGS, max_size=6), st.dictionaries(st.just("m.py"), st.text(max_size=40)), st.booleans())
def test_findings_give_a_valid_log_that_points_at_its_rules(
    findings: list[Finding], sources: dict[str, str], complete: bool
) -> None:
    """Whatever the findings: valid by the schema, each result's index names its rule, and no two fingerprints agree."""
    run = valid(to_sarif(findings, sources, complete=complete))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [finding.rule for finding in findings]
    assert len(set(rules)) == len(rules)
    fingerprints = [result["partialFingerprints"][FINGERPRINT] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)
    assert run["invocations"] == [{"executionSuccessful": complete}]


async def test_a_real_review_is_valid() -> None:
    """Rules carry a description, a level and, where it is one of security's, a tag that says so."""
    source = "import os\n\n\ndef f(x):\n    os.system(x)\n    return y\n"
    review = await review_source(source, "m.py")
    run = valid(to_sarif(review.findings, {"m.py": source}))
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["capability:processes"]["properties"]["tags"] == ["security"]
    assert rules["F821"]["defaultConfiguration"] == {"level": "error"}
    assert all(rule["shortDescription"]["text"] for rule in rules.values())
    regions = {r["ruleId"]: r["locations"][0]["physicalLocation"]["region"] for r in run["results"]}
    assert regions == {"capability:processes": {"startLine": 5}, "F821": {"startLine": 6}}


def test_a_finding_of_a_whole_file_has_no_region() -> None:
    """SARIF lines start at 1; a blocker is an error that says so among its properties."""
    run = valid(to_sarif([Finding(rule="size", severity="blocker", message="too long", path="a b.py")]))
    (result,) = run["results"]
    assert (result["level"], result["properties"]) == ("error", {"severity": "blocker"})
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a%20b.py"}}}]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./m.py", "m.py"),
        ("pkg/ü.py", "pkg/%C3%BC.py"),
        ("/a b/m.py", "file:///a%20b/m.py"),
        ("not text\udcff.py", "not%20text%FF.py"),
    ],
)
def test_paths_are_addresses(path: str, uri: str) -> None:
    """Below the working folder as references, all others whole; nothing in them is left unquoted."""
    (result,) = valid(to_sarif([Finding(rule="size", severity="note", message="m", path=path)]))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_path_that_leads_upwards_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form forbids `..` in addresses."""
    monkeypatch.chdir(tmp_path)
    finding = Finding(rule="size", severity="note", message="m", path="../m.py")
    (result,) = valid(to_sarif([finding]))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == (tmp_path.parent / "m.py").as_uri()


def test_a_fingerprint_moves_with_its_line() -> None:
    """Lines above change nothing; the line's own text, another rule and a second such line do."""
    finding = Finding(rule="S307", severity="warning", message="m", path="m.py", line=1)
    moved = finding.model_copy(update={"line": 3})
    other = finding.model_copy(update={"rule": "S102"})
    assert prints([finding], "eval(x)\n") == prints([moved], "\n\n    eval(x)\n")
    assert prints([finding], "eval(x)\n") != prints([finding], "eval(y)\n")
    assert prints([finding], "eval(x)\n") != prints([other], "eval(x)\n")
    twice = [finding, finding.model_copy(update={"line": 2})]
    assert prints(twice, "eval(x)\neval(x)\n")[0] == prints([finding], "eval(x)\n")[0]


CHECKS = (
    CheckResult(check="f(1) == 2", source="example", evidence="values", result="passed"),
    CheckResult(check="f(2) == 2", source="example", evidence="values", result="failed", expected="2", actual="3"),
    CheckResult(check="f(3) == 3", source="example", evidence="values", result="not_run", detail="another failed"),
    CheckResult(check="f(4) == 3", source="proposed", evidence="values", result="failed", advisory=True),
)


def test_a_failed_verdict_gives_its_failed_checks() -> None:
    """What failed is an error at the function that it calls; what did not run, or decides nothing, a warning."""
    found = verdict_findings(Failed(reason="1 check failed.", checks=CHECKS), "m.py", {"f": 7})
    assert [(f.rule, f.severity, f.line) for f in found] == [
        ("check:example", "error", 7),
        ("check:example", "warning", 7),
        ("check:proposed", "warning", 7),
    ]
    assert found[0].message == "`f(2) == 2` does not hold: expected 2, got 3"
    valid(to_sarif(found))


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Passed(checks=CHECKS[:1]), []),
        (Failed(reason="`m.py` is not valid Python."), [("verification:failed", "error")]),
        (NotRun(cause="no_sandbox", reason="Nothing holds here.", hint="Do x."), [("verification:not_run", "warning")]),
    ],
)
def test_a_verdict_without_failed_checks_says_why(verdict: Verdict, shown: list[tuple[str, str]]) -> None:
    """Passed gives nothing; what could not be checked is never silent."""
    found = verdict_findings(verdict, "m.py", {})
    assert [(f.rule, f.severity) for f in found] == shown
    valid(to_sarif(found))
