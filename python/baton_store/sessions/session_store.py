"""Transcripts of the Claude Agent SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from .._adapter.entries import MAX_PAGE_SIZE
from .._adapter.large_value import storable
from .._adapter.name_part import name_part, original_part
from ..async_data_store import AsyncDataStore
from ..records import instant
from ._connected import Connected
from ._item_log import ItemLog, LogChange, LogHead, head_of, transactions_of

# The log of the main transcript.
_MAIN = "main"
_HEADS = """query sessionHeads($namespacePrefix: String, $keys: [String!], $first: Int, $after: String) {
  page: entries(namespacePrefix: $namespacePrefix, keys: $keys, first: $first, after: $after) {
    nodes { namespace value updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""

Key = Mapping[str, Any]
Fold = Callable[[Any, Any, Any], Any]


class BatonSessionStore(Connected):
    """The transcripts of the Claude Agent SDK, its ``SessionStore``. Any machine can resume a session of another.

    A session is one Baton namespace, ``claude:sessions:<project>:<session>``, as in the JavaScript package. An entry
    with a ``uuid`` that is already stored is not stored again. Each batch is one transaction, or several if it has more
    than 400 entries or 7 MB.

    Args:
        store: The store. Default: the one of the environment's ``BATON_URL`` and ``BATON_TOKEN``.
        namespace_prefix: The part before the project and the session in the name of a session's namespace.
        fold_session_summary: The SDK's function of this name. With it, summaries are kept up to date, and a list of
            sessions is one request. Default: the SDK loads each session to list it.
    """

    list_session_summaries: Callable[[str], Awaitable[list[Any]]]

    def __init__(
        self,
        store: AsyncDataStore | None = None,
        *,
        namespace_prefix: str = "claude:sessions:",
        fold_session_summary: Fold | None = None,
    ):
        super().__init__(store)
        self._prefix = namespace_prefix
        self._fold = fold_session_summary
        # The SDK checks whether the method exists.
        if fold_session_summary is not None:
            self.list_session_summaries = self._list_session_summaries

    async def append(self, key: Key, entries: Sequence[Any]) -> None:
        """Appends entries."""
        for group in transactions_of(entries) or [[]]:
            await self._append(key, group)

    async def load(self, key: Key) -> list[Any] | None:
        """Returns all entries, in the order in which they were stored. None if none was ever stored."""
        log = self._log(key)
        head = await log.head()
        return None if head is None else await log.items(head)

    async def list_sessions(self, project_key: str) -> list[Any]:
        """Returns the sessions of a project, and the time of their last write by the database's clock."""
        heads = await self._heads(project_key)
        return [{"session_id": session_id, "mtime": mtime} for session_id, mtime, _ in heads]

    async def _list_session_summaries(self, project_key: str) -> list[Any]:
        return [
            {"session_id": session_id, "mtime": mtime, "data": head.extra or {}}
            for session_id, mtime, head in await self._heads(project_key)
        ]

    async def delete(self, key: Key) -> None:
        """Deletes a session with all transcripts in one step, or the transcript of a subagent."""
        namespace = self._namespace_of(key)
        if key.get("subpath") is None:
            await self._entries.clear(namespace)
            return
        name = _log_name_of(key)
        await self._entries.delete(namespace, [f"head/{name}"])
        # The rest belongs to a log that cannot be found.
        for prefix in (f"item/{name}/", f"uuid/{name}/"):
            async for page in self._entries.pages({"namespace": namespace, "keyPrefix": prefix}):
                await self._entries.delete(namespace, [entry.key for entry in page])

    async def list_subkeys(self, key: Key) -> list[str]:
        """Returns the subagents of a session that have a transcript."""
        prefix = "head/sub/"
        selection = {"namespace": self._namespace_of(key), "keyPrefix": prefix}
        return [
            original_part(entry.key[len(prefix) :]) async for page in self._entries.pages(selection) for entry in page
        ]

    async def _append(self, key: Key, entries: Sequence[Any]) -> None:
        namespace = self._namespace_of(key)
        name = _log_name_of(key)

        async def decide(head: LogHead) -> LogChange | None:
            markers = {
                uuid: f"uuid/{name}/{head.generation}/{name_part(uuid, '/')}"
                for uuid in (entry.get("uuid") for entry in entries)
                if uuid is not None
            }
            known = set(await self._entries.read(namespace, list(markers.values())))
            added: list[Any] = []
            values = []
            for entry in entries:
                marker = markers.get(entry.get("uuid"))
                if marker in known:
                    continue
                if marker is not None:
                    known.add(marker)
                    values.append(storable(marker, {}))
                added.append(entry)
            if not added and head.count > 0:
                return None
            return LogChange(append=added, values=values, extra=self._summary(key, head.extra, added))

        await self._log(key).change(decide)

    def _summary(self, key: Key, previous: Any, entries: Sequence[Any]) -> Any:
        if self._fold is None or key.get("subpath") is not None:
            return None
        before = None if previous is None else {"session_id": key["session_id"], "mtime": 0, "data": previous}
        return self._fold(before, key, list(entries))["data"]

    async def _heads(self, project_key: str) -> list[tuple[str, int, LogHead]]:
        """Returns the id, the time and the head of each session."""
        prefix = f"{self._prefix}{name_part(project_key, ':')}:"
        variables: dict[str, Any] = {"namespacePrefix": prefix, "keys": [f"head/{_MAIN}"], "first": MAX_PAGE_SIZE}
        found: list[tuple[str, int, LogHead]] = []
        after = None
        while True:
            page = (await self._call(_HEADS, {**variables, "after": after}))["page"]
            for node in page["nodes"]:
                mtime = round(instant(node["updatedAt"]).timestamp() * 1_000)
                found.append((original_part(node["namespace"][len(prefix) :]), mtime, head_of(node["value"])))
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"] or after is None:
                return found

    def _log(self, key: Key) -> ItemLog:
        return ItemLog(self._entries, self._namespace_of(key), _log_name_of(key))

    def _namespace_of(self, key: Key) -> str:
        return f"{self._prefix}{name_part(key['project_key'], ':')}:{name_part(key['session_id'], ':')}"


def _log_name_of(key: Key) -> str:
    subpath = key.get("subpath")
    if subpath == "":
        raise ValueError("subpath must not be empty: omit it for the main transcript.")
    return _MAIN if subpath is None else f"sub/{name_part(subpath, '/')}"
