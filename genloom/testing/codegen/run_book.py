"""The runs of the server for tests, and the endpoints that create, show and change them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from genloom.testing.codegen.call import Call, no_such_run, refusal, shown
from genloom.testing.codegen.clock import ServerClock
from genloom.testing.codegen.plan import RunPlan
from genloom.testing.codegen.served_run import ServedRun
from genloom.testing.exchange import Answer
from genloom.testing.script import Script
from genloom.tools.codegen.wire import (
    AgentRunWithLogsResponse,
    AnalyzeLogsResponse,
    CreateAgentRunInput,
    GenerateSetupCommandsInput,
    ResumeAgentRunInput,
    SetupCommandsResponse,
    StopAgentRunInput,
)

__all__ = ["PlanSource", "RunBook"]

PlanSource = RunPlan | Sequence[RunPlan] | Callable[[CreateAgentRunInput], RunPlan] | None


class RunBook:
    """All runs. `hold` guards them: the server's own thread answers, the test's threads look."""

    def __init__(self, plans: PlanSource, *, clock: ServerClock, list_lag: float) -> None:
        source = [plans or RunPlan()] if isinstance(plans, RunPlan | None) else plans
        self._plans: Script[CreateAgentRunInput, RunPlan] = Script(source)
        self._last_plan = RunPlan()
        self._clock = clock
        self._list_lag = list_lag
        self._runs: dict[int, ServedRun] = {}
        self._by_org: dict[int, list[ServedRun]] = {}
        self.hold = threading.RLock()
        self.webhooks_wanted = False
        """Whether any run named a webhook of its own."""

    @property
    def runs(self) -> tuple[ServedRun, ...]:
        """The runs that were created, oldest first."""
        with self.hold:
            return tuple(self._runs.values())

    def run(self, number: int, org_id: int | None = None) -> ServedRun:
        """Return a run. Raises `Refusal` when there is none, or another organisation has it."""
        run = self._runs.get(number)
        if run is None or org_id not in (None, run.org_id):
            raise no_such_run()
        return run

    def create_run(self, call: Call) -> Answer:
        """POST …/agent/run"""
        return shown(self._add(call.body(CreateAgentRunInput), call.org_id).response(look=False))

    def get_run(self, call: Call) -> Answer:
        """GET …/agent/run/{agent_run_id}"""
        return shown(self.run(call.numbers["number"], call.org_id).response())

    def list_runs(self, call: Call) -> Answer:
        """GET …/agent/runs: newest first. All runs belong to user 1."""
        skip, limit = call.window()
        runs = self._by_org.get(call.org_id, [])
        wanted = call.request.query.get("source_type")
        if call.number("user_id", 1, 0, 2**62) != 1:
            runs = []
        if wanted is not None:
            runs = [run for run in runs if run.source_type == wanted]
        if self._list_lag:
            listed_until = self._clock.time() - self._list_lag
            runs = [run for run in runs if run.created_at <= listed_until]
        end = max(0, len(runs) - skip)
        newest = runs[max(0, end - limit) : end]
        return call.page([run.response() for run in reversed(newest)], total=len(runs))

    def logs(self, call: Call) -> Answer:
        """GET /v1/alpha/…/agent/run/{agent_run_id}/logs"""
        run = self.run(call.numbers["number"], call.org_id)
        skip, limit = call.window()
        entries = run.log_entries()
        if call.request.query.get("reverse", "").lower() in ("true", "1"):
            entries = entries[::-1]
        told = run.response(look=False)
        page = AgentRunWithLogsResponse(
            **told.model_dump(
                include={"id", "organization_id", "status", "created_at", "web_url", "result", "metadata"}
            ),
            logs=entries[skip : skip + limit],
            total_logs=len(entries),
            page=skip // limit + 1,
            size=limit,
            pages=-(-len(entries) // limit),
        )
        return shown(page)

    def resume_run(self, call: Call) -> Answer:
        """POST …/agent/run/resume: a paused run goes on by its own plan, an ended one gets the next plan."""
        asked = call.body(ResumeAgentRunInput)
        run = self.run(asked.agent_run_id, call.org_id)
        self.webhooks_wanted |= bool(asked.webhooks)
        if not (run.paused or run.ended):
            raise refusal(400, "The agent run is still active.")
        again = CreateAgentRunInput(prompt=asked.prompt, images=asked.images, metadata=run.asked.metadata)
        run.resume(asked, run.plan if run.paused else self._next_plan(again))
        return shown(run.response(look=False))

    def ban_checks(self, call: Call) -> Answer:
        """POST …/agent/run/ban"""
        return self._stop(call, checks_banned=True)

    def unban_checks(self, call: Call) -> Answer:
        """POST …/agent/run/unban"""
        return self._stop(call, checks_banned=False)

    def remove_from_pr(self, call: Call) -> Answer:
        """POST …/agent/run/remove-from-pr"""
        return self._stop(call, removed_from_pr=True)

    def setup_commands(self, call: Call) -> Answer:
        """POST …/setup-commands/generate: starts a run like any other."""
        asked = call.body(GenerateSetupCommandsInput)
        prompt = asked.prompt or "Find the setup commands."
        run = self._add(CreateAgentRunInput(prompt=prompt, repo_id=asked.repo_id), call.org_id, "SETUP_COMMANDS")
        return shown(SetupCommandsResponse(agent_run_id=run.id, status=run.status or "", url=run.web_url))

    def analyze_logs(self, call: Call) -> Answer:
        """POST …/sandbox/{sandbox_id}/analyze-logs: starts a run like any other."""
        run = self._add(CreateAgentRunInput(prompt="Explain the logs."), call.org_id)
        return shown(AnalyzeLogsResponse(agent_run_id=run.id, status=run.status or "", message="Started."))

    def _stop(self, call: Call, **flags: bool) -> Answer:
        run = self.run(call.body(StopAgentRunInput).agent_run_id, call.org_id)
        for name, value in flags.items():
            setattr(run, name, value)
        return Answer.of_json({})

    def _add(self, asked: CreateAgentRunInput, org_id: int, source_type: str = "API") -> ServedRun:
        plan, number = self._next_plan(asked), len(self._runs) + 1
        run = ServedRun(
            id=number,
            org_id=org_id,
            asked=asked,
            plan=plan,
            web_url=f"https://codegen.example/agent/trace/{number}",
            source_type=source_type,
            clock=self._clock,
        )
        self.webhooks_wanted |= bool(asked.webhooks)
        self._runs[number] = run
        self._by_org.setdefault(org_id, []).append(run)
        return run

    def _next_plan(self, asked: CreateAgentRunInput) -> RunPlan:
        self._last_plan = self._plans.next(asked) or self._last_plan
        return self._last_plan
