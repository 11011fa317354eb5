"""LangGraph's long-term memory in Baton."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from langgraph.store.base import BaseStore, Op, Result, TTLConfig

from .._credentials import Token
from .._io import run
from ..async_data_store import AsyncDataStore
from ..data_store import DataStore
from ._items import Items
from ._settled import Settled
from ._store_names import ITEMS_PREFIX, StoreNames


class BatonStore(BaseStore):
    """LangGraph's long-term memory in Baton: every other graph and agent can read the items that one graph puts.

    It serves graphs that are invoked synchronously or with asyncio. The namespace ``("users", "ann")`` is Baton's
    namespace ``langgraph:store:users:ann``, and an item is one entry of it. There is no vector index: the ``query`` of
    a search and the ``index`` of a put are ignored.

    Args:
        url: The server's address. Default: the environment's ``BATON_URL``, or ``http://127.0.0.1:4000``.
        token: The bearer token, or a function that returns the current one. The function is called before each request,
            and again if the server refuses the token. Default: the environment's ``BATON_TOKEN``.
        agent: The agent that changes are recorded under, unless the token names one.
        namespace_prefix: The part before the name of each namespace. It ends with a colon.
        ttl: The time to live of items, in minutes. A read that refreshes an item is a write. No sweeper is needed.
        timeout_seconds: The maximum number of seconds to wait for the response to one attempt.
        retry_seconds: Seconds for which a call is tried again while the server cannot be reached. 0: never. If the
            server has never responded, the logger ``baton_store`` has one warning.
    """

    supports_ttl = True

    def __init__(
        self,
        url: str | None = None,
        token: Token = None,
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
        """Runs several operations.

        Reads see the state before the writes. The writes are one transaction, unless they exceed 1,000 operations or
        the size of a request. The last of several writes to a key counts.
        """
        return run(self._sync.batch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """See ``batch``."""
        return await self._async.batch(ops)

    def setup(self) -> Settled:
        """Does nothing, because no setup is needed. Programs for other implementations call or await it."""
        return Settled()

    def sweep_ttl(self) -> Settled:
        """Does nothing and returns 0: an expired item is never returned."""
        return Settled()

    def start_ttl_sweeper(self, sweep_interval_minutes: int | None = None) -> Settled:
        """Does nothing: the server removes expired items."""
        return Settled()

    def stop_ttl_sweeper(self, timeout: float | None = None) -> Settled:
        """Does nothing and returns True."""
        return Settled(True)

    def close(self) -> None:
        """Closes the connections. Calls in progress fail."""
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
