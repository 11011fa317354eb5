"""Makes, renews and ends claims."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import _documents
from ._connection import Connection, encode_operation
from ._io import Background
from ._names import escape
from ._scope import Scope
from ._where import Condition, where_input
from .errors import BatonError, ClaimLostError, UnavailableError
from .records import Entry, entry_of

# The number of searches per lease for entries whose lease has ended, because that is not a change to wait for.
_SEARCHES_PER_LEASE = 4
_MAX_SEARCH_INTERVAL_SECONDS = 5.0
# The maximum delay before a renewal is tried again, if the server was unavailable.
_MAX_RENEWAL_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Lease:
    """An entry that one worker holds until the lease ends."""

    connection: Connection
    #: Namespace, key and token, in the form that is sent.
    place: Mapping[str, Any]
    entry: Entry
    attempt: int
    error: Any
    seconds: int
    claimed_at: float


async def take(
    scope: Scope,
    prefix: str,
    lease_seconds: int,
    wait_seconds: float,
    max_attempts: int | None,
    where: Iterable[Condition] | None,
) -> Lease | None:
    """Claims the next free entry. None if no entry is free in time.

    It searches when something changes, and a few times in each lease. After the server was reached once, failures are
    retried until the timeout.
    """
    connection = scope.connection
    deadline = time.monotonic() + wait_seconds
    selection: dict[str, Any] = {"namespace": scope.namespace.stored, "keyPrefix": escape(prefix)}
    if where is not None:
        selection["where"] = where_input(where)
    given: dict[str, Any] = {**selection, "leaseSeconds": lease_seconds}
    if max_attempts is not None:
        given["maxAttempts"] = max_attempts
    retry_policy = connection.retry_policy()
    # If the response was lost, the server can have granted the claim: the same idempotency key returns the same claim.
    repeat_key = uuid.uuid4().hex
    asked_at: float | None = None
    while True:
        asked_at = time.monotonic() if asked_at is None else asked_at
        body = encode_operation(_documents.CLAIM, {"input": {**given, "idempotencyKey": repeat_key}})
        try:
            payload = (await connection.attempt(body, connection.timeout_seconds))["claimEntry"]
        except BatonError as error:
            if retry_policy.outlasts and time.monotonic() >= deadline:
                raise
            await retry_policy.after_failure(error)
            continue
        is_over = time.monotonic() >= asked_at + lease_seconds
        if payload["entry"] and payload["claim"] and not is_over:
            return _lease(scope, payload["entry"], payload["claim"], lease_seconds, asked_at)
        if is_over:
            repeat_key = uuid.uuid4().hex
        asked_at = None
        retry_policy.reset()
        retry_policy.outlast()
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0:
            return None
        search_seconds = min(lease_seconds / _SEARCHES_PER_LEASE, _MAX_SEARCH_INTERVAL_SECONDS, left_seconds)
        await _change(connection, {**selection, "after": payload["revision"]}, search_seconds)


async def keep(background: Background, lease: Lease) -> ClaimLostError | None:
    """Renews the lease until the work has ended. Returns the reason if the claim was lost."""
    rest_seconds = lease.seconds / 3
    ends_at = lease.claimed_at + lease.seconds
    delay_seconds = rest_seconds
    # A second renewal does not shorten the lease, so no idempotency key is needed.
    body = encode_operation(_documents.RENEW, {"input": {**lease.place, "leaseSeconds": lease.seconds}})
    cause: BatonError | None = None
    while True:
        if await background.sleep(min(delay_seconds, ends_at - time.monotonic())) or lease.connection.io.is_closed:
            return None
        renewed_at = time.monotonic()
        if renewed_at >= ends_at:
            lost = ClaimLostError(f"The lease of {lease.entry.key!r} could not be renewed before its end.")
            lost.__cause__ = cause
            return lost
        try:
            # The timeout leaves time for another attempt.
            await lease.connection.attempt(body, min(rest_seconds, ends_at - renewed_at), is_long=True)
            ends_at = renewed_at + lease.seconds
            delay_seconds = rest_seconds
        except ClaimLostError as error:
            return error
        except BatonError as error:
            # Before the lease has ended, no other error means that the claim has.
            cause = error
            delay_seconds = min(_MAX_RENEWAL_PAUSE_SECONDS, rest_seconds / 4)


async def complete(
    lease: Lease,
    also: Mapping[str, Any],
    value: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
    ttl_seconds: int | None,
) -> Entry:
    """Writes the result, with other writes, and ends the work on the entry."""
    given: dict[str, Any] = {**lease.place, **also, **value}
    if metadata is not None:
        given["metadata"] = dict(metadata)
    if ttl_seconds is not None:
        given["ttlSeconds"] = ttl_seconds
    return entry_of((await lease.connection.mutate(_documents.COMPLETE, given))["entry"])


async def release(lease: Lease, delay_seconds: int | None = None, *, repeat: bool = True) -> None:
    """Releases the entry."""
    delay = {} if delay_seconds is None else {"delaySeconds": delay_seconds}
    await lease.connection.mutate(_documents.RELEASE, {**lease.place, **delay}, repeat=repeat)


async def fail(lease: Lease, error: Any, retry: bool, delay_seconds: int | None) -> bool:
    """Reports that the work failed. True if the entry is now a dead letter."""
    given = {**lease.place, "error": error, "retry": retry}
    if delay_seconds is not None:
        given["delaySeconds"] = delay_seconds
    return bool((await lease.connection.mutate(_documents.FAIL, given))["deadLettered"])


def _lease(scope: Scope, entry: Mapping[str, Any], claim: Mapping[str, Any], seconds: int, claimed_at: float) -> Lease:
    place = {"namespace": entry["namespace"], "key": entry["key"], "token": claim["token"]}
    return Lease(scope.connection, place, entry_of(entry), claim["attempt"], claim["error"], seconds, claimed_at)


async def _change(connection: Connection, where: Mapping[str, Any], timeout_seconds: float) -> None:
    """Waits until a matching entry changes, or the time is over. It ignores an unavailable server."""
    ends_at = time.monotonic() + timeout_seconds
    try:
        events = await connection.follow(_documents.WATCH, where)
        try:
            while (left_seconds := ends_at - time.monotonic()) > 0:
                if await events.next(left_seconds) is not None:
                    return
        finally:
            events.close()
    except BatonError as error:
        if connection.io.is_closed:
            raise UnavailableError("The data store was closed.") from error
        await connection.io.sleep(max(ends_at - time.monotonic(), 0))
