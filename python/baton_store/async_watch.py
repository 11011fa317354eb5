"""Changes in real time, as an asynchronous iterator."""

from __future__ import annotations

from types import TracebackType

from ._watch import Follower
from .records import Change


class AsyncWatch:
    """Iterates over changes. It ends when it, or its data store, is closed.

    A wait for the next change can be cancelled. That closes the connection. The iterator can still be used, and
    continues with the next change.
    """

    def __init__(self, follower: Follower):
        self._follower = follower

    def __aiter__(self) -> AsyncWatch:
        return self

    async def __anext__(self) -> Change:
        change = await self._follower.next()
        if change is None:
            raise StopAsyncIteration
        return change

    async def aclose(self) -> None:
        """Ends the watch and closes its connection."""
        self._follower.close()

    async def __aenter__(self) -> AsyncWatch:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._follower.close()
