"""Verification in a real sandbox, from the draft to the outcome."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from genloom.state import Failed, GenerationRequest, NotRun, Passed, module_draft
from genloom.tools.checks import Comparison, decide_outcome, evidence_for_repair, verify_draft, verify_file
from genloom.tools.sandbox import Limits, Sandbox

EQUALITY = Comparison()


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=5))
    status = made.status()
    if status.tier is None:
        pytest.skip(f"no sandbox here: {status.reason}")
    return made


def request(*examples: str, **fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "double it", "name": "double", "examples": examples} | fields)


async def verdict_on(
    sandbox: Sandbox, source: str, asked: GenerationRequest, comparison: Comparison = EQUALITY
) -> Passed | Failed | NotRun:
    draft = module_draft(source, path="double.py", name="double", generator="model")
    return await verify_draft(draft, asked, sandbox, comparison=comparison)


GOOD = "def double(x):\n    return x + x\n"


async def test_right_code_passes_by_values(sandbox: Sandbox) -> None:
    """Examples and expected errors hold, and the outcome is `passed`."""
    asked = request("double(2) == 4", "double('ab') == 'abab'", "raises(TypeError, double(None))")
    verdict = await verdict_on(sandbox, GOOD, asked)
    assert isinstance(verdict, Passed)
    assert verdict.evidence == "values"
    assert verdict.sandbox is not None
    draft = module_draft(GOOD, path="double.py", name="double", generator="model")
    assert decide_outcome(asked, draft, verdict, None, accept_unverified=False).result == "passed"


async def test_an_example_of_builtins_alone_shows_nothing_of_the_code(sandbox: Sandbox, tmp_path: Path) -> None:
    """It would hold whatever the code is: the verdict says so, unless the code binds the name itself."""
    path = tmp_path / "double.py"
    path.write_text(GOOD)
    verdict = await verify_file(path, ["len('abc') == 3"], None, sandbox)
    assert isinstance(verdict, NotRun)
    assert "asks nothing of this code" in verdict.reason
    path.write_text(GOOD + "\n\ndef len(x):\n    return 3\n")
    assert isinstance(await verify_file(path, ["len('abc') == 3"], None, sandbox), Passed)


async def test_missing_interpreter_is_not_run_and_named(tmp_path: Path) -> None:
    """The path stands in the reason and the hint says what to give, for a draft and for a file."""
    missing = Sandbox(python=tmp_path / "no" / "python")
    path = tmp_path / "double.py"
    path.write_text(GOOD)
    for verdict in (
        await verdict_on(missing, GOOD, request("double(2) == 4")),
        await verify_file(path, ["double(2) == 4"], None, missing),
    ):
        assert isinstance(verdict, NotRun)
        assert verdict.cause == "no_interpreter"
        assert str(tmp_path / "no" / "python") in verdict.reason
        assert "Give the path of an interpreter" in verdict.hint


@pytest.mark.slow
async def test_slow_examples_and_slow_tests_share_the_time(sandbox: Sandbox) -> None:
    """Tests that would fit into the limit alone are stopped when the examples have used most of it."""
    source = "import time\ndef double(x):\n    time.sleep(0.8)\n    return x + x\n"
    asked = request("double(2) == 4", tests="from double import double\ndef test(): assert double(1) == 2\n")
    short = Sandbox(limits=Limits(wall_seconds=1.3))
    verdict = await verdict_on(short, source, asked)
    assert isinstance(verdict, Failed)
    assert "time limit" in verdict.reason
    assert verdict.limits == short.limits.text
    assert isinstance(await verdict_on(sandbox, source, asked), Passed)


async def test_wrong_code_fails_with_evidence_for_repair(sandbox: Sandbox) -> None:
    """The evidence names the call, what was expected and what came."""
    verdict = await verdict_on(
        sandbox, "def double(x):\n    return x * x\n", request("double(2) == 4", "double(3) == 6")
    )
    assert isinstance(verdict, Failed)
    assert "`double(3) == 6`: expected 6, got 9" in evidence_for_repair(verdict, None)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import os\nos._exit(0)\n", "load"),
        ("def double(x):\n    import os\n    os._exit(0)\n", "gave nothing"),
        ("class Yes:\n    def __eq__(self, other): return True\ndef double(x): return Yes()\n", "expected 4"),
        ("raise RuntimeError('no')\n", "RuntimeError: no"),
        ("def twice(x): return 2 * x\n", "does not define `double`"),
        ("def double(x):\n    return double(x)\n", "RecursionError"),
    ],
)
async def test_code_that_only_pretends_fails(sandbox: Sandbox, source: str, words: str) -> None:
    """Leaving early, lying values and broken modules never pass, and the reason says what happened."""
    verdict = await verdict_on(sandbox, source, request("double(2) == 4"))
    assert isinstance(verdict, Failed)
    assert words in verdict.reason


async def test_a_missing_package_is_not_the_code_s_fault(sandbox: Sandbox) -> None:
    """The verdict names the package that the interpreter lacks."""
    verdict = await verdict_on(sandbox, "import a_package_that_is_not_there\n" + GOOD, request("double(2) == 4"))
    assert isinstance(verdict, NotRun)
    assert verdict.cause == "missing_package"
    assert "a_package_that_is_not_there" in verdict.reason


async def test_a_call_without_end_is_stopped(sandbox: Sandbox) -> None:
    """A loop without end is a failure within the time limit."""
    short = Sandbox(limits=Limits(wall_seconds=1))
    verdict = await verdict_on(short, "def double(x):\n    while True: pass\n", request("double(2) == 4"))
    assert isinstance(verdict, Failed)
    assert "time limit" in verdict.reason


async def test_tests_of_the_caller_import_the_module_by_name(sandbox: Sandbox) -> None:
    """A pytest file passes, fails, and is not fooled by skipping."""
    tests = "from double import double\n\n\ndef test_it():\n    assert double(2) == {}\n"
    assert isinstance(await verdict_on(sandbox, GOOD, request(tests=tests.format(4))), Passed)
    failed = await verdict_on(sandbox, GOOD, request(tests=tests.format(5)))
    assert isinstance(failed, Failed)
    assert failed.reason == "The test `test_it` failed: assert 4 == 5"
    skipping = "import pytest\n\n\ndef double(x):\n    pytest.skip()\n"
    assert isinstance(await verdict_on(sandbox, skipping, request(tests=tests.format(4))), NotRun)


async def test_a_file_is_checked_where_it_lies(sandbox: Sandbox, tmp_path: Path) -> None:
    """`verify_file` runs a file's own doctests and the examples given."""
    path = tmp_path / "double.py"
    path.write_text('def double(x):\n    """Double.\n\n    >>> double(4)\n    8\n    """\n    return x + x\n')
    verdict = await verify_file(path, ["double(1) == 2"], None, sandbox)
    assert isinstance(verdict, Passed)
    assert [check.source for check in verdict.checks] == ["import", "example", "doctest"]


