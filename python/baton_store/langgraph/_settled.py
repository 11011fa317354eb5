"""Results of methods that are asynchronous in some of LangGraph's stores and synchronous in others."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any


class Settled(int):
    """A number that is known already. It may be awaited, and need not be."""

    def __await__(self) -> Generator[Any, None, int]:
        async def known() -> int:
            return int(self)

        return known().__await__()
