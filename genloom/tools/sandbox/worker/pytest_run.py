"""Runs a pytest file and reports each test on the private pipe. Its records are claims: the draft shares this process."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

from genloom.tools.sandbox.worker.channel import Channel
from genloom.tools.sandbox.worker.line_recorder import LineRecorder, coverage_record
from genloom.tools.sandbox.worker.paths import put_first
from genloom.tools.sandbox.worker.values import quote, shorten, shorten_middle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["preload_pytest", "report_tests"]

BORROWED = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
MOST_DETAIL = 4000
_LOADED_BY_SESSIONS = ("_pytest._argcomplete", "faulthandler", "pdb")
_NOT_USED = {"cacheprovider", "stepwise"}
"""Plugins that `-p no:cacheprovider` keeps out."""


def report_tests(own_folder: str) -> None:
    """Run the file that the parent names and write a record for each test, then a closing one.

    The first message holds the test file, the folder that lends a pytest (or nothing), `conftest` when the caller's own
    conftest.py is to be used, the files whose lines are recorded after their number, and the folders to import from after
    the scratch folder, which is the working directory.
    """
    channel = Channel()
    message = channel.receive()
    test_file, lender, conftest = message.fields[:3]
    recorded, folders = message.counted(3)
    scratch = os.getcwd()
    recorder = LineRecorder(recorded, scratch)
    put_first([scratch, *folders], own_folder)
    _ahead.forget_if_shadowed([scratch, *folders])
    try:
        pytest = _find_pytest(lender)
    except Exception as error:  # noqa: BLE001 - an incompatible pytest can fail in any way
        channel.send(message.nonce, f'["no_pytest",{quote(shorten(f"{type(error).__name__}: {error}"))}]')
        channel.close()
        return
    reporter = _Reporter(channel, message.nonce, recorder)
    options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", scratch, "--confcutdir", scratch]
    options += [] if conftest else ["--noconftest"]
    status = pytest.main([*options, test_file], plugins=[reporter])
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if not os.path.exists(os.path.join(scratch, test_file)):
        reporter.tell(test_file, "error", "the tests removed the file that they stand in")
    channel.send(message.nonce, f'["closed",{int(status)},{reporter.reported},{coverage_record(recorder)}]')
    channel.close()


def preload_pytest(own_folder: str, lender: str) -> None:
    """Load pytest ahead of the runs that a server makes. Each run makes sure that it would have loaded the same."""
    modules, _ahead.finders, path = set(sys.modules), list(sys.meta_path), list(sys.path)
    put_first([], own_folder)
    try:
        _find_pytest(lender)
        configuration = importlib.import_module("_pytest.config")
        for plugin in [name for name in getattr(configuration, "default_plugins", ()) if name not in _NOT_USED]:
            importlib.import_module(f"_pytest.{plugin}")
        for module in _LOADED_BY_SESSIONS:
            importlib.import_module(module)
        usable = True
    except Exception:  # noqa: BLE001 - an incompatible pytest can fail in any way; a run will tell how
        usable = False
    sys.path[:] = path
    _ahead.names = [name for name in sys.modules if name not in modules]
    if not usable:
        _ahead.forget()


class _Ahead:
    """What was loaded ahead of a run."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.finders: list[Any] = []

    def forget(self) -> None:
        for name in self.names:
            sys.modules.pop(name, None)
        if self.names:
            sys.meta_path[:] = self.finders
        self.names = []

    def forget_if_shadowed(self, folders: list[str]) -> None:
        """Forget all of it where a run's own folders, which come first, have a module of the same name as some of it."""
        loaded = {name.partition(".")[0] for name in self.names}
        for folder in folders:
            try:
                own = {entry.partition(".")[0] for entry in os.listdir(folder)}
            except OSError:
                continue  # nothing can be imported from there
            if own & loaded:
                self.forget()


_ahead = _Ahead()


def _find_pytest(lender: str) -> Any:  # Any: the module, unknown to this interpreter's own checks
    try:
        return importlib.import_module("pytest")
    except ModuleNotFoundError:
        if not lender:
            raise
    sys.meta_path.append(_Lender(lender))
    return importlib.import_module("pytest")


class _Lender:
    """Finds pytest and what it needs, and nothing else, in genloom's own environment."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> Any:
        """Find one of the borrowed packages. Any: the loader's own type."""
        if path is not None or name not in BORROWED:
            return None
        # by file, for the folder around it may not be listed
        package = os.path.join(self._folder, name)
        if not os.path.isdir(package):
            return importlib.util.spec_from_file_location(name, package + ".py")
        first = os.path.join(package, "__init__.py")
        return importlib.util.spec_from_file_location(name, first, submodule_search_locations=[package])


class _Reporter:
    """A pytest plugin: one record a test, from what its phases said."""

    def __init__(self, channel: Channel, nonce: bytes, recorder: LineRecorder) -> None:
        self._channel = channel
        self._nonce = nonce
        self._recorder = recorder
        self.reported = 0
        self._open: dict[str, tuple[str, str]] = {}

    def pytest_collection_finish(self, session: Any) -> None:  # Any: pytest's own types, here and below
        self._send(f'["collected",{len(session.items)}]')
        self._recorder.start()
        self._recorder.pause()

    def pytest_runtest_setup(self, item: Any) -> None:
        self._recorder.resume()

    def pytest_runtest_call(self, item: Any) -> None:
        self._recorder.resume()

    def pytest_runtest_teardown(self, item: Any) -> None:
        self._recorder.resume()

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        self._recorder.pause()

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.tell(report.nodeid or "collection", "error", str(report.longrepr))

    def pytest_runtest_logreport(self, report: Any) -> None:
        result, detail = _result(report)
        if result:
            kept = self._open.get(report.nodeid)
            if kept is None or kept[0] in ("passed", "skipped", "xfailed", "xpassed"):
                self._open[report.nodeid] = (result, detail)
        if report.when == "teardown":
            self.tell(report.nodeid, *self._open.pop(report.nodeid, ("error", "no phase reported")))

    def tell(self, name: str, result: str, detail: str) -> None:
        """Write the record of one test."""
        self.reported += 1
        self._send(f'["test",{quote(name)},{quote(result)},{quote(shorten_middle(detail, MOST_DETAIL))}]')

    def _send(self, record: str) -> None:
        self._channel.send(self._nonce, record)


def _result(report: Any) -> tuple[str, str]:
    """Return what one phase of a test says of the test, nothing when it says nothing."""
    if hasattr(report, "wasxfail"):
        return ("xfailed" if report.skipped else "xpassed"), str(report.wasxfail)
    if report.skipped:
        reason = report.longrepr
        return "skipped", str(reason[2] if isinstance(reason, tuple) else reason)
    if report.failed:
        return ("failed" if report.when == "call" else "error"), str(report.longrepr)
    return ("passed" if report.when == "call" else ""), ""
