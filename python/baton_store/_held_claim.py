"""What a claim knows, whether its worker is synchronous or not."""

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
    """Says that no result was given: None is one."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = _Unset()


class HeldClaim:
    """An entry that this worker alone has, until its block ends. The lease is renewed meanwhile."""

    def __init__(self, scope: Scope, lease: Lease):
        self._lease = lease
        self._is_ended = False
        self._lost: ClaimLostError | None = None
        #: What replaces the entry's value when it is completed. If it is not set, the value stays.
        self.result: Any = UNSET
        #: Writes that happen with the completion or not at all, such as ``also.increment("meta", path="/done")``.
        self.also = Transaction(scope)
        self._keeping: Background = lease.connection.io.background(self._keep)

    @property
    def key(self) -> str:
        """The key of the entry."""
        return self._lease.entry.key

    @property
    def value(self) -> Any:
        """The value that the entry had when it was claimed."""
        return self._lease.entry.value

    @property
    def entry(self) -> Entry:
        """The entry as it was when it was claimed."""
        return self._lease.entry

    @property
    def attempt(self) -> int:
        """How often the entry has been claimed, this time included."""
        return self._lease.attempt

    @property
    def error(self) -> Any:
        """What the attempt before gave to ``fail``; None without one."""
        return self._lease.error

    @property
    def token(self) -> str:
        """Proves the claim to the API. It is a secret while the lease lasts."""
        return str(self._lease.place["token"])

    @property
    def is_lost(self) -> bool:
        """Whether the claim is known to be lost. Another worker may have the entry then: give the work up."""
        return self._lost is not None

    def check(self) -> None:
        """Raises ClaimLostError if the claim is known to be lost. Call it in work that takes long."""
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
        # A renewal that came after it was told that the claim is over.
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
        """The end of the block: completes the entry, or gives it back if the block has raised."""
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
            # Once: the error of the block must not wait for a server that is away. The lease ends by itself.
            await _claims.release(self._lease, repeat=False)
        except BatonError:
            pass

    def _end(self) -> None:
        self._is_ended = True
        self._keeping.stop()
