"""The store of an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

from .._adapter.entries import Entries
from ..async_data_store import AsyncDataStore

Self = TypeVar("Self", bound="Connected")


class Connected:
    """Has its own store, which it closes, or a store of the caller."""

    def __init__(self, store: AsyncDataStore | None):
        self._store = AsyncDataStore() if store is None else store
        self._is_own = store is None
        self._entries = Entries(self._call)

    async def _call(self, document: str, variables: Mapping[str, Any]) -> Any:
        return await self._store.graphql(document, variables, repeat=True)

    async def close(self) -> None:
        """Closes the connections, unless the store is the caller's."""
        if self._is_own:
            await self._store.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
