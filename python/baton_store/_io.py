"""Lets synchronous and asynchronous programs share one implementation.

All logic is written once, as ``async def``, and does its input and output through an ``Io``:

- ``AsyncIo`` awaits asyncio streams.
- ``SyncIo`` blocks in its methods and never suspends. ``run`` steps such a coroutine: the first step completes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A complete HTTP response."""

    status: int
    content_type: str
    location: str | None
    body: bytes


class Source(Protocol):
    """The body of a streamed response."""

    async def read(self, timeout_seconds: float) -> bytes:
        """Reads the bytes that have arrived. Empty at the end. Raises OSError after a timeout or lost connection."""

    def close(self) -> None:
        """Closes the connection."""


class Background(Protocol):
    """Work that runs at the same time as the caller's."""

    async def sleep(self, seconds: float) -> bool:
        """Waits. Returns True if the work must end."""

    def stop(self) -> None:
        """Ends the work without waiting until it has ended."""


class Io(Protocol):
    """Requests to one server, and time. Each network failure is an OSError or an HTTPException."""

    @property
    def is_closed(self) -> bool:
        """Whether the Io is closed, so that no request can be sent."""

    async def post(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float, is_long: bool) -> Answer:
        """Sends one request, with the caller's headers, and returns its response. A request that is cancelled closes its connection.

        A long request, which waits for another agent, does not count against the limit of requests in progress.
        """

    async def stream(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float) -> Answer | Source:
        """Sends a subscription, with the caller's headers. Returns its events, or the response of a server that refuses it."""

    async def sleep(self, seconds: float) -> None:
        """Waits. Returns early when the Io is closed."""

    def background(self, work: Callable[[Background], Coroutine[Any, Any, None]]) -> Background:
        """Starts work that runs at the same time as the caller's."""

    def close(self) -> None:
        """Closes every connection. Requests in progress fail."""


def run(coroutine: Awaitable[T]) -> T:
    """Returns the result of a coroutine that does its input and output through ``SyncIo``."""
    steps = coroutine.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise TypeError("A synchronous DataStore cannot await. Use AsyncDataStore for functions that are async.")
