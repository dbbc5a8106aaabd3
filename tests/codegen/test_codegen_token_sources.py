"""Tokens from a file, a command and the system's keyring."""

from __future__ import annotations

import asyncio
import shlex
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from token_servers import ChangingServer, client_at

from genloom.errors import CredentialError
from genloom.tools.codegen.credentials import (
    CommandToken,
    FileToken,
    KeyringToken,
)
from genloom.tools.codegen.http.failures import TokenRefusedError


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


async def test_a_token_that_changed_in_its_file_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    """After a 401 the file is read again and the request repeated once: one run is created, and none was before."""
    path = private(tmp_path / "token", "first\n")
    with ChangingServer("first") as server:
        async with client_at(server, FileToken(path)) as api:
            await api.get_run(1)
            server.token = "second"
            private(path, "second\n")
            await api.create_run("p")
            await api.get_run(1)
        assert server.created == 1
        assert len(server.requests) == 4


async def test_a_token_that_did_not_change_is_refused_after_one_request(tmp_path: Path) -> None:
    """Nothing is repeated with the same token, and the error holds neither token."""
    path = private(tmp_path / "token", "first-token")
    with ChangingServer("another-token") as server:
        async with client_at(server, FileToken(path)) as api:
            with pytest.raises(TokenRefusedError) as caught:
                await api.create_run("p")
            assert len(server.requests) == 1
            private(path, "second-token")
            with pytest.raises(TokenRefusedError) as again:
                await api.create_run("p")
        assert len(server.requests) == 3
    for error in (caught.value, again.value):
        assert not {"first-token", "second-token"} & set("".join(traceback.format_exception(error)).split())
        assert "-token" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
async def test_a_token_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Somebody else could put in a token of theirs and receive the prompts."""
    path = private(tmp_path / "token", "t")
    path.chmod(mode)
    with pytest.raises(CredentialError, match="written by others"):
        await FileToken(path).token()


async def test_a_token_file_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    """Containers mount secrets so; the warning names the file, not the token."""
    path = private(tmp_path / "token", "the-secret")
    path.chmod(0o444)
    with pytest.warns(UserWarning, match="everybody") as told:
        assert await FileToken(path).token() == "the-secret"
    assert "the-secret" not in str(told[0].message)


@pytest.mark.parametrize("content", ["", " \n", "two words", "a\nb", "x" * 5000, "ü", "a\0b"])
async def test_a_file_without_a_usable_token_is_an_error_without_its_content(tmp_path: Path, content: str) -> None:
    """Whatever stands in it, the error names the file alone."""
    path = private(tmp_path / "token", content)
    with pytest.raises(CredentialError) as caught:
        await FileToken(path).token()
    assert str(path) in caught.value.message
    assert not content.strip() or content not in caught.value.message


async def test_a_folder_a_pipe_or_nothing_is_no_token_file(tmp_path: Path) -> None:
    """A named pipe that nobody writes to does not hold up the caller."""
    import os

    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name in ("pipe", "folder", "missing"):
        with pytest.raises(CredentialError, match="token file"):
            await asyncio.wait_for(FileToken(tmp_path / name).token(), 10)


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


async def test_a_command_prints_the_token_and_is_not_given_to_a_shell(tmp_path: Path) -> None:
    """Words are split as a shell would, and nothing else of a shell happens."""
    assert await CommandToken(python("print('abc')")).token() == "abc"
    marker = tmp_path / "marker"
    with pytest.raises(CredentialError):
        await CommandToken(f"{python('print(1, 2)')} ; touch {marker}").token()
    assert not marker.exists()
    assert await CommandToken([sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME"]).token() == "$HOME"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; print('abc'); sys.exit(3)", "exit code 3"),
        ("print('x' * 10_000_000)", "more than a token"),
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "more than a token"),
        ("import sys; print(sys.stdin.read() + 'a b')", "blanks"),
        ("pass", "empty"),
        ("import sys; sys.stderr.write('hunter2'); sys.exit(1)", "exit code 1"),
    ],
)
async def test_a_command_that_goes_wrong_is_an_error_in_bounded_time(code: str, why: str) -> None:
    """Too much, failed, nothing: each says what, none shows what was printed."""
    with pytest.raises(CredentialError, match=why) as caught:
        await CommandToken(python(code), seconds=30.0).token()
    shown = "".join(traceback.format_exception(caught.value)).replace(code, "")
    assert "abc" not in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{shown.split('CredentialError')[-1]}"


async def test_a_command_that_never_ends_is_ended() -> None:
    """Also when it has printed a token by then."""
    with pytest.raises(CredentialError, match="did not end"):
        await CommandToken(python("import time; print('abc', flush=True); time.sleep(600)"), seconds=0.5).token()


async def test_a_command_that_is_not_there_is_told() -> None:
    """The program's name, and how to try it."""
    with pytest.raises(CredentialError, match="cannot be started") as caught:
        await CommandToken("genloom-no-such-program --secret hunter2").token()
    assert "hunter2" not in caught.value.message


async def test_a_command_that_hangs_leaves_no_process(tmp_path: Path) -> None:
    """It is killed with what it started, also when the caller gives up first."""
    pids = tmp_path / "pids"
    child = "import time; time.sleep(600)"
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}])
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}\\n")
time.sleep(600)"""
    asking = asyncio.create_task(CommandToken(python(code)).token())
    async with asyncio.timeout(60):
        while not pids.exists() or not pids.read_text().endswith("\n"):
            await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        for pid in pids.read_text().split():
            while _runs(pid):
                await asyncio.sleep(0.02)


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def keyring_backend() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring in memory, through the package's own way of adding one."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    entries: dict[tuple[str, str], str] = {}

    class InMemory(KeyringBackend):  # type: ignore[misc]  # the package may be missing
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del entries[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield entries
    keyring.set_keyring(before)


async def test_the_keyrings_entry_is_the_token(keyring_backend: dict[tuple[str, str], str]) -> None:
    """The entry of service and user; without one the error says how to store it."""
    with pytest.raises(CredentialError, match="no entry") as caught:
        await KeyringToken("genloom").token()
    assert "keyring set genloom codegen" in caught.value.hint
    keyring_backend["genloom", "codegen"] = "ring-1"
    provider = KeyringToken("genloom")
    assert await provider.token() == "ring-1"
    keyring_backend["genloom", "codegen"] = "ring-2"
    assert await provider.token() == "ring-1"
    assert await provider.token(refused="ring-1") == "ring-2"


async def test_a_keyring_that_cannot_be_read_is_told() -> None:
    """No usable backend is an error of ours, with another way to give the token."""
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        with pytest.raises(CredentialError, match="cannot be read"):
            await KeyringToken("genloom").token()
    finally:
        keyring.set_keyring(before)
