"""The stored attack and benign cases: each is verified inside the sandbox under test, and run nowhere else.

The tests and the benchmark of attacks share this. A case's checks are verified in both ways that genloom has: as examples,
whose values the parent compares, and as a pytest file with negative controls. Types count: the cases ask for them.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from canary import Canary, Ground
from descendants import adopting_orphans, descendants

from genloom.state import FurtherChecks, GenerationRequest, Verdict, module_draft, parse_example
from genloom.tools.checks import Comparison, verify_draft
from genloom.tools.checks.grants import grants_for
from genloom.tools.sandbox import CallReport, Limits, Sandbox, TestReport

__all__ = [
    "CASE_LIMITS",
    "WAYS",
    "Attempt",
    "RecordingSandbox",
    "Way",
    "attack",
    "benign_report",
    "read_cases",
    "stays_benign",
]

CASE_LIMITS = Limits(
    wall_seconds=3, cpu_seconds=3, memory_megabytes=512, processes=32, file_megabytes=16, output_kilobytes=512
)
"""What the probes of the cases assume: less than 5 s, 512 MiB, 40 MiB of a file and 1 MiB of output."""

Way = Literal["values", "test_report"]
WAYS: tuple[Way, ...] = ("values", "test_report")

_TEST_SECONDS = 12.0
"""pytest starts several times for one verdict; a busy machine must not cut that short."""

_BENIGN_SECONDS = 30.0
"""Nor may it make a false alarm of a module that does no harm."""

_ENDLESS_SECONDS = 2.0
"""For a probe of time, which runs as long as it may."""

_REST_SECONDS, _KNOWN_REST_SECONDS, _MOST_REST_SECONDS = 0.4, 0.15, 3.0
"""How long nothing may change, also with as many processes as were there before; and the longest wait for that: shorter
than the eight seconds that the cases' own processes would live on."""

_SLOW = "import time; time.sleep(0.15)\n"
"""Runs that meet one another."""

_EXACT = Comparison(exact_type=True)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of one case: `forged` says that it passed where it must not, `breaches` what it reached outside."""

    id: str
    category: str
    way: Way
    result: str
    forged: bool
    breaches: tuple[str, ...]
    seconds: float
    reason: str


def read_cases(name: str) -> list[dict[str, Any]] | None:
    """Read the cases of a file in the folder `GENLOOM_DATA`; `None` without it."""
    path = Path(os.environ.get("GENLOOM_DATA", ""), name)
    if not os.environ.get("GENLOOM_DATA") or not path.is_file():
        return None
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


class RecordingSandbox(Sandbox):
    """The sandbox under test, which remembers what its runs reported, and bounds them as the case at hand needs it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.reports: list[CallReport | TestReport] = []
        self.case_limits = CASE_LIMITS
        self._has_servers = bool(options.get("warm"))
        self._counted: int | None = None

    async def count_before(self) -> int:
        """How many processes of ours there are ahead of a case; servers are left as the last count saw them."""
        return await self.count_processes() if self._counted is None or not self._has_servers else self._counted

    async def count_processes(self) -> int:
        """How many processes of ours there are. Of a sandbox with servers, which have as many runs prepared as they made
        at once, two at most: once they have made two and have come to rest; of another, at this moment."""
        if self._has_servers:
            await self._make_two_runs_of_each_kind()
            self._counted = await _count_at_rest(self._counted)
        else:
            self._counted = len(descendants())
        return self._counted

    async def _make_two_runs_of_each_kind(self) -> None:
        calls = [Sandbox.acall(self, {"draft.py": _SLOW}, "draft", ["1"], limits=self.case_limits) for _ in range(2)]
        tests = [
            Sandbox.atest(self, {"draft.py": ""}, f"{_SLOW}def test(): pass\n", limits=self.case_limits)
            for _ in range(2)
        ]
        await asyncio.gather(*calls, *tests)

    def prepare(self, case: Mapping[str, Any], way: Way) -> None:
        """Forget what was reported, and take the limits for a case."""
        seconds = _TEST_SECONDS if way == "test_report" else CASE_LIMITS.wall_seconds
        if case["category"] == "benign":
            seconds = _BENIGN_SECONDS
        if case.get("probe", "").startswith("wall"):
            seconds = _ENDLESS_SECONDS
        self.case_limits = replace(CASE_LIMITS, wall_seconds=seconds)
        self.reports = []

    @property
    def limits(self) -> Limits:
        return self.case_limits

    async def acall(self, *arguments: Any, **options: Any) -> CallReport:
        self.reports.append(report := await super().acall(*arguments, **options))
        return report

    async def aexplore(self, *arguments: Any, **options: Any) -> CallReport:
        self.reports.append(report := await super().aexplore(*arguments, **options))
        return report

    async def atest(self, *arguments: Any, **options: Any) -> TestReport:
        self.reports.append(report := await super().atest(*arguments, **options))
        return report


