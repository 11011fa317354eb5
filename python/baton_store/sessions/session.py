"""Sessions of the OpenAI Agents SDK."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from .._adapter.name_part import name_part
from ..async_data_store import AsyncDataStore
from ._connected import Connected
from ._item_log import ItemLog, LogChange, LogHead, transactions_of


class BatonSession(Connected):
    """A session of the OpenAI Agents SDK: the history of a conversation, which any process can continue.

    A session is one Baton namespace, ``openai-python:sessions:<id>``. Every change is one transaction. If several
    processes add items at the same time, all are stored. ``add_items`` with more than 400 items or 7 MB is several
    transactions.

    Args:
        session_id: Identifies the session in every process. Default: a new one.
        store: The store. Default: the one of the environment's ``BATON_URL`` and ``BATON_TOKEN``.
        namespace_prefix: The part before the id in the name of the session's namespace.
        session_settings: The SDK's ``SessionSettings``, whose ``limit`` bounds the items that are read.
    """

    def __init__(
        self,
        session_id: str | None = None,
        store: AsyncDataStore | None = None,
        *,
        namespace_prefix: str = "openai-python:sessions:",
        session_settings: Any = None,
    ):
        super().__init__(store)
        self.session_id = str(uuid.uuid4()) if session_id is None else session_id
        self.session_settings = session_settings
        self._namespace = namespace_prefix + name_part(self.session_id, ":")
        self._log = ItemLog(self._entries, self._namespace, "history")

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """Returns the items of the history, or the latest of them, the oldest first."""
        if limit is None:
            limit = _limit_of(self.session_settings)
        head = await self._log.head()
        if head is None or (limit is not None and limit <= 0):
            return []
        return await self._log.items(head, 0 if limit is None else max(0, head.count - limit))

    async def add_items(self, items: list[Any]) -> None:
        """Adds items to the history."""
        for group in transactions_of(items):

            async def append(_: LogHead, group: list[Any] = group) -> LogChange:
                return LogChange(append=group)

            await self._log.change(append)

    async def pop_item(self) -> Any:
        """Removes the latest item and returns it. None if there is none."""
        popped: list[Any] = []

        async def remove_last(head: LogHead) -> LogChange | None:
            popped[:] = await self._log.items(head, head.count - 1) if head.count > 0 else []
            return LogChange(keep=head.count - 1) if head.count > 0 else None

        await self._log.change(remove_last)
        return popped[0] if popped else None

    async def clear_session(self) -> None:
        """Removes all items in one step."""
        await self._entries.clear(self._namespace)


def _limit_of(settings: Any) -> int | None:
    found = settings.get("limit") if isinstance(settings, Mapping) else getattr(settings, "limit", None)
    return found if isinstance(found, int) else None
