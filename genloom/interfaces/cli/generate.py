"""`genloom generate`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, cast, get_args

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from genloom.interfaces.job import GenerateOptions
    from genloom.interfaces.result import GenerationResult
    from genloom.state import Comparison, FurtherChecks

__all__ = ["command"]


Choice = Literal[
    "generators", "comparison", "further_checks", "max_attempts", "search_seconds", "search_megabytes", "search_cores"
]


class Arguments(TypedDict):
    """What the command line gives."""

    prompt: str
    name: str | None
    signature: str | None
    examples: tuple[str, ...]
    tests: str | None
    comparison: Comparison | None
    further_checks: FurtherChecks | None
    show_all_examples: bool
    target: str | None
    constraints: tuple[str, ...]
    context_files: tuple[str, ...]
    repository: str | None
    out: str | None
    model: str | None
    reviewer_model: str | None
    python: str | None
    generators: tuple[str, ...] | None
    search_seconds: float | None
    search_megabytes: int | None
    search_cores: int | None
    max_attempts: int | None
    use_agent: bool
    allow_fallback: bool
    approval: bool
    accept_unverified: bool
    policy: str | None
    allow_weak_sandbox: bool
    thread_id: str | None
    no_cache: bool
    deadline: float | None
    as_json: bool
    quiet: bool


def _generator_names(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    from genloom.state.graph_context import GENERATORS

    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in GENERATORS]
    if unknown or not names:
        raise click.BadParameter(
            f"{', '.join(unknown) or 'nothing'} is no generator; there are {', '.join(GENERATORS)}."
        )
    return names


@click.command(
    short_help="Turn a request into checked code.",
    epilog="""\b
Examples:
  genloom generate "Make a URL slug" -e "slugify('A b') == 'a-b'" -e "slugify('x') == 'x'" -e "slugify('C D') == 'c-d'"
  genloom generate "Parse pairs like a=1;b=2" --repo . --model openai:gpt-5 --out pairs.py
  genloom generate - --tests test_pairs.py < request.txt
  genloom generate "Rewrite the importer" --repo . --agent --approval

