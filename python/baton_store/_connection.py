"""Sends GraphQL operations to one server, and repeats them if that is safe."""

from __future__ import annotations

import http.client
import logging
import re
import ssl
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from . import _exact_json
from ._credentials import Credentials
from ._event_parser import EventParser
from ._io import Answer, Io, Source
from ._retry_policy import RetryPolicy
from .errors import BadResponseError, BatonError, UnauthenticatedError, UnavailableError, error_of, is_error

T = TypeVar("T")

_log = logging.getLogger("baton_store")

# Statuses of a response without GraphQL after which another attempt can succeed: too late, too early, too many.
_PASSING_STATUSES = (408, 425, 429)
# The server sends a heartbeat every 5 seconds.
_MAX_SILENCE_SECONDS = 40.0

_CERTIFICATE_HINT = (
    " If a private authority signed the server's certificate, name the authority's file in SSL_CERT_FILE."
)

_LIMITS = "query limits { viewer { limits { maxPageSize maxBatchOperations maxBodyBytes } } }"


class Connection:
    """The server, shared by all data stores that come from one, regardless of their namespaces."""

    def __init__(self, io: Io, name: str, credentials: Credentials, timeout_seconds: float, retry_seconds: float):
        self.io = io
        self._credentials = credentials
        self.name = name
        self.timeout_seconds = timeout_seconds
        self._retry_seconds = retry_seconds
        # The epoch of the server's revisions, as last reported. None before.
        self.epoch: str | None = None
        self._was_reached = False
        self._has_warned = False
        self._limits: Mapping[str, int] | None = None

    def retry_policy(self) -> RetryPolicy:
        """Creates the retry policy of one operation."""
        retry_policy = RetryPolicy(self.io, self._retry_seconds, self._log_retry)
        retry_policy.was_reached = self._was_reached
        retry_policy.is_token_renewable = self._credentials.is_renewable
        return retry_policy

    async def call(self, document: str, variables: Mapping[str, Any] | None = None, *, repeat: bool = True) -> Any:
        """Runs an operation and returns its data. Raises the first of its errors."""
        body = encode_operation(document, variables)
        retry_policy = self.retry_policy()
        while True:
            try:
                return await self.attempt(body, self.timeout_seconds)
            except BatonError as error:
                if not repeat:
                    raise
                await retry_policy.after_failure(error)

    async def mutate(self, document: str, given: Mapping[str, Any], *, repeat: bool = True) -> Any:
        """Runs a mutation of one input and returns its payload. The mutation happens once, even if it is sent again."""
        variables = {"input": {"idempotencyKey": uuid.uuid4().hex, **given}}
        data = await self.call(document, variables, repeat=repeat)
        return next(iter(data.values()))

    async def attempt(self, body: bytes, timeout_seconds: float, *, is_long: bool = False) -> Any:
        """Sends one request and returns its data. A long request waits for another agent."""
        data = self._data(await self._send(lambda caller: self.io.post(body, caller, timeout_seconds, is_long)))
        # Only a directive can omit every field.
        if not data and b"@" not in body:
            raise BadResponseError(f"{self.name} returned a response without a requested field.")
        return data

    async def follow(self, document: str, variables: Mapping[str, Any]) -> Events:
        """Opens a subscription and returns its events. Raises the error if the server refuses it."""
        body = encode_operation(document, variables)
        answer = await self._send(lambda caller: self.io.stream(body, caller, self.timeout_seconds))
        if isinstance(answer, Answer):
            self._data(answer)
            raise BadResponseError(f"{self.name} does not stream subscriptions.")
        self._was_reached = True
        return Events(self, answer)

    async def limits(self) -> Mapping[str, int]:
        """Reads the server's limits once."""
        if self._limits is None:
            self._limits = (await self.call(_LIMITS))["viewer"]["limits"]
        return self._limits

    async def _send(self, send: Callable[[Mapping[str, str]], Awaitable[T]]) -> T:
        """Sends a request. If the server refuses the token and a new one can be obtained, sends it once more.

        A request whose token is refused has had no effect.
        """
        answer = await self._reach(send(await self._credentials.headers()))
        if self._credentials.is_renewable and isinstance(answer, Answer) and answer.status == 401:
            return await self._reach(send(await self._credentials.headers()))
        return answer

    async def _reach(self, work: Awaitable[T]) -> T:
        try:
            return await work
        # The message has the reason. A chain of tracebacks would only show the inside of the transport.
        except TimeoutError:
            raise UnavailableError(f"{self.name} did not respond in time.") from None
        except (OSError, http.client.HTTPException) as error:
            if self.io.is_closed:
                raise UnavailableError("The data store was closed.") from None
            hint = _CERTIFICATE_HINT if isinstance(error, ssl.SSLCertVerificationError) else ""
            raise UnavailableError(f"{self.name} cannot be reached: {error or type(error).__name__}.{hint}") from None

    def _data(self, answer: Answer) -> Any:
        data = _data_of(answer.body)
        if data is not None:
            self._was_reached = True
            return self._without_errors(data)
        if 300 <= answer.status < 400:
            target = answer.location or "another address"
            raise BadResponseError(f"{self.name} redirects to {target}. Redirects are not followed.")
        message = f"{self.name} returned the status {answer.status} without GraphQL."
        # Baton returns its own errors as GraphQL: this response is from a proxy in front of it.
        if answer.status >= 500 or answer.status in _PASSING_STATUSES:
            raise UnavailableError(message)
        raise BadResponseError(f"{message} Check the URL.")

    def _without_errors(self, answer: Mapping[str, Any]) -> Any:
        if answer.get("errors"):
            raise self._explain(error_of(answer["errors"][0]))
        return answer["data"]

    def _explain(self, error: BatonError) -> BatonError:
        """Returns the server's error. If it refuses the token, the message says what the caller can change."""
        if not isinstance(error, UnauthenticatedError):
            return error
        if error.message.startswith("A token is needed"):
            advice = "Pass it as `token`, or set BATON_TOKEN."
            if self._credentials.is_renewable:
                advice = "The function `token` returned an empty text."
            message = f"{self.name} requires a token. {advice}"
        else:
            reason = re.sub(r" here\.$", lambda _: f" by {self.name}.", error.message)
            message = f"{reason} Pass a valid one as `token`, or set BATON_TOKEN."
        return UnauthenticatedError(message, error.details)

    def _log_retry(self, error: BatonError, delay_seconds: float) -> None:
        # Python prints warnings even if the program does not configure logging: the address can be wrong.
        if not self._was_reached and not self._has_warned:
            self._has_warned = True
            _log.warning("%s The client retries for up to %g seconds (retry_seconds).", error.message, self._retry_seconds)
        else:
            _log.info("%s Next attempt in %.1f seconds.", error, delay_seconds)


