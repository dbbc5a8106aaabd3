"""Runs as the storage gives them, for the page's tests."""

from __future__ import annotations

from typing import Any

from genloom.interfaces.server.storage.records import LogRecord, RunRecord

HOSTILE = "</pre><script>window.hit=1;document.title='hit'</script><img src=x onerror=\"window.hit=1\">'\"&{{7*7}}"
HIDDEN = "safe\u202eevil\x1b[31m"


def run_record(**changes: Any) -> RunRecord:
    """Return a run that completed, changed as asked."""
    values: dict[str, Any] = {
        **dict.fromkeys(("repo_id", "metadata", "model", "agent_type", "lease_owner", "resume", "webhooks")),
        "id": 7,
        "organization_id": 1,
        "user_id": 1,
        "status": "completed",
        "leg": 1,
        "graph": "generation",
        "source_type": "API",
        "result": "def double(n):\n    return n * 2\n",
        "summary": "passed: double by search.",
        "created_at": 1_790_000_000.0,
        "updated_at": 1_790_000_009.0,
        "started_at": 1_790_000_001.0,
        "ended_at": 1_790_000_009.0,
        "wanted": "run",
        "checks_banned": False,
        "removed_from_pr": False,
        "lease_epoch": 1,
        "lease_beat": 0,
        "takeovers": 0,
        "place": "0" * 32,
        "prompt": "Double a number",
        "outcome": {
            "outcome": "passed",
            "reason": "One check proves it.",
            "verdict": {
                "result": "passed",
                "evidence": "values",
                "sandbox": "bubblewrap",
                "checks": [
                    {"check": "double(2) == 4", "source": "example", "evidence": "values", "result": "passed"},
                    {"check": "double(3) == 6", "result": "failed", "expected": "6", "actual": "5", "hidden": True},
                ],
            },
            "review": {
                "decision": "approve",
                "findings": [{"rule": "S1", "severity": "note", "message": "look", "path": "a.py", "line": 3}],
            },
            "diff": "--- a/double.py\n+++ b/double.py\n@@ -1 +1 @@\n-old\n+new\n same\n",
        },
    }
    return RunRecord(**{**values, **changes})


def log_record(number: int, **entry: Any) -> LogRecord:
    """Return one entry of a run's log."""
    return LogRecord(number=number, created_at=1_790_000_002.0, entry=entry)
