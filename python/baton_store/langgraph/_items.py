"""The operations of a store of items. One implementation serves both interfaces, as in ``baton_store._io``."""

from __future__ import annotations

import contextlib
import json
import math
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)

from .._adapter.entries import MAX_PAGE_SIZE, Call
from ..errors import ConflictError, ForbiddenError
from ..records import instant
from ._item_filter import item_filter
from ._store_names import StoreNames, original_key, stored_key

# The server's limits are 1,000 operations and 10 MiB per request.
_MAX_OPERATIONS = 1_000
_MAX_REQUEST_BYTES = 8_000_000


def _items_document(variables: str = "", arguments: str = "") -> str:
    return f"""query langgraphItems(
  {variables}$namespace: String, $namespacePrefix: String, $keys: [String!], $first: Int, $after: String
) {{
  page: entries(
    {arguments}namespace: $namespace, namespacePrefix: $namespacePrefix, keys: $keys, first: $first, after: $after
  ) {{
    nodes {{ namespace key value revision createdAt updatedAt expiresAt }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""


_READ = _items_document()
_READ_FILTERED = _items_document("$where: [ValueCondition!], ", "where: $where, ")
_NAMESPACES = """query langgraphNamespaces(
  $prefix: String, $segments: [String!], $suffix: [String!], $depth: Int, $first: Int, $after: String
) {
  page: namespaces(
    prefix: $prefix, segments: $segments, suffix: $suffix, depth: $depth, first: $first, after: $after
  ) { nodes { name } pageInfo { hasNextPage endCursor } }
}"""
_WRITE = "mutation langgraphPut($input: TransactInput!) { transact(input: $input) { revision } }"


class Items:
    """The items of all namespaces, through a synchronous or an asynchronous caller."""

    def __init__(self, call: Call, names: StoreNames):
        self._call = call
        self._names = names

    async def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Runs several operations. Reads see the state before the writes. The last write to a key counts."""
        every = list(ops)
        for op in every:
            validate_op_namespace(op)
        gets = await self._get([op for op in every if isinstance(op, GetOp)])
        results: list[Result] = []
        puts: dict[tuple[str, str], PutOp] = {}
        for op in every:
            if isinstance(op, GetOp):
                results.append(gets.get((op.namespace, op.key)))
            elif isinstance(op, SearchOp):
                results.append(await self._search(op))
            elif isinstance(op, ListNamespacesOp):
                results.append(await self._list_namespaces(op))
            elif isinstance(op, PutOp):
                puts[self._names.name_of(op.namespace), op.key] = op
                results.append(None)
            else:
                raise ValueError(f"Unknown operation type: {type(op)}")
        await self._write([_write_of(name, op) for (name, _), op in puts.items()])
        return results

    async def _get(self, ops: Sequence[GetOp]) -> dict[tuple[tuple[str, ...], str], Item]:
        by_name: dict[str, dict[str, None]] = {}
        for op in ops:
            by_name.setdefault(self._names.name_of(op.namespace), {})[stored_key(op.key)] = None
        refreshed = {(op.namespace, op.key) for op in ops if op.refresh_ttl}
        found: dict[tuple[tuple[str, ...], str], Item] = {}
        read: list[Mapping[str, Any]] = []
        for name, wanted in by_name.items():
            keys = list(wanted)
            for at in range(0, len(keys), MAX_PAGE_SIZE):
                some = keys[at : at + MAX_PAGE_SIZE]
                async for node in self._nodes(_READ, {"namespace": name, "keys": some}, len(some)):
                    item = self._item(node)
                    found[item.namespace, item.key] = item
                    if (item.namespace, item.key) in refreshed:
                        read.append(node)
        await self._refresh(read)
        return found

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        wanted = item_filter(op.filter)
        name = self._names.name_of(op.namespace_prefix)
        selections: list[dict[str, Any]] = [{"namespace": name}, {"namespacePrefix": f"{name}:"}]
        if not op.namespace_prefix:
            selections = [{"namespacePrefix": self._names.prefix}]
        more = {"where": wanted.where} if wanted.where else {}
        document = _READ_FILTERED if wanted.where else _READ
        found: list[SearchItem] = []
        read: list[Mapping[str, Any]] = []
        left = op.offset
        for selection in selections:
            if len(found) >= op.limit:
                break
            first = max(1, min(left + op.limit, MAX_PAGE_SIZE))
            async for node in self._nodes(document, {**selection, **more}, first):
                if not wanted.is_wanted(node["value"]):
                    continue
                if left > 0:
                    left -= 1
                    continue
                item = self._item(node)
                found.append(SearchItem(item.namespace, item.key, item.value, item.created_at, item.updated_at))
                if op.refresh_ttl:
                    read.append(node)
                if len(found) >= op.limit:
                    break
        await self._refresh(read)
        return found

    async def _list_namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        query = self._names.query(op.match_conditions or (), op.max_depth)
        found: list[tuple[str, ...]] = []
        if query is None or op.limit <= 0:
            return found
        left = op.offset
        async for node in self._nodes(_NAMESPACES, query, MAX_PAGE_SIZE):
            if left > 0:
                left -= 1
                continue
            found.append(self._names.labels_of(node["name"]))
            if len(found) >= op.limit:
                break
        return found

    async def _refresh(self, nodes: Iterable[Mapping[str, Any]]) -> None:
        """Extends the life of expiring items by the TTL of their last write, unless they were written since."""
        operations = [_refresh_of(node) for node in nodes if node["expiresAt"] is not None]
        try:
            await self._write(operations)
        except ConflictError:
            # An item that was written or has expired in between does not prevent the refresh of the others.
            for operation in operations:
                with contextlib.suppress(ConflictError):
                    await self._transact([operation])
        except ForbiddenError:
            # A token without the scope write cannot refresh an item, but the read succeeds.
            pass

    async def _write(self, operations: Sequence[Mapping[str, Any]]) -> None:
        """Writes in one transaction, or in several if the writes do not fit in one."""
        batch: list[Mapping[str, Any]] = []
        room = _MAX_REQUEST_BYTES
        for operation in operations:
            size = len(json.dumps(operation, default=str).encode())
            if batch and (size > room or len(batch) >= _MAX_OPERATIONS):
                await self._transact(batch)
                batch, room = [], _MAX_REQUEST_BYTES
            batch.append(operation)
            room -= size
        if batch:
            await self._transact(batch)

    async def _transact(self, operations: Sequence[Mapping[str, Any]]) -> None:
        await self._call(_WRITE, {"input": {"operations": operations, "idempotencyKey": uuid.uuid4().hex}})

    async def _nodes(self, document: str, variables: Mapping[str, Any], first: int) -> AsyncIterator[Any]:
        after = None
        while True:
            page = (await self._call(document, {**variables, "first": first, "after": after}))["page"]
            for node in page["nodes"]:
                yield node
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"] or after is None:
                return

    def _item(self, node: Mapping[str, Any]) -> Item:
        return Item(
            namespace=self._names.labels_of(node["namespace"]),
            key=original_key(node["key"]),
            value=node["value"],
            created_at=instant(node["createdAt"]),
            updated_at=instant(node["updatedAt"]),
        )


def _refresh_of(node: Mapping[str, Any]) -> dict[str, Any]:
    seconds = round((instant(node["expiresAt"]) - instant(node["updatedAt"])).total_seconds())
    place = {"namespace": node["namespace"], "key": node["key"], "ifRevision": node["revision"]}
    return {"patch": {**place, "patch": {}, "ttlSeconds": seconds}}


def _write_of(name: str, op: PutOp) -> dict[str, Any]:
    place: dict[str, Any] = {"namespace": name, "key": stored_key(op.key)}
    if op.value is None:
        return {"delete": place}
    if op.ttl is not None:
        place["ttlSeconds"] = max(1, math.ceil(op.ttl * 60))
    return {"set": {**place, "value": op.value}}
