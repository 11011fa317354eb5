"""The data store for asyncio."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

from . import _documents, _reads, _writes
from ._async_io import AsyncIo
from ._connection import Connection
from ._credentials import AsyncToken, Credentials
from ._endpoint import endpoint
from ._names import NAMESPACES
from ._scope import Scope
from ._transact import AsyncTransacting
from ._wait_for import wait_for
from ._watch import follower
from ._where import Condition
from .async_claim import AsyncClaiming
from .async_watch import AsyncWatch
from .records import Entry, SearchResult


class AsyncDataStore:
    """``DataStore`` for asyncio: the same methods and arguments, as coroutines.

    A call that is cancelled closes its connection, so that the server stops the work for it. A cancelled write is
    possibly applied. One instance serves any number of tasks of one event loop at a time.

    >>> async with AsyncDataStore() as data_store:
    ...     await data_store.set("raw", {"rows": 3})
    ...     async with data_store.claim("task:") as task:
    ...         ...
    ...     async for change in data_store.watch(snapshot=True):
    ...         print(change.kind, change.key)
    """

    def __init__(
        self,
        url: str | None = None,
        token: AsyncToken = None,
        namespace: str = "default",
        agent: str | None = None,
        *,
        timeout_seconds: float = 60,
        retry_seconds: float = 30,
    ):
        place = endpoint(url)
        credentials = Credentials(token, agent)
        connection = Connection(AsyncIo(place), place.name, credentials, timeout_seconds, retry_seconds)
        self._scope = Scope(connection, NAMESPACES.name(namespace))

    @property
    def namespace(self) -> str:
        """The namespace of the calls."""
        return self._scope.namespace.original

    def use_namespace(self, name: str) -> AsyncDataStore:
        """Returns a data store for another namespace, with the same connections. This one does not change."""
        store = object.__new__(type(self))
        store._scope = self._scope.within(name)
        return store

    async def get(self, key: str, default: Any = None) -> Any:
        """See ``DataStore.get``."""
        return await _reads.get(self._scope, key, default)

    async def entry(
        self, key: str, *, at: int | str | None = None, at_least: int | str | None = None
    ) -> Entry | None:
        """See ``DataStore.entry``."""
        return await _reads.get_entry(self._scope, key, at, at_least)

    async def set(
        self,
        key: str,
        value: Any,
        metadata: Mapping[str, Any] | None = None,
        *,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> None:
        """See ``DataStore.set``."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        await _writes.set_value(self._scope, key, value, **options)

    async def delete(self, key: str, *, if_revision: int | str | None = None) -> bool:
        """See ``DataStore.delete``."""
        return await _writes.delete(self._scope, key, if_revision)

    async def delete_many(self, keys: Iterable[str]) -> int:
        """See ``DataStore.delete_many``."""
        return await _writes.delete_many(self._scope, keys)

    async def list_keys(self, prefix: str | None = None) -> list[str]:
        """See ``DataStore.list_keys``."""
        return await _reads.list_keys(self._scope, prefix)

    async def list_namespaces(
        self,
        prefix: str | None = None,
        *,
        suffix: Iterable[str] | None = None,
        segments: Iterable[str] | None = None,
        depth: int | None = None,
        delimiter: str = ":",
    ) -> list[str]:
        """See ``DataStore.list_namespaces``."""
        return await _reads.list_namespaces(self._scope, prefix, suffix, segments, depth, delimiter)

    async def get_all(self) -> dict[str, Any]:
        """See ``DataStore.get_all``."""
        return await _reads.get_all(self._scope)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See ``DataStore.get_many``."""
        return await _reads.get_many(self._scope, keys)

    async def set_many(
        self, items: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *, ttl_seconds: int | None = None
    ) -> int:
        """See ``DataStore.set_many``."""
        return await _writes.set_many(self._scope, items, metadata, ttl_seconds)

    async def clear(self) -> int:
        """See ``DataStore.clear``."""
        return await _writes.clear(self._scope)

    async def increment(
        self,
        key: str,
        by: int | float = 1,
        *,
        path: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """See ``DataStore.increment``."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.increment_input(self._scope, key, by, path, **options)
        return await _writes.write_entry(self._scope, _documents.INCREMENT, given)

    async def patch(
        self,
        key: str,
        patch: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """See ``DataStore.patch``."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.patch_input(self._scope, key, patch, **options)
        return await _writes.write_entry(self._scope, _documents.PATCH, given)

    async def create(
        self,
        value: Any,
        prefix: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> Entry:
        """See ``DataStore.create``."""
        given = _writes.create_input(self._scope, value, prefix, metadata, ttl_seconds)
        return await _writes.write_entry(self._scope, _documents.CREATE, given)

    async def append(
        self,
        key: str,
        item: Any,
        *,
        max_length: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """See ``DataStore.append``."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.append_input(self._scope, key, item, max_length, **options)
        return await _writes.write_entry(self._scope, _documents.APPEND, given)

    async def update(
        self,
        key: str,
        change: Callable[[Any], Any],
        *,
        default: Any = None,
        attempts: int = 100,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> Entry:
        """See ``DataStore.update``."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds}
        return await _writes.update(self._scope, key, change, default, attempts, **options)

    def transact(self) -> AsyncTransacting:
        """See ``DataStore.transact``."""
        return AsyncTransacting(self._scope)

    async def wait_for(
        self,
        key: str,
        *,
        after: int | str | None = None,
        epoch: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Entry:
        """See ``DataStore.wait_for``."""
        return await wait_for(self._scope, key, after, epoch, timeout_seconds)

    def watch(
        self,
        *,
        key: str | None = None,
        prefix: str | None = None,
        namespace_prefix: str | None = None,
        after: int | str | None = None,
        epoch: str | None = None,
        snapshot: bool = False,
        where: Iterable[Condition] | None = None,
    ) -> AsyncWatch:
        """See ``DataStore.watch``."""
        return AsyncWatch(follower(self._scope, key, prefix, namespace_prefix, after, epoch, snapshot, where))

    def claim(
        self,
        prefix: str = "",
        *,
        lease_seconds: int = 60,
        wait_seconds: float = 0,
        max_attempts: int | None = None,
        where: Iterable[Condition] | None = None,
    ) -> AsyncClaiming:
        """See ``DataStore.claim``."""
        return AsyncClaiming(self._scope, prefix, lease_seconds, wait_seconds, max_attempts, where)

    async def search(
        self, text: str, *, namespace_prefix: str | None = None, limit: int | None = None
    ) -> AsyncIterator[SearchResult]:
        """See ``DataStore.search``, for ``async for``."""
        pages = _reads.search(self._scope, text, namespace_prefix, limit)
        left = math.inf if limit is None else limit
        while left > 0 and (page := await pages.next()) is not None:
            for result in page[: int(min(left, len(page)))]:
                yield result
            left -= len(page)

    async def entries(
        self,
        prefix: str | None = None,
        *,
        where: Iterable[Condition] | None = None,
        at: int | str | None = None,
        at_least: int | str | None = None,
    ) -> AsyncIterator[Entry]:
        """See ``DataStore.entries``, for ``async for``."""
        pages = _reads.entries(self._scope, prefix, where, at, at_least)
        while (page := await pages.next()) is not None:
            for entry in page:
                if entry.key.startswith(prefix or ""):
                    yield entry

    async def graphql(self, document: str, variables: Mapping[str, Any] | None = None, *, repeat: bool = False) -> Any:
        """See ``DataStore.graphql``."""
        return await self._scope.connection.call(document, variables, repeat=repeat)

    async def close(self) -> None:
        """Closes the connections, including those of other namespaces of this store. Calls in progress fail."""
        self._scope.connection.io.close()

    async def __aenter__(self) -> AsyncDataStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncDataStore {self.namespace!r} of {self._scope.connection.name}>"