class Events:
    """The events of one subscription, until its connection ends."""

    def __init__(self, connection: Connection, source: Source):
        self._connection = connection
        self._source = source
        self._parser = EventParser()
        self._ready: list[tuple[str, bytes] | None] = []

    async def next(self, timeout_seconds: float = _MAX_SILENCE_SECONDS) -> Any:
        """Returns the data of the next event, or None for a heartbeat. Raises UnavailableError at the end."""
        name = self._connection.name
        while not self._ready:
            chunk = await self._connection._reach(self._source.read(min(timeout_seconds, _MAX_SILENCE_SECONDS)))
            if not chunk:
                raise UnavailableError(f"{name} broke the subscription's connection.")
            self._ready = list(self._parser.feed(chunk))[::-1]
        event = self._ready.pop()
        if event is None:
            return None
        if event[0] == "complete":
            raise UnavailableError(f"{name} ended the subscription: it is stopping.")
        data = _data_of(event[1])
        if data is None:
            raise BadResponseError(f"{name} sent an event without GraphQL.")
        return self._connection._without_errors(data)

    def close(self) -> None:
        """Closes the connection."""
        self._source.close()


def encode_operation(document: str, variables: Mapping[str, Any] | None) -> bytes:
    """The body of a request."""
    return _exact_json.encode({"query": document, "variables": variables or {}})


def _data_of(text: bytes) -> Any:
    """Parses a response of GraphQL. None for anything else, such as a proxy's page."""
    try:
        answer = _exact_json.decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    errors = answer.get("errors")
    if errors:
        return answer if isinstance(errors, list) and is_error(errors[0]) else None
    has_no_errors = errors is None or errors == []
    return answer if has_no_errors and isinstance(answer.get("data"), dict) else None
