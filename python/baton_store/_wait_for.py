"""Waits for an entry."""

from __future__ import annotations

import math
import time

from . import _documents
from ._connection import encode_operation
from ._scope import Scope
from .errors import BadResponseError, BatonError, LimitExceededError, RevisionCompactedError, WaitTimeoutError
from .records import Entry, entry_of

# A server may allow less, and then says so.
_MAX_STEP_SECONDS = 60


async def wait_for(scope: Scope, key: str, after: int | str | None, timeout_seconds: float | None) -> Entry:
    """One request after the other, each of which the server answers when the entry is there.

    The first one only looks: once the server was reached, it is waited for as patiently as the entry.
    """
    connection = scope.connection
    deadline = math.inf if timeout_seconds is None else time.monotonic() + timeout_seconds
    place = {**scope.place(key), "after": None if after is None else str(after), "epoch": connection.epoch}
    patience = connection.patience()
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
                raise BadResponseError(f"{connection.name} answered no entry.")
            if data["awaitEntry"] is not None:
                return entry_of(data["awaitEntry"])
            patience.reset()
            patience.outlast()
            max_step_seconds = max_step_seconds or _MAX_STEP_SECONDS
        except RevisionCompactedError as error:
            # The caller is told once. What it sees from now on is of this history.
            connection.epoch = error.epoch or connection.epoch
            raise
        except LimitExceededError as error:
            if error.limit != "maxAwaitSeconds" or not error.max:
                raise
            max_step_seconds = error.max
            continue
        except BatonError as error:
            if timeout_seconds and time.monotonic() >= deadline:
                raise _late(key, after, timeout_seconds) from error
            # At 0 the answer counts, however long it takes.
            await patience.after_failure(error, deadline if timeout_seconds else None)
            continue
        if time.monotonic() >= deadline:
            raise _late(key, after, timeout_seconds)


def _late(key: str, after: int | str | None, timeout_seconds: float | None) -> WaitTimeoutError:
    what = "entry" if after is None else f"revision after {after}"
    return WaitTimeoutError(f"No {what} of {key!r} came within {timeout_seconds} seconds.")
