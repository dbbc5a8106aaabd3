"""The result cache: bounds, age, statistics, damage, and one maker for many askers."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import genloom
from genloom.config import load_settings
from genloom.errors import StorageError
from genloom.tools.store import single_flight
from genloom.tools.store.result_cache import CacheStatistics, ResultCache, open_result_cache


def _key(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResultCache]:
    """A roomy cache on a new file."""
    found = ResultCache(tmp_path / "results.db", max_bytes=1_000_000, ttl_seconds=3600)
    yield found
    found.close()


MAX_BYTES, MAX_ENTRIES, TTL = 500, 4, 10.0
KEYS = [_key(number) for number in range(7)]
VALUES = st.dictionaries(
    st.text(max_size=3), st.recursive(st.none() | st.integers() | st.text(max_size=40), st.lists), max_size=3
)


class CacheAgainstModel(RuleBasedStateMachine):
    """The cache and a plain ordered dict are told the same; they must answer the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = 1000.0
        self.caches = {number: self.open(number) for number in (1, 2)}
        self.model: OrderedDict[tuple[int, str], tuple[dict[str, Any], int, float]] = OrderedDict()
        self.counts = {number: dict.fromkeys(("hits", "misses", "evictions", "expired"), 0) for number in (1, 2)}

    def open(self, organisation: int) -> ResultCache:
        return ResultCache(
            self.folder / "results.db",
            max_bytes=MAX_BYTES,
            max_entries=MAX_ENTRIES,
            ttl_seconds=TTL,
            organisation=organisation,
            clock=lambda: self.now,
        )

    def teardown(self) -> None:
        for cache in self.caches.values():
            cache.close()
        shutil.rmtree(self.folder)

    def expire(self) -> None:
        for name, (_, _, created) in list(self.model.items()):
            if created <= self.now - TTL:
                del self.model[name]
                self.counts[name[0]]["expired"] += 1

    @rule(who=st.sampled_from([1, 2]), key=st.sampled_from(KEYS), value=VALUES)
    def put(self, who: int, key: str, value: dict[str, Any]) -> None:
        import json

        size = 64 + len(json.dumps(value))
        kept = self.caches[who].put(key, value)
        self.model.pop((who, key), None)
        assert kept == (size <= MAX_BYTES)
        if not kept:
            return
        self.model[who, key] = (value, size, self.now)
        self.expire()
        while len(self.model) > MAX_ENTRIES or sum(size for _, size, _ in self.model.values()) > MAX_BYTES:
            (owner, _), _ = self.model.popitem(last=False)
            self.counts[owner]["evictions"] += 1

    @rule(who=st.sampled_from([1, 2]), key=st.sampled_from(KEYS))
    def get(self, who: int, key: str) -> None:
        known = self.model.get((who, key))
        if known is not None and known[2] <= self.now - TTL:
            self.expire()
            known = None
        if known is not None:
            self.model.move_to_end((who, key))
        self.counts[who]["misses" if known is None else "hits"] += 1
        assert self.caches[who].get(key) == (known[0] if known else None)

    @rule(seconds=st.floats(0.0, 6.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(who=st.sampled_from([1, 2]))
    def purge(self, who: int) -> None:
        mine = [name for name in self.model if name[0] == who]
        assert self.caches[who].purge() == len(mine)
        for name in mine:
            del self.model[name]

    @precondition(lambda self: self.model)
    @rule(who=st.sampled_from([1, 2]))
    def open_again(self, who: int) -> None:
        self.caches[who].close()
        self.caches[who] = self.open(who)

    @invariant()
    def counts_agree(self) -> None:
        for who, cache in self.caches.items():
            sizes = [size for (owner, _), (_, size, _) in self.model.items() if owner == who]
            assert cache.stats() == CacheStatistics(entries=len(sizes), bytes=sum(sizes), **self.counts[who])


CacheAgainstModel.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestCacheAgainstModel = CacheAgainstModel.TestCase


def test_the_settings_give_the_bounds(tmp_path: Path) -> None:
    """A cache of 1 MB keeps no more than that, in the cache folder of the settings."""
    home = load_settings({"GENLOOM_HOME": str(tmp_path), "GENLOOM_CACHE_MEGABYTES": "1", "GENLOOM_ORGANISATION": "7"})
    cache = open_result_cache(home)
    for number in range(6):
        assert cache.put(_key(number), {"text": "x" * 300_000})
    stats = cache.stats()
    assert (stats.entries, stats.evictions) == (3, 3)
    assert stats.bytes <= 1_000_000
    assert (tmp_path / "cache" / "results.db").exists()


@pytest.mark.parametrize("key", ["", "abc", "G" * 64, "../" + "a" * 61, _key(1).upper()])
def test_a_key_is_a_sha256(cache: ResultCache, key: str) -> None:
    """Anything else as a key is refused everywhere."""
    for call in (cache.get, cache.drop, lambda k: cache.put(k, {}), lambda k: cache.lead(k).__enter__()):
        with pytest.raises(ValueError, match="sha256"):
            call(key)


def test_what_is_not_json_is_refused(cache: ResultCache) -> None:
    """A value that JSON cannot hold raises, and nothing is kept."""
    with pytest.raises(TypeError):
        cache.put(_key(1), {"a": object()})
    assert cache.get(_key(1)) is None


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 2}', "[" * 100_000, b"\xff\x00"])
def test_an_entry_that_was_altered_is_a_miss(cache: ResultCache, text: str | bytes) -> None:
    """An entry that does not match its digest, or is no object, is no answer and goes away."""
    cache.put(_key(1), {"a": 1})
    with sqlite3.connect(cache._database.path) as db:
        db.execute("UPDATE entries SET value = ?", (text,))
    assert cache.get(_key(1)) is None
    assert cache.stats().entries == 0


def test_a_damaged_file_is_set_aside_and_begun_anew(tmp_path: Path) -> None:
    """A file that is no database does not hinder the cache; one copy of it is kept beside."""
    path = tmp_path / "results.db"
    path.write_bytes(b"rubbish " * 1000)
    cache = ResultCache(path, max_bytes=1000, ttl_seconds=60)
    assert cache.put(_key(1), {"a": 1})
    assert cache.get(_key(1)) == {"a": 1}
    assert (tmp_path / "results.db.damaged").read_bytes() == b"rubbish " * 1000


def test_a_file_damaged_while_open_is_begun_anew(cache: ResultCache) -> None:
    """Damage that shows during use is a miss; the next answer is kept again."""
    for number in range(300):
        cache.put(_key(number), {"text": "x" * 500})
    cache._database.run("PRAGMA wal_checkpoint(TRUNCATE)")
    cache._database.run("PRAGMA cache_size = 0")
    with cache._database.path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(150_000))
    cache._database.run("PRAGMA shrink_memory")
    assert cache.get(_key(1)) is None
    cache.put(_key(1), {"a": 1})
    cache.put(_key(1), {"a": 1})
    assert cache.get(_key(1)) == {"a": 1}


