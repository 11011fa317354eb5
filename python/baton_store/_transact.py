"""Sends a transaction at the end of its block."""

from __future__ import annotations

from types import TracebackType

from . import _documents
from ._io import run
from ._scope import Scope
from .records import operation_result_of
from .transaction import Transaction


class Transacting:
    """A block that defines a transaction. If the block raises, nothing is sent."""

    def __init__(self, scope: Scope):
        self._scope = scope
        self._transaction = Transaction(scope)

    async def _send(self, kind: type[BaseException] | None) -> None:
        given = self._transaction._seal()
        if kind is not None or not (given["operations"] or given["conditions"]):
            return
        payload = await self._scope.connection.mutate(_documents.TRANSACT, given)
        self._transaction.revision = int(payload["revision"])
        self._transaction.results = [operation_result_of(result) for result in payload["results"]]


class SyncTransacting(Transacting):
    """For ``with``."""

    def __enter__(self) -> Transaction:
        return self._transaction

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run(self._send(kind))


class AsyncTransacting(Transacting):
    """For ``async with``."""

    async def __aenter__(self) -> Transaction:
        return self._transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._send(kind)
