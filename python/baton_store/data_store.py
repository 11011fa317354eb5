"""The synchronous data store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any

from . import _documents, _reads, _writes
from ._connection import Connection
from ._credentials import Credentials, Token
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
    """A user's store, as used by one agent, with a current namespace.

    It opens connections when they are needed. Threads can share one instance. Reads and writes are repeated while the
    server cannot be reached. Each write has an idempotency key, so it happens once.

    Args:
        url: The server's address. Default: the environment's ``BATON_URL``, or ``http://127.0.0.1:4000``.
        token: The bearer token, or a function that returns the current one. The function is called before each request,
            and again if the server refuses the token. Default: the environment's ``BATON_TOKEN``.
        namespace: The namespace of the calls. ``use_namespace`` returns a data store for another one.
        agent: The agent that changes are recorded under, unless the token names one.
        timeout_seconds: The maximum number of seconds to wait for the response to one attempt.
        retry_seconds: Seconds for which a call is tried again while the server cannot be reached. 0: never. If the
            server has never responded, the logger ``baton_store`` has one warning.
    """

    def __init__(
        self,
        url: str | None = None,
        token: Token = None,
        namespace: str = "default",
        agent: str | None = None,
        *,
        timeout_seconds: float = 60,
        retry_seconds: float = 30,
    ):
        place = endpoint(url)
        credentials = Credentials(token, agent)
        connection = Connection(SyncIo(place), place.name, credentials, timeout_seconds, retry_seconds)
        self._scope = Scope(connection, NAMESPACES.name(namespace))

    @property
    def namespace(self) -> str:
        """The namespace of the calls."""
        return self._scope.namespace.original

    def use_namespace(self, name: str) -> DataStore:
        """Returns a data store for another namespace, with the same connections. This one does not change."""
        store = object.__new__(type(self))
        store._scope = self._scope.within(name)
        return store

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the value of a key, or the default if the entry does not exist. A stored None is a value."""
        return run(_reads.get(self._scope, key, default))

    def entry(
        self, key: str, *, at: int | str | None = None, at_least: int | str | None = None
    ) -> Entry | None:
        """Returns the entry of a key, with its revision, metadata and times. None if it does not exist.

        Args:
            at: Read the entry as of this revision. The log must still contain the changes since then.
            at_least: Wait until the server has this revision, which another server possibly returned to a writer.

        Raises:
            RevisionCompactedError: The log does not contain the changes since ``at`` any more.
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
        """Sets a key to a JSON value. The value and the expiry of the entry are replaced.

        Args:
            metadata: An object, merged into the entry's metadata. Default: the metadata does not change.
            ttl_seconds: The entry expires after this number of seconds. Default: it does not expire.
            if_revision: Write only if the entry has this revision. 0: only if it does not exist.

        Raises:
            InvalidValueError: JSON cannot represent the value. It is a ``TypeError``.
            ConflictError: ``if_revision`` does not hold. Nothing was written.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        run(_writes.set_value(self._scope, key, value, **options))

    def delete(self, key: str, *, if_revision: int | str | None = None) -> bool:
        """Deletes a key. Returns False if it had no entry."""
        return run(_writes.delete(self._scope, key, if_revision))

    def delete_many(self, keys: Iterable[str]) -> int:
        """Deletes any number of keys and returns the number of deleted entries. Each batch of 1,000 is one step."""
        return run(_writes.delete_many(self._scope, keys))

    def list_keys(self, prefix: str | None = None) -> list[str]:
        """Returns the keys that begin with a prefix, sorted. Default: every key."""
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
        """Returns the namespaces that contain an entry, sorted.

        Args:
            prefix: Only names that begin with this prefix.
            suffix: Only names that end with these segments. ``"*"`` matches any one segment.
            segments: Only names of these segments, such as ``["users", "*", "memories"]``. ``"*"`` matches any one
                segment. ``"**"``, at most once, matches any number of segments.
            depth: Shorten names to this number of segments, and list each result once.
            delimiter: The character between the segments of a name.
        """
        return run(_reads.list_namespaces(self._scope, prefix, suffix, segments, depth, delimiter))

    def get_all(self) -> dict[str, Any]:
        """Returns all keys and values, sorted by key."""
        return run(_reads.get_all(self._scope))

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Returns the values of several keys, in their order. Keys without an entry are omitted."""
        return run(_reads.get_many(self._scope, keys))

    def set_many(
        self, items: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, *, ttl_seconds: int | None = None
    ) -> int:
        """Sets any number of keys and returns their number. Each batch of up to 1,000 is all or nothing."""
        return run(_writes.set_many(self._scope, items, metadata, ttl_seconds))

    def clear(self) -> int:
        """Deletes every entry of the namespace in one step, and returns their number."""
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
        """Adds to a number in one step and returns the entry. A missing entry counts as 0.

        Args:
            path: The location of the number inside the value, as a JSON Pointer such as ``/totals/done``.
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
        """Merges into a value in one step, as a JSON Merge Patch (RFC 7396): None removes a member."""
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
        """Adds an entry under a key that the server chooses: the prefix, and the revision with leading zeros.

        Such keys sort in the order in which the entries were added, even with several writers.

        Args:
            prefix: The beginning of the key, such as ``event:``.
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
        """Appends to a list in one step. Creates the list if the entry does not exist.

        Args:
            max_length: Keep only this number of the newest items. Default: all.
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
        """Sets a key to the result of a function of its value. No other client's write is lost.

        If another client writes in between, the function is called again with the new value.

        Args:
            default: The argument of the function if the entry does not exist.
            attempts: The maximum number of calls of the function. After that, a ConflictError is raised.
        """
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds}
        return run(_writes.update(self._scope, key, change, default, attempts, **options))

    def transact(self) -> SyncTransacting:
        """Starts a transaction of several writes, across namespaces, as a block. It is sent when the block ends.

        >>> with data_store.transact() as transaction:
        ...     transaction.require("owner", exists=False)
        ...     transaction.set("owner", "planner")
        ...     transaction.use_namespace("stats").increment("planned")

        Raises:
            ConflictError: A condition does not hold. Nothing was written.
        """
        return SyncTransacting(self._scope)

    def wait_for(
        self,
        key: str,
        *,
        after: int | str | None = None,
        epoch: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Entry:
        """Waits for a key and returns its entry.

        Args:
            after: Wait for a revision of the entry that is later than this one.
            epoch: The epoch of ``after``: see ``watch``. Default: the one that the server last reported, if any.
            timeout_seconds: The maximum number of seconds to wait. Default: no limit.

        Raises:
            WaitTimeoutError: The entry did not arrive in time. It is a ``TimeoutError``.
            RevisionCompactedError: A backup was restored, so ``after`` belongs to another epoch.
        """
        return run(wait_for(self._scope, key, after, epoch, timeout_seconds))

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
    ) -> Watch:
        """Follows every matching change, each once, in the order of the log. It does not end, and it reconnects.

        Args:
            key: Only this key.
            prefix: Only keys that begin with this prefix.
            namespace_prefix: Every namespace that begins with this prefix, instead of the current one. ``""``: all.
            after: Begin with the changes after this revision. Default: with those after the first ``next``.
            epoch: The epoch of ``after``, from ``Change.epoch`` or ``viewer { epoch }``. Default: it is not checked at the
                beginning, so if a backup was restored since, changes are missed.
            snapshot: Begin with the current entries: ``EXISTING`` for each, then ``CAUGHT_UP``, then later changes.
            where: Only values that meet all of these conditions: see ``entries``. An entry that is written and does not
                meet them is ``UNMATCHED``.

        Raises:
            RevisionCompactedError: The log does not contain the changes after the revision any more. If its ``reason`` is
                ``EPOCH``, a backup was restored.
        """
        return Watch(follower(self._scope, key, prefix, namespace_prefix, after, epoch, snapshot, where))

    def claim(
        self,
        prefix: str = "",
        *,
        lease_seconds: int = 60,
        wait_seconds: float = 0,
        max_attempts: int | None = None,
        where: Iterable[Condition] | None = None,
    ) -> Claiming:
        """Claims the next free entry for this worker, as a block.

        The lease is renewed while the block runs. At its end, the entry is completed. If the block raises, the entry is
        released. If no entry is free in time, the block receives None.

        >>> with data_store.claim("task:", wait_seconds=30) as task:
        ...     if task:
        ...         task.result = work(task.value)

        Args:
            prefix: Only keys that begin with this prefix.
            lease_seconds: Seconds after which a worker that crashed loses the entry.
            wait_seconds: Seconds to wait for a free entry. ``math.inf``: no limit.
            max_attempts: The number of attempts after which the entry becomes a dead letter.
            where: Only values that meet all of these conditions: see ``entries``.
        """
        return Claiming(self._scope, prefix, lease_seconds, wait_seconds, max_attempts, where)

    def search(
        self, text: str, *, namespace_prefix: str | None = None, limit: int | None = None
    ) -> Iterator[SearchResult]:
        """Finds entries of all namespaces by a text in their key or in a string of their value, newest first.

        Args:
            text: At least three characters. The search ignores case.
            namespace_prefix: Only namespaces that begin with this prefix.
            limit: The maximum number of results. Default: all. Pages are read when they are needed.
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
        """Iterates over the entries whose keys begin with a prefix. Pages are read when they are needed.

        Args:
            prefix: Only keys that begin with this prefix.
            where: Only values that meet all of these conditions, such as ``("/state", "EQ", "open")``: a JSON Pointer,
                one of ``EQ``, ``NE``, ``GT``, ``GTE``, ``LT``, ``LTE`` and ``EXISTS``, and a JSON value.
            at: Read the entries as of this revision: see ``entry``.
            at_least: Wait until the server has this revision: see ``entry``.
        """
        found = _each(_reads.entries(self._scope, prefix, where, at, at_least))
        return (entry for entry in found if entry.key.startswith(prefix or ""))

    def graphql(self, document: str, variables: Mapping[str, Any] | None = None, *, repeat: bool = False) -> Any:
        """Sends your own query or mutation and returns its data.

        Args:
            repeat: Whether to try again while the server cannot be reached. Set it for a query, and for a mutation with
                an ``idempotencyKey``.
        """
        return run(self._scope.connection.call(document, variables, repeat=repeat))

    def close(self) -> None:
        """Closes the connections, including those of other namespaces of this store. Calls in progress fail."""
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
