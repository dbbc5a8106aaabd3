"""Where tokens come from, and how they are replaced while the process goes on."""

from __future__ import annotations

import asyncio
import shlex
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from token_servers import CLIENT_ID, CLIENT_SECRET, VAULT_TOKEN, TokenEndpoint, VaultServer

from genloom.config import load_settings
from genloom.errors import AgentError, CredentialError, UsageError
from genloom.testing import Fault
from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.credentials import (
    ClientCredentials,
    CommandToken,
    EnvironmentToken,
    FetchedToken,
    FetchingProvider,
    FileToken,
    FixedToken,
    KeyringToken,
    TokenProvider,
    VaultToken,
    choose_provider,
)
from genloom.tools.codegen.http.failures import TokenRefusedError, UnsentError


class ChangingServer(LoopbackServer):
    """An API whose good token changes; it has one run for whoever knows the token."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token
        self.created = 0

    def answer(self, request: RecordedRequest) -> Answer:
        if request.authorization != f"Bearer {self.token}":
            return Answer.of_json({"detail": f"bad token {request.authorization}"}, 401)
        self.created += request.method == "POST"
        return Answer.of_json({"id": 1, "organization_id": 1})


def client(server: LoopbackServer, token: TokenProvider | str | None) -> AsyncCodegen:
    return AsyncCodegen(token=token, org_id=1, base_url=server.base_url)


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


async def test_a_token_that_changed_in_its_file_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    """After a 401 the file is read again and the request repeated once: one run is created, and none was before."""
    path = private(tmp_path / "token", "first\n")
    with ChangingServer("first") as server:
        async with client(server, FileToken(path)) as api:
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
        async with client(server, FileToken(path)) as api:
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


async def test_the_environment_is_read_again_when_its_token_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that changes its own variable goes on with the new token."""
    monkeypatch.setenv("CODEGEN_API_TOKEN", "first")
    with ChangingServer("second") as server:
        async with client(server, None) as api:
            monkeypatch.setenv("CODEGEN_API_TOKEN", "second")
            assert (await api.get_run(1)).id == 1


def test_the_order_of_the_sources(tmp_path: Path) -> None:
    """Argument, variable, file, command, keyring, Vault, OAuth; equal settings share one provider."""
    env = {
        "GENLOOM_OAUTH_TOKEN_URL": "https://id.example/token",
        "GENLOOM_OAUTH_CLIENT_ID": "c",
        "GENLOOM_OAUTH_CLIENT_SECRET": "hush",
    }
    steps: list[tuple[dict[str, str], type]] = [
        ({}, ClientCredentials),
        ({"GENLOOM_TOKEN_VAULT": "kv/a/b#f", "VAULT_ADDR": "https://v.example", "VAULT_TOKEN": "hush"}, VaultToken),
        ({"GENLOOM_TOKEN_KEYRING": "genloom/me"}, KeyringToken),
        ({"GENLOOM_TOKEN_COMMAND": "pass show 'the token'"}, CommandToken),
        ({"GENLOOM_TOKEN_FILE": str(tmp_path / "t")}, FileToken),
        ({"CODEGEN_API_TOKEN": "hush"}, EnvironmentToken),
    ]
    for more, kind in steps:
        env |= more
        settings = load_settings({"GENLOOM_HOME": str(tmp_path), **env})
        chosen = choose_provider(None, settings)
        assert isinstance(chosen, kind)
        assert choose_provider(None, settings) == chosen
        assert hash(choose_provider(None, settings)) == hash(chosen)
        assert "hush" not in f"{chosen!r}{settings!r}"
        assert settings.agent_backend == "codegen"
    assert choose_provider("given", settings) == FixedToken(SecretStr("given"))
    mine = FixedToken.of("mine")
    assert choose_provider(mine, settings) is mine


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"GENLOOM_TOKEN_VAULT": "kv/a#f"},
        {"GENLOOM_TOKEN_VAULT": "kv/a#f", "VAULT_ADDR": "https://v.example"},
        {"GENLOOM_OAUTH_TOKEN_URL": "https://id.example/token"},
        {"GENLOOM_TOKEN_COMMAND": "unbalanced 'quote"},
        {"CODEGEN_API_TOKEN": "two words"},
    ],
)
def test_half_a_configuration_says_what_is_missing(env: dict[str, str]) -> None:
    """Nothing is guessed: an error with what to set."""
    with pytest.raises(CredentialError) as caught:
        choose_provider(None, load_settings({"GENLOOM_HOME": "/nowhere", **env}))
    assert caught.value.hint


