"""LangGraph's checkpointer on Baton."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from .._adapter.entries import Entries
from .._credentials import Token
from .._io import run
from ..async_data_store import AsyncDataStore
from ..data_store import DataStore
from ._checkpoints import Checkpoints
from ._keys import THREADS_PREFIX
from ._settled import Settled

T = TypeVar("T")


class BatonSaver(BaseCheckpointSaver[str]):
    """Stores the checkpoints of LangGraph graphs in Baton, so that any process can resume a thread.

    It serves graphs that are invoked synchronously or with asyncio. A checkpoint and the values of its channels are
    written in one transaction. A thread is one Baton namespace: ``langgraph:threads:<thread id>``. A value of a channel
    is stored once, even if several checkpoints have it. Values of more than 1 MB are stored in parts.

    Args:
        url: The server's address. Default: the environment's ``BATON_URL``, or ``http://127.0.0.1:4000``.
        token: The bearer token, or a function that returns the current one. The function is called before each request,
            and again if the server refuses the token. Default: the environment's ``BATON_TOKEN``.
        agent: The agent that changes are recorded under, unless the token names one.
        namespace_prefix: The part before the name of each thread.
        serde: The serializer of values. Default: LangGraph's serializer.
        timeout_seconds: The maximum number of seconds to wait for the response to one attempt.
        retry_seconds: Seconds for which a call is tried again while the server cannot be reached. 0: never. If the
            server has never responded, the logger ``baton_store`` has one warning.
    """

    def __init__(
        self,
        url: str | None = None,
        token: Token = None,
        agent: str | None = None,
        *,
        namespace_prefix: str = THREADS_PREFIX,
        serde: SerializerProtocol | None = None,
        timeout_seconds: float = 60,
        retry_seconds: float = 30,
    ):
        super().__init__(serde=serde)
        times: Any = {"timeout_seconds": timeout_seconds, "retry_seconds": retry_seconds}
        self._sync_store = DataStore(url, token, agent=agent, **times)
        self._async_store = AsyncDataStore(url, token, agent=agent, **times)
        self._prefix = namespace_prefix

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Returns a version that no other value of the channel has, so that branches of a thread never share one."""
        number = 0 if current is None else int(str(current).split(".")[0])
        return f"{number + 1:032}.{random.random():016}"

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Returns the checkpoint that the config names, otherwise the latest of its thread. None if there is none."""
        return run(self._sync.get_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Reads checkpoints, the latest of each checkpoint namespace first. Without a config: of all threads."""
        for page in _each(self._sync.pages(config, filter, before, limit)):
            yield from page

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Stores a checkpoint, and the values of the channels that have a new version, in one transaction."""
        return run(self._sync.put(config, checkpoint, metadata, new_versions))

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Stores writes of a task to a checkpoint in one transaction. Existing writes stay unchanged."""
        run(self._sync.put_writes(config, writes, task_id, task_path))

    def delete_thread(self, thread_id: str) -> None:
        """Deletes a thread: its checkpoints and writes in all checkpoint namespaces, as one change."""
        run(self._sync.entries.clear(self._sync.namespace_of(thread_id)))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints of runs in all threads, and the writes to them."""
        run(self._sync.delete_for_runs(run_ids))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies all checkpoints of a thread, and the writes to them."""
        run(self._sync.copy_thread(source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Deletes all checkpoints of threads (``"delete"``), or all but the latest of each checkpoint namespace.

        Ancestors of the latest are kept if its channels of the kind ``DeltaChannel`` are rebuilt from them.
        """
        run(self._sync.prune(thread_ids, strategy))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """See ``get_tuple``."""
        return await self._async.get_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """See ``list``, for ``async for``."""
        async for page in self._async.pages(config, filter, before, limit):
            for one in page:
                yield one

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See ``put``."""
        return await self._async.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """See ``put_writes``."""
        await self._async.put_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """See ``delete_thread``."""
        await self._async.entries.clear(self._async.namespace_of(thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """See ``delete_for_runs``."""
        await self._async.delete_for_runs(run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """See ``copy_thread``."""
        await self._async.copy_thread(source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """See ``prune``."""
        await self._async.prune(thread_ids, strategy)

    def setup(self) -> Settled:
        """Does nothing, because no setup is needed. Programs for other implementations call or await it."""
        return Settled()

    def close(self) -> None:
        """Closes the connections. Calls in progress fail."""
        self._sync_store.close()
        run(self._async_store.close())

    def __enter__(self) -> BatonSaver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> BatonSaver:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # LangGraph copies a saver with another ``serde``, so these are created when they are needed.
    @property
    def _sync(self) -> Checkpoints:
        async def call(document: str, variables: Mapping[str, Any]) -> Any:
            return self._sync_store.graphql(document, variables, repeat=True)

        return Checkpoints(Entries(call), self._prefix, self.serde)

    @property
    def _async(self) -> Checkpoints:
        async def call(document: str, variables: Mapping[str, Any]) -> Any:
            return await self._async_store.graphql(document, variables, repeat=True)

        return Checkpoints(Entries(call), self._prefix, self.serde)


def _each(pages: AsyncIterator[T]) -> Iterator[T]:
    """Returns the items of an iterator that never suspends."""
    while True:
        try:
            yield run(anext(pages))
        except StopAsyncIteration:
            return
