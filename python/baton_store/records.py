"""What the store answers: entries, changes, results of a search and of a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._names import KEYS, NAMESPACES


@dataclass(frozen=True)
class Entry:
    """What a key holds."""

    namespace: str
    key: str
    value: Any
    #: A JSON object about the value, merged by each write that gives one.
    metadata: dict[str, Any]
    #: Position in the log of the change that wrote it last: give it as ``if_revision`` or ``after``.
    revision: int
    #: Position of the change that created it.
    created_revision: int
    created_at: datetime
    updated_at: datetime
    #: The agent that created it; None if it gave no name.
    created_by: str | None
    #: The agent that wrote it last; None if it gave no name.
    updated_by: str | None
    #: From this instant on there is no such entry; None for one that stays.
    expires_at: datetime | None


@dataclass(frozen=True)
class Change:
    """One step of the log, as ``watch`` delivers it."""

    #: ``SET``, ``DELETED``, ``EXPIRED`` or ``NAMESPACE_CLEARED``; ``EXISTING`` and ``CAUGHT_UP`` in a snapshot;
    #: ``UNMATCHED`` with ``where``.
    kind: str
    #: Position in the log. Within a snapshot, go on ``after`` it from ``CAUGHT_UP`` on.
    revision: int
    #: None on CAUGHT_UP.
    namespace: str | None
    #: None on NAMESPACE_CLEARED and CAUGHT_UP.
    key: str | None
    #: The entry right after the change; None if it is gone.
    entry: Entry | None
    #: The agent that made the change; None if it gave no name.
    agent: str | None
    #: When it was made. None on CAUGHT_UP, and on a DELETED that a second snapshot found after a lost connection.
    at: datetime | None


@dataclass(frozen=True)
class SearchResult:
    """An entry that was found by its text."""

    entry: Entry
    #: Plain text around the first match.
    snippet: str
    #: JSON Pointer of the string in the value that has the text; None if the key has it.
    path: str | None


@dataclass(frozen=True)
class OperationResult:
    """What one operation of a transaction did."""

    #: The entry right after the operation; None if the operation writes no entry.
    entry: Entry | None
    #: Of ``delete``: whether there was an entry.
    deleted: bool | None
    #: Of ``clear``: the number of entries that were deleted.
    cleared_count: int | None


def entry_of(answered: Mapping[str, Any]) -> Entry:
    """The entry of a GraphQL answer."""
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
    """The change of a GraphQL answer. The metadata has the originals of hashed names."""
    namespace, key, at = answered["namespace"], answered["key"], answered["at"]
    return Change(
        kind=answered["kind"],
        revision=int(answered["revision"]),
        namespace=None if namespace is None else NAMESPACES.original(namespace, metadata),
        key=None if key is None else KEYS.original(key, metadata),
        entry=None if answered["entry"] is None else entry_of(answered["entry"]),
        agent=answered["agent"],
        at=None if at is None else instant(at),
    )


def search_result_of(answered: Mapping[str, Any]) -> SearchResult:
    """The result of a search, of a GraphQL answer."""
    return SearchResult(entry_of(answered["entry"]), answered["snippet"], answered["match"]["path"])


def operation_result_of(answered: Mapping[str, Any]) -> OperationResult:
    """The result of an operation, of a GraphQL answer."""
    entry = answered["entry"] and entry_of(answered["entry"])
    return OperationResult(entry, answered["deleted"], answered["clearedCount"])


def instant(text: str) -> datetime:
    # Python 3.10 does not read the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