\b
Exit codes: 0 passed or accepted; 1 unverified or failed; 2 bad input; 3 a key or model is missing or
refused; 4 every backend failed; 5 waits for approval; 130 interrupted.""",
)
@click.argument("prompt")
@click.option("--name", metavar="N", help="Name of the function or class.")
@click.option("--signature", metavar="S", help="Its signature, such as `slugify(text: str) -> str`.")
@options.examples
@options.tests
@options.comparison
@options.further_checks
@click.option("--show-all-examples", is_flag=True, help="Hold no example back from the model, as proof.")
@click.option("--target", metavar="PATH", help="The file in the repository that the module is meant for.")
@click.option("--constraint", "constraints", multiple=True, metavar="TEXT", help="A rule to keep; may be repeated.")
@click.option(
    "--context-file", "context_files", multiple=True, metavar="FILE", help="A text to work from; may be repeated."
)
@options.repository
@options.out
@click.option("--model", metavar="M", help="`provider:model` [default: GENLOOM_MODEL].")
@click.option("--reviewer-model", metavar="M", help="Model that reviews [default: the one that writes].")
@options.python
@click.option(
    "--generators", metavar="LIST", callback=_generator_names, help="In order, from reuse,search,model [default: all]."
)
@click.option(
    "--search-seconds", type=click.FloatRange(0, 300, min_open=True), metavar="S", help="Time for search [default: 5]."
)
@click.option(
    "--search-megabytes", type=click.IntRange(64, 65536), metavar="MB", help="Memory for search [default: 512]."
)
@click.option(
    "--search-cores", type=click.IntRange(0, 64), metavar="N", help="Processes for search; 0: all cores [default: 1]."
)
@click.option("--attempts", "max_attempts", type=click.IntRange(1, 20), metavar="N", help="Drafts by the model.")
@click.option("--agent", "use_agent", is_flag=True, help="Give the request to the configured Codegen agent (may cost).")
@click.option("--allow-fallback", is_flag=True, help="Let the agent take over when the model fails (may cost).")
@click.option("--approval", is_flag=True, help="A person approves before the run ends.")
@click.option("--accept-unverified", is_flag=True, help="Take code that nothing failed and nothing proves.")
@options.policy
@options.allow_weak_sandbox
@click.option("--thread", "thread_id", metavar="ID", help="Name the thread, or go on with the one of that name.")
@click.option("--no-cache", is_flag=True, help="Make a new answer even if one is kept.")
@click.option(
    "--deadline", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop, resumable, after S seconds."
)
@options.as_json
@options.quiet
def command(**given: Unpack[Arguments]) -> int:
    """Turn PROMPT (`-` for standard input) into checked code.

    The code goes to standard output, what was checked and how to standard error.
    """
    from genloom.interfaces.cli.answer import Answer
    from genloom.interfaces.cli.output_file import opened
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.run import ask_person, can_ask, resume, start

    answer = Answer(as_json=given["as_json"], quiet=given["quiet"], out=opened(given["out"]))
    prompt, asked = _asked(given)
    with showing_progress(as_json=given["as_json"], quiet=given["quiet"]) as emit:
        result = start(prompt, asked, emit)
    if result.deciding and not (given["as_json"] or given["quiet"]):
        result = _asked_further(prompt, asked, result)
    if result.outcome == "pending" and result.thread_id and can_ask() and not given["as_json"]:
        decision = ask_person(result)
        with showing_progress(quiet=given["quiet"]) as emit:
            result = resume(result.thread_id, emit, answer=decision)
    return answer.give(result)


def _asked_further(prompt: str, asked: GenerateOptions, result: GenerationResult) -> GenerationResult:
    """Ask the person at the terminal for the example that decides between programs, and search again with it."""
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.run import ask_deciding, can_ask, start
    from genloom.tools.synthesis.question import MAX_QUESTIONS

    thread = asked.get("thread_id")
    for question in range(1, MAX_QUESTIONS + 1):
        is_open = result.outcome == "unverified" and bool(result.deciding) and not result.usable
        example = ask_deciding(result) if is_open and can_ask() else None
        if example is None:
            break
        asked = {**asked, "examples": (*asked.get("examples", ()), example)}
        if thread is not None:  # a thread holds one request
            asked["thread_id"] = f"{thread}.{question}"
        with showing_progress() as emit:
            result = start(prompt, asked, emit)
    return result


_WITH_DEFAULTS: tuple[Choice, ...] = get_args(Choice)
"""What is handed on only where it was given: its default stands in the run's context, or in the request."""


def _asked(given: Arguments) -> tuple[str, GenerateOptions]:
    """Return the prompt and the options of `genloom.generate`; what was left open is left to its defaults."""
    from genloom.interfaces.cli.inputs import find_repository, place_of_tests, read_prompt, read_text

    prompt = read_prompt(given["prompt"])
    asked: GenerateOptions = {
        "name": given["name"],
        "signature": given["signature"],
        "examples": given["examples"],
        "tests": read_text(given["tests"], "test file"),
        "tests_path": place_of_tests(given["tests"], find_repository(given["repository"])),
        "target": given["target"],
        "constraints": given["constraints"],
        "codebase_context": {path: read_text(path, "context file") or "" for path in given["context_files"]},
        "use_agent": given["use_agent"],
        "repository": find_repository(given["repository"]),
        "python": given["python"],
        "model": given["model"],
        "reviewer_model": given["reviewer_model"],
        "allow_fallback": given["allow_fallback"],
        "approval": given["approval"],
        "accept_unverified": given["accept_unverified"],
        "allow_weak_sandbox": given["allow_weak_sandbox"],
        "thread_id": given["thread_id"],
        "cache": not given["no_cache"],
        "deadline": given["deadline"],
    }
    if given["policy"] is not None:
        from genloom.tools.house_rules import read_policy

        asked["policy"] = read_policy(given["policy"])
    if given["show_all_examples"]:
        asked["hold_back"] = False
    chosen: dict[str, object] = {key: given[key] for key in _WITH_DEFAULTS if given[key] is not None}
    return prompt, cast("GenerateOptions", {**asked, **chosen})
