"""The warm server: it waits in the target's interpreter and turns forked copies of itself into runs.

    genloom ── supervisor ── server ── maker ── first process ── the run
                                       (supervises one run after the other, each as in the cold way)

Each maker has one run prepared, as far as that is possible without knowing what it will be. Nothing of a run comes into the
server or a maker but its limits: plan, files and output go to the run itself.
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
from genloom.tools.sandbox.launcher.wire import (
    ACCEPTED,
    DESCRIPTORS,
    FOR_RUN,
    FOR_SUPERVISOR,
    LIMITS_SIZE,
    unpack_limits,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from genloom.tools.sandbox.launcher.plan import Plan

__all__ = ["wait_for_run"]

SOCKET = 3
"""Where the server's end of the socket pair is found; `wire` tells what comes through it."""

_MOST_IDLE = 2
"""As many as checks run at once: a run and its control."""

_WIDTH = 4
"""Of a descriptor among the data that come beside a message."""

_CLOSE_ON_EXEC = 0x40000000  # MSG_CMSG_CLOEXEC
_AT_ONCE = 0x40  # MSG_DONTWAIT
_SIGKILL = 9
_PAUSE_SECONDS = 0.05


class _SetUpError(BaseException):
    """Raised in the run itself, where it is fully set up, to leave all the frames that were needed for it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def wait_for_run() -> Plan:
    """Make runs until nobody wants any more; return in each of them, as that run, confined and ready."""
    # ended makers are not to be waited for
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    server = _socket.socket(fileno=SOCKET)
    common = _read_plan(_receive(server)[1][0])
    # what is shared is not to be copied because it is looked at
    gc.collect()
    gc.freeze()
    leash = _Makers(server).attend()
    try:
        return _make_runs(common, server, leash)
    except _SetUpError as ready:
        return ready.plan


class _Makers:
    """The processes that make runs, one after the other; one more when all have a run and another is wanted."""

    def __init__(self, server: _socket.socket) -> None:
        self._server = server
        self._idle: dict[int, bool] = {}
        """By our end of its leash: whether a maker has no run. It tells with `t` that it took one, asks with `d` for leave
        to prepare another, and ends with the leash."""
        self._leashes: dict[int, _socket.socket] = {}

    def attend(self) -> _socket.socket:
        """Have makers as they are needed; return in each of them, with its end of its leash."""
        own = os.getpid()
        while True:
            leash = None if self._has_idle() else self._add(own)
            if leash:
                return leash
            self._wait()

    def _has_idle(self) -> bool:
        if not self._leashes or True in self._idle.values():
            return bool(self._leashes)
        waiting = select.poll()
        waiting.register(self._server.fileno(), select.POLLIN)
        return not waiting.poll(0)

    def _add(self, own: int) -> _socket.socket | None:
        ours, theirs = _socket.socketpair()
        if _fork_or_wait() == 0:
            ours.close()
            for leash in self._leashes.values():
                leash.close()
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, _SIGKILL)
            if os.getppid() != own:
                os._exit(0)
            return theirs
        theirs.close()
        self._leashes[ours.fileno()], self._idle[ours.fileno()] = ours, True
        return None

    def _wait(self) -> None:
        """Wait until a maker tells something, or more makers are wanted; end with the other end of the socket."""
        waiting = select.poll()
        # hanging up is always told
        waiting.register(self._server.fileno(), 0 if True in self._idle.values() else select.POLLIN)
        for number in self._leashes:
            waiting.register(number, select.POLLIN)
        for number, event in waiting.poll():
            if number in self._leashes:
                self._hear(number)
            elif event & ~select.POLLIN:
                os._exit(0)

    def _hear(self, number: int) -> None:
        try:
            told = self._leashes[number].recv(1)
        except OSError:
            told = b""
        if told == b"t":
            self._idle[number] = False
        elif told == b"d" and list(self._idle.values()).count(True) < _MOST_IDLE and self._let_go_on(number):
            self._idle[number] = True
        else:
            self._leashes.pop(number).close()
            if self._idle.pop(number):
                time.sleep(_PAUSE_SECONDS)  # it ended without a run: the next might, too

    def _let_go_on(self, number: int) -> bool:
        try:
            return self._leashes[number].send(b"g") == 1
        except OSError:
            return False  # it was killed: all the others live on


def _fork_or_wait() -> int:
    while True:
        try:
            return os.fork()
        except OSError:
            time.sleep(_PAUSE_SECONDS)  # until other runs have ended


def _make_runs(common: Plan, server: _socket.socket, leash: _socket.socket) -> NoReturn:
    """Prepare and supervise one run after the other, in this process; raise `_SetUpError` in each of them.

    Nothing that could differ from run to run comes into this process, but for limits and the way that a run ended.
    """
    order = None
    try:
        while True:
            order = _LateOrder(common, server, leash)
            supervise(common, order)
            if order.refused:
                break
            leash.send(b"d")
            if not leash.recv(1):
                break
    except BaseException as error:
        if isinstance(error, _SetUpError):
            raise
        if order:
            order.tell(f"refused supervisor {error}")
    os._exit(0)


class _LateOrder(Order):
    """An order that comes when everything for a run is prepared: to its supervisor, which hands it on to the run."""

    def __init__(self, common: Plan, server: _socket.socket, leash: _socket.socket) -> None:
        self._common = common
        self._server = server
        self._leash = leash
        self._to_run, self._from_supervisor = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        self._status = -1
        self.refused = False
        """Whether the run was refused; what is said of that may come from it."""

    def take(self, refused: int) -> Plan:
        message, descriptors = self._await(refused)
        if len(descriptors) < len(DESCRIPTORS):
            os._exit(0)
        self.control, self._status = descriptors[: len(FOR_SUPERVISOR)]
        handed_on = descriptors[len(FOR_SUPERVISOR) :]
        # ahead of the run: once code may have begun, nobody may give the order again
        os.write(self._status, ACCEPTED)
        packed = b"".join(number.to_bytes(_WIDTH, "little") for number in handed_on)
        self._to_run.sendmsg([b"r"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)])
        self._to_run.close()
        self._from_supervisor.close()
        for number in handed_on:
            os.close(number)
        self._leash.send(b"t")
        plan = self._common.copy()
        plan["wall_seconds"], plan["memory"] = unpack_limits(message)
        return plan

    def _await(self, refused: int) -> tuple[bytes, list[int]]:
        """Return the next order. One for a run that died meanwhile, without a word, is left to another maker."""
        waiting = select.poll()
        waiting.register(self._server.fileno(), select.POLLIN)
        if refused >= 0:
            waiting.register(refused, select.POLLIN)
        while True:
            ready = dict(waiting.poll())
            why = ready.get(refused, 0)
            if why & select.POLLIN:
                waiting.unregister(refused)  # it is to be told to whoever orders
            elif why:
                os._exit(0)
            elif ready:
                try:
                    return _receive(self._server, _AT_ONCE)
                except BlockingIOError:
                    pass  # another maker was faster

    def take_as_run(self) -> Plan:
        self._server.close()
        self._leash.close()
        self._to_run.close()
        _, descriptors = _receive(self._from_supervisor)
        if len(descriptors) < len(FOR_RUN):
            os._exit(1)
        given = {name: descriptors[place] for place, name in enumerate(FOR_RUN)}
        plan = _read_plan(given["plan"])
        for place, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(given[name], place)
        plan["channel"] = [given["calls"], given["records"]] if plan["channel"] else []
        return plan

    def go_on(self, plan: Plan) -> NoReturn:
        close_rest(plan["channel"])
        raise _SetUpError(plan)

    def tell(self, line: str) -> None:
        if self._status < 0:
            self.take(-1)
        self.refused = line.startswith("refused")
        super().tell(line)
        os.close(self.control)


def _receive(end: _socket.socket, how: int = 0) -> tuple[bytes, list[int]]:
    """Return the next message and its descriptors; none when there is no more to come."""
    space = _socket.CMSG_SPACE(len(DESCRIPTORS) * _WIDTH)
    message, ancillary, _, _ = end.recvmsg(LIMITS_SIZE, space, _CLOSE_ON_EXEC | how)
    packed = ancillary[0][2] if message and ancillary else b""
    return message, [int.from_bytes(packed[at : at + _WIDTH], "little") for at in range(0, len(packed), _WIDTH)]


def _read_plan(number: int) -> Plan:
    size = os.fstat(number).st_size
    plan: Plan = marshal.loads(os.pread(number, size, 0))  # noqa: S302 - written by genloom
    return plan
