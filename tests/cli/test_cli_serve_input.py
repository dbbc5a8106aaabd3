"""`genloom serve` and its commands given what makes no sense: each says so, and what would."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from genloom_program import Program


@pytest.mark.parametrize(
    ("arguments", "told", "hint"),
    [
        (["orgs", "create", ""], "no name", "Give 1 to"),
        (["orgs", "create", "x" * 1000], "no name", "Give 1 to"),
        (["users", "list", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["users", "create", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["keys", "list", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["keys", "revoke", "1", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["repos", "list", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["repos", "add", ".", "--org", "77"], "There is no organisation 77", "orgs list"),
        (["keys", "create", "--org", "2"], "There is no user 1 in that organisation", "users create"),
        (["keys", "create", "--user", "x"], "'x' is not a whole number", "--help"),
        (["keys", "revoke", "gl_nobodys"], "No key of organisation 1 that counts begins so", "keys list"),
        (["repos", "add", " "], "path is empty", "Give the path"),
        (["orgs", "list", "--database", ""], "The database has no name", "--database"),
        (["--database", "sqlite:////nowhere/at/all/server.db"], "no folder /nowhere/at/all", "--database"),
        (["audit", "verify", "--data", "/nowhere"], "There is no data folder /nowhere", "--data"),
        (["audit", "show", "--data", "/nowhere"], "There is no data folder /nowhere", "--data"),
        (["--model", "nope"], "'nope' names no known provider", "provider:model"),
    ],
)
@pytest.mark.slow
def test_what_makes_no_sense_is_refused_with_what_would(
    program: Program, arguments: list[str], told: str, hint: str
) -> None:
    assert program("serve", "orgs", "create", "acme").code == 0
    done = program("serve", *arguments)
    assert done.code == 2
    assert told in done.err
    assert hint in done.err.partition("\n")[2]


def test_database_in_a_folder_that_is_there_is_made(program: Program, tmp_path: Path) -> None:
    assert program("serve", "orgs", "create", "acme", "--database", f"sqlite:///{tmp_path}/other.db").code == 0
    assert (tmp_path / "other.db").is_file()


@pytest.mark.slow
def test_key_is_revoked_by_what_it_begins_with(program: Program) -> None:
    first, second = (program("serve", "keys", "create").out.strip() for _ in range(2))
    assert program("serve", "keys", "revoke", first[:11], "--json").json == {"revoked": 1}
    assert program("serve", "keys", "revoke", second, "--json").json == {"revoked": 2}
    assert program("serve", "keys", "revoke", second[:11]).code == 2
    assert program("serve", "keys", "revoke", second[:4]).code == 2


@pytest.mark.slow
def test_repository_that_is_there_already_needs_no_other_name(program: Program, repository: Path) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    for arguments in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "first")):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    assert program("serve", "repos", "add", str(repository)).code == 0
    again = program("serve", "repos", "add", str(repository), "--name", "mine")
    assert again.code == 2
    assert "already" in again.err
    assert "--name" not in again.err


def test_audit_log_that_is_gone_is_not_called_whole(program: Program, home: Path) -> None:
    program("serve", "keys", "create")
    assert program("serve", "audit", "verify").code == 0
    for name in ("audit.jsonl", "audit.head"):
        (home / "serve" / name).unlink()
    gone = program("serve", "audit", "verify", "--json")
    assert (gone.code, gone.json["errors"][0]["type"]) == (2, "StorageError")
    assert "nothing can be verified" in gone.err


def test_agent_without_a_backend_is_told_of_the_one_that_needs_no_account(program: Program) -> None:
    done = program("generate", "x", "--agent")
    assert done.code == 3
    assert "GENLOOM_AGENT=local" in done.err
