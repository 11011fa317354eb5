"""The records that the store returns: entries, changes, and the results of a search and of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._names import KEYS, NAMESPACES


@dataclass(frozen=True)
class Entry:
    """An entry of the store."""

    namespace: str
    key: str
    value: Any
    #: A JSON object about the value. Each write with metadata merges into it.
    metadata: dict[str, Any]
    #: The position in the log of the change that last wrote it. Pass it as ``if_revision`` or ``after``.
    revision: int
    #: The position in the log of the change that created it.
    created_revision: int
    created_at: datetime
    updated_at: datetime
    #: The agent that created it. None if the caller named no agent.
    created_by: str | None
    #: The agent that last wrote it. None if the caller named no agent.
    updated_by: str | None
    #: The instant at which it expires. None if it does not expire.
    expires_at: datetime | None


@dataclass(frozen=True)
class Change:
    """One change of the log, as ``watch`` delivers it."""

    #: ``SET``, ``DELETED``, ``EXPIRED`` or ``NAMESPACE_CLEARED``; ``EXISTING`` and ``CAUGHT_UP`` in a snapshot;
    #: ``UNMATCHED`` with ``where``.
    kind: str
    #: The position in the log. During a snapshot, resume only ``after`` the revision of ``CAUGHT_UP`` or a later one.
    revision: int
    #: None on CAUGHT_UP.
    namespace: str | None
    #: None on NAMESPACE_CLEARED and CAUGHT_UP.
    key: str | None
    #: The entry after the change. None if it was removed.
    entry: Entry | None
    #: The agent that made the change. None if the caller named no agent.
    agent: str | None
    #: The time of the change. None on CAUGHT_UP, and on a DELETED that a second snapshot found after a lost connection.
    at: datetime | None
    #: Of CAUGHT_UP: the epoch that the revision belongs to. Save both, to resume ``after`` the revision. Otherwise None.
    epoch: str | None = None


@dataclass(frozen=True)
class SearchResult:
    """A result of a search."""

    entry: Entry
    #: Plain text around the first match.
    snippet: str
    #: The JSON Pointer of the string in the value that contains the text. None if the key contains it.
    path: str | None


@dataclass(frozen=True)
class OperationResult:
    """The result of one operation of a transaction."""

    #: The entry after the operation. None if the operation writes no entry.
    entry: Entry | None
    #: Of ``delete``: whether there was an entry.
    deleted: bool | None
    #: Of ``clear``: the number of entries that were deleted.
    cleared_count: int | None


def entry_of(answered: Mapping[str, Any]) -> Entry:
    """Creates the entry from a GraphQL response."""
    metadata = answered["metadata"]
    return Entry(
        namespace=NAMESPACES.original(answered["namespace"], metadata),
        key=KEYS.original(answered["key"], metadata),
        value=answered["value"],
        metadata=NAMESPACES.without_kept(KEYS.without_kept(metadata)),
        revision=int(answered["revision"]),
        created_revision=int(answered["createdRevision"]),
        created_at=instant(answered["createdAt"]),
        updated_at=instant(answered["updatedAt"]),
        created_by=answered["createdBy"],
        updated_by=answered["updatedBy"],
        expires_at=answered["expiresAt"] and instant(answered["expiresAt"]),
    )


def change_of(answered: Mapping[str, Any], metadata: Mapping[str, Any]) -> Change:
    """Creates the change from a GraphQL response. The metadata has the originals of hashed names."""
    namespace, key, at = answered["namespace"], answered["key"], answered["at"]
    return Change(
        kind=answered["kind"],
        revision=int(answered["revision"]),
        namespace=None if namespace is None else NAMESPACES.original(namespace, metadata),
        key=None if key is None else KEYS.original(key, metadata),
        entry=None if answered["entry"] is None else entry_of(answered["entry"]),
        agent=answered["agent"],
        at=None if at is None else instant(at),
        epoch=answered.get("epoch"),
    )


def search_result_of(answered: Mapping[str, Any]) -> SearchResult:
    """Creates the result of a search from a GraphQL response."""
    return SearchResult(entry_of(answered["entry"]), answered["snippet"], answered["match"]["path"])


def operation_result_of(answered: Mapping[str, Any]) -> OperationResult:
    """Creates the result of an operation from a GraphQL response."""
    entry = answered["entry"] and entry_of(answered["entry"])
    return OperationResult(entry, answered["deleted"], answered["clearedCount"])


def instant(text: str) -> datetime:
    # Python 3.10 does not parse the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