def test_a_full_disk_is_a_storage_error(cache: ResultCache) -> None:
    """An answer that cannot be kept is said so; what was kept before can still be read."""
    cache.put(_key(1), {"a": 1})
    cache._database.run("PRAGMA max_page_count = 12")
    with pytest.raises(StorageError, match=r"results\.db: the disk is full"):
        cache.put(_key(2), {"text": "x" * 200_000})
    assert cache.get(_key(1)) == {"a": 1}


def test_a_newer_schema_is_left_alone(cache: ResultCache) -> None:
    """A file of a newer genloom is neither read nor changed."""
    cache.put(_key(1), {"a": 1})
    cache._database.run("PRAGMA user_version = 99")
    cache.close()
    with pytest.raises(StorageError, match="newer genloom"):
        cache.get(_key(1))


def test_importing_the_cache_imports_no_framework() -> None:
    """A cached answer pays neither for LangGraph nor for pydantic."""
    code = "import sys, genloom.tools.store.result_cache; print([m for m in sys.modules if m.split('.')[0] in sys.argv[1:]])"
    frameworks = ("langgraph", "langchain_core", "langsmith", "pydantic", "filelock", "httpx")
    assert _python(code, *frameworks).communicate(timeout=30)[0].strip() == "[]"


def _make(cache: ResultCache, made: list[int], key: str) -> dict[str, Any] | None:
    with cache.lead(key) as lead:
        if lead.value is None:
            made.append(1)
            time.sleep(0.05)
            cache.put(key, {"made": len(made)})
            return {"made": len(made)}
        return lead.value


