"""Reading inside a repository: no path and no link leads out of it, and nothing special is opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codebase.files.opening import LinkError, opened_inside
from genloom.tools.codebase.files.source import read_inside
from genloom.tools.codebase.files.tree import SourceTree

CANARY = b"outside-canary"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository beside a file that must not be read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.py").write_bytes(CANARY)
    inside = tmp_path / "repository"
    (inside / "package").mkdir(parents=True)
    (inside / "package" / "module.py").write_bytes(b"x = 1\n")
    return inside


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.py",
        "package/../../outside/secret.py",
        "package/../module.py",
        "..",
        "/etc/hostname",
        "//etc/hostname",
        "",
        ".",
        "package/module.py\0.txt",
        "\0",
        "a" * 300,
        "a/" * 3_000 + "b",
        "package",
        "package/module.py/more",
        "missing.py",
        "\udcff.py",
    ],
)
def test_a_path_that_is_no_file_below_the_root_is_never_read(root: Path, path: str) -> None:
    """Nor does it raise."""
    assert isinstance(read_inside(root, path), str)


@given(
    st.lists(
        st.sampled_from(["..", ".", "package", "module.py", "outside", "secret.py", "", "/", "\0", "~"]), max_size=6
    )
)
def test_no_combination_of_parts_leads_out(parts: list[str]) -> None:
    """Whatever is put together, only what lies inside comes back."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder, "repository")
        (inside / "package").mkdir(parents=True)
        (inside / "package" / "module.py").write_bytes(b"inside")
        Path(folder, "outside").mkdir()
        Path(folder, "outside", "secret.py").write_bytes(CANARY)
        assert read_inside(inside, "/".join(parts)) in {b"inside", "link", "unreadable"}


def test_links_are_not_followed_wherever_they_stand(root: Path) -> None:
    """A link as the file, as a folder on the way, to a folder inside, and one that leads nowhere."""
    (root / "file.py").symlink_to(root.parent / "outside" / "secret.py")
    (root / "folder").symlink_to(root.parent / "outside")
    (root / "within").symlink_to(root / "package")
    (root / "broken.py").symlink_to(root / "nowhere")
    for path in ("file.py", "folder/secret.py", "within/module.py", "broken.py"):
        assert read_inside(root, path) == "link"
    assert read_inside(root, "package/module.py") == b"x = 1\n"


def test_the_root_itself_may_be_reached_by_a_link(root: Path) -> None:
    """It is the user's own way to name the repository."""
    (root.parent / "alias").symlink_to(root)
    assert read_inside(root.parent / "alias", "package/module.py") == b"x = 1\n"


def test_pipes_sockets_and_devices_are_not_opened(root: Path) -> None:
    """Nothing is waited for."""
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # the names of sockets are short
        try:
            server.bind("socket.py")
        finally:
            os.chdir(here)
        assert read_inside(root, "pipe.py") == "unreadable"
        assert read_inside(root, "socket.py") == "unreadable"
    assert read_inside(Path("/dev"), "null") == "unreadable"


def test_an_ignore_file_that_is_a_link_or_a_pipe_says_nothing(root: Path) -> None:
    """Neither rules from outside nor a wait."""
    (root.parent / "rules").write_text("package\n")
    (root / ".gitignore").symlink_to(root.parent / "rules")
    os.mkfifo(root / "package" / ".gitignore")
    assert [found.path for found in SourceTree(root).files()] == ["package/module.py"]


def test_a_folder_that_becomes_a_link_after_a_look_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange happens right before the folder is opened, where a check by path would be past."""
    real_open = os.open

    def exchanging(path: object, flags: int, *args: int, **where: int) -> int:
        if path == "package" and not (root / "package").is_symlink():
            (root / "package").rename(root / "moved")
            (root / "package").symlink_to(root.parent / "outside")
        return real_open(path, flags, *args, **where)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(os, "open", exchanging)
    assert read_inside(root, "package/secret.py") == "link"


def test_a_folder_exchanged_while_it_is_open_is_still_the_one_that_was_looked_at(root: Path) -> None:
    """What follows is opened inside the folder that was opened, not by its name again."""
    with opened_inside(root, "package/module.py") as descriptor:
        (root / "package").rename(root / "moved")
        (root / "package").symlink_to(root.parent / "outside")
        assert os.read(descriptor, 20) == b"x = 1\n"
    with pytest.raises(LinkError), opened_inside(root, "package/secret.py"):
        pass


def test_no_descriptor_stays_open(root: Path) -> None:
    """However it ends."""
    (root / "file.py").symlink_to("package/module.py")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("package/module.py", "file.py", "missing/file", "package", "../x", "package/module.py/x", "\udcff/x"):
        read_inside(root, path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
