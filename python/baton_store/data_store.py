"""The synchronous data store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any

from . import _documents, _reads, _writes
from ._connection import Connection
from ._endpoint import endpoint
from ._io import run
from ._names import NAMESPACES
from ._pages import Pages, T
from ._scope import Scope
from ._sync_io import SyncIo
from ._transact import SyncTransacting
from ._wait_for import wait_for
from ._watch import follower
from ._where import Condition
from .claim import Claiming
from .records import Entry, SearchResult
from .watch import Watch


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

    def entry(
        self, key: str, *, at: int | str | None = None, at_least: int | str | None = None
    ) -> Entry | None:
        """What a key holds, with its revision, metadata and times; None if there is no entry.

        Args:
            at: What it held right after this revision, as far back as the log tells of it.
            at_least: Waits until the server has seen this revision, which another server may have told a writer.

        Raises:
            RevisionCompactedError: The log has lost what it held.
        """
        return run(_reads.get_entry(self._scope, key, at, at_least))

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

    def list_namespaces(
        self,
        prefix: str | None = None,
        *,
        suffix: Iterable[str] | None = None,
        segments: Iterable[str] | None = None,
        depth: int | None = None,
        delimiter: str = ":",
    ) -> list[str]:
        """The namespaces that hold an entry, sorted.

        Args:
            prefix: Only names that begin with this.
            suffix: Only names whose last segments are these; ``"*"`` is any one segment.
            segments: Only names of these segments, such as ``["users", "*", "memories"]``. ``"*"`` is any one segment;
                ``"**"``, once, any number of them.
            depth: Cuts names after so many segments, and lists each result once.
            delimiter: What segments of a name lie between.
        """
        return run(_reads.list_namespaces(self._scope, prefix, suffix, segments, depth, delimiter))

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

    def increment(
        self,
        key: str,
        by: int | float = 1,
        *,
        path: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """Adds to a number in one step and returns the entry after it. Begins at 0 if there is no entry.

        Args:
            path: Where the number is inside the value, as a JSON Pointer such as ``/totals/done``.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.increment_input(self._scope, key, by, path, **options)
        return run(_writes.write_entry(self._scope, _documents.INCREMENT, given))

    def patch(
        self,
        key: str,
        patch: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """Merges into a value in one step, by JSON Merge Patch (RFC 7396): None removes a member."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.patch_input(self._scope, key, patch, **options)
        return run(_writes.write_entry(self._scope, _documents.PATCH, given))

    def create(
        self,
        value: Any,
        prefix: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> Entry:
        """Adds an entry under a key that the server chooses: the prefix, and the revision with zeros in front.

        Such keys sort in the order in which their entries were added, by however many writers.

        Args:
            prefix: What the key begins with, such as ``event:``.
        """
        given = _writes.create_input(self._scope, value, prefix, metadata, ttl_seconds)
        return run(_writes.write_entry(self._scope, _documents.CREATE, given))

    def append(
        self,
        key: str,
        item: Any,
        *,
        max_length: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> Entry:
        """Appends to a list in one step. Makes a list if there is no entry.

        Args:
            max_length: Keep no more items than this, the newest. Default: all.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        given = _writes.append_input(self._scope, key, item, max_length, **options)
        return run(_writes.write_entry(self._scope, _documents.APPEND, given))

    def update(
        self,
        key: str,
        change: Callable[[Any], Any],
        *,
        default: Any = None,
        attempts: int = 100,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> Entry:
        """Sets a key to what a function makes of its value. Nobody's write is lost.

        When another agent's write comes between, the function is called again with what that wrote.

        Args:
            default: What the function is given if there is no entry.
            attempts: How often the function is called at most. After that a ConflictError is raised.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds}
        return run(_writes.update(self._scope, key, change, default, attempts, **options))

    def transact(self) -> SyncTransacting:
        """Several writes, across namespaces, all or none, as a block. They are sent when the block ends.

        >>> with data_store.transact() as transaction:
        ...     transaction.require("owner", exists=False)
        ...     transaction.set("owner", "planner")
        ...     transaction.use_namespace("stats").increment("planned")

        Raises:
            ConflictError: What was required does not hold. Nothing was written.
        """
        return SyncTransacting(self._scope)

    def wait_for(self, key: str, *, after: int | str | None = None, timeout_seconds: float | None = None) -> Entry:
        """Waits for a key: returns its entry when there is one.

        Args:
            after: Only a later revision of the entry counts.
            timeout_seconds: Seconds to wait at most. Default: without a limit.

        Raises:
            WaitTimeoutError: It did not come in time. It is a ``TimeoutError``.
        """
        return run(wait_for(self._scope, key, after, timeout_seconds))

    def watch(
        self,
        *,
        key: str | None = None,
        prefix: str | None = None,
        namespace_prefix: str | None = None,
        after: int | str | None = None,
        snapshot: bool = False,
        where: Iterable[Condition] | None = None,
    ) -> Watch:
        """Every matching change, each once, in the order of the log. It has no end, and goes on after any drop.

        Args:
            key: Only this key.
            prefix: Only keys that begin with this.
            namespace_prefix: Every namespace that begins with this, in place of this one; ``""``: all of them.
            after: Begin with the changes later than this revision. Default: with those after the first ``next``.
            snapshot: Begin with what there is: ``EXISTING`` for each entry, then ``CAUGHT_UP``, then what comes.
            where: Only values that meet all of these conditions: see ``entries``. An entry that was written and does not
                meet them is ``UNMATCHED``.

        Raises:
            RevisionCompactedError: The log does not reach back to where the watch is to go on.
        """
        return Watch(follower(self._scope, key, prefix, namespace_prefix, after, snapshot, where))

    def claim(
        self,
        prefix: str = "",
        *,
        lease_seconds: int = 60,
        wait_seconds: float = 0,
        max_attempts: int | None = None,
        where: Iterable[Condition] | None = None,
    ) -> Claiming:
        """Takes the next free entry for this worker alone, as a block.

        The lease is renewed while the block runs. At its end the entry is completed; if the block raises, the entry is
        given back. If nothing is free in time, the block is given None.

        >>> with data_store.claim("task:", wait_seconds=30) as task:
        ...     if task:
        ...         task.result = work(task.value)

        Args:
            prefix: Only keys that begin with this.
            lease_seconds: Seconds until a worker that has died loses the entry.
            wait_seconds: Seconds to wait for something free; ``math.inf``: without a limit.
            max_attempts: How often an entry may be claimed before it is dead-lettered.
            where: Only values that meet all of these conditions: see ``entries``.
        """
        return Claiming(self._scope, prefix, lease_seconds, wait_seconds, max_attempts, where)

    def search(
        self, text: str, *, namespace_prefix: str | None = None, limit: int | None = None
    ) -> Iterator[SearchResult]:
        """The entries of all namespaces that have a text in their key or in a string of their value, newest first.

        Args:
            text: At least three characters. Upper and lower case are the same.
            namespace_prefix: Only namespaces that begin with this.
            limit: At most how many results. Default: all, page by page as they are asked for.
        """
        return islice(_each(_reads.search(self._scope, text, namespace_prefix, limit)), limit)

    def entries(
        self,
        prefix: str | None = None,
        *,
        where: Iterable[Condition] | None = None,
        at: int | str | None = None,
        at_least: int | str | None = None,
    ) -> Iterator[Entry]:
        """The entries whose keys begin with a prefix, page by page as they are asked for.

        Args:
            prefix: Only keys that begin with this.
            where: Only values that meet all of these conditions, such as ``("/state", "EQ", "open")``: a JSON Pointer,
                one of ``EQ``, ``NE``, ``GT``, ``GTE``, ``LT``, ``LTE`` and ``EXISTS``, and a JSON value.
            at: Those that there were right after this revision: see ``entry``.
            at_least: Not before this revision: see ``entry``.
        """
        found = _each(_reads.entries(self._scope, prefix, where, at, at_least))
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
