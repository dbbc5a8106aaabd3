"""`genloom serve` for its operator: keys, organisations, users and the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from genloom_program import Program

from genloom.config import load_settings
from genloom.interfaces.server.security.keys import find_principal
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.settings import server_settings
from genloom.interfaces.server.storage import Storage


async def principal_of(key: str) -> Principal | None:
    async with Storage.open(server_settings(load_settings()).database, create=False) as storage:
        return await find_principal(storage, key)


@pytest.mark.slow
async def test_key_is_printed_once_listed_without_it_and_revoked(program: Program, home: Path) -> None:
    """The key is all of standard output, so that a shell can take it; nothing that follows shows it, nor any file."""
    made = program("serve", "keys", "create", "--name", "ci", "--role", "admin", "--days", "30")
    assert made.code == 0
    key = made.out.removesuffix("\n")
    assert key not in made.err
    assert await principal_of(key) == Principal(organization_id=1, user_id=1, role="admin", key_id=1)
    listed = program("serve", "keys", "list", "--json")
    (record,) = listed.json["keys"]
    assert (record["id"], record["name"], record["role"], record["prefix"]) == (1, "ci", "admin", key[:11])
    assert "digest" not in record
    assert key[:11] in program("serve", "keys", "list").out
    assert program("serve", "keys", "revoke", "1", "--json").json == {"revoked": 1}
    assert await principal_of(key) is None
    assert "revoked" in program("serve", "keys", "list").out
    secret = key[12:].encode()
    assert [path for path in home.rglob("*") if path.is_file() and secret in path.read_bytes()] == []
    again = program("serve", "keys", "revoke", "1", "--json")
    assert (again.code, again.json["errors"][0]["type"]) == (2, "UsageError")


@pytest.mark.slow
async def test_organizations_have_users_and_keys_of_their_own(program: Program) -> None:
    """A key is made for a member, and can do no more than the member may."""
    assert program("serve", "orgs", "create", "acme", "--json").json == {"id": 2, "name": "acme"}
    assert program("serve", "orgs", "list", "--json").json["organizations"][1] == {"id": 2, "name": "acme"}
    user = program("serve", "users", "create", "--org", "2", "--role", "viewer", "--name", "Ada", "--json").json
    assert (user["id"], user["role"], user["full_name"]) == (2, "viewer", "Ada")
    assert program("serve", "users", "list", "--org", "2", "--json").json["total"] == 1
    made = program("serve", "keys", "create", "--org", "2", "--user", "2", "--role", "admin", "--json").json
    found = await principal_of(made["key"])
    assert found is not None
    assert (found.organization_id, found.user_id, found.role) == (2, 2, "viewer")
    refused = program("serve", "keys", "create", "--org", "2", "--user", "1", "--json")
    assert (refused.code, refused.json["reason"]) == (2, "There is no user 1 in that organisation.")
    assert program("serve", "keys", "list", "--org", "2", "--json").json["total"] == 1
    assert program("serve", "keys", "list", "--org", "1").out == "Organisation 1 has no keys.\n"


@pytest.mark.slow
def test_what_the_operator_did_is_in_the_audit_log(program: Program, home: Path) -> None:
    """Each change is a line; verify says that all fit, and names the line that was changed since."""
    key = program("serve", "keys", "create").out
    program("serve", "keys", "revoke", "1")
    program("serve", "keys", "revoke", "1")
    entries = program("serve", "audit", "show", "--json").json["entries"]
    assert [(entry["action"], entry["target"], entry["outcome"]) for entry in entries] == [
        ("key.create", "key 1", "done"),
        ("key.revoke", "key 1", "done"),
        ("key.revoke", "key 1", "refused"),
    ]
    assert key.strip() not in str(entries)
    assert len(program("serve", "audit", "show", "--last", "1", "--json").json["entries"]) == 1
    assert program("serve", "audit", "verify").code == 0
    log = home / "serve" / "audit.jsonl"
    log.write_text(log.read_text().replace('"refused"', '"done"'))
    broken = program("serve", "audit", "verify", "--json")
    assert (broken.code, broken.json["sound"], broken.json["line"]) == (1, False, 3)
    assert "line 3: it was changed" in program("serve", "audit", "verify").out
    blocked = program("serve", "keys", "create", "--json")
    assert (blocked.code, blocked.json["errors"][0]["type"]) == (2, "StorageError")


@pytest.mark.slow
async def test_members_get_another_role_and_leave(program: Program) -> None:
    """Their keys do no more than the new role, and end with the membership; the audit log tells of both."""
    program("serve", "orgs", "create", "acme")
    program("serve", "users", "create", "--org", "2", "--role", "admin")
    key = program("serve", "keys", "create", "--org", "2", "--user", "2", "--role", "admin").out.strip()
    done = program("serve", "users", "change", "2", "--org", "2", "--role", "viewer", "--json")
    assert done.json == {"changed": 2, "role": "viewer"}
    found = await principal_of(key)
    assert found is not None
    assert found.role == "viewer"
    assert program("serve", "users", "remove", "2", "--org", "2").out == "removed: user 2\n"
    assert await principal_of(key) is None
    assert program("serve", "users", "list", "--org", "2", "--json").json["total"] == 0
    for again in (("change", "2", "--role", "admin"), ("remove", "2")):
        refused = program("serve", "users", *again, "--org", "2", "--json")
        assert (refused.code, refused.json["reason"]) == (2, "There is no user 2 in that organisation.")
    lines = program("serve", "audit", "show", "--json").json["entries"]
    assert [line["action"] for line in lines][-2:] == ["user.change", "user.remove"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("keys", "list"), "There is no database"),
        (("users", "remove", "2"), "There is no database"),
        (("users", "remove", "1"), "stays"),
        (("users", "change", "0", "--role", "admin"), "not in the range"),
        (("users", "change", "2"), "--role"),
        (("keys", "revoke", "1"), "There is no database"),
        (("orgs", "list"), "There is no database"),
        (("keys", "revoke", str(2**63)), "not in the range"),
        (("keys", "create", "--days", "0"), "not in the range"),
        (("keys", "create", "--role", "owner"), "owner"),
        (("keys", "create", "--database", "mysql://h/n"), "no kind of database"),
        (("keys", "create", "--database", "postgresql://ada:sesame@127.0.0.1:1/n"), "connection to it failed"),
        (("users", "create", "--org", "9"), "There is no organisation 9"),
        (("audit", "show", "--last", "0"), "not in the range"),
    ],
)
def test_bad_input_is_told_with_exit_code_2(program: Program, arguments: tuple[str, ...], told: str) -> None:
    """One object with --json, words and a hint without a password for people, and nothing made on the way."""
    done = program("serve", *arguments, "--json")
    assert (done.code, done.json["outcome"]) == (2, "error")
    assert told in done.json["reason"]
    assert told in done.err
    assert "sesame" not in done.out + done.err


def test_setting_that_is_misspelt_is_refused(program: Program) -> None:
    """A variable that is no setting would otherwise silently do nothing."""
    done = program("serve", "keys", "list", GENLOOM_SERVE_DATABSE="x")
    assert done.code == 2
    assert "GENLOOM_SERVE_DATABSE" in done.err


@pytest.mark.slow
def test_every_page_of_help_has_examples(program: Program) -> None:
    """Those of the groups too."""
    for group, names in {
        "keys": "create list revoke",
        "orgs": "create list",
        "users": "create list change remove",
    }.items():
        for arguments in ((group,), *((group, name) for name in names.split())):
            page = program("serve", *arguments, "--help")
            assert page.code == 0
            assert "Example" in page.out


def test_key_that_cannot_be_audited_does_not_count(program: Program, tmp_path: Path) -> None:
    """Nobody was shown it, and the log would not tell of it."""
    data = tmp_path / "data"
    first = program("serve", "keys", "create", "--data", str(data))
    assert first.code == 0
    (data / "audit.head").write_text("something else")
    failed = program("serve", "keys", "create", "--data", str(data), "--json")
    assert failed.code != 0
    assert "gl_" not in failed.out
    before, lost = program("serve", "keys", "list", "--data", str(data), "--json").json["keys"]
    assert before["revoked_at"] is None
    assert lost["revoked_at"] is not None
