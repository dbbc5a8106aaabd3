"""The Codegen agent API on loopback, for tests: runs that go as planned, documented limits, faults, a fast clock.

    with CodegenServer(RunPlan(result="def f(): ...", polls=2)) as server:
        client = AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url)

It serves every endpoint of the API's OpenAPI document of 2025-10 and the additions of 2026-02 (models, webhooks) in the
shapes of `genloom.tools.codegen.wire`. `python -m genloom.testing.codegen --port 8123` runs it by itself.
"""

from genloom.testing.codegen.clock import ManualClock, ServerClock
from genloom.testing.codegen.limits import DOCUMENTED_LIMITS, RateLimit
from genloom.testing.codegen.plan import RunPlan
from genloom.testing.codegen.served_run import ServedRun
from genloom.testing.codegen.server import CodegenServer

__all__ = [
    "DOCUMENTED_LIMITS",
    "CodegenServer",
    "ManualClock",
    "RateLimit",
    "RunPlan",
    "ServedRun",
    "ServerClock",
]
