"""The way down from root, before bubblewrap: show what lies in folders closed to others, become nobody, go on."""

from __future__ import annotations

import os

from genloom.tools.sandbox.launcher import kernel, mounts, namespaces
from genloom.tools.sandbox.launcher.refusal import RefusalError

__all__ = ["descend"]

_STAGING = "/sys"
"""A folder that is always there and that no run needs; it is covered in the private mount namespace alone."""


def descend(arguments: list[str]) -> None:
    """Take `STATUS VIEW NEEDED… -- COMMAND…`: execute the command as an unprivileged user with an id of its own.

    `NEEDED` paths stay readable where folders above them are closed to others; nothing else of such a folder shows.
    `VIEW`, where it is not empty, is a folder whose owner's files are to be that user's; nothing is written to it.
    Writes `refused STAGE WHY` to the descriptor STATUS when that is not possible.
    """
    end = arguments.index("--")
    status, view, needed, command = int(arguments[0]), arguments[1], arguments[2:end], arguments[end + 1 :]
    try:
        user = namespaces.unprivileged_user()
        if view or any(mounts.closed_to_others(path) for path in needed):
            mounts.show_closed(needed, view, _STAGING, user)
        namespaces.take_user(user)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        os.execve(command[0], command, {})  # noqa: S606 - bubblewrap, with fixed options
    except RefusalError as refusal:
        os.write(status, f"refused {refusal}\n".encode(errors="replace"))
    except OSError as error:
        os.write(status, f"refused bubblewrap {error}\n".encode(errors="replace"))
    os._exit(127)
