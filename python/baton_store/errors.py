"""The errors of the package: one class for each error code of Baton. All are subclasses of ``BatonError``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class BatonError(Exception):
    """A call failed.

    Compare ``code``, which never changes its meaning. ``message`` is for people. ``details`` has the other members of
    the server's error. ``docs/errors.md`` has a section for each code, with its cause, its remedy and its details.
    """

    code: str = "INTERNAL"

    def __init__(self, message: str, details: Mapping[str, Any] | None = None, code: str | None = None):
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"


class UnauthenticatedError(BatonError):
    """The token is missing, unknown, expired or revoked."""

    code = "UNAUTHENTICATED"


class ForbiddenError(BatonError):
    """The token's scopes or namespaces do not cover the call."""

    code = "FORBIDDEN"


class BadUserInputError(BatonError):
    """An argument is not valid. ``argument`` is its path, or None."""

    code = "BAD_USER_INPUT"

    @property
    def argument(self) -> str | None:
        """The path of the argument in the request, such as ``input.key``."""
        return self.details.get("argument")


class InvalidValueError(BadUserInputError, TypeError):
    """JSON cannot represent the value, such as a set, bytes, NaN or Infinity. It is also a ``TypeError``."""


class ConflictError(BatonError):
    """A condition did not hold, such as ``if_revision``. Nothing was written."""

    code = "CONFLICT"

    @property
    def current_revision(self) -> int:
        """The revision of the entry. 0 if the entry does not exist, and for a token without the scope ``read``."""
        return int(self.details.get("currentRevision") or 0)

    @property
    def current_value(self) -> Any:
        """The value of the entry. None if the entry does not exist, and for a token without the scope ``read``."""
        return self.details.get("currentValue")


class ClaimLostError(BatonError):
    """The claim has ended: its lease ended, or it was completed or released. Nothing was written."""

    code = "CLAIM_LOST"


class RevisionCompactedError(BatonError):
    """The log no longer contains the revision, or a backup was restored since. Start again with a snapshot."""

    code = "REVISION_COMPACTED"

    @property
    def oldest_revision(self) -> int | None:
        """The oldest revision that the log contains. None if the server did not report it."""
        oldest = self.details.get("oldestRevision")
        return None if oldest is None else int(oldest)

    @property
    def reason(self) -> str | None:
        """``EPOCH`` if the revision belongs to another epoch of the store. ``RESPONSE`` if a repeated write happened
        once, and retention has removed its response. Otherwise None."""
        return self.details.get("reason")

    @property
    def epoch(self) -> str | None:
        """The current epoch of the store, if that is the reason; otherwise None."""
        return self.details.get("epoch")


class LimitExceededError(BatonError):
    """The request exceeds a limit of the server."""

    code = "LIMIT_EXCEEDED"

    @property
    def limit(self) -> str | None:
        """The name of the limit, such as ``maxValueBytes``."""
        return self.details.get("limit")

    @property
    def max(self) -> int | None:
        """The value of the limit."""
        return self.details.get("max")


class RateLimitedError(BatonError):
    """The caller sent too many requests. Try again later."""

    code = "RATE_LIMITED"


class PayloadTooLargeError(BatonError):
    """The request is larger than the server accepts."""

    code = "PAYLOAD_TOO_LARGE"


class UnavailableError(BatonError):
    """The server cannot be reached, or is temporarily unavailable. The call was repeated for ``retry_seconds``.

    A write that ends with this error is possibly applied.
    """

    code = "UNAVAILABLE"


class InternalError(BatonError):
    """An internal error of the server. Details are in its log."""

    code = "INTERNAL"


class WaitTimeoutError(BatonError, TimeoutError):
    """The entry did not arrive in time. It is also a ``TimeoutError``."""

    code = "TIMEOUT"


class BadResponseError(BatonError):
    """The response is not from Baton, but for example from a proxy or another server."""

    code = "BAD_RESPONSE"


_CLASSES: dict[str, type[BatonError]] = {
    each.code: each
    for each in (
        UnauthenticatedError,
        ForbiddenError,
        BadUserInputError,
        ConflictError,
        ClaimLostError,
        RevisionCompactedError,
        LimitExceededError,
        RateLimitedError,
        PayloadTooLargeError,
        UnavailableError,
        InternalError,
    )
}


def is_error(answered: Any) -> bool:
    """Whether it is an error in Baton's form: each has a message and a code."""
    extensions = answered.get("extensions") if isinstance(answered, dict) else None
    return (
        isinstance(extensions, dict)
        and isinstance(extensions.get("code"), str)
        and isinstance(answered.get("message"), str)
    )


def error_of(answered: Mapping[str, Any]) -> BatonError:
    """Creates an error of the class for its code, from an error of a GraphQL response."""
    details = dict(answered.get("extensions") or {})
    code = str(details.pop("code", ""))
    message = str(answered.get("message"))
    if code in _CLASSES:
        return _CLASSES[code](message, details)
    return BadResponseError(message, {"code": code, **details})


def is_transient(error: BatonError) -> bool:
    """Whether the same call can succeed soon."""
    return error.code in ("UNAVAILABLE", "RATE_LIMITED")


def is_foreign(error: BatonError) -> bool:
    """Whether the error comes from a proxy in front of the server."""
    return error.code == "BAD_RESPONSE" and "code" not in error.details


def may_pass(error: BatonError) -> bool:
    """Whether the same call can succeed at a later time."""
    return is_transient(error) or error.code in ("INTERNAL", "BAD_RESPONSE")
