"""Work that one worker at a time holds, for ``async with``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from . import _claims
from ._held_claim import UNSET, HeldClaim
from ._scope import Scope
from ._where import Condition
from .records import Entry


class AsyncClaim(HeldClaim):
    """An entry that only this worker holds until its block ends. A task renews the lease while the block runs."""

    async def complete(
        self, result: Any = UNSET, *, metadata: Mapping[str, Any] | None = None, ttl_seconds: int | None = None
    ) -> Entry:
        """See ``Claim.complete``."""
        return await self._complete(result, metadata, ttl_seconds)

    async def release(self, *, delay_seconds: int | None = None) -> None:
        """See ``Claim.release``."""
        await self._release(delay_seconds)

    async def fail(self, error: Any = None, *, retry: bool = True, delay_seconds: int | None = None) -> bool:
        """See ``Claim.fail``."""
        return await self._fail(error, retry, delay_seconds)


class AsyncClaiming:
    """The block of a claim."""

    def __init__(
        self,
        scope: Scope,
        prefix: str,
        lease_seconds: int,
        wait_seconds: float,
        max_attempts: int | None,
        where: Iterable[Condition] | None,
    ):
        self._scope = scope
        self._asked = (prefix, lease_seconds, wait_seconds, max_attempts, where)
        self._claim: AsyncClaim | None = None

    async def __aenter__(self) -> AsyncClaim | None:
        lease = await _claims.take(self._scope, *self._asked)
        self._claim = None if lease is None else AsyncClaim(self._scope, lease)
        return self._claim

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._claim:
            await self._claim._leave(kind)
