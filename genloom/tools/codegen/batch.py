"""Many prompts, a few runs at a time: each gives a run or an error, and none ends the others."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.state import AgentRun

__all__ = ["MAX_PROMPTS", "Batch", "BatchItem", "batch_keys"]

MAX_PROMPTS = 10_000
MAX_CONCURRENCY = 200

RunOne = Callable[[int, str], Awaitable[AgentRun]]
"""Takes the index of a prompt and its idempotency key; returns the run when it is final."""


@dataclass(frozen=True, kw_only=True)
class BatchItem:
    """What came of one prompt: a run, whatever its status, or the error that kept it from one. `index` counts from 0."""

    index: int
    key: str
    run: AgentRun | None = None
    error: GenloomError | None = None

    @property
    def completed(self) -> bool:
        """Whether the run came to a good end."""
        return self.run is not None and self.run.status == "completed"


@dataclass(kw_only=True)
class Batch:
    """Prompts by their idempotency keys, run by `run_one`, at most `concurrency` at once.

    `items` holds what ended so far, also after a cancellation; `on_item` hears of each as it ends. A refused token ends
    what has not begun, since it would be refused there, too.
    """

    keys: Sequence[str]
    run_one: RunOne
    concurrency: int = 10
    on_item: Callable[[BatchItem], None] | None = None
    _ended: dict[int, BatchItem] = field(default_factory=dict)
    _refused: CredentialError | None = None

    def __post_init__(self) -> None:
        _demand_sense(self.keys, self.concurrency)

    @property
    def items(self) -> tuple[BatchItem, ...]:
        """What ended so far, in the order of the prompts."""
        return tuple(self._ended[index] for index in sorted(self._ended))

    async def run(self) -> tuple[BatchItem, ...]:
        """Run all and return one item for each prompt, in their order. Cancelling it cancels the waiting for all; the runs
        go on at the server, and the same keys find them again."""
        waiting = iter(range(len(self.keys)))

        async def work() -> None:
            for index in waiting:
                item = await self._one(index)
                self._ended[index] = item
                if self.on_item:
                    self.on_item(item)

        workers = [asyncio.create_task(work()) for _ in range(min(self.concurrency, len(self.keys)))]
        try:
            await asyncio.gather(*workers)  # no task group: what `on_item` raises shall come out as it is
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return self.items

    async def _one(self, index: int) -> BatchItem:
        key = self.keys[index]
        if self._refused is not None:
            return BatchItem(index=index, key=key, error=self._refused)
        try:
            return BatchItem(index=index, key=key, run=await self.run_one(index, key))
        except CredentialError as error:
            self._refused = error
            return BatchItem(index=index, key=key, error=error)
        except (AgentError, UsageError) as error:
            return BatchItem(index=index, key=key, error=error)


def batch_keys(name: str, prompts: Iterable[str]) -> tuple[str, ...]:
    """Return an idempotency key for each prompt, made of the batch's name and the prompt itself.

    The same name and prompt give the same key wherever the prompt stands, so that a batch begun again, with prompts put in
    or taken out, runs none twice. A prompt that stands in it several times has as many keys.
    """
    seen: Counter[str] = Counter()
    keys = []
    for prompt in prompts:
        seen[prompt] += 1
        said = f"{name}\0{seen[prompt]}\0{prompt}".encode("utf-8", "surrogatepass")
        keys.append(f"batch-{hashlib.sha256(said).hexdigest()[:32]}")
    return tuple(keys)


def _demand_sense(keys: Sequence[str], concurrency: int) -> None:
    if len(keys) > MAX_PROMPTS:
        raise UsageError(f"A batch of {len(keys):,} prompts is too large.", hint=f"Give {MAX_PROMPTS:,} at most.")
    if len(set(keys)) != len(keys):
        raise UsageError("Two prompts of the batch have one idempotency key.", hint="Give each a key of its own.")
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise UsageError(f"{concurrency} runs at once make no sense.", hint=f"Give 1 to {MAX_CONCURRENCY}.")