@pytest.mark.parametrize("secret", ["kv", "kv/a", "kv#f", "/a#f", "kv/../sys#f", "kv/a?x=1#f", "kv/a#"])
def test_an_odd_place_in_vault_is_refused(secret: str) -> None:
    """Only mount/path#field is taken."""
    with pytest.raises(UsageError):
        VaultToken(secret, address="https://v.example", vault_token=FixedToken.of("t"))


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("http://127.0.0.1:80", True),
        ("http://[::1]:80", True),
        ("http://localhost:80", True),
        ("https://api.example", True),
        ("http://api.example", False),
        ("http://10.0.0.5:8000", False),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
    ],
)
def test_a_token_leaves_this_machine_encrypted_only(url: str, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """http is for this machine, unless the environment says otherwise."""
    if taken:
        AsyncCodegen(token="t", org_id=1, base_url=url)
    else:
        with pytest.raises(UsageError, match="http"):
            AsyncCodegen(token="t", org_id=1, base_url=url)
    monkeypatch.setenv("GENLOOM_ALLOW_HTTP", "1")
    AsyncCodegen(token="t", org_id=1, base_url=url)


async def test_a_proxy_of_the_environment_is_not_sent_an_unencrypted_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on this machine is asked itself, whatever `HTTP_PROXY` says."""
    with ChangingServer("t") as server, ChangingServer("t") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("ALL_PROXY", proxy.base_url)
        async with client(server, "t") as api:
            await api.get_run(1)
        assert proxy.requests == ()
        assert len(server.requests) == 1


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
        ("import time; print('abc', flush=True); time.sleep(600)", "did not end"),
        ("import sys; print(sys.stdin.read() + 'a b')", "blanks"),
        ("pass", "empty"),
        ("import sys; sys.stderr.write('hunter2'); sys.exit(1)", "exit code 1"),
    ],
)
async def test_a_command_that_goes_wrong_is_an_error_in_bounded_time(code: str, why: str) -> None:
    """Too slow, too much, failed, nothing: each says what, none shows what was printed."""
    with pytest.raises(CredentialError, match=why) as caught:
        await CommandToken(python(code), seconds=3.0).token()
    shown = "".join(traceback.format_exception(caught.value)).replace(code, "")
    assert "abc" not in caught.value.message
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{shown.split('CredentialError')[-1]}"


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
    async with asyncio.timeout(20):
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


def vault(server: VaultServer, secret: str = "kv/team/codegen#token", token: str = VAULT_TOKEN) -> VaultToken:
    return VaultToken(secret, address=server.base_url, vault_token=FixedToken.of(token), namespace="team-a")


async def test_vault_gives_the_field_of_a_secret() -> None:
    """The path is that of the key-value store's second version, the namespace goes along, rotation is taken up."""
    with VaultServer({"kv/data/team/codegen": {"token": "v-1", "user": "u"}}) as server:
        provider = vault(server)
        assert [await provider.token(), await provider.token()] == ["v-1", "v-1"]
        assert len(server.requests) == 1
        assert server.requests[0].headers["x-vault-namespace"] == "team-a"
        server.secrets["kv/data/team/codegen"] = {"token": "v-2"}
        assert await provider.token(refused="v-1") == "v-2"


@pytest.mark.parametrize(
    ("secret", "token", "kind"),
    [
        ("kv/team/codegen#other", VAULT_TOKEN, CredentialError),
        ("kv/team/codegen#number", VAULT_TOKEN, CredentialError),
        ("kv/nothing#token", VAULT_TOKEN, CredentialError),
        ("kv/team/codegen#token", "wrong", CredentialError),
    ],
)
async def test_vault_without_the_secret_is_an_error_without_any(secret: str, token: str, kind: type) -> None:
    """A missing field, secret or right says so, and repeats neither token."""
    data = {"token": "the-secret", "number": 5}
    with VaultServer({"kv/data/team/codegen": data}) as server, pytest.raises(kind) as caught:
        await vault(server, secret, token).token()
    shown = "".join(traceback.format_exception(caught.value))
    assert "the-secret" not in shown
    assert VAULT_TOKEN not in shown


GIVERS = {
    "vault": (
        lambda faults: VaultServer({"kv/data/team/codegen": {"token": "v-1"}}, faults),
        lambda server: vault(server),
    ),
    "oauth": (
        lambda faults: TokenEndpoint(faults=faults),
        lambda server: oauth(server),
    ),
}
WRONG = {
    "500": (Fault(status=500), UnsentError),
    "429": (Fault(status=429), UnsentError),
    "cut": (Fault(cut=True), UnsentError),
    "400": (Fault(status=400, body='{"error": "invalid_scope"}'), CredentialError),
    "html": (Fault(body="<html>sign in</html>"), CredentialError),
    "null": (Fault(body="null"), CredentialError),
    "list": (Fault(body="[]"), CredentialError),
    "redirect": (Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}), CredentialError),
    "huge": (Fault(body=" " * 400_000), CredentialError),
    "endless": (Fault(endless=0.0), CredentialError),
    "wrong type": (Fault(body='{"access_token": 5, "data": {"data": {"token": []}}}'), CredentialError),
    "no bearer": (Fault(body='{"access_token": "x", "token_type": "mac"}'), CredentialError),
}


