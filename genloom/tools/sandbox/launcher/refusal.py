"""Why a run could not be started."""

from __future__ import annotations

__all__ = ["RefusalError"]


class RefusalError(Exception):
    """Setting up failed at a stage: `namespaces`, `mounts`, `readable`, `files`, `landlock`, `seccomp`, `limits`,
    `exec`, `user`."""

    def __init__(self, stage: str, why: object) -> None:
        super().__init__(f"{stage} {' '.join(str(why).split())}"[:600])
