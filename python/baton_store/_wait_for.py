"""Waits for an entry."""

from __future__ import annotations

import math
import time

from . import _documents
from ._connection import encode_operation
from ._scope import Scope
from .errors import BadResponseError, BatonError, LimitExceededError, RevisionCompactedError, WaitTimeoutError
from .records import Entry, entry_of

# A server can allow less, and then reports its limit.
_MAX_STEP_SECONDS = 60


async def wait_for(
    scope: Scope, key: str, after: int | str | None, epoch: str | None, timeout_seconds: float | None
) -> Entry:
    """Sends one request after another. The server responds to each when the entry exists.

    The first request does not wait. After it has succeeded, failures are retried until the timeout.
    """
    connection = scope.connection
    deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
    place = {**scope.place(key), "after": None if after is None else str(after), "epoch": epoch or connection.epoch}
    retry_policy = connection.retry_policy()
    max_step_seconds = 0
    while True:
        left_seconds = deadline - time.monotonic()
        step_seconds = max(math.ceil(min(left_seconds, max_step_seconds)), 0)
        answer_seconds = connection.timeout_seconds + step_seconds
        if timeout_seconds:
            answer_seconds = max(min(answer_seconds, left_seconds), 0.001)
        try:
            body = encode_operation(_documents.AWAIT, {**place, "timeoutSeconds": step_seconds})
            data = await connection.attempt(body, answer_seconds, is_long=True)
            if "awaitEntry" not in data:
                raise BadResponseError(f"{connection.name} returned no entry.")
            if data["awaitEntry"] is not None:
                return entry_of(data["awaitEntry"])
            retry_policy.reset()
            retry_policy.outlast()
            max_step_seconds = max_step_seconds or _MAX_STEP_SECONDS
        except RevisionCompactedError as error:
            # A new epoch is reported to the caller once. After that, the wait continues in the new epoch.
            connection.epoch = error.epoch or connection.epoch
            raise
        except LimitExceededError as error:
            if error.limit != "maxAwaitSeconds" or not error.max:
                raise
            max_step_seconds = error.max
            continue
        except BatonError as error:
            if timeout_seconds and time.monotonic() >= deadline:
                raise _late(key, after, timeout_seconds) from error.with_traceback(None)
            # With a timeout of 0, the response counts regardless of its duration.
            await retry_policy.after_failure(error, deadline if timeout_seconds else None)
            continue
        if time.monotonic() >= deadline:
            raise _late(key, after, timeout_seconds)


def _late(key: str, after: int | str | None, timeout_seconds: float | None) -> WaitTimeoutError:
    what = "entry" if after is None else f"revision after {after}"
    return WaitTimeoutError(f"No {what} of {key!r} arrived within {timeout_seconds} seconds.")
