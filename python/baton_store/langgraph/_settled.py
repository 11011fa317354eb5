"""Results of methods that are asynchronous in some of LangGraph's stores and synchronous in others."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any


class Settled(int):
    """A number that is already known. Awaiting it is optional."""

    def __await__(self) -> Generator[Any, None, int]:
        async def known() -> int:
            return int(self)

        return known().__await__()
