"""Continues a snapshot after its connection was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Snapshot:
    """The entries of a snapshot that were delivered, until it is complete.

    If the connection is lost before that, the server begins another snapshot. Entries that were already delivered are
    then skipped, and entries that have been removed since are delivered as deleted.
    """

    def __init__(self) -> None:
        self._revisions: dict[tuple[str, str], int] = {}
        self._current: set[tuple[str, str]] = set()

    def begin_again(self) -> None:
        """The server begins another snapshot."""
        self._current.clear()

    def admit(self, change: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Returns the events for a change that are not delivered yet."""
        kind, place = change["kind"], (change["namespace"], change["key"])
        if kind == "CAUGHT_UP":
            for namespace, key in self._revisions.keys() - self._current:
                yield {**change, "kind": "DELETED", "namespace": namespace, "key": key}
        elif kind == "NAMESPACE_CLEARED":
            for known in [known for known in self._revisions if known[0] == change["namespace"]]:
                self._forget(known)
        elif change["entry"] is None:
            self._forget(place)
        else:
            revision = int(change["revision"])
            is_known = self._revisions.get(place, -1) >= revision
            self._revisions[place] = max(revision, self._revisions.get(place, -1))
            self._current.add(place)
            if is_known:
                return
        yield change

    def _forget(self, place: tuple[str, str]) -> None:
        self._revisions.pop(place, None)
        self._current.discard(place)
