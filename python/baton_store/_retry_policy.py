"""Decides whether and when a failed operation is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from ._io import Io
from .errors import BadUserInputError, BatonError, UnauthenticatedError, UnavailableError, is_foreign, is_transient, may_pass

_FIRST_DELAY_SECONDS = 0.1
_MAX_DELAY_SECONDS = 5.0


class RetryPolicy:
    """The attempts of one operation.

    1. A call is tried again for ``retry_seconds`` while the server cannot be reached, or while a proxy responds for a
       server that was reached before. Any other error ends it.
    2. A watch or a wait is a call until the server has accepted it (``outlast``). After that, only an error that a
       retry cannot resolve ends it. If the token comes from a function, a refused token ends it only after
       ``retry_seconds``.
    """

    def __init__(self, io: Io, retry_seconds: float, on_retry: Callable[[BatonError, float], None]):
        self._io = io
        self._on_retry = on_retry
        self._retry_seconds = retry_seconds
        self._delay_seconds = _FIRST_DELAY_SECONDS
        self._deadline: float | None = None
        self.outlasts = False
        self.was_reached = False
        self.is_token_renewable = False
        self._refused_until: float | None = None

    def outlast(self) -> None:
        """Records that the server has accepted the operation. It is then retried without the limit of a call."""
        self.outlasts = True
        self._refused_until = None

    def reset(self) -> None:
        """Records progress: the next failure is the first of a new series."""
        self._delay_seconds = _FIRST_DELAY_SECONDS
        self._deadline = None
        self._refused_until = None

    async def after_failure(self, error: BatonError, deadline: float | None = None) -> None:
        """Waits before the next attempt, at most until a deadline. Raises the error if no attempt is left."""
        now = time.monotonic()
        delay = self._delay_seconds * random.uniform(0.5, 1.5)
        self._delay_seconds = min(2 * self._delay_seconds, _MAX_DELAY_SECONDS)
        if self._deadline is None:
            self._deadline = now + self._retry_seconds
        if self._io.is_closed or not self._may_repeat(error, now + delay):
            # The lines of the attempt would only show the inside of the client.
            raise error.with_traceback(None)
        self._on_retry(error, delay)
        await self._io.sleep(delay if deadline is None else min(delay, max(deadline - now, 0)))
        if self._io.is_closed:
            raise UnavailableError("The data store was closed.") from error

    def _may_repeat(self, error: BatonError, at: float) -> bool:
        if self.outlasts:
            if not self.is_token_renewable or not _is_refused_token(error):
                return may_pass(error)
            # One more attempt is always made, because the refused token was valid before.
            is_first = self._refused_until is None
            if self._refused_until is None:
                self._refused_until = time.monotonic() + self._retry_seconds
            return is_first or at <= self._refused_until
        is_passing = is_transient(error) or (self.was_reached and is_foreign(error))
        return is_passing and self._deadline is not None and at <= self._deadline


def _is_refused_token(error: BatonError) -> bool:
    """While a token is being replaced, its source can return a partial token or none."""
    is_invalid = isinstance(error, BadUserInputError) and error.details.get("argument") == "token"
    return is_invalid or isinstance(error, UnauthenticatedError)