def test_threads_make_an_answer_once(cache: ResultCache) -> None:
    """Eight threads that want one key get the one answer that the first of them made."""
    made: list[int] = []
    got: list[Any] = []
    threads = [threading.Thread(target=lambda: got.append(_make(cache, made, _key(1)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), got) == (1, [{"made": 1}] * 8)


async def test_tasks_and_threads_make_an_answer_once(cache: ResultCache) -> None:
    """More tasks than the thread pool has threads, and threads beside them, share one answer."""
    made: list[int] = []

    async def task() -> Any:
        async with cache.alead(_key(1)) as lead:
            if lead.value is None:
                made.append(1)
                await asyncio.to_thread(time.sleep, 0.05)
                cache.put(_key(1), {"made": 1})
                return {"made": 1}
            return lead.value

    beside = [asyncio.to_thread(_make, cache, made, _key(1)) for _ in range(2)]
    got = await asyncio.gather(*(task() for _ in range(60)), *beside)
    assert (len(made), got) == (1, [{"made": 1}] * 62)


async def test_two_caches_in_one_process_share_the_lead(tmp_path: Path) -> None:
    """Two objects on one file exclude each other as two processes do."""
    one, other = (ResultCache(tmp_path / "results.db", max_bytes=10_000, ttl_seconds=60) for _ in range(2))
    made: list[int] = []
    got = await asyncio.gather(*(asyncio.to_thread(_make, cache, made, _key(1)) for cache in (one, other)))
    assert (len(made), got) == (1, [{"made": 1}] * 2)


def test_two_caches_in_one_process_do_not_poll_the_lock(tmp_path: Path) -> None:
    """Who follows another object of this process waits for it, and looks at no lock file: here there is none to look at."""
    one, other, stranger = (
        ResultCache(tmp_path / "results.db", max_bytes=10_000, ttl_seconds=60, organisation=n) for n in (1, 1, 2)
    )
    with one.lead(_key(1)) as first:
        (tmp_path / "results.db-locks").rename(tmp_path / "aside")
        (tmp_path / "results.db-locks").write_text("no folder")
        with other.lead(_key(1), wait_seconds=0.05) as second:
            assert (first.exclusive, second.exclusive, second.waited) == (True, False, True)
        with pytest.raises(StorageError), stranger.lead(_key(1), wait_seconds=0.05):
            pass
    assert not single_flight._UNDER_WAY


async def test_a_leader_that_fails_hands_over(cache: ResultCache) -> None:
    """When the leader raises, the next one leads; nobody waits for what will not come."""
    order: list[str] = []
    leads = asyncio.Event()

    async def failing() -> None:
        async with cache.alead(_key(1)):
            order.append("fails")
            leads.set()
            await asyncio.sleep(0.5)
            raise RuntimeError

    async def following() -> None:
        await leads.wait()
        async with cache.alead(_key(1)) as lead:
            order.append(f"leads {lead.exclusive} {lead.waited} {lead.value}")

    await asyncio.gather(failing(), following(), return_exceptions=True)
    assert order == ["fails", "leads True True None"]


async def test_a_cancelled_follower_leaves_the_lead_alone(cache: ResultCache) -> None:
    """Cancelling a task that waits disturbs neither the leader nor the other followers, and keeps no lock."""
    async with cache.alead(_key(1)) as lead:
        waiting = [asyncio.create_task(_follow(cache)) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
        await asyncio.sleep(0)
        cache.put(_key(1), {"a": 1})
        assert lead.exclusive
    assert await asyncio.gather(*waiting[1:]) == [{"a": 1}] * 2
    assert waiting[0].cancelled()
    with cache.lead(_key(1), wait_seconds=0) as again:
        assert again.exclusive


async def _follow(cache: ResultCache) -> Any:
    async with cache.alead(_key(1)) as lead:
        return lead.value


async def test_tasks_cancelled_at_any_moment_keep_no_lock(cache: ResultCache) -> None:
    """However early a task is cancelled, its lead is free afterwards."""
    for number in range(20):
        task = asyncio.create_task(_follow(cache))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        with cache.lead(_key(1), wait_seconds=0) as lead:
            assert lead.exclusive


def test_waiting_is_bounded(cache: ResultCache) -> None:
    """A caller who waited long enough goes on alone, and its end does not end the leader's lead."""
    with cache.lead(_key(1)) as first:
        with cache.lead(_key(1), wait_seconds=0.05) as second:
            assert (second.exclusive, second.value) == (False, None)
        with cache.lead(_key(1), wait_seconds=0) as third:
            assert not third.exclusive
        assert first.exclusive


HOLDER = """
import os, sys, time
from pathlib import Path
from genloom.tools.store.result_cache import ResultCache
path, key, action = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
cache = ResultCache(path, max_bytes=10_000, ttl_seconds=60)
with cache.lead(key) as lead:
    print("held" if lead.value is None else lead.value["by"], flush=True)
    if lead.value is None:
        sys.stdin.readline()
        cache.put(key, {"by": action})
"""


def _python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(genloom.__path__[0]).parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_make_an_answer_once(tmp_path: Path) -> None:
    """A second process waits for the first and takes its answer."""
    path = tmp_path / "results.db"
    leader = _python(HOLDER, path, _key(1), "leader")
    assert leader.stdout is not None
    assert leader.stdout.readline() == "held\n"
    follower = _python(HOLDER, path, _key(1), "follower")
    cache = ResultCache(path, max_bytes=10_000, ttl_seconds=60)
    with cache.lead(_key(1), wait_seconds=0.2) as lead:
        assert not lead.exclusive
    leader.communicate("go\n", timeout=30)
    assert follower.communicate(timeout=30)[0] == "leader\n"
    assert cache.get(_key(1)) == {"by": "leader"}


def test_a_killed_leader_blocks_nobody(tmp_path: Path) -> None:
    """After SIGKILL of the leading process the lead is free at once."""
    path = tmp_path / "results.db"
    leader = _python(HOLDER, path, _key(1), "leader")
    assert leader.stdout is not None
    assert leader.stdout.readline() == "held\n"
    leader.send_signal(signal.SIGKILL)
    leader.communicate(timeout=30)
    with ResultCache(path, max_bytes=10_000, ttl_seconds=60).lead(_key(1), wait_seconds=10) as lead:
        assert (lead.exclusive, lead.value) == (True, None)


def test_a_cache_opened_before_a_fork_serves_the_child(cache: ResultCache) -> None:
    """A forked child opens the file for itself and harms neither the parent nor the file."""
    cache.put(_key(1), {"a": 1})
    child = os.fork()
    if child == 0:
        os._exit(0 if cache.get(_key(1)) == {"a": 1} and cache.put(_key(2), {"b": 2}) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert cache.get(_key(2)) == {"b": 2}
