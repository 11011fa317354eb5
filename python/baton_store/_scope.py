"""One namespace of the store, and places in it as Baton stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._connection import Connection
from ._names import KEYS, NAMESPACES, Name


@dataclass(frozen=True)
class Scope:
    """A connection, and the namespace that its calls are about."""

    connection: Connection
    namespace: Name

    def within(self, namespace: str) -> Scope:
        """The same connection with another namespace."""
        return Scope(self.connection, NAMESPACES.name(namespace))

    def place(self, key: str) -> dict[str, Any]:
        """A key, for an operation that writes no entry."""
        return {"namespace": self.namespace.stored, "key": KEYS.name(key).stored}

    def written(
        self,
        key: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> dict[str, Any]:
        """A key, for an operation that writes its entry: the metadata keeps names that had to be hashed."""
        name = KEYS.name(key)
        kept = {**self.namespace.metadata, **name.metadata}
        given: dict[str, Any] = {"namespace": self.namespace.stored, "key": name.stored}
        if metadata is not None or kept:
            given["metadata"] = {**(metadata or {}), **kept}
        if ttl_seconds is not None:
            given["ttlSeconds"] = ttl_seconds
        if if_revision is not None:
            given["ifRevision"] = str(if_revision)
        return given
