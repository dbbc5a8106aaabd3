"""Which project at which host a repository's origin names."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from genloom.config import Settings, load_settings
from genloom.errors import RepositoryError, UsageError
from genloom.tools.diagnosis.services import examine_services
from genloom.tools.scm.remote import find_project, project_of_address

PLAIN = Settings(home=Path(), cache=Path())
OWN = Settings(
    home=Path(),
    cache=Path(),
    github_url="https://ghe.example.com",
    gitlab_url="https://code.example.com:8443/gitlab",
)


@pytest.mark.parametrize(
    ("address", "api", "path"),
    [
        ("https://github.com/octo/repo.git", "https://api.github.com", "octo/repo"),
        ("https://github.com/octo/repo", "https://api.github.com", "octo/repo"),
        ("https://x-access-token:ghs_secret@github.com/octo/repo/", "https://api.github.com", "octo/repo"),
        ("git@github.com:octo/re.po.git", "https://api.github.com", "octo/re.po"),
        ("ssh://git@github.com/octo/repo.git", "https://api.github.com", "octo/repo"),
        ("ssh://git@ssh.github.com:443/octo/repo.git", "https://api.github.com", "octo/repo"),
        ("git@GitLab.com:group/sub/repo.git", "https://gitlab.com/api/v4", "group/sub/repo"),
        ("https://ghe.example.com/octo/repo", "https://ghe.example.com/api/v3", "octo/repo"),
        ("git@code.example.com:group/repo.git", "https://code.example.com:8443/gitlab/api/v4", "group/repo"),
        ("ssh://git@code.example.com:2222/g/repo", "https://code.example.com:8443/gitlab/api/v4", "g/repo"),
        ("https://code.example.com:8443/gitlab/g/repo.git", "https://code.example.com:8443/gitlab/api/v4", "g/repo"),
    ],
)
def test_addresses_name_projects(address: str, api: str, path: str) -> None:
    """By https and ssh, at the public hosts and at those of one's own, also below a path."""
    project = project_of_address(address, OWN)
    assert (project.api_url, project.path) == (api, path)


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com.evil.example/octo/repo",
        "https://evil.example/github.com/octo/repo",
        "https://user:hunter2hunter2@evil.example/octo/repo",
        "https://github.com:8443/octo/repo",
        "https://ghe.example.com/octo/repo",  # not configured
        "https://github.com/octo",
        "https://github.com/octo/repo/more",
        "https://github.com/../repo",
        "https://github.com/octo/repo?x=1#y/z",
        "/srv/git/repo.git",
        "../repo",
        "",
        "https://[broken/octo/repo",
    ],
)
def test_other_addresses_are_refused_and_not_repeated(address: str) -> None:
    """A token goes to a known host alone; the message holds no password of the address."""
    if "?" in address:
        assert project_of_address(address, PLAIN).path == "octo/repo"
        return
    with pytest.raises(UsageError) as caught:
        project_of_address(address, PLAIN)
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_clone_of_another_user_is_read_where_it_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As CI machines mount it into containers; else git's own reason is told, not that there is no remote."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", clone], check=True)
    subprocess.run(["git", "remote", "add", "origin", "git@github.com:octo/repo.git"], cwd=clone, check=True)
    for path in (clone, clone / ".git"):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RepositoryError, match="dubious ownership"):
        asyncio.run(find_project(clone, PLAIN))
    (tmp_path / ".gitconfig").write_text(f"[safe]\n\tdirectory = {clone}\n")
    assert asyncio.run(find_project(clone, PLAIN)).path == "octo/repo"


def test_an_address_of_ones_own_without_encryption_is_refused() -> None:
    """Unless that is allowed in so many words."""
    open_one = Settings(home=Path(), cache=Path(), github_url="http://ghe.example.com")
    with pytest.raises(UsageError, match="everybody on the way"):
        project_of_address("http://ghe.example.com/octo/repo", open_one)


def test_data_residency_hosts_have_their_api_at_a_name_of_its_own() -> None:
    """As GitHub's documents have it for GHE.com."""
    settings = Settings(home=Path(), cache=Path(), github_url="https://octo.ghe.com")
    assert project_of_address("https://octo.ghe.com/o/r", settings).api_url == "https://api.octo.ghe.com"


def test_the_environment_names_tokens_and_servers() -> None:
    """genloom's own variables go before those that CI machines set; secrets are known for redaction and not shown."""
    env = {
        "GITHUB_TOKEN": "gh-general-1",
        "GENLOOM_GITHUB_TOKEN": "gh-own-1234",
        "GITLAB_TOKEN": "gl-general-1",
        "GENLOOM_GITLAB_URL": "https://code.example.com",
        "GENLOOM_HOME": "/nowhere",
    }
    settings = load_settings(env)
    assert (settings.github_token, settings.gitlab_token) == ("gh-own-1234", "gl-general-1")
    assert settings.gitlab_url == "https://code.example.com"
    assert {"gh-own-1234", "gl-general-1"} <= set(settings.secrets)
    assert "gl-general-1" not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "state", "told"),
    [
        ({}, "off", "no token"),
        ({"gitlab_token": "glpat-xxxxxxxxxxxxxxxxxxxx"}, "ok", "a token for GitLab"),
        ({"github_token": "t", "gitlab_token": "t"}, "ok", "GitHub and GitLab"),
        ({"github_token": "t", "github_url": "http://ghe.example.com"}, "problem", "everybody on the way"),
    ],
)
def test_the_doctor_tells_what_is_configured(changes: dict[str, str], state: str, told: str) -> None:
    """Without a token in it, and without asking anybody."""
    found = {each.area: each for each in asyncio.run(examine_services(Settings(home=Path(), cache=Path(), **changes)))}  # type: ignore[arg-type]
    assert found["code hosts"].state == state
    assert told in found["code hosts"].message
    assert "glpat" not in str(found["code hosts"])
