"""A feature: what is asked for, its plan, the branch that it is worked out on, and how each step of it ended."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, get_args

from pydantic import Field
from typing_extensions import TypedDict

from genloom.state.agent_run import AgentRun
from genloom.state.outcome import Outcome
from genloom.state.part import StatePart, Text
from genloom.state.review import Finding

__all__ = [
    "FEATURE_STEPS",
    "ApplyTo",
    "FeatureBranch",
    "FeatureInput",
    "FeaturePlan",
    "FeatureRequest",
    "FeatureResult",
    "FeatureState",
    "FeatureStep",
    "FinishedStep",
    "StepVerdict",
    "SuiteRun",
]

FeatureStep = Literal["plan", "code", "tests", "docs"]
FEATURE_STEPS: tuple[FeatureStep, ...] = get_args(FeatureStep)

ApplyTo = Literal["branch", "files"]
"""What an approved feature becomes in the repository: a branch, or a branch and changed files of the work tree."""

MAX_SPECIFICATION = 100_000
Name = Annotated[Text, Field(min_length=1, max_length=1_000)]
Line = Annotated[Text, Field(min_length=1, max_length=4_000)]


class FeatureRequest(StatePart):
    """What is asked for. `tests` are the paths or ids that pytest runs after each step (all of the repository's if empty);
    `base` is the revision that the branch begins at, the newest commit by default; `apply` is what an approval does."""

    specification: Annotated[
        Text,
        Field(min_length=1, max_length=MAX_SPECIFICATION, title="Specification", description="What shall be built"),
    ]
    tests: Annotated[
        tuple[Name, ...], Field(max_length=100, title="Tests", description="Paths or ids for pytest; all if empty")
    ] = ()
    base: Annotated[
        str | None, Field(max_length=200, title="Base", description="Revision that the branch begins at; default: HEAD")
    ] = None
    apply: Annotated[
        ApplyTo, Field(title="Apply to", description="What an approval makes: a branch, or changed files as well")
    ] = "branch"


class FeaturePlan(StatePart):
    """A plan: what is to be done, the files that it touches, and what the tests must show."""

    tasks: Annotated[tuple[Line, ...], Field(min_length=1, max_length=30, description="What is to be done, in order")]
    files: Annotated[
        tuple[Name, ...], Field(max_length=100, description="Files to change or to create, from the repository's root")
    ] = ()
    tests: Annotated[tuple[Line, ...], Field(max_length=50, description="What the tests must show, one case each")] = ()
    docs: Annotated[tuple[Line, ...], Field(max_length=20, description="What the documentation must say")] = ()


class FeatureBranch(StatePart):
    """The branch that a feature is worked out on, in a repository of genloom's own (`folder`).

    `base` is the commit that it began at, `head` its last verified one; `tree` is what the worktree holds beyond that, as
    git's id of it, so that a run which was stopped goes on from there.
    """

    repository: str
    folder: str
    name: str
    base: str
    head: str
    tree: str


class SuiteRun(StatePart):
    """What a run of the repository's tests reported: a claim of the code under test. `ran` is false where it could not be
    made, and `reason` says why; `passed` and `failed` are pytest's ids."""

    ran: bool
    exit_code: int | None = None
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    output: str = ""
    reason: str = ""
    hint: str = ""


class StepVerdict(StatePart):
    """What checking a step showed. `evidence` is what a repair is told; `not_run` says that nothing could be shown."""

    result: Literal["passed", "failed", "not_run"]
    reason: str = ""
    passed: int = 0
    failed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: str = ""


class FinishedStep(StatePart):
    """How a step ended: who worked, in how many attempts, and the commit that holds its verified work, empty without
    one."""

    step: FeatureStep
    agent: str
    attempts: int
    verdict: StepVerdict
    commit: str = ""
    changed: tuple[str, ...] = ()


class FeatureResult(StatePart):
    """What a feature run gives: the whole difference of its verified steps, and where it is.

    `applied` says what the repository has of it. `fetch` is the command that gets the branch where it is not applied.
    """

    diff: str
    stat: str
    branch: str
    base: str
    head: str
    applied: Literal["no", "branch", "files"] = "no"
    fetch: str = ""


class FeatureInput(TypedDict):
    """What the feature graph takes; plain JSON is welcome."""

    feature: Annotated[FeatureRequest, Field(title="Feature", description="What shall be built, and how it is checked")]


class FeatureState(TypedDict, total=False):
    """The state of the feature graph.

    `step` and `attempt` say where it is; `answer` is the last agent's own word, `told` what was remarked on the way;
    `proved` the tests as they ran when their step held;
    `decision` is the person's.
    """

    feature: FeatureRequest
    branch: FeatureBranch | None
    baseline: SuiteRun | None
    plan: FeaturePlan | None
    step: FeatureStep
    attempt: int
    attempts_left: int
    answer: str
    agent_run: NotRequired[AgentRun | None]
    verdict: StepVerdict | None
    proved: SuiteRun | None
    steps: tuple[FinishedStep, ...]
    told: tuple[str, ...]
    decision: Literal["approved", "rejected", "forgotten", "pending"] | None
    apply: ApplyTo
    result: FeatureResult | None
    outcome: Outcome | None
