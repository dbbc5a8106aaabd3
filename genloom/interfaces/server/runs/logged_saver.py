"""A saver before which the log goes: no step is saved whose entries are not in the run's log.

A run that is taken over goes on behind the last step that was saved. Were that saved first, a kill in between would leave
a hole in the log for good; an entry that stands in the log already is only left out when its step runs again. For the
same reason nothing is saved by a worker that has lost its lease: the log refuses it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)

__all__ = ["LoggedSaver"]


class LoggedSaver(BaseCheckpointSaver[Any]):  # Any: each saver's own version numbers
    """Another saver, whose checkpoints are put only after `write_log` has returned: it raises when the lease is lost.

    Asynchronous use only.
    """

    def __init__(self, saver: BaseCheckpointSaver[Any], write_log: Callable[[], Awaitable[None]]) -> None:
        super().__init__(serde=saver.serde)
        self._saver = saver
        self._write_log = write_log

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write the log, then the checkpoint."""
        await self._write_log()
        return await self._saver.aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As the saver does."""
        await self._saver.aput_writes(config, writes, task_id, task_path)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As the saver does."""
        return await self._saver.aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As the saver does."""
        async for found in self._saver.alist(config, filter=filter, before=before, limit=limit):
            yield found

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As the saver does."""
        return await self._saver.aget_delta_channel_history(config=config, channels=channels)

    def get_next_version(self, current: Any, channel: None) -> Any:
        """As the saver does."""
        return self._saver.get_next_version(current, channel)
