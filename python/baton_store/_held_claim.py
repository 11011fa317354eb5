"""The state of a claim, for synchronous and asynchronous workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _claims
from ._claims import Lease
from ._io import Background
from ._scope import Scope
from .errors import BatonError, ClaimLostError
from .records import Entry
from .transaction import Transaction


class _Unset:
    """Means that no result was set, because None is a result."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


class HeldClaim:
    """An entry that only this worker holds until its block ends. The lease is renewed while the block runs."""

    def __init__(self, scope: Scope, lease: Lease):
        self._lease = lease
        self._is_ended = False
        self._lost: ClaimLostError | None = None
        #: Replaces the entry's value when the claim is completed. If it is not set, the value does not change.
        self.result: Any = UNSET
        #: Writes in the same transaction as the completion, such as ``also.increment("meta", path="/done")``.
        self.also = Transaction(scope)
        self._keeping: Background = lease.connection.io.background(self._keep)

    @property
    def key(self) -> str:
        """The key of the entry."""
        return self._lease.entry.key

    @property
    def value(self) -> Any:
        """The value of the entry when it was claimed."""
        return self._lease.entry.value

    @property
    def entry(self) -> Entry:
        """The entry when it was claimed."""
        return self._lease.entry

    @property
    def attempt(self) -> int:
        """The number of times that the entry has been claimed, including this claim."""
        return self._lease.attempt

    @property
    def error(self) -> Any:
        """The error that the previous attempt passed to ``fail``. None if it did not fail."""
        return self._lease.error

    @property
    def token(self) -> str:
        """The token that proves the claim to the API. Keep it secret during the lease."""
        return str(self._lease.place["token"])

    @property
    def is_lost(self) -> bool:
        """Whether the claim is known to be lost. Another worker can then hold the entry: stop the work."""
        return self._lost is not None

    def check(self) -> None:
        """Raises ClaimLostError if the claim is known to be lost. Call it periodically in long work."""
        if self._lost is not None:
            raise self._lost

    async def _keep(self, background: Background) -> None:
        lost = await _claims.keep(background, self._lease)
        if not self._is_ended:
            self._lost = lost

    async def _complete(self, result: Any, metadata: Mapping[str, Any] | None, ttl_seconds: int | None) -> Entry:
        value = self.result if result is UNSET else result
        also = self.also._seal()
        given = {} if value is UNSET else {"value": value}
        entry = await _claims.complete(self._lease, also, given, metadata, ttl_seconds)
        # A renewal reported the loss after the claim had ended.
        self._end()
        self._lost = None
        return entry

    async def _release(self, delay_seconds: int | None) -> None:
        self._end()
        await _claims.release(self._lease, delay_seconds)

    async def _fail(self, error: Any, retry: bool, delay_seconds: int | None) -> bool:
        self._end()
        return await _claims.fail(self._lease, error, retry, delay_seconds)

    async def _leave(self, kind: type[BaseException] | None) -> None:
        """Ends the block: completes the entry, or releases it if the block has raised."""
        if self._is_ended:
            return
        if kind is None:
            try:
                self.check()
                await self._complete(UNSET, None, None)
                return
            except BaseException:
                await self._give_back()
                raise
        await self._give_back()

    async def _give_back(self) -> None:
        self._end()
        if self.is_lost:
            return
        try:
            # One attempt: the block's error must not wait for an unavailable server. The lease ends without it.
            await _claims.release(self._lease, repeat=False)
        except BatonError:
            pass

    def _end(self) -> None:
        self._is_ended = True
        self._keeping.stop()
