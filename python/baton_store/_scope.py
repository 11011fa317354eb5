"""A namespace of the store, and the stored names of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ._connection import Connection
from ._names import KEYS, NAMESPACES, Name


@dataclass(frozen=True)
class Scope:
    """A connection and a namespace for its calls."""

    connection: Connection
    namespace: Name

    def within(self, namespace: str) -> Scope:
        """Returns the same connection with another namespace."""
        return Scope(self.connection, NAMESPACES.name(namespace))

    def place(self, key: str) -> dict[str, Any]:
        """Returns the arguments for a key, for an operation that does not write its entry."""
        return {"namespace": self.namespace.stored, "key": KEYS.name(key).stored}

    def written(
        self,
        key: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> dict[str, Any]:
        """Returns the arguments for a key, for an operation that writes its entry: the metadata keeps hashed names."""
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
