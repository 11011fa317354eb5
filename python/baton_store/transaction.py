"""Several writes, across namespaces, that apply completely or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _writes
from ._scope import Scope
from .records import OperationResult


class Transaction:
    """A transaction in preparation. It is sent when its block ends. After that, ``results`` has the results.

    Operations apply in their order, and each sees the effects of the previous ones. ``use_namespace`` returns the part
    of the same transaction in another namespace.
    """

    def __init__(self, scope: Scope, whole: Transaction | None = None):
        self._scope = scope
        self._whole = whole or self
        if whole is None:
            self._conditions: list[dict[str, Any]] = []
            self._operations: list[dict[str, Any]] = []
            self._is_sent = False
            #: The result of each operation, in their order, after the transaction is sent.
            self.results: list[OperationResult] = []
            #: The latest revision of the log after the transaction, after it is sent.
            self.revision: int | None = None

    def use_namespace(self, name: str) -> Transaction:
        """Returns the part of this transaction in another namespace."""
        return Transaction(self._scope.within(name), self._whole)

    def require(self, key: str, *, revision: int | str | None = None, exists: bool | None = None) -> None:
        """Adds a condition: the entry has this revision (0: it does not exist), or it exists or does not.

        If it does not hold, nothing is written, and sending the transaction raises a ConflictError.
        """
        if (revision is None) == (exists is None):
            raise ValueError("Pass either revision or exists.")
        condition = {"exists": exists} if revision is None else {"revision": str(revision)}
        self._open()._conditions.append({**self._scope.place(key), **condition})

    def set(
        self,
        key: str,
        value: Any,
        metadata: Mapping[str, Any] | None = None,
        *,
        ttl_seconds: int | None = None,
        if_revision: int | str | None = None,
    ) -> None:
        """Sets a key, as ``DataStore.set`` does."""
        options = {"metadata": metadata, "ttl_seconds": ttl_seconds, "if_revision": if_revision}
        self._add("set", {**self._scope.written(key, **options), "value": value})  # type: ignore[arg-type]

    def delete(self, key: str, *, if_revision: int | str | None = None) -> None:
        """Deletes a key, as ``DataStore.delete`` does."""
        condition = {} if if_revision is None else {"ifRevision": str(if_revision)}
        self._add("delete", {**self._scope.place(key), **condition})

    def increment(self, key: str, by: int | float = 1, *, path: str | None = None, **options: Any) -> None:
        """Adds to a number, as ``DataStore.increment`` does, with the same options."""
        self._add("increment", _writes.increment_input(self._scope, key, by, path, **options))

    def patch(self, key: str, patch: Any, **options: Any) -> None:
        """Merges into a value, as ``DataStore.patch`` does, with the same options."""
        self._add("patch", _writes.patch_input(self._scope, key, patch, **options))

    def append(self, key: str, item: Any, *, max_length: int | None = None, **options: Any) -> None:
        """Appends to an array, as ``DataStore.append`` does, with the same options."""
        self._add("append", _writes.append_input(self._scope, key, item, max_length, **options))

    def clear(self) -> None:
        """Deletes every entry of the namespace."""
        self._add("clear", {"namespace": self._scope.namespace.stored})

    def reopen(self, key: str) -> None:
        """Reopens a completed entry, so that it can be claimed again."""
        self._add("reopen", self._scope.place(key))

    def requeue(self, key: str) -> None:
        """Requeues a dead letter, so that it can be claimed again."""
        self._add("requeue", self._scope.place(key))

    def _add(self, operation: str, given: dict[str, Any]) -> None:
        self._open()._operations.append({operation: given})

    def _open(self) -> Transaction:
        if self._whole._is_sent:
            raise RuntimeError("The transaction was already sent.")
        return self._whole

    def _seal(self) -> dict[str, Any]:
        """Returns the input. After that, nothing can be added."""
        self._is_sent = True
        return {"conditions": self._conditions, "operations": self._operations}