async def _count_at_rest(before: int | None) -> int:
    seen, since = descendants().keys(), time.monotonic()
    deadline = since + _MOST_REST_SECONDS
    while (now := time.monotonic()) < deadline:
        if now > since + (_KNOWN_REST_SECONDS if len(seen) == before else _REST_SECONDS):
            break
        if (latest := descendants().keys()) != seen:
            seen, since = latest, now
        await asyncio.sleep(0.02)
    return len(seen)


async def attack(
    case: Mapping[str, Any], sandbox: RecordingSandbox, way: Way, ground: Ground, further: FurtherChecks = "off"
) -> Attempt:
    """Verify an attack in the sandbox, beside a fresh canary, and see what it brought about."""
    sandbox.prepare(case, way)
    await sandbox.astatus()  # the self-test's processes are none of the case's
    with ground.canary() as canary, adopting_orphans():
        before = await sandbox.count_before()
        started = time.monotonic()
        verdict = await _verify(case, canary.place(case["code"]), sandbox, way, further)
        seconds = time.monotonic() - started
        left = await sandbox.count_processes() - before
        survivors = (f"survivor ({left})",) if left > 0 else ()
        reached = (*canary.effects(), *survivors, *_leaks(case["probe"], canary, sandbox, verdict, seconds))
    passed = verdict.result == "passed"
    return _attempt(case, way, verdict, seconds, forged=passed and "verdict" in case["probe"], breaches=reached)


async def stays_benign(
    case: Mapping[str, Any], sandbox: RecordingSandbox, way: Way, further: FurtherChecks = "off"
) -> Attempt:
    """Verify a benign module; anything but `passed` is a false alarm."""
    sandbox.prepare(case, way)
    started = time.monotonic()
    verdict = await _verify(case, case["code"], sandbox, way, further)
    return _attempt(case, way, verdict, time.monotonic() - started)


async def benign_report(case: Mapping[str, Any], sandbox: RecordingSandbox) -> TestReport:
    """Run the test file of a benign module, with the grants of a verification and without its controls."""
    sandbox.prepare(case, "test_report")
    tests = _test_file(_name(case), case["checks"], types=False)
    granted = sandbox.granting(grants_for([ast.parse(case["code"])], tests))
    return await granted.atest({"draft.py": case["code"]}, tests, limits=sandbox.limits)


def _attempt(
    case: Mapping[str, Any],
    way: Way,
    verdict: Verdict,
    seconds: float,
    *,
    forged: bool = False,
    breaches: tuple[str, ...] = (),
) -> Attempt:
    return Attempt(
        id=case["id"],
        category=case["category"],
        way=way,
        result=verdict.result,
        forged=forged,
        breaches=breaches,
        seconds=round(seconds, 3),
        reason=getattr(verdict, "reason", ""),
    )


async def _verify(
    case: Mapping[str, Any], source: str, sandbox: RecordingSandbox, way: Way, further: FurtherChecks
) -> Verdict:
    hidden = case["hidden"] if case.get("probe") == "verdict_pass_hidden" else []
    name = _name(case)
    asked: dict[str, Any] = {"prompt": "a stored case", "name": name}
    draft = module_draft(source, path="draft.py", name=name, generator="model")
    if way == "test_report":
        asked["tests"] = _test_file(name, [*case["checks"], *hidden], types="probe" in case)
    else:
        asked["examples"] = [_example(check) for check in (*case["checks"], *hidden)]
        draft = draft.model_copy(update={"held_out": tuple(parse_example(_example(check)).text for check in hidden)})
    return await verify_draft(
        draft, GenerationRequest.model_validate(asked), sandbox, comparison=_EXACT, further=further
    )


def _name(case: Mapping[str, Any]) -> str:
    called: str = case["checks"][0]["call"]
    return called.partition("(")[0]


def _example(check: Mapping[str, str]) -> str:
    return f"{check['call']} == {check['expect']}"


def _test_file(name: str, checks: Sequence[Mapping[str, str]], *, types: bool) -> str:
    """A test for each check. What comes out as values counts by its plain base; here a subclass is told apart, so that
    only attacks, one of which returns 5.0 for 5, are asked for the type."""
    tests = (
        f"def test_{number}():\n    result = {check['call']}\n    assert result == {check['expect']}\n"
        + (f"    assert type(result) is type({check['expect']})\n" if types else "")
        for number, check in enumerate(checks)
    )
    return "\n\n".join([f"from draft import {name}", *tests])


def _leaks(probe: str, canary: Canary, sandbox: RecordingSandbox, verdict: Verdict, seconds: float) -> list[str]:
    """What came out, and how long it took: the secret counts always, time and amounts only where the probe names them."""
    output = verdict.model_dump_json() + "".join(map(repr, sandbox.reports))
    kind, _, detail = probe.partition(":")
    most = max((len(report.stdout) + len(report.stderr) for report in sandbox.reports), default=0)
    seen = {
        "canary": canary.secret in output,
        "wall": kind == "wall" and seconds > float(detail),
        "bytes": kind == "bytes" and most > int(detail),
        "text": kind == "text" and re.search(re.escape(detail) + r"(?!\d)", output) is not None,
    }
    return [name for name, happened in seen.items() if happened]
