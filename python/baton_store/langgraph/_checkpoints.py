"""The operations of a checkpointer. One implementation serves both interfaces, as in ``baton_store._io``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from .._adapter.entries import MAX_PAGE_SIZE, Entries
from .._adapter.large_value import storable
from .._adapter.name_part import name_part
from .._names import escape
from ..errors import ConflictError
from ._keys import (
    CHECKPOINTS_PREFIX,
    channel_key,
    checkpoint_key,
    namespace_prefix,
    writes_key,
)
from ._saved_checkpoint import SavedCheckpoint, pending_writes, piece_of, saved_checkpoints, value_of

# The number of entries that are read to find the latest checkpoint and its writes.
_LATEST_PAGE_SIZE = 10


class Checkpoints:
    """The checkpoints of all threads, through a synchronous or an asynchronous caller."""

    def __init__(self, entries: Entries, threads_prefix: str, serde: SerializerProtocol):
        self.entries = entries
        self._prefix = threads_prefix
        self._serde = serde

    def namespace_of(self, thread_id: str) -> str:
        """Returns the Baton namespace of a thread."""
        return self._prefix + name_part(str(thread_id), ":")

    async def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Returns the checkpoint that the config names, otherwise the latest of its thread. None if there is none."""
        place = config["configurable"]
        ns, checkpoint_id = place.get("checkpoint_ns", ""), get_checkpoint_id(config)
        prefix = checkpoint_key(ns, checkpoint_id) if checkpoint_id else namespace_prefix(ns)
        selection = {"namespace": self.namespace_of(place["thread_id"]), "keyPrefix": prefix}
        first = MAX_PAGE_SIZE if checkpoint_id else _LATEST_PAGE_SIZE
        async for page in self._saved(selection, first):
            return (await self._tuples(page[:1]))[0]
        return None

    async def pages(
        self,
        config: RunnableConfig | None,
        filter: Mapping[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> AsyncIterator[list[CheckpointTuple]]:
        """Reads checkpoints page by page, the latest of each checkpoint namespace first."""
        place = (config or {}).get("configurable", {})
        thread_id, ns = place.get("thread_id"), place.get("checkpoint_ns")
        selection = {"keyPrefix": CHECKPOINTS_PREFIX if ns is None else namespace_prefix(ns)}
        if thread_id is None:
            selection["namespacePrefix"] = self._prefix
        else:
            selection["namespace"] = self.namespace_of(thread_id)
        checkpoint_id = place.get("checkpoint_id")
        before_id = get_checkpoint_id(before) if before else None
        left = limit
        if left is not None and left <= 0:
            return
        async for page in self._saved(selection, MAX_PAGE_SIZE if limit is None else max(_LATEST_PAGE_SIZE, limit * 4)):
            wanted = [
                saved
                for saved in page
                if (not checkpoint_id or saved.id == checkpoint_id)
                and (not before_id or saved.id < before_id)
                and self._has_metadata(saved, filter)
            ][:left]
            yield await self._tuples(wanted)
            if left is not None:
                left -= len(wanted)
                if left <= 0:
                    return

    async def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: Mapping[str, Any],
    ) -> RunnableConfig:
        """Stores a checkpoint, and the values of the channels that have a new version, in one transaction."""
        thread_id, ns, parent = _place(config)
        rest = dict(checkpoint)
        values: Mapping[str, Any] = rest.pop("channel_values")  # type: ignore[assignment]
        stored = {
            "thread": escape(thread_id),
            "ns": escape(ns),
            "id": escape(checkpoint["id"]),
            "parent": escape(parent) if parent else None,
            "checkpoint": piece_of(self._serde, rest),
            "metadata": piece_of(self._serde, get_checkpoint_metadata(config, metadata)),
        }
        ahead = [
            storable(channel_key(ns, channel, version), piece_of(self._serde, values[channel]))
            for channel, version in new_versions.items()
            if channel in values
        ]
        last = [storable(checkpoint_key(ns, checkpoint["id"]), stored)]
        await self.entries.write(self.namespace_of(thread_id), last, ahead=ahead)
        return _config(thread_id, ns, checkpoint["id"])

    async def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> None:
        """Stores writes of a task to a checkpoint in one transaction. Existing writes stay unchanged."""
        thread_id, ns, _ = _place(config)
        checkpoint_id = config["configurable"]["checkpoint_id"]
        namespace = self.namespace_of(thread_id)

        def entry(special_index: int | None, of_entry: list[Any]) -> Any:
            value = {"task": escape(task_id), "path": escape(task_path), "writes": of_entry}
            return storable(writes_key(ns, checkpoint_id, task_id, special_index), value)

        every: list[list[Any]] = [
            [WRITES_IDX_MAP.get(channel, index), escape(channel), piece_of(self._serde, value)]
            for index, (channel, value) in enumerate(writes)
        ]
        special = [entry(write[0], [write]) for write in every if write[0] < 0]
        regular = missing = [write for write in every if write[0] >= 0]
        regular_key = writes_key(ns, checkpoint_id, task_id, None)
        there: list[Any] = []
        revision = "0"
        parts: list[str] = []
        # A special write replaces an earlier one.
        special_parts = await self.entries.parts_of(namespace, [value.key for value in special])
        while missing or special:
            values = [*([entry(None, [*there, *missing])] if missing else []), *special]
            try:
                unused = [*(parts if missing else ()), *special_parts]
                return await self.entries.write(
                    namespace, values, unused_parts=unused, revisions={regular_key: revision}
                )
            except ConflictError:
                found = await self.entries.entry(namespace, regular_key)
                value, revision, parts = found or (None, "0", [])
                there = value["writes"] if value else []
                missing = [write for write in regular if write[0] not in {index for index, *_ in there}]

    async def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the checkpoints of runs, and the writes to them."""
        wanted = set(run_ids)
        if not wanted:
            return
        selection = {"namespacePrefix": self._prefix, "keyPrefix": CHECKPOINTS_PREFIX}
        async for page in self._saved(selection, MAX_PAGE_SIZE):
            for saved in page:
                if value_of(self._serde, saved.stored["metadata"]).get("run_id") in wanted:
                    await self.entries.delete(saved.namespace, saved.keys)

    async def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copies a thread. The values that checkpoints refer to are copied before the checkpoints."""
        source, target = self.namespace_of(source_thread_id), self.namespace_of(target_thread_id)
        thread = {"thread": escape(str(target_thread_id))}
        for prefix in ("channel/", CHECKPOINTS_PREFIX):
            async for page in self.entries.pages({"namespace": source, "keyPrefix": prefix}):
                copied = [
                    (entry.key, {**entry.value, **thread} if "thread" in entry.value else entry.value) for entry in page
                ]
                await self.entries.write(target, [], ahead=[storable(key, value) for key, value in copied])

    async def prune(self, thread_ids: Sequence[str], strategy: str) -> None:
        """Deletes all checkpoints of threads, or all but the latest of each checkpoint namespace.

        Ancestors of the latest are kept if its channels of the kind ``DeltaChannel`` are rebuilt from them.
        """
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"strategy must be 'keep_latest' or 'delete', not {strategy!r}.")
        for thread_id in thread_ids:
            namespace = self.namespace_of(thread_id)
            if strategy == "delete":
                await self.entries.clear(namespace)
            else:
                await self._keep_latest(namespace)

    async def _keep_latest(self, namespace: str) -> None:
        by_ns: dict[str, dict[str, SavedCheckpoint]] = {}
        selection = {"namespace": namespace, "keyPrefix": CHECKPOINTS_PREFIX}
        async for page in self._saved(selection, MAX_PAGE_SIZE):
            for saved in page:
                by_ns.setdefault(saved.ns, {})[saved.id] = saved
        for of_ns in by_ns.values():
            kept = await self._needed(of_ns)
            used = {key for saved_id in kept for key in self._channel_keys(of_ns[saved_id]).values()}
            dropped = [saved for saved_id, saved in of_ns.items() if saved_id not in kept]
            # Only data of a dropped checkpoint, so that data that a run stores at the same time is kept.
            unused = {key for saved in dropped for key in self._channel_keys(saved).values()} - used
            await self.entries.delete(namespace, [key for saved in dropped for key in saved.keys])
            await self.entries.delete(namespace, sorted(unused))

    async def _needed(self, of_ns: Mapping[str, SavedCheckpoint]) -> set[str]:
        """Returns the latest checkpoint, and its ancestors back to a value of each of its delta channels."""
        saved: SavedCheckpoint | None = of_ns[max(of_ns)]
        kept: set[str] = set()
        open_channels: set[str] | None = None
        while saved:
            kept.add(saved.id)
            if open_channels is None:
                metadata = value_of(self._serde, saved.stored["metadata"])
                open_channels = set(metadata.get("counters_since_delta_snapshot") or ())
            keys = self._channel_keys(saved)
            stored = await self.entries.read(saved.namespace, [keys[name] for name in open_channels if name in keys])
            open_channels = {name for name in open_channels if keys.get(name) not in stored}
            if not open_channels:
                break
            saved = of_ns.get(saved.parent) if saved.parent else None
        return kept

    async def _saved(self, selection: Mapping[str, str], first: int) -> AsyncIterator[list[SavedCheckpoint]]:
        async for page in saved_checkpoints(self.entries.pages(selection, first)):
            yield page

    def _has_metadata(self, saved: SavedCheckpoint, filter: Mapping[str, Any] | None) -> bool:
        if not filter:
            return True
        metadata = value_of(self._serde, saved.stored["metadata"])
        return all(name in metadata and metadata[name] == wanted for name, wanted in filter.items())

    def _channel_keys(self, saved: SavedCheckpoint) -> dict[str, str]:
        """Returns the channels of a checkpoint, and the keys of their values."""
        versions = value_of(self._serde, saved.stored["checkpoint"])["channel_versions"]
        return {channel: channel_key(saved.ns, channel, version) for channel, version in versions.items()}

    async def _tuples(self, page: Sequence[SavedCheckpoint]) -> list[CheckpointTuple]:
        """Reads the channel values of several checkpoints together. Checkpoints of one thread share most values."""
        keys = [self._channel_keys(saved) for saved in page]
        wanted: dict[str, dict[str, None]] = {}
        for saved, of_checkpoint in zip(page, keys, strict=True):
            wanted.setdefault(saved.namespace, {}).update(dict.fromkeys(of_checkpoint.values()))
        values = {namespace: await self.entries.read(namespace, list(some)) for namespace, some in wanted.items()}
        return [
            self._tuple(saved, of_checkpoint, values[saved.namespace])
            for saved, of_checkpoint in zip(page, keys, strict=True)
        ]

    def _tuple(self, saved: SavedCheckpoint, keys: Mapping[str, str], values: Mapping[str, Any]) -> CheckpointTuple:
        checkpoint: Checkpoint = value_of(self._serde, saved.stored["checkpoint"])
        channel_values = {channel: value_of(self._serde, values[key]) for channel, key in keys.items() if key in values}
        parent = saved.parent
        checkpoint["channel_values"] = channel_values
        return CheckpointTuple(
            config=_config(saved.thread_id, saved.ns, saved.id),
            checkpoint=checkpoint,
            metadata=value_of(self._serde, saved.stored["metadata"]),
            parent_config=_config(saved.thread_id, saved.ns, parent) if parent else None,
            pending_writes=pending_writes(self._serde, saved.writes),
        )


def _place(config: RunnableConfig) -> tuple[str, str, str | None]:
    place = config["configurable"]
    return str(place["thread_id"]), place.get("checkpoint_ns", ""), get_checkpoint_id(config)


def _config(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ns, "checkpoint_id": checkpoint_id}}
