"""Entries with values of any size, read in pages and written in transactions.

One implementation serves both interfaces, as in ``baton_store._io``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ..errors import ConflictError, LimitExceededError
from .large_value import StorableValue, part_keys, restored

# The smallest ``maxPageSize`` that a server can have.
MAX_PAGE_SIZE = 100
# The server's limits are 1,000 operations and 10 MiB per request.
_MAX_OPERATIONS = 1_000
_MAX_REQUEST_BYTES = 8_000_000

_SCAN = """query adapterScan(
  $namespace: String, $namespacePrefix: String, $keyPrefix: String, $first: Int, $after: String
) {
  page: entries(
    namespace: $namespace, namespacePrefix: $namespacePrefix, keyPrefix: $keyPrefix, first: $first, after: $after
  ) { nodes { namespace key value } pageInfo { hasNextPage endCursor } }
}"""
_READ = """query adapterRead($namespace: String!, $keys: [String!], $first: Int, $after: String) {
  page: entries(namespace: $namespace, keys: $keys, first: $first, after: $after) {
    nodes { namespace key value } pageInfo { hasNextPage endCursor }
  }
}"""
# Only values that are stored in parts have this member: a value that looks like a reference is stored in parts, too.
_REFERENCES = """query adapterParts($namespace: String!, $keys: [String!], $first: Int, $after: String) {
  page: entries(
    namespace: $namespace, keys: $keys, first: $first, after: $after, where: [{ path: "/parts/id", op: EXISTS }]
  ) { nodes { namespace key value } pageInfo { hasNextPage endCursor } }
}"""
_ENTRY = """query adapterEntry($namespace: String!, $key: String!) {
  entry(namespace: $namespace, key: $key) { value revision }
}"""
_WRITE = "mutation adapterWrite($input: TransactInput!) { transact(input: $input) { revision } }"
_CLEAR = "mutation adapterClear($input: ClearNamespaceInput!) { clearNamespace(input: $input) { clearedCount } }"


class Call(Protocol):
    """Sends one GraphQL operation. The operation must be safe to repeat."""

    async def __call__(self, document: str, variables: Mapping[str, Any]) -> Any:
        """Returns the data of its response."""


@dataclass(frozen=True)
class ReadEntry:
    """An entry that was read."""

    namespace: str
    key: str
    value: Any


class FoundEntry(NamedTuple):
    """One entry that was read, and the keys of the parts in which its value is stored."""

    value: Any
    revision: str
    parts: list[str]


class Entries:
    """The entries of a store, through a synchronous or an asynchronous caller."""

    def __init__(self, call: Call):
        self._call = call

    async def pages(self, selection: Mapping[str, str], first: int = MAX_PAGE_SIZE) -> AsyncIterator[list[ReadEntry]]:
        """Reads entries in the order of their keys, page by page. The first page has at most ``first``."""
        size, after = max(1, min(first, MAX_PAGE_SIZE)), None
        while True:
            page = (await self._call(_SCAN, {**selection, "first": size, "after": after}))["page"]
            entries = [ReadEntry(**node) for node in page["nodes"]]
            yield await self._restored(entries)
            after, size = page["pageInfo"]["endCursor"], MAX_PAGE_SIZE
            if not page["pageInfo"]["hasNextPage"] or after is None:
                return

    async def read(self, namespace: str, keys: Sequence[str]) -> dict[str, Any]:
        """Returns the values of keys. Keys without an entry are omitted."""
        found: list[ReadEntry] = []
        for some in _slices(keys, MAX_PAGE_SIZE):
            found += await self._restored(await self._read_raw(namespace, some))
        return {entry.key: entry.value for entry in found}

    async def parts_of(self, namespace: str, keys: Sequence[str]) -> list[str]:
        """Returns the keys of the parts in which the values of these keys are stored."""
        parts: list[str] = []
        for some in _slices(keys, MAX_PAGE_SIZE):
            for entry in await self._read_raw(namespace, some, _REFERENCES):
                parts += part_keys(entry.value)
        return parts

    async def entry(self, namespace: str, key: str) -> FoundEntry | None:
        """Returns one value, its revision, and the keys of its parts. None if the entry does not exist."""
        found = (await self._call(_ENTRY, {"namespace": namespace, "key": key}))["entry"]
        if found is None:
            return None
        whole = await self._restored([ReadEntry(namespace, key, found["value"])])
        return FoundEntry(whole[0].value if whole else None, found["revision"], part_keys(found["value"]))

    async def write(
        self,
        namespace: str,
        values: Sequence[StorableValue],
        *,
        ahead: Sequence[StorableValue] = (),
        deletes: Sequence[str] = (),
        unused_parts: Sequence[str] = (),
        revisions: Mapping[str, str] | None = None,
    ) -> None:
        """Writes values of one namespace in one transaction.

        Data that does not fit in one request is written before, in further transactions: parts of large values, and
        ``ahead``, which nothing refers to before the last transaction. The last transaction deletes the keys in
        ``deletes`` and ``unused_parts``, the parts of deleted or replaced values. Parts that do not fit are deleted
        after it. Raises ConflictError if a key does not have its required revision. Nothing visible is written in that
        case.
        """
        unseen = [*(part for value in (*ahead, *values) for part in value.parts.items())]
        unseen += [(value.key, value.value) for value in ahead]
        last = [(value.key, value.value) for value in values]
        required = revisions or {}
        batches = [
            [
                {"set": {"namespace": namespace, "key": key, "value": value, **_condition(required.get(key))}}
                for key, value in batch
            ]
            for batch in _batches(unseen, last)
        ]
        room = max(0, _MAX_OPERATIONS - len(batches[-1]) - len(deletes))
        batches[-1] += [_delete(namespace, key) for key in (*deletes, *unused_parts[:room])]
        try:
            for operations in batches:
                await self._transact(operations)
        except (ConflictError, LimitExceededError):
            # The write did not happen, so nothing refers to the parts that were written before.
            if len(batches) > 1:
                await self._delete_whole(namespace, [key for value in values for key in value.parts])
            raise
        await self._delete_whole(namespace, unused_parts[room:])

    async def delete(self, namespace: str, keys: Sequence[str]) -> None:
        """Deletes keys, with the parts of their values, each batch of 1,000 in one step."""
        await self._delete_whole(namespace, [*keys, *await self.parts_of(namespace, keys)])

    async def clear(self, namespace: str) -> None:
        """Deletes every entry of a namespace in one step."""
        await self._call(_CLEAR, {"input": {"namespace": namespace, "idempotencyKey": uuid.uuid4().hex}})

    async def _delete_whole(self, namespace: str, keys: Sequence[str]) -> None:
        for some in _slices(keys, _MAX_OPERATIONS):
            await self._transact([_delete(namespace, key) for key in some])

    async def _transact(self, operations: Sequence[dict[str, Any]]) -> None:
        await self._call(_WRITE, {"input": {"operations": operations, "idempotencyKey": uuid.uuid4().hex}})

    async def _read_raw(self, namespace: str, keys: Sequence[str], document: str = _READ) -> list[ReadEntry]:
        found: list[ReadEntry] = []
        after = None
        while True:
            variables = {"namespace": namespace, "keys": keys, "first": len(keys), "after": after}
            page = (await self._call(document, variables))["page"]
            found += [ReadEntry(**node) for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"] or after is None:
                return found

    async def _restored(self, entries: Iterable[ReadEntry]) -> list[ReadEntry]:
        """Returns the entries with their complete values, without those that were deleted during the read."""
        whole: list[ReadEntry] = []
        for entry in entries:
            parts: dict[str, Any] = {}
            for some in _slices(part_keys(entry.value), MAX_PAGE_SIZE):
                parts.update({part.key: part.value for part in await self._read_raw(entry.namespace, some)})
            value = restored(entry.value, parts)
            if value is not None:
                whole.append(ReadEntry(entry.namespace, entry.key, value))
        return whole


def _delete(namespace: str, key: str) -> dict[str, Any]:
    return {"delete": {"namespace": namespace, "key": key}}


def _condition(revision: str | None) -> dict[str, str]:
    return {} if revision is None else {"ifRevision": revision}


def _slices(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _batches(unseen: Sequence[tuple[str, Any]], last: Sequence[tuple[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Returns one batch if the writes fit in one request. Otherwise batches of unreferenced writes come first."""

    def size(item: tuple[str, Any]) -> int:
        return len(json.dumps(item[1], ensure_ascii=False).encode())

    everything = [*unseen, *last]
    if len(everything) <= _MAX_OPERATIONS and sum(map(size, everything)) <= _MAX_REQUEST_BYTES:
        return [everything]
    batches: list[list[tuple[str, Any]]] = []
    room = 0
    for item in unseen:
        more = size(item)
        if not batches or more > room or len(batches[-1]) >= _MAX_OPERATIONS:
            batches.append([])
            room = _MAX_REQUEST_BYTES
        batches[-1].append(item)
        room -= more
    return [*batches, list(last)]
