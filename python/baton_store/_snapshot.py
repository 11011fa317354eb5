"""A snapshot that goes on after its connection was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Snapshot:
    """What of a snapshot was delivered, until it is whole.

    A connection that is lost in its middle makes the server begin another one. What was delivered is then left out, and
    what is gone since is delivered as deleted.
    """

    def __init__(self) -> None:
        self._revisions: dict[tuple[str, str], int] = {}
        self._current: set[tuple[str, str]] = set()

    def begin_again(self) -> None:
        """The server begins another snapshot."""
        self._current.clear()

    def admit(self, change: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """What of a change is not delivered yet."""
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
