"""Stored checkpoints with their writes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from langgraph.checkpoint.base import writes_sort_key
from langgraph.checkpoint.serde.base import SerializerProtocol

from .._adapter.entries import ReadEntry
from .._adapter.name_part import original_text


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint and its writes. ``keys`` are those of all its entries."""

    namespace: str
    stored: Mapping[str, Any]
    writes: Sequence[Mapping[str, Any]]
    keys: Sequence[str]

    @property
    def thread_id(self) -> str:
        return original_text(self.stored["thread"])

    @property
    def ns(self) -> str:
        return original_text(self.stored["ns"])

    @property
    def id(self) -> str:
        return original_text(self.stored["id"])

    @property
    def parent(self) -> str | None:
        return None if self.stored["parent"] is None else original_text(self.stored["parent"])


def piece_of(serde: SerializerProtocol, value: Any) -> dict[str, str]:
    """Serializes a value with LangGraph's serializer, as JSON."""
    kind, data = serde.dumps_typed(value)
    return {"type": kind, "base64": base64.b64encode(data).decode()}


def value_of(serde: SerializerProtocol, piece: Mapping[str, str]) -> Any:
    """Reverses ``piece_of``."""
    return serde.loads_typed((piece["type"], base64.b64decode(piece["base64"])))


def pending_writes(serde: SerializerProtocol, writes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, Any]]:
    """Returns the writes to a checkpoint, in the order in which LangGraph applies them."""
    flat = [
        (original_text(entry["path"]), original_text(entry["task"]), index, original_text(channel), piece)
        for entry in writes
        for index, channel, piece in entry["writes"]
    ]
    flat.sort(key=lambda write: writes_sort_key(write[0], write[1], write[2]))
    return [(task, channel, value_of(serde, piece)) for _, task, _, channel, piece in flat]


async def saved_checkpoints(pages: AsyncIterator[list[ReadEntry]]) -> AsyncIterator[list[SavedCheckpoint]]:
    """Groups pages of entries into checkpoints.

    The entry of a checkpoint comes first, then the entries of its writes. Writes without a checkpoint are omitted.
    """
    open_entries: list[ReadEntry] = []
    async for page in pages:
        groups = [list(group) for _, group in groupby([*open_entries, *page], _place)]
        open_entries = groups.pop() if groups else []
        if closed := [saved for group in groups for saved in _saved(group)]:
            yield closed
    if last := _saved(open_entries):
        yield last


def _place(entry: ReadEntry) -> tuple[str, list[str]]:
    """Returns the namespace and the beginning of the key, which all entries of one checkpoint share."""
    return entry.namespace, entry.key.split("/")[:3]


def _saved(entries: Sequence[ReadEntry]) -> list[SavedCheckpoint]:
    if not entries or "checkpoint" not in entries[0].value:
        return []
    first, *rest = entries
    keys = [entry.key for entry in entries]
    return [SavedCheckpoint(first.namespace, first.value, [entry.value for entry in rest], keys)]