@pytest.mark.parametrize("giver", GIVERS)
@pytest.mark.parametrize("name", WRONG)
async def test_a_giver_of_tokens_that_fails_is_a_typed_error(giver: str, name: str) -> None:
    """What may pass by itself is transient and surely unsent, what may not is about credentials; nothing secret shows."""
    make_server, make_provider = GIVERS[giver]
    fault, kind = WRONG[name]
    with make_server([fault]) as server:
        provider: FetchingProvider = make_provider(server)
        with pytest.raises(kind) as caught:
            await provider.token()
        shown = "".join(traceback.format_exception(caught.value))
        assert VAULT_TOKEN not in shown
        assert CLIENT_SECRET not in shown
        if isinstance(caught.value, AgentError):
            assert caught.value.transient
            assert await provider.token()


def oauth(server: TokenEndpoint, **options: Any) -> ClientCredentials:
    return ClientCredentials(
        f"{server.base_url}/oauth/token", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **options
    )


@pytest.mark.parametrize("sent_in", ["basic", "body"])
async def test_client_credentials_are_sent_as_the_rfc_says(sent_in: str) -> None:
    """In the header, encoded before it is joined, or in the form; scope and audience go along."""
    with TokenEndpoint() as server:
        provider = oauth(server, scope="runs", audience="codegen", sent_in=sent_in)
        assert await provider.token() == "token-1"
        assert (server.forms[0]["scope"], server.forms[0]["audience"]) == (["runs"], ["codegen"])
        assert ("client_secret" in server.forms[0]) == (sent_in == "body")


