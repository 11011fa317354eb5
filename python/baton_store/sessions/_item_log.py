"""A list of items in a namespace, stored in the same form as in the JavaScript adapters."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .._adapter.entries import Entries
from .._adapter.large_value import StorableValue, storable
from ..errors import ConflictError

T = TypeVar("T")

# The limits of one transaction. A value of 1 MB or more is stored in parts before it.
_MAX_ITEMS = 400
_MAX_BYTES = 7_000_000
_MAX_COUNTED_BYTES = 1_000_000


@dataclass(frozen=True)
class LogHead:
    """The head of a log: its number of items and its identity."""

    count: int
    # Changes when a log starts again under the same name.
    generation: str
    # Other data of its owner.
    extra: Any = None


@dataclass(frozen=True)
class LogChange:
    """A change of a log: the first ``keep`` items stay (None: all), and new items follow them."""

    append: Sequence[Any] = ()
    keep: int | None = None
    # Replaces ``extra`` of the head. None: it does not change.
    extra: Any = None
    # Other keys to set in the same transaction.
    values: Sequence[StorableValue] = ()


class ItemLog:
    """A list of items that several writers can change.

    Its head has the number of items. Every change is one transaction which requires that the head has not changed since
    it was read, so that no change is lost.
    """

    def __init__(self, entries: Entries, namespace: str, name: str):
        self._entries = entries
        self._namespace = namespace
        self._name = name
        self.head_key = f"head/{name}"

    async def head(self) -> LogHead | None:
        """Returns the head. None if the log does not exist."""
        found = await self._entries.entry(self._namespace, self.head_key)
        return None if found is None else head_of(found.value)

    async def items(self, head: LogHead, start: int = 0) -> list[Any]:
        """Returns the items from an index."""
        keys = [self._item_key(head.generation, number) for number in range(start, head.count)]
        found = await self._entries.read(self._namespace, keys)
        return [found[key] for key in keys if key in found]

    async def change(self, decide: Callable[[LogHead], Awaitable[LogChange | None]]) -> None:
        """Applies the change that the function returns (None: no change). Calls it again after a conflict."""
        while True:
            found = await self._entries.entry(self._namespace, self.head_key)
            head = LogHead(0, str(uuid.uuid4())) if found is None else head_of(found.value)
            change = await decide(head)
            if change is None:
                return
            keep = head.count if change.keep is None else change.keep
            items = [
                storable(self._item_key(head.generation, keep + at), item) for at, item in enumerate(change.append)
            ]
            count = keep + len(items)
            extra = head.extra if change.extra is None else change.extra
            value = {"count": count, "generation": head.generation, **({} if extra is None else {"extra": extra})}
            # Items after those that stay are deleted or replaced.
            replaced = [self._item_key(head.generation, number) for number in range(keep, head.count)]
            parts = await self._entries.parts_of(self._namespace, replaced)
            try:
                await self._entries.write(
                    self._namespace,
                    [*items, *change.values, storable(self.head_key, value)],
                    deletes=[self._item_key(head.generation, number) for number in range(count, head.count)],
                    unused_parts=[*parts, *(() if found is None else found.parts)],
                    revisions={self.head_key: "0" if found is None else found.revision},
                )
            except ConflictError:
                continue
            return

    def _item_key(self, generation: str, number: int) -> str:
        return f"item/{self._name}/{generation}/{number:012}"


def head_of(value: Mapping[str, Any]) -> LogHead:
    """Returns the stored form of a head."""
    return LogHead(value["count"], value["generation"], value.get("extra"))


def transactions_of(items: Iterable[T]) -> list[list[T]]:
    """Divides items into groups that fit in one transaction each."""
    groups: list[list[T]] = []
    room = 0
    for item in items:
        size = min(len(json.dumps(item)) * 2, _MAX_COUNTED_BYTES)
        if not groups or size > room or len(groups[-1]) >= _MAX_ITEMS:
            groups.append([])
            room = _MAX_BYTES
        groups[-1].append(item)
        room -= size
    return groups
