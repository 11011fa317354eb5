"""Work that one worker at a time holds, for ``with``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from . import _claims
from ._held_claim import UNSET, HeldClaim
from ._io import run
from ._scope import Scope
from ._where import Condition
from .records import Entry


class Claim(HeldClaim):
    """An entry that only this worker holds until its block ends. A thread renews the lease while the block runs."""

    def complete(
        self, result: Any = UNSET, *, metadata: Mapping[str, Any] | None = None, ttl_seconds: int | None = None
    ) -> Entry:
        """Completes the work before the block ends: the result replaces the value, and no worker claims it again.

        Raises:
            ClaimLostError: The claim has ended. Nothing was written.
        """
        return run(self._complete(result, metadata, ttl_seconds))

    def release(self, *, delay_seconds: int | None = None) -> None:
        """Releases the entry before the block ends. Another worker can claim it after ``delay_seconds``."""
        run(self._release(delay_seconds))

    def fail(self, error: Any = None, *, retry: bool = True, delay_seconds: int | None = None) -> bool:
        """Reports that the work failed, and why. True if the entry is now a dead letter.

        Args:
            error: Any JSON value. The next claim of the entry returns it.
            retry: If False, the entry becomes a dead letter, regardless of its attempts.
            delay_seconds: Seconds until the entry can be claimed again. Default: a delay that grows with each attempt.
        """
        return run(self._fail(error, retry, delay_seconds))


class Claiming:
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
        self._claim: Claim | None = None

    def __enter__(self) -> Claim | None:
        lease = run(_claims.take(self._scope, *self._asked))
        self._claim = None if lease is None else Claim(self._scope, lease)
        return self._claim

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._claim:
            run(self._claim._leave(kind))
