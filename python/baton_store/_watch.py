"""Delivers every matching change once, in the order of the log, across lost connections."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterable, Mapping
from typing import Any

from . import _documents
from ._connection import Connection, Events
from ._names import KEYS, NAMESPACES, is_hashed
from ._scope import Scope
from ._snapshot import Snapshot
from ._where import Condition, where_input
from .errors import BadResponseError, BadUserInputError, BatonError
from .records import Change, change_of

# A connection that has lasted this long does not count as a failed attempt.
_STEADY_AFTER_SECONDS = 5.0


def follower(
    scope: Scope,
    key: str | None,
    prefix: str | None,
    namespace_prefix: str | None,
    after: int | str | None,
    epoch: str | None,
    snapshot: bool,
    where: Iterable[Condition] | None,
) -> Follower:
    """Starts a watch of a namespace, or of all namespaces that begin with a prefix."""
    selection = {
        "namespace": scope.namespace.stored if namespace_prefix is None else None,
        "namespacePrefix": NAMESPACES.prefix(namespace_prefix),
        "key": None if key is None else KEYS.name(key).stored,
        "keyPrefix": KEYS.prefix(prefix),
        "where": where_input(where),
    }
    place = None if after is None else str(after)
    return Follower(scope.connection, selection, prefix or "", place, epoch, snapshot)


class Follower:
    """A watch. It reads the events of one connection, and opens another connection when that one breaks.

    Only the first connection is limited by ``retry_seconds``. After that, the watch reconnects without a limit.
    """

    def __init__(
        self,
        connection: Connection,
        selection: Mapping[str, Any],
        key_prefix: str,
        after: str | None,
        epoch: str | None,
        snapshot: bool,
    ):
        self._events: Events | None = None
        if after is not None and snapshot:
            raise BadUserInputError("after: Cannot be combined with snapshot.", {"argument": "after"})
        self._connection = connection
        self._selection = selection
        # A prefix of stored names can match more than the caller's prefix.
        self._key_prefix = key_prefix
        self._after = after
        # The epoch of the revision, when it is known.
        self._epoch = epoch
        self._snapshot = Snapshot() if snapshot else None
        self._retry_policy = connection.retry_policy()
        self._ready: collections.deque[Change] = collections.deque()
        self._is_closed = False
        self._opened_at = time.monotonic()

    async def next(self) -> Change | None:
        """Returns the next change, or None after ``close``. Raises RevisionCompactedError if the log is too short."""
        while not self._is_closed:
            if self._ready:
                return self._ready.popleft()
            try:
                events = await self._open()
                await self._take(await events.next())
            except BatonError as error:
                self._drop()
                if self._has_ended():
                    return None
                try:
                    await self._retry_policy.after_failure(error)
                except BatonError:
                    if self._has_ended():
                        return None
                    raise
            except BaseException:
                # The wait was cancelled: another connection reads the events of this one again.
                self._drop()
                raise
        return None

    def close(self) -> None:
        """Ends the watch and closes its connection."""
        self._is_closed = True
        self._drop()

    def __del__(self) -> None:
        self._drop()

    def _has_ended(self) -> bool:
        return self._is_closed or self._connection.io.is_closed

    def _drop(self) -> None:
        if self._events:
            self._events.close()
            self._events = None
            if self._snapshot:
                self._snapshot.begin_again()

    async def _open(self) -> Events:
        if self._events is None:
            if self._after is None and not self._snapshot:
                # Later changes must not be missed, even if the first connection breaks.
                await self._head()
            start: dict[str, Any] = (
                {"snapshot": True} if self._snapshot else {"after": self._after, "epoch": self._epoch}
            )
            start["bookmarks"] = True
            self._events = await self._connection.follow(_documents.WATCH, {**self._selection, **start})
            self._opened_at = time.monotonic()
        return self._events

    async def _take(self, data: Any) -> None:
        now = time.monotonic()
        # The server has accepted the token. An error about the arguments is still final.
        self._retry_policy.outlast()
        if data is not None or now - self._opened_at > _STEADY_AFTER_SECONDS:
            self._retry_policy.reset()
        if data is None:
            return
        change = data.get("entryChanged")
        if not isinstance(change, dict) or not str(change.get("revision")).isdigit():
            raise BadResponseError(f"{self._connection.name} sent an event that is not a change.")
        if change["kind"] != "BOOKMARK":
            for each in self._snapshot.admit(change) if self._snapshot else (change,):
                await self._deliver(each)
        # During a snapshot, no revision describes what was delivered.
        if self._snapshot and change["kind"] != "CAUGHT_UP":
            return
        self._after, self._snapshot = change["revision"], None
        if change.get("epoch"):
            self._epoch = self._connection.epoch = change["epoch"]

    async def _deliver(self, answered: Mapping[str, Any]) -> None:
        change = change_of(answered, await self._kept(answered))
        if change.key is None or change.key.startswith(self._key_prefix):
            self._ready.append(change)

    async def _kept(self, answered: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the metadata with the originals of hashed names: of the entry, or of an earlier change."""
        if answered["entry"]:
            return answered["entry"]["metadata"]  # type: ignore[no-any-return]
        place = {"namespace": answered["namespace"], "key": answered["key"]}
        if not any(name and is_hashed(name) for name in place.values()):
            return {}
        try:
            nodes = (await self._connection.call(_documents.KEPT_NAMES, place))["changes"]["nodes"]
        except BatonError:
            return {}
        return next((node["entry"]["metadata"] for node in nodes if node["entry"]), {})

    async def _head(self) -> None:
        viewer = (await self._connection.call(_documents.HEAD))["viewer"]
        self._after, self._connection.epoch = str(viewer["headRevision"]), viewer["epoch"]
        self._epoch = viewer["epoch"]
