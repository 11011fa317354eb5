"""Changes in real time, as an iterator."""

from __future__ import annotations

from types import TracebackType

from ._io import run
from ._watch import Follower
from .records import Change


class Watch:
    """Iterates over changes. It ends when it, or its data store, is closed, also by another thread."""

    def __init__(self, follower: Follower):
        self._follower = follower

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> Change:
        change = run(self._follower.next())
        if change is None:
            raise StopIteration
        return change

    def close(self) -> None:
        """Ends the watch and closes its connection."""
        self._follower.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
