"""Git as a bounded process that is nobody's but ours: no configuration of a user's or machine's, no hooks, no questions."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from genloom.errors import RepositoryError
from genloom.tools.security import redact

__all__ = ["Transport", "run_git", "run_git_bytes"]

Transport = Literal["none", "file", "network"]
"""How git may reach another repository: not at all, by a local path, or by https and ssh."""

_PROTOCOLS: dict[Transport, str] = {"none": "", "file": "file", "network": "https:ssh"}
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy")


class GitOptions(TypedDict, total=False):
    """How git is run, as `run_git_bytes` says; each may be left out."""

    settings: Sequence[str]
    transport: Transport
    seconds: float
    file_megabytes: int
    output_megabytes: int


async def run_git(*arguments: str, folder: Path, **options: Unpack[GitOptions]) -> str:
    """Do what `run_git_bytes` does, and return the text; what is no UTF-8 is replaced."""
    return (await run_git_bytes(*arguments, folder=folder, **options)).decode(errors="replace")


async def run_git_bytes(
    *arguments: str,
    folder: Path,
    settings: Sequence[str] = (),
    transport: Transport = "none",
    seconds: float = 120.0,
    file_megabytes: int = 2048,
    output_megabytes: int = 1,
) -> bytes:
    """Run one git command in a folder, with settings (`name=value`) of its own, and return what it printed.

    No file that it writes grows beyond `file_megabytes`. Raises `RepositoryError` with git's last words (credentials taken
    out) when it fails, when it takes longer than `seconds`, and when it prints more than `output_megabytes`. Cancelled, it
    is ended with what it started.
    """
    process = await _started((*(part for value in settings for part in ("-c", value)), *arguments), folder, transport)
    command = next((each for each in arguments if not each.startswith("--")), "")
    _limit_files(process.pid, file_megabytes)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(seconds):
            said, complaint = await asyncio.gather(
                *(_bounded(stream, output_megabytes << 20, process) for stream in (process.stdout, process.stderr))
            )
            await process.wait()
    except TimeoutError as error:
        raise RepositoryError(
            f"git {command} took longer than {seconds:g} seconds.", hint="Look whether its source can be reached."
        ) from error
    finally:
        await _end(process)
    if said is None or complaint is None:
        raise RepositoryError(
            f"git {command} had more to tell than {output_megabytes} MB, which is the most that is taken.",
            hint="Ask for less at a time; .gitignore leaves out what is made.",
        )
    if process.returncode:
        raise RepositoryError(f"git {command} failed: {_last_words(complaint, command)}", hint=_HINT)
    return said


async def _started(arguments: Sequence[str], folder: Path, transport: Transport) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            "git",
            *_SETTINGS,
            *arguments,
            cwd=folder,
            env=_environment(os.environ, transport, folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise RepositoryError(f"git cannot be run: {error.strerror}.", hint="Install git, 2.32 or newer.") from error


async def _bounded(stream: asyncio.StreamReader, most: int, process: asyncio.subprocess.Process) -> bytes | None:
    """Return what comes, `None` where that is too much: the process is ended then, and what still comes is let go."""
    pieces, size = [], 0
    while piece := await stream.read(65_536):
        size += len(piece)
        if size <= most:
            pieces.append(piece)
        else:
            _kill(process)
    return b"".join(pieces) if size <= most else None


_HINT = "Look whether the repository is there and may be read by this user."
_SETTINGS: Sequence[str] = (
    *(
        "-c",
        f"core.hooksPath={os.devnull}",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
    ),
    *("-c", "credential.helper=", "-c", "submodule.recurse=false", "-c", "advice.detachedHead=false"),
)


def _environment(environ: Mapping[str, str], transport: Transport, folder: Path) -> dict[str, str]:
    return {
        **{name: environ[name] for name in _KEPT if name in environ},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(folder.absolute().parent),  # a repository around the folder configures nothing
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS[transport],
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C.UTF-8",
    }


def _limit_files(pid: int, megabytes: int) -> None:
    """Bound what git may write; it is still busy reading its own settings by then."""
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (megabytes << 20, megabytes << 20))
    except ProcessLookupError:
        return  # it has ended already


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    _kill(process)
    for stream in (process.stdout, process.stderr):  # one that is full and unread would keep its end from being noticed
        while stream is not None and await stream.read(65_536):
            pass
    await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the process and what it started, if it has not ended."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _last_words(complaint: bytes, command: str) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    worst = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines[-3:]
    told = " ".join(line.removeprefix("fatal: ").strip() for line in worst[:3])[:500]
    return redact(told) or f"it said nothing ({command})."
