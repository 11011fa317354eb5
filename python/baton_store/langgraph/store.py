"""LangGraph's long-term memory in Baton."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from langgraph.store.base import BaseStore, Op, Result, TTLConfig

from .._io import run
from ..async_data_store import AsyncDataStore
from ..data_store import DataStore
from ._items import Items
from ._settled import Settled
from ._store_names import ITEMS_PREFIX, StoreNames


class BatonStore(BaseStore):
    """LangGraph's long-term memory in Baton: what one graph puts, every other graph and agent can read.

    It serves graphs that are invoked synchronously and those that are invoked by asyncio. The namespace
    ``("users", "ann")`` is Baton's namespace ``langgraph:store:users:ann``, and an item is one entry of it. There is no
    vector index: the ``query`` of a search and the ``index`` of a put are ignored.

    Args:
        url: The server's address. Default: the environment's ``BATON_URL``, or ``http://127.0.0.1:4000``.
        token: The bearer token. Default: the environment's ``BATON_TOKEN``.
        agent: The name that changes are recorded under, unless the token has one.
        namespace_prefix: Before the name of each namespace. It ends with a colon.
        ttl: How long items live, in minutes. A read that refreshes an item is a write. Nothing needs to be swept.
        timeout_seconds: Seconds to wait for the answer to one attempt.
        retry_seconds: Seconds for which a call is tried again while the server cannot be reached; 0: never.
    """

    supports_ttl = True

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        agent: str | None = None,
        *,
        namespace_prefix: str = ITEMS_PREFIX,
        ttl: TTLConfig | None = None,
        timeout_seconds: float = 60,
        retry_seconds: float = 30,
    ):
        times: Any = {"timeout_seconds": timeout_seconds, "retry_seconds": retry_seconds}
        self.ttl_config = ttl
        self._sync_store = DataStore(url, token, agent=agent, **times)
        self._async_store = AsyncDataStore(url, token, agent=agent, **times)
        names = StoreNames(namespace_prefix)

        async def call(document: str, variables: Mapping[str, Any]) -> Any:
            return self._sync_store.graphql(document, variables, repeat=True)

        async def acall(document: str, variables: Mapping[str, Any]) -> Any:
            return await self._async_store.graphql(document, variables, repeat=True)

        self._sync = Items(call, names)
        self._async = Items(acall, names)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Does several operations.

        Reads see what was there before. Writes are one transaction, unless they are more than 1,000 or more than a
        request may have; of those to one key the last counts.
        """
        return run(self._sync.batch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As ``batch``."""
        return await self._async.batch(ops)

    def setup(self) -> Settled:
        """Does nothing: there is nothing to create. Programs written for other implementations call or await it."""
        return Settled()

    def sweep_ttl(self) -> Settled:
        """Does nothing, and says that no item was deleted: an item that has expired is never returned."""
        return Settled()

    def start_ttl_sweeper(self, sweep_interval_minutes: int | None = None) -> Settled:
        """Does nothing: the server removes what has expired."""
        return Settled()

    def stop_ttl_sweeper(self, timeout: float | None = None) -> Settled:
        """Does nothing. The result is true."""
        return Settled(True)

    def close(self) -> None:
        """Closes the connections. Calls under way fail."""
        self._sync_store.close()
        run(self._async_store.close())

    def __enter__(self) -> BatonStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> BatonStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
