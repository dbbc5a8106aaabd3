"""API keys: what they look like, what is stored of them, and when they count."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import StorageError
from genloom.interfaces.server.security.keys import create_key, find_principal, make_key
from genloom.interfaces.server.security.principal import ROLES, Principal, lower_role
from genloom.interfaces.server.security.secret import server_secret
from genloom.interfaces.server.storage import Storage, UnknownRowError
from genloom.tools.security import redact


def test_key_is_long_random_and_only_its_digest_is_told() -> None:
    """32 bytes nobody can guess, in letters that need no quoting; neither text nor digest shows in `repr`."""
    made = [make_key() for _ in range(50)]
    assert len({key.text for key in made}) == 50
    for key in made:
        assert key.text.startswith(f"{key.prefix}_")
        assert len(key.text) == len("gl_12345678_") + 43
        assert key.digest == hashlib.sha256(key.text.encode()).hexdigest()
        assert key.text not in repr(key)
        assert key.digest not in repr(key)


def test_key_is_redacted_wherever_text_is() -> None:
    """In a prompt or a log a key of our own is taken out as those of others are."""
    key = make_key().text
    told = redact(f"curl -H 'X: {key}' # {key}, see gl_abcdefgh_")
    assert key not in told
    assert "gl_abcdefgh_" in told


async def test_key_stands_for_its_member_until_it_is_revoked(storage: Storage) -> None:
    """The text is known to whoever got it alone: what is stored finds it, and tells nothing of it."""
    text, record = await create_key(storage, 1, 1, name="ci", role="runner")
    assert text not in repr(record)
    assert record.digest not in repr(record)
    expected = Principal(organization_id=1, user_id=1, role="runner", key_id=record.id)
    assert await find_principal(storage, text) == expected
    assert await storage.keys.revoke(1, record.id)
    assert not await storage.keys.revoke(1, record.id)
    assert await find_principal(storage, text) is None


async def test_key_ends_when_it_was_told_to(storage: Storage) -> None:
    """It counts up to that moment and not at it."""
    text, record = await create_key(storage, 1, 1, name="", role="viewer", days=2)
    assert record.expires_at is not None
    assert record.expires_at - record.created_at == pytest.approx(2 * 86_400, abs=5)
    assert await find_principal(storage, text, now=record.expires_at - 1) is not None
    assert await find_principal(storage, text, now=record.expires_at) is None


async def test_key_can_do_no_more_than_its_user(storage: Storage) -> None:
    """A member who may do less from now on, or is none any more, takes the power of all keys along."""
    user = await storage.users.create(1, role="admin")
    text, _ = await create_key(storage, 1, user.id, name="", role="admin")
    found = await find_principal(storage, text)
    assert found is not None
    assert found.role == "admin"
    await storage.users.set_role(1, user.id, "viewer")
    found = await find_principal(storage, text)
    assert found is not None
    assert found.role == "viewer"
    await storage.users.remove(1, user.id)
    assert await find_principal(storage, text) is None


async def test_key_is_made_for_members_alone(storage: Storage) -> None:
    """Neither a number that is nobody's nor another organisation's member gets one."""
    other = (await storage.organizations.create("other")).id
    for organization, user in ((1, 99), (other, 1), (2**63, 1)):
        with pytest.raises(UnknownRowError):
            await create_key(storage, organization, user, name="", role="viewer")


async def test_use_is_written_down_once_a_minute(storage: Storage) -> None:
    """The first use, and one a minute later; what comes between costs no write. A clock set back does not stop it."""
    text, _ = await create_key(storage, 1, 1, name="", role="viewer")

    async def used() -> float | None:
        (found,), _ = await storage.keys.page(1, skip=0, limit=9)
        return found.last_used_at

    assert await used() is None
    await find_principal(storage, text)
    first = await used()
    assert first is not None
    await find_principal(storage, text, now=first + 59)
    assert await used() == first
    await find_principal(storage, text, now=first + 61)
    second = await used()
    assert second is not None
    assert second > first
    await find_principal(storage, text, now=first - 3600)
    assert (await used()) != second


@pytest.mark.parametrize("text", ["", "gl_", "x" * 10_000_000, "gl_abcdefgh_" + "ü" * 43, "gl_\0\ud800", "Bearer"])
async def test_text_that_is_no_key_is_nobodys(storage: Storage, text: str) -> None:
    """Whatever is sent instead of a key, however long, is looked up nowhere."""
    assert await find_principal(storage, text) is None


async def test_key_that_differs_in_one_letter_is_nobodys(storage: Storage) -> None:
    """Wherever the letter stands, also in the part that lists show."""
    text, _ = await create_key(storage, 1, 1, name="", role="viewer")
    for place in range(len(text)):
        wrong = text[:place] + ("a" if text[place] != "a" else "b") + text[place + 1 :]
        assert await find_principal(storage, wrong) is None


@given(st.sampled_from(ROLES), st.sampled_from(ROLES))
def test_roles_are_ranked(first: str, second: str) -> None:
    """Each may do what those below may, and no more; of two the lower one counts."""
    mine = Principal(organization_id=1, user_id=1, role=first)  # type: ignore[arg-type]
    assert mine.may(second) == (ROLES.index(first) >= ROLES.index(second))  # type: ignore[arg-type]
    assert ROLES.index(lower_role(first, second)) == min(ROLES.index(first), ROLES.index(second))  # type: ignore[arg-type]


def test_servers_secret_is_made_once_and_private(tmp_path: Path) -> None:
    """Every process reads the same 32 bytes; the file is its owner's alone, and one that is not is refused."""
    data = tmp_path / "data"
    secret = server_secret(data)
    assert len(secret) == 32
    assert server_secret(data) == secret != server_secret(tmp_path / "other")
    path = data / "secret.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(data.iterdir()) == [path]
    path.chmod(0o640)
    with pytest.raises(StorageError, match="read by others"):
        server_secret(data)
    path.chmod(0o600)
    path.write_bytes(secret[:-1])
    with pytest.raises(StorageError, match="32 bytes"):
        server_secret(data)


def test_secret_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, nothing is signed with an empty secret."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        server_secret(tmp_path / "file")
