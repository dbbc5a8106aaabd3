"""The ending of a generation: the accepted source, or the error that says what was tried, with evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from genloom.errors import CredentialError, GeneratedImportError, GenerationError, GenloomError, RunCancelledError
from genloom.interfaces.importer.asked import GeneratedSource, ModuleRequest
from genloom.interfaces.result import GenerationResult
from genloom.interfaces.told import without_secrets
from genloom.interfaces.visible import visible
from genloom.prompts import prompt_fingerprint
from genloom.state import CheckResult, Finding, GenerationRequest

__all__ = ["accepted_source", "error_of", "refused", "speaks_against"]

_KEPT = ("example", "held_out", "assertion")
"""What is kept of the checks that proved a module: examples, whoever in the repository showed them."""

MAX_EVIDENCE = 12
MAX_LINE = 300


def accepted_source(
    result: GenerationResult, request: GenerationRequest, names: tuple[str, ...], *, accepted_by: str = ""
) -> GeneratedSource:
    """Return what is to be pinned of a usable result, with how it came about."""
    draft, verdict = result.draft, result.verdict
    assert draft is not None
    ran = [check for check in verdict.checks if check.result == "passed"] if verdict else []
    held = dict.fromkeys(check.check for check in ran if check.source in _KEPT)
    return GeneratedSource(
        source=draft.source,
        names=names,
        verdict=result.outcome,
        checks=tuple(held),
        tier=(verdict.sandbox if verdict else None) or "",
        model=draft.model or "",
        generator=draft.generator,
        prompt_version=prompt_fingerprint()[:12],
        request=request.prompt.strip(),
        thread_id=result.thread_id or "",
        tests=request.tests or "",
        accepted_by=accepted_by,
    )


def speaks_against(result: GenerationResult) -> tuple[str, ...]:
    """Return what speaks against a module that nothing proves: what the review says of its reach, and checks of its own
    that did not hold. Nobody is asked, so anything does."""
    findings = result.review.findings if result.review else ()
    reach = [f"{f.message} ({f.rule}, line {f.line})" for f in findings if _tells_of_reach(f)]
    checks = result.verdict.checks if result.verdict else ()
    return (*reach, *(_check_line(check) for check in checks if check.result == "failed" and not check.advisory))


def _tells_of_reach(finding: Finding) -> bool:
    """Whether a finding says that the code reaches out by nobody's leave; what ruff says of its style does not."""
    if finding.rule.startswith("capability:"):
        return "(granted: " not in finding.message
    return finding.severity != "note" and not finding.rule[:1].isupper()


def refused(module: str, names: tuple[str, ...], result: GenerationResult) -> GeneratedImportError:
    """Return the error for a result that is not accepted."""
    told = ", ".join(names)
    message = {
        "unverified": f"{module} was generated ({told}), and nothing that its callers show proves it.",
        "needs_model": f"{module} cannot be generated ({told}) without a model.",
    }.get(result.outcome, f"{module} could not be generated ({told}).")
    against = speaks_against(result) if result.outcome == "unverified" else ()
    evidence = [result.reason, *_tried(result), *against, *_evidence(result)]
    return GeneratedImportError(
        message,
        hint=_hint(names, result),
        name=module,
        evidence=[_shortened(line) for line in dict.fromkeys(evidence) if line][:MAX_EVIDENCE],
    )


def _tried(result: GenerationResult) -> Iterator[str]:
    if result.draft is None:
        return
    by = f"{result.generator} {result.draft.model}" if result.draft.model else str(result.generator)
    drafts = "1 draft" if result.attempts == 1 else f"{result.attempts} drafts"
    yield f"tried: {drafts}, the last by {by}"
    yield from (note for note in result.draft.notes)


def _evidence(result: GenerationResult) -> Iterator[str]:
    for check in result.verdict.checks if result.verdict else ():
        if check.result == "failed" and not check.advisory:
            yield _check_line(check)
    for finding in result.review.findings if result.review else ():
        if finding.severity in ("error", "blocker"):
            yield f"review: {finding.message} ({finding.rule}, line {finding.line})"
    for problem in result.problems:
        yield problem.message


def _check_line(check: CheckResult) -> str:
    if check.hidden:
        return "an example that was held back did not hold"
    told = [line for line in check.detail.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in told if line.startswith("E ")]
    if check.actual and check.expected:
        return f"{check.check}: expected {check.expected}, got {check.actual}"
    return f"{check.check}: {next(iter([*marked, *told]), 'failed')}"


def _hint(names: tuple[str, ...], result: GenerationResult) -> str:
    match result.outcome:
        case "unverified":
            return (
                f"Show what it must do beside the import, such as `assert {names[0]}(…) == …`; "
                "or look at it yourself (mode='review'), or accept what nothing speaks against (accept_unverified=True)."
            )
        case "needs_model":
            return (
                "Set GENLOOM_MODEL (such as `openai:gpt-5`) or give model=…, or show more examples beside the import."
            )
        case "failed" if reach := _reach(result):
            return (
                f"If it may, say so where the hook is installed: context={{'policy': {{'granted': {reach}}}}}, or in "
                "words, by description=."
            )
        case "failed":
            return (
                "Correct the checks if they are wrong, say more in comments beside the import, or choose another model."
            )
    return ""


def _reach(result: GenerationResult) -> list[str]:
    """The capabilities for which a draft was refused that held its checks."""
    if result.review is None or result.review.decision == "approve":
        return []
    serious = (f.rule for f in result.review.findings if f.severity in ("error", "blocker"))
    return list(dict.fromkeys(rule.removeprefix("capability:") for rule in serious if rule.startswith("capability:")))


def error_of(asked: ModuleRequest, error: GenloomError) -> GeneratedImportError:
    """Return the error of an import whose generation raised; raise it from that."""
    causes = [str(cause) for cause in error.causes] if isinstance(error, GenerationError) else []
    lines = [error.message, *(cause for cause in causes if cause not in error.message)]
    what = {
        CredentialError: "the model's key is missing or was refused",
        RunCancelledError: "it was stopped",
    }.get(type(error), "")
    return GeneratedImportError(
        f"{asked.module} could not be generated ({', '.join(asked.names)}){f': {what}' if what else ''}.",
        hint=error.hint,
        name=asked.module,
        evidence=[_shortened(without_secrets(line)) for line in lines][:MAX_EVIDENCE],
    )


def _shortened(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