async def test_an_expired_token_is_fetched_anew_before_it_is_refused() -> None:
    """A good token is kept, one whose time is up is not; odd lifetimes mean that it is kept."""
    with TokenEndpoint(seconds=0.5) as server:
        provider = oauth(server)
        first = await provider.token()
        started = time.monotonic()
        while (later := await provider.token()) == first:
            await asyncio.sleep(0.01)
        assert time.monotonic() - started > 0.2
        assert later == "token-2"
    for odd in (-1, 0, "never", None, True, [], float("inf")):
        with TokenEndpoint(seconds=odd) as server:
            provider = oauth(server)
            assert [await provider.token(), await provider.token()] == ["token-1", "token-1"]


async def test_many_requests_share_one_fetch_and_one_rotation() -> None:
    """Fifty at once ask the token endpoint once, and once more when all of them are refused."""
    with TokenEndpoint() as endpoint, ChangingServer("token-2") as server:
        async with client(server, oauth(endpoint)) as api:
            assert {run.id for run in await asyncio.gather(*(api.get_run(1) for _ in range(20)))} == {1}
        assert endpoint.given == 2


class SlowProvider(FetchingProvider):
    """Fetches under a test's control; `fetches` counts."""

    def __init__(self, work: Callable[[int], Any]) -> None:
        super().__init__()
        self.work = work
        self.fetches = 0

    async def fetch(self) -> FetchedToken:
        self.fetches += 1
        return FetchedToken(value=SecretStr(await self.work(self.fetches)))


def test_threads_with_loops_of_their_own_share_a_fetch() -> None:
    """Eight threads, each with an event loop, get the token of one fetch."""
    together = threading.Barrier(8)

    async def work(number: int) -> str:
        await asyncio.sleep(0.3)
        return f"token-{number}"

    provider, got = SlowProvider(work), list[str]()

    def ask() -> None:
        together.wait()
        got.append(asyncio.run(provider.token()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == ["token-1"] * 8


async def test_a_cancelled_fetch_is_taken_over_by_one_who_waits() -> None:
    """Who waits does not inherit somebody else's cancellation, and cancelling one who waits stops nothing."""

    async def work(number: int) -> str:
        await asyncio.sleep(30 if number == 1 else 0.01)
        return f"token-{number}"

    provider = SlowProvider(work)
    leader, *others = [asyncio.create_task(provider.token()) for _ in range(4)]
    await asyncio.sleep(0.05)
    others[0].cancel()
    await asyncio.sleep(0.01)
    assert not others[1].done()
    leader.cancel()
    assert await asyncio.gather(*others[1:]) == ["token-2", "token-2"]
    assert provider.fetches == 2


async def test_a_failed_fetch_fails_those_who_waited_and_is_tried_anew_later() -> None:
    """One failure is told to all, so that a server in trouble is not asked once for each; the next call asks again."""

    async def work(number: int) -> str:
        await asyncio.sleep(0.05)
        if number == 1:
            raise UnsentError("no", kind="connection")
        return "good"

    provider = SlowProvider(work)
    results = await asyncio.gather(*(provider.token() for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, UnsentError) for result in results)
    assert await provider.token() == "good"
    assert provider.fetches == 2


async def test_a_fetch_whose_loop_was_left_standing_does_not_hold_up_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that is never run again keeps nobody waiting for longer than a minute (here: a moment)."""
    monkeypatch.setattr("genloom.tools.codegen.credentials.cached.FLIGHT_SECONDS", 0.2)

    async def work(number: int) -> str:
        await asyncio.sleep(0.05 if number > 1 else 600)
        return f"token-{number}"

    provider = SlowProvider(work)

    def leave_standing() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        task = loop.create_task(provider.token())
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        left.append(task)
        return loop

    left: list[asyncio.Task[str]] = []
    loop = await asyncio.to_thread(leave_standing)
    async with asyncio.timeout(20):
        assert await provider.token() == "token-2"
    for task in left:
        task.cancel()
    await asyncio.to_thread(loop.run_until_complete, asyncio.gather(*left, return_exceptions=True))
    loop.close()
    assert await provider.token() == "token-2"
