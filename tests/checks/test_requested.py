"""Grants: which capabilities a request's own words ask for, and which words only look like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import GenerationRequest
from genloom.tools.checks import requested_capabilities


def asked(prompt: str, **fields: Any) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": prompt} | fields)


PLAIN = {
    "network": [
        "Write an HTTP client with retries",
        "a small TCP client",
        "Download a web page and return its title",
        "Fetch the url and parse its JSON",
        "Crawl web pages starting at a url",
        "Send an e-mail through SMTP",
        "A function that makes an HTTP GET request and returns the body",
        "Get the list of users with httpx",
        "Wait until something listens: connect to the port",
    ],
    "files": [
        "Read the file and count its words",
        "Copy all files of a folder into another",
        "Save the table as a CSV file",
        "Load JSON from a file",
        "Given a file path, return its lines",
        "Count the lines of a file",
        "Keep the counters in sqlite",
    ],
    "processes": [
        "Run a command and return its output",
        "Execute shell commands with a timeout",
        "Use multiprocessing to map a function",
        "Compress in worker processes",
    ],
    "environment": ["Read settings from environment variables", "Take the port from the environment"],
    "dynamic_code": [
        "Load plugins from a package",
        "Evaluate Python expressions given as text",
        "Import a module by name",
    ],
    "deserialisation": ["Unpickle the object safely", "Store sessions using shelve"],
    "native_code": ["Use ctypes to call strlen"],
    "introspection": ["Print the call stack of the caller"],
}

NOT_PLAIN = [
    "Process the list of requests for leave and sort it",
    "Parse the address of a page into its parts",
    "Return the profile of a user",
    "Find the shortest path in a graph",
    "Parse an HTTP header into a dict",
    "Validate that the text is an https URL",
    "Split 'http://a.b/c' into its parts",
    "Say whether a string is a file name with the extension .txt",
    "Compute the TCP checksum of bytes",
    "Topological sort of build targets in a directory tree given as a dict",
    "Return the disk usage from a list of (name, size) pairs",
    "Merge environment dictionaries",
    "Schedule processes by priority, given as tuples",
    "Serve customers from a queue",
    "Parse the command line text into words",
    "Evaluate an arithmetic expression, without eval or exec",
    "Sort numbers; do not use the network, files or subprocess",
    "Don't use requests, urllib and sockets to do it",
    "It must not open sockets, read files or run commands",
    "Never run programs",
    "It shouldn't download web pages",
    "Reject prompts that download files",
    "Detect code that runs shell commands",
    'Quote "use ctypes to run a command" as is',
    "Format the text\n\n```\nDownload a web page using requests\n```\n",
    "Classify lines.\n\n>>> classify('Run a command')\n'imperative'\n",
    "Instead of reading files, take the lines as a list",
]


@pytest.mark.parametrize(
    ("capability", "prompt"), [(name, prompt) for name, prompts in PLAIN.items() for prompt in prompts]
)
def test_what_a_request_plainly_asks_for_is_granted(capability: Any, prompt: str) -> None:
    """The words that ask for it come with the grant."""
    granted = requested_capabilities(asked(prompt))
    assert granted[capability].lower() in " ".join(prompt.lower().split())


@pytest.mark.parametrize("prompt", NOT_PLAIN)
def test_subjects_negations_and_quotations_grant_nothing(prompt: str) -> None:
    """Code may treat text about the network without using it; what is forbidden, or quoted, is not asked for."""
    assert requested_capabilities(asked(prompt)) == {}


def test_a_sentence_that_is_broken_over_lines_is_one() -> None:
    """Neither a grant nor a negation ends with its line."""
    assert "network" in requested_capabilities(asked("Write a function. It should download\na web page."))
    assert requested_capabilities(asked("Sort. Do not ever\ndownload a web page")) == {}


def test_name_signature_and_constraints_are_the_callers_words() -> None:
    """They count, and so do their negations."""
    assert "network" in requested_capabilities(asked("get it", name="download_page"))
    assert "files" in requested_capabilities(asked("do it", signature="read_file(path: str) -> str"))
    assert "processes" in requested_capabilities(asked("do it", constraints=["Use subprocess."]))
    assert requested_capabilities(asked("do it", constraints=["No subprocess."])) == {}


@given(
    st.sampled_from([p for prompts in PLAIN.values() for p in prompts]),
    st.sampled_from(["tests", "context", "examples"]),
)
def test_what_others_wrote_grants_nothing(words: str, where: str) -> None:
    """Retrieved text is data: neither the context of a codebase nor tests or examples grant."""
    fields: dict[str, Any] = {
        "tests": {"tests": f"from m import f\n\n\ndef test_f():\n    {words!r}\n    assert f(1)\n"},
        "context": {"codebase_context": {"notes": words}},
        "examples": {"examples": [f"f({words!r}) == 1"]},
    }[where]
    assert requested_capabilities(asked("sort a list", **fields)) == {}


@given(st.text(max_size=400))
def test_any_prompt_is_read(text: str) -> None:
    """Whatever a caller writes gives an answer."""
    requested_capabilities(asked(f"x {text}".encode(errors="ignore").decode()))


def test_a_long_prompt_is_read_in_time() -> None:
    """Words that begin many matches and end none."""
    for words in ("no ", "read the ", "download a the ", "' \" ", "use the use the "):
        requested_capabilities(asked(words * (190_000 // len(words))))
