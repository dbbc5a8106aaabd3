"""Why a run could not be started."""

from __future__ import annotations

__all__ = ["RefusalError"]


class RefusalError(Exception):
    """Setting up failed at a stage: `start`, `proc`, `bubblewrap`, `namespaces`, `mounts`, `user`, `view`, `grants`,
    `scratch`,
    `files`, `readable`, `limits`, `landlock`, `seccomp`, `exec`, `supervisor`."""

    def __init__(self, stage: str, why: object) -> None:
        super().__init__(f"{stage} {' '.join(str(why).split())}"[:600])