def samples(name: str) -> list[dict[str, Any]]:
    folder = os.environ.get("GENLOOM_DATA")
    if not folder or not (Path(folder) / name).exists():
        return []
    return [json.loads(line) for line in (Path(folder) / name).read_text().splitlines()]


def asked_of(sample: dict[str, Any], *kinds: str) -> GenerationRequest:
    examples = tuple(f"{check['call']} == {check['expect']}" for kind in kinds for check in sample.get(kind) or ())
    return GenerationRequest(prompt="a sample", name=None, examples=examples)


@pytest.mark.slow
async def test_no_forged_sample_passes(sandbox: Sandbox) -> None:
    """Code that pretends to have passed does not; runs only where GENLOOM_DATA names the samples."""
    forged = [s for s in samples("attacks.jsonl") if str(s.get("probe")).startswith("verdict_pass")]
    if not forged:
        pytest.skip("GENLOOM_DATA does not name the samples")
    passed = []
    for sample in forged:
        kinds = ("checks", "hidden") if sample["probe"] == "verdict_pass_hidden" else ("checks",)
        # one that is merely faulty may differ by type alone, which `==` forgives
        comparison = Comparison(exact_type=sample["category"] != "forged_success")
        if isinstance(await verdict_on(sandbox, sample["code"], asked_of(sample, *kinds), comparison), Passed):
            passed.append(sample["id"])
    assert passed == []


@pytest.mark.slow
async def test_benign_samples_pass(sandbox: Sandbox) -> None:
    """At most one benign sample in fifty is refused; runs only where GENLOOM_DATA names the samples."""
    benign = samples("benign.jsonl")
    if not benign:
        pytest.skip("GENLOOM_DATA does not name the samples")
    refused = [
        s["id"] for s in benign if not isinstance(await verdict_on(sandbox, s["code"], asked_of(s, "checks")), Passed)
    ]
    assert len(refused) <= len(benign) // 50, refused
