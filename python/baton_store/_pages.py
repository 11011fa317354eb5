"""Reads lists page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from ._connection import Connection

T = TypeVar("T")


class Pages(Generic[T]):
    """The pages of a list. Each page is read when it is needed, and begins where the previous one ended."""

    def __init__(
        self,
        connection: Connection,
        document: str,
        variables: Mapping[str, Any],
        item_of: Callable[[Any], T],
        *,
        max_page_size: int | None = None,
    ):
        self._connection = connection
        self._document = document
        self._variables = variables
        self._item_of = item_of
        self._max_page_size = max_page_size
        self._after: str | None = None
        self._has_next = True

    async def next(self) -> list[T] | None:
        """Returns the next page, or None after the last one."""
        if not self._has_next:
            return None
        size = (await self._connection.limits())["maxPageSize"]
        first = min(size, self._max_page_size or size)
        variables = {**self._variables, "first": first, "after": self._after}
        page = (await self._connection.call(self._document, variables))["page"]
        info = page["pageInfo"]
        self._after = info["endCursor"]
        self._has_next = info["hasNextPage"] and self._after is not None
        return [self._item_of(node) for node in page["nodes"]]

    async def all(self) -> list[T]:
        """Returns the items of all remaining pages."""
        items: list[T] = []
        while (page := await self.next()) is not None:
            items.extend(page)
        return items
