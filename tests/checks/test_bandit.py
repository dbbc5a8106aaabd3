"""Bandit in this process: what it adds, what it is not asked for, and that it cannot be told to look away."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from genloom.tools.checks import review_source
from genloom.tools.checks.reviewing.static.bandit_scan import has_bandit, scan

needs_bandit = pytest.mark.skipif(not has_bandit(), reason="bandit is not installed (the extra `bandit`)")

SHELL = "import subprocess\n\n\ndef f(x):\n    subprocess.call('ls ' + x, shell=True){comment}\n"
UNPINNED = "from transformers import AutoModel\n\n\ndef f():\n    return AutoModel.from_pretrained('a/b')\n"


def rules(source: str) -> set[tuple[str, int]]:
    return {(each.finding.rule, each.finding.line) for each in scan(source)}


@needs_bandit
def test_findings_carry_bandits_rule_the_line_and_ruffs_weight() -> None:
    """B615 has no twin among ruff's rules; B102 weighs what S102 weighs."""
    found = scan(f"{UNPINNED}\n\nexec('1')\n", "m.py")
    assert [(e.finding.rule, e.finding.line, e.finding.path) for e in found] == [
        ("bandit:B615", 5, "m.py"),
        ("bandit:B102", 8, "m.py"),
    ]
    assert {each.finding.severity for each in found} == {"warning"}


@needs_bandit
@pytest.mark.parametrize(
    "comment", ["", "  # nosec", "  # nosec B602", "  #nosec: B602, B603", "  # NOSEC", "  # noqa  # nosec"]
)
def test_nosec_is_ignored(comment: str) -> None:
    """The code under review does not decide what is looked at."""
    assert ("bandit:B602", 5) in rules(SHELL.format(comment=comment))


@needs_bandit
def test_nosec_on_any_line_of_a_statement_is_ignored() -> None:
    """Bandit itself would take one on the first or the last line for the whole call."""
    source = "import subprocess  # nosec\nsubprocess.call(  # nosec\n    x,\n    shell=True,  # nosec\n)  # nosec\n"
    assert any(rule == "bandit:B602" for rule, _ in rules(source))


@needs_bandit
async def test_one_problem_is_one_finding() -> None:
    """What ruff or the capability pass tells is not told again, also where the statement covers several lines."""
    source = "import hashlib\n\n\ndef f(b):\n    return hashlib.new(\n        'md5',\n        b,\n    )\n"
    review = await review_source(source, "m.py")
    assert [f.rule for f in review.findings] == ["S324"]
    assert any(each.ruff_rule == "S324" for each in scan(source))
    shell = await review_source(SHELL.format(comment=""), "m.py")
    assert [f.rule for f in shell.findings if f.line == 5] in ([], ["S602"])
    assert not any(f.rule.startswith("bandit:") for f in shell.findings)


@needs_bandit
async def test_the_review_says_that_bandit_looked() -> None:
    """And its own findings stand beside the others."""
    review = await review_source(UNPINNED, "m.py")
    assert review.reviewers == ("capabilities", "ruff", "bandit")
    assert "bandit:B615" in {f.rule for f in review.findings}


@needs_bandit
def test_many_threads_give_what_one_gives() -> None:
    """No scan sees another's code."""
    sources = [f"import torch\n{chr(10) * n}torch.load({n})\nexec('{n}')\n" for n in range(24)]
    alone = [scan(source) for source in sources]
    start = threading.Barrier(8)

    def run(number: int) -> list[object]:
        start.wait()
        return [scan(source) for source in sources[number::1]]

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(run, range(8))):
            assert found == alone[number:]


@needs_bandit
def test_nothing_of_the_process_is_changed() -> None:
    """Bandit replaces the form of warnings and logs of missing packages when it is loaded: not here."""
    code = (
        "import logging, warnings\nform = warnings.formatwarning\n"
        "from genloom.tools.checks.reviewing.static.bandit_scan import scan\n"
        "assert scan('exec(1)')\nassert warnings.formatwarning is form\n"
        "assert not logging.getLogger('stevedore.extension').disabled\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_bandit
@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 150 + "1" + ")" * 150,
        "x = a" + ".b" * 900,
        "x = " + "-" * 900 + "1",
        "x = " + " + ".join(["'a'"] * 900),
    ],
)
def test_deep_code_is_looked_at_or_said_not_to_be(source: str) -> None:
    """Nesting neither crashes the scan nor passes for clean in silence."""
    found = scan(f"{source}\nexec('1')\n")
    assert {each.finding.rule for each in found} & {"bandit:B102", "bandit:not-run"}


def test_without_bandit_the_review_does_without() -> None:
    """Where it is not installed nothing is missing and nothing is said."""
    code = (
        "import asyncio, sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'bandit':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from genloom.tools.checks import review_source\n"
        "print(asyncio.run(review_source(sys.argv[1], 'm.py')).model_dump_json())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, UNPINNED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"findings":[]' in done.stdout
    assert '"reviewers":["capabilities","ruff"]' in done.stdout
    assert "bandit" not in done.stdout + done.stderr
