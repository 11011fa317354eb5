"""The writes of a data store that are a single call or several batches."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from . import _documents, _exact_json
from ._names import KEYS, escape
from ._reads import get_entry
from ._scope import Scope
from .errors import ConflictError
from .records import Entry, entry_of

T = TypeVar("T")

# The maximum size of a batch, regardless of the server's limit: a smaller one is faster to send and to repeat.
_MAX_BATCH_BYTES = 4_194_304
# The maximum delay before an update that conflicted with another write is tried again.
_MAX_UPDATE_PAUSE_SECONDS = 0.05


async def set_value(scope: Scope, key: str, value: Any, **options: Any) -> None:
    """Sets a key to a value."""
    await scope.connection.mutate(_documents.SET, {**scope.written(key, **options), "value": value})


async def set_many(
    scope: Scope, items: Mapping[str, Any], metadata: Mapping[str, Any] | None, ttl_seconds: int | None
) -> int:
    """Sets many keys, batch by batch, and returns their number."""
    limits = await scope.connection.limits()
    entries = (_item(scope, key, value, metadata, ttl_seconds) for key, value in items.items())
    count = 0
    for batch in _batches(entries, limits):
        given = {"namespace": scope.namespace.stored, "entries": batch}
        await scope.connection.mutate(_documents.SET_MANY, given)
        count += len(batch)
    return count


async def delete(scope: Scope, key: str, if_revision: int | str | None) -> bool:
    """Deletes a key, and returns whether it had an entry."""
    given = scope.place(key)
    if if_revision is not None:
        given["ifRevision"] = str(if_revision)
    return bool((await scope.connection.mutate(_documents.DELETE, given))["deleted"])


async def delete_many(scope: Scope, keys: Iterable[str]) -> int:
    """Deletes many keys, batch by batch, and returns the number of entries that were deleted."""
    limits = await scope.connection.limits()
    stored = (KEYS.name(key).stored for key in dict.fromkeys(keys))
    count = 0
    for batch in _batches(stored, limits):
        given = {"namespace": scope.namespace.stored, "keys": batch}
        count += int((await scope.connection.mutate(_documents.DELETE_MANY, given))["deletedCount"])
    return count


async def clear(scope: Scope) -> int:
    """Deletes every entry of the namespace in one step, and returns their number."""
    payload = await scope.connection.mutate(_documents.CLEAR, {"namespace": scope.namespace.stored})
    return int(payload["clearedCount"])


async def write_entry(scope: Scope, document: str, given: Mapping[str, Any]) -> Entry:
    """Returns the entry from the payload of a mutation."""
    return entry_of((await scope.connection.mutate(document, given))["entry"])


async def update(
    scope: Scope, key: str, change: Callable[[Any], Any], default: Any, attempts: int, **options: Any
) -> Entry:
    """Sets a key to the result of a function of its value. Tries again if another client writes in between."""
    for attempt in range(1, attempts + 1):
        entry = await get_entry(scope, key)
        value = change(default if entry is None else entry.value)
        if inspect.isawaitable(value):
            value = await value
        revision = 0 if entry is None else entry.revision
        try:
            given = scope.written(key, if_revision=revision, **options)
            return await write_entry(scope, _documents.REPLACE, {**given, "value": value})
        except ConflictError:
            if attempt == attempts:
                raise
        await scope.connection.io.sleep(random.uniform(0, min(2**attempt / 1_000, _MAX_UPDATE_PAUSE_SECONDS)))
    raise ValueError("attempts must be at least 1.")


def create_input(
    scope: Scope, value: Any, prefix: str, metadata: Mapping[str, Any] | None, ttl_seconds: int | None
) -> dict[str, Any]:
    """Returns the input that adds an entry under a new key."""
    kept = scope.namespace.metadata
    merged = {**(metadata or {}), **kept} if metadata is not None or kept else None
    given = {"namespace": scope.namespace.stored, "keyPrefix": escape(prefix), "value": value}
    return {**given, **_given(metadata=merged, ttlSeconds=ttl_seconds)}


def increment_input(scope: Scope, key: str, by: int | float, path: str | None, **options: Any) -> dict[str, Any]:
    """Returns the input that adds to a number."""
    return {**scope.written(key, **options), "by": by, **_given(path=path)}


def patch_input(scope: Scope, key: str, patch: Any, **options: Any) -> dict[str, Any]:
    """Returns the input that merges into a value."""
    return {**scope.written(key, **options), "patch": patch}


def append_input(scope: Scope, key: str, item: Any, max_length: int | None, **options: Any) -> dict[str, Any]:
    """Returns the input that appends to an array."""
    return {**scope.written(key, **options), "value": item, **_given(maxLength=max_length)}


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _item(
    scope: Scope, key: str, value: Any, metadata: Mapping[str, Any] | None, ttl_seconds: int | None
) -> dict[str, Any]:
    given = scope.written(key, metadata=metadata, ttl_seconds=ttl_seconds)
    del given["namespace"]
    return {**given, "value": value}


def _batches(items: Iterable[T], limits: Mapping[str, int]) -> Iterator[list[T]]:
    """Divides items into as few batches as the server's limits allow."""
    max_bytes = min(_MAX_BATCH_BYTES, limits["maxBodyBytes"] // 2)
    batch: list[T] = []
    size = 0
    for item in items:
        item_bytes = len(_exact_json.encode(item))
        if batch and (len(batch) >= limits["maxBatchOperations"] or size + item_bytes > max_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item_bytes
    if batch:
        yield batch
