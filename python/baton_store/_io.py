"""How the package serves synchronous and asynchronous programs with one code.

Everything that decides something is written once, as ``async def``, and does its input and output through an ``Io``:

- ``AsyncIo`` awaits, on asyncio streams.
- ``SyncIo`` blocks inside of its methods, and never suspends. ``run`` steps such a coroutine: one step is all of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An answer of HTTP, whole."""

    status: int
    content_type: str
    location: str | None
    body: bytes


class Source(Protocol):
    """The body of an answer that goes on."""

    async def read(self, timeout_seconds: float) -> bytes:
        """What has come; no byte at the end. Raises OSError after the timeout and for a lost connection."""

    def close(self) -> None:
        """Closes the connection."""


class Background(Protocol):
    """Work beside the caller's."""

    async def sleep(self, seconds: float) -> bool:
        """Waits. True if the work is to end."""

    def stop(self) -> None:
        """Ends the work, and does not wait for that."""


class Io(Protocol):
    """Requests to one server, and time. Each failure of the network is an OSError or an HTTPException."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be sent any more."""

    async def post(self, body: bytes, timeout_seconds: float, is_long: bool) -> Answer:
        """Sends one request and returns its answer. A request that is cancelled closes its connection.

        What is long waits for another agent: it never keeps the requests of others waiting.
        """

    async def stream(self, body: bytes, timeout_seconds: float) -> Answer | Source:
        """Sends a subscription: returns its events, or the answer of a server that refuses it."""

    async def sleep(self, seconds: float) -> None:
        """Waits. Returns early when the Io is closed."""

    def background(self, work: Callable[[Background], Coroutine[Any, Any, None]]) -> Background:
        """Starts work beside the caller's."""

    def close(self) -> None:
        """Closes every connection. Requests under way fail."""


def run(coroutine: Awaitable[T]) -> T:
    """The result of a coroutine that does its input and output through ``SyncIo``."""
    steps = coroutine.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise TypeError("A synchronous DataStore cannot await. Use AsyncDataStore for functions that are async.")
