"""The warm server: it waits in the target's interpreter and turns forked copies of itself into runs.

    genloom ── supervisor ── server ── supervisor ── first process ── the run
                                       (of one run, as in the cold way)

One run is always prepared as far as that is possible without knowing what it will be. Nothing of a run comes into the
server: a run's own supervisor takes the order out of the socket.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the C part alone: nothing else is loaded with it
import _socket
import gc
import marshal
import os
import select
import time

from genloom.tools.sandbox.launcher import kernel
from genloom.tools.sandbox.launcher.confinement import close_rest
from genloom.tools.sandbox.launcher.order import Order
from genloom.tools.sandbox.launcher.supervisor import supervise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["wait_for_run"]

SOCKET = 3
"""Where the server's end of the socket pair is found. A message is one byte, with descriptors: in the first, of the plan
that all runs have in common; then of one run's control, status, plan, stdin, stdout, stderr, calls and records."""

_MOST_DESCRIPTORS, _WIDTH = 8, 4
_CLOSE_ON_EXEC = 0x40000000  # MSG_CMSG_CLOEXEC
_SIGKILL = 9
_PAUSE_SECONDS = 0.05


class _SetUpError(BaseException):
    """Raised in the run itself, where it is fully set up, to leave all the frames that were needed for it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def wait_for_run() -> Plan:
    """Make runs until nobody wants any more; return in each of them, as that run, confined and ready."""
    # ended supervisors are not to be waited for
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    server = _socket.socket(fileno=SOCKET)
    common = _read_plan(_receive(server)[0])
    own = os.getpid()
    # what is shared is not to be copied because it is looked at
    gc.collect()
    gc.freeze()
    while True:
        taken, tell = os.pipe()
        if _fork_or_wait() == 0:
            os.close(taken)
            return _become(common, _LateOrder(server, tell), own)
        os.close(tell)
        if os.read(taken, 1):
            _wait_for_need(server, taken)
        else:
            _check_wanted(server)
        os.close(taken)


def _fork_or_wait() -> int:
    while True:
        try:
            return os.fork()
        except OSError:
            time.sleep(_PAUSE_SECONDS)  # until other runs have ended


def _wait_for_need(server: _socket.socket, taken: int) -> None:
    """Prepare no further run while one is on its way, unless somebody waits for it: that would slow both down."""
    waiting = select.poll()
    for number in (server.fileno(), taken):
        waiting.register(number, select.POLLIN)
    waiting.poll()


def _check_wanted(server: _socket.socket) -> None:
    """End with the other end of the socket; a prepared run that ended without an order is made again."""
    waiting = select.poll()
    waiting.register(server.fileno(), 0)  # hanging up is always told
    if waiting.poll(_PAUSE_SECONDS * 1000):
        os._exit(0)


def _become(common: Plan, order: _LateOrder, server: int) -> Plan:
    """Prepare and supervise one run, in this process; return in the run."""
    try:
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, _SIGKILL)
        if os.getppid() == server:
            supervise(common, order)
    except _SetUpError as ready:
        return ready.plan
    except BaseException as error:  # noqa: BLE001 - this process must not go on as a server
        order.tell(f"refused supervisor {error}")
    os._exit(0)


class _LateOrder(Order):
    """An order that comes when everything for a run is prepared: to its supervisor, which hands it on to the run."""

    def __init__(self, server: _socket.socket, taken: int) -> None:
        self._server = server
        self._taken = taken
        self._to_run, self._from_supervisor = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._status = -1

    def take(self) -> Plan:
        descriptors = _receive(self._server)
        if len(descriptors) < _MOST_DESCRIPTORS:
            os._exit(0)
        self.control, self._status, plan, *_ = descriptors
        os.write(self._status, b"accepted\n")
        os.write(self._taken, b"x")
        self._server.close()
        packed = b"".join(number.to_bytes(_WIDTH, "little") for number in descriptors[2:])
        self._to_run.sendmsg([b"r"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
        self._to_run.close()
        for number in descriptors[3:]:
            os.close(number)
        return _read_plan(plan)

    def take_as_run(self) -> Plan:
        self._server.close()
        self._to_run.close()
        descriptors = _receive(self._from_supervisor)
        if not descriptors:
            os._exit(1)
        plan = _read_plan(descriptors[0])
        for place, number in enumerate(descriptors[1:4]):
            os.dup2(number, place)
        plan["channel"] = descriptors[4:] if plan["channel"] else []
        return plan

    def go_on(self, plan: Plan) -> NoReturn:
        close_rest(plan["channel"])
        raise _SetUpError(plan)

    def tell(self, line: str) -> None:
        if self._status < 0:
            self.take()
        super().tell(line)


def _receive(end: _socket.socket) -> list[int]:
    """Return the next message's descriptors; none when there is no more to come."""
    space = _socket.CMSG_SPACE(_MOST_DESCRIPTORS * _WIDTH)
    message, ancillary, _, _ = end.recvmsg(1, space, _CLOSE_ON_EXEC)
    packed = ancillary[0][2] if message and ancillary else b""
    return [int.from_bytes(packed[at : at + _WIDTH], "little") for at in range(0, len(packed), _WIDTH)]


def _read_plan(number: int) -> Plan:
    size = os.fstat(number).st_size
    plan: Plan = marshal.loads(os.pread(number, size, 0))  # noqa: S302 - written by genloom
    return plan
