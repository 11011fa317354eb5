"""The synchronous data store."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Mapping

from . import _documents, _reads, _writes
from ._connection import Connection
from ._endpoint import endpoint
from ._io import run
from ._names import NAMESPACES
from ._pages import Pages, T
from ._scope import Scope
from ._sync_io import SyncIo
from .records import Entry, SearchResult


class DataStore:
    """A user's store, as one agent reaches it, with one namespace in view.

    It opens no connection before it is used. Threads may share one instance. Reads are repeated while the server
    cannot be reached; so are writes, each of which carries an idempotency key, so that it happens once.

    Args:
        url: The server's address. Default: the environment's ``BATON_URL``, or ``http://127.0.0.1:4000``.
        token: The bearer token. Default: the environment's ``BATON_TOKEN``.
        namespace: The namespace that calls are about. ``use_namespace`` gives others.
        agent: The name that changes are recorded under, unless the token has one.
        timeout_seconds: Seconds to wait for the answer to one attempt.
        retry_seconds: Seconds for which a call is tried again while the server cannot be reached; 0: never.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        namespace: str = "default",
        agent: str | None = None,
        *,
        timeout_seconds: float = 60,
        retry_seconds: float = 30,
    ):
        place = endpoint(url, token, agent)
        connection = Connection(SyncIo(place), place.name, timeout_seconds, retry_seconds)
        self._scope = Scope(connection, NAMESPACES.name(namespace))

    @property
    def namespace(self) -> str:
        """The namespace that calls are about."""
        return self._scope.namespace.original

    def use_namespace(self, name: str) -> DataStore:
        """A data store for another namespace, with the same connections. This one stays as it is."""
        store = object.__new__(type(self))
        store._scope = self._scope.within(name)
        return store

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key. The default is returned only if there is no entry: a stored None is an entry."""
        return run(_reads.get(self._scope, key, default))

    def entry(self, key: str) -> Entry | None:
        """What a key holds, with its revision, metadata and times; None if there is no entry."""
        return run(_reads.get_entry(self._scope, key))

    def set(
        self,
        key: str,
        value: Any,
        metadata: Mapping[str, Any] | None = None,
        *,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> None:
        """Sets a key to a JSON value. The value replaces the one before, and so does its expiry.

        Args:
            metadata: An object, merged into the entry's metadata. Default: the metadata stays.
            ttl_seconds: Seconds that the entry lives from now on. Default: it does not expire.
            if_revision: Only if the entry is at this revision; 0: only if there is none.

        Raises:
            InvalidValueError: JSON cannot represent the value. It is a ``TypeError``.
            ConflictError: ``if_revision`` does not hold. Nothing was written.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        run(_writes.set_value(self._scope, key, value, **options))

    def delete(self, key: str, *, if_revision: int | str | None = None) -> bool:
        """Deletes a key. False if there was no entry."""
        return run(_writes.delete(self._scope, key, if_revision))

    def delete_many(self, keys: Iterable[str]) -> int:
        """Deletes any number of keys and returns how many entries there were. Each batch of 1,000 is one step."""
        return run(_writes.delete_many(self._scope, keys))

    def list_keys(self, prefix: str | None = None) -> list[str]:
        """The keys that begin with a prefix, sorted. Default: every key."""
        return run(_reads.list_keys(self._scope, prefix))

    def list_namespaces(self) -> list[str]:
        """The namespaces that hold an entry, sorted."""
        return run(_reads.list_namespaces(self._scope))

    def get_all(self) -> dict[str, Any]:
        """All keys and values, sorted by key."""
        return run(_reads.get_all(self._scope))

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of several keys, in their order. Keys without an entry are omitted."""
        return run(_reads.get_many(self._scope, keys))

    def set_many(
        self, items: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *, ttl_seconds: int | None = None
    ) -> int:
        """Sets any number of keys and returns how many. Each batch of at most 1,000 is written whole or not at all."""
        return run(_writes.set_many(self._scope, items, metadata, ttl_seconds))

    def clear(self) -> int:
        """Deletes every entry of the namespace in one step, and returns how many there were."""
        return run(_writes.clear(self._scope))

    def entries(self, prefix: str | None = None) -> Iterator[Entry]:
        """The entries whose keys begin with a prefix, page by page as they are asked for."""
        found = _each(_reads.entries(self._scope, prefix))
        return (entry for entry in found if entry.key.startswith(prefix or ""))

    def graphql(self, document: str, variables: Mapping[str, Any] | None = None, *, repeat: bool = False) -> Any:
        """Sends a query or mutation of your own and returns its data.

        Args:
            repeat: Whether it is tried again while the server cannot be reached. Say so of a query, and of a mutation
                that carries an ``idempotencyKey``.
        """
        return run(self._scope.connection.call(document, variables, repeat=repeat))

    def close(self) -> None:
        """Closes the connections, also those of other namespaces of this store. Calls under way fail."""
        self._scope.connection.io.close()

    def __enter__(self) -> DataStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DataStore {self.namespace!r} of {self._scope.connection.name}>"


def _each(pages: Pages[T]) -> Iterator[T]:
    while (page := run(pages.next())) is not None:
        yield from page
