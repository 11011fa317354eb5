"""The reads of a data store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, Union

from . import _documents
from ._names import KEYS, NAMESPACES, escape, is_hashed
from ._pages import Pages
from ._scope import Scope
from ._where import Condition, where_input
from .records import Entry, SearchResult, entry_of, search_result_of

T = TypeVar("T")

# Search results are read in small pages, because a caller usually needs only the first few.
_SEARCH_PAGE_SIZE = 20


async def get(scope: Scope, key: str, default: Any) -> Any:
    """Returns the value of a key, or the default if the entry does not exist."""
    entry = (await scope.connection.call(_documents.GET, scope.place(key)))["entry"]
    return default if entry is None else entry["value"]


Revision = Union[int, str]


async def get_entry(
    scope: Scope, key: str, at: Revision | None = None, at_least: Revision | None = None
) -> Entry | None:
    """Returns the entry of a key, or None."""
    variables = {**scope.place(key), **_as_of(at, at_least)}
    entry = (await scope.connection.call(_documents.GET_ENTRY, variables))["entry"]
    return None if entry is None else entry_of(entry)


async def list_keys(scope: Scope, prefix: str | None) -> list[str]:
    """Returns the keys that begin with a prefix, sorted."""
    stored = await _pages(scope, _documents.KEYS, prefix).all()
    originals = await _originals(scope, [node["key"] for node in stored])
    return sorted(key for key in originals.values() if key.startswith(prefix or ""))


async def list_namespaces(
    scope: Scope,
    prefix: str | None,
    suffix: Iterable[str] | None,
    segments: Iterable[str] | None,
    depth: int | None,
    delimiter: str,
) -> list[str]:
    """Returns the namespaces that contain an entry, sorted."""
    variables: dict[str, Any] = {"prefix": NAMESPACES.prefix(prefix)}
    if suffix is not None or segments is not None or depth is not None:
        variables["suffix"] = None if suffix is None else [escape(segment) for segment in suffix]
        variables["segments"] = None if segments is None else [escape(segment) for segment in segments]
        variables |= {"depth": depth, "delimiter": escape(delimiter)}
    nodes = await Pages(scope.connection, _documents.NAMESPACES, variables, lambda node: str(node["name"])).all()
    names = {NAMESPACES.original(stored) if depth else await _namespace(scope, stored) for stored in nodes}
    return sorted(name for name in names if name.startswith(prefix or ""))


async def get_all(scope: Scope) -> dict[str, Any]:
    """Returns all keys and values, sorted by key."""
    nodes = await _pages(scope, _documents.VALUES, None).all()
    originals = await _originals(scope, [node["key"] for node in nodes])
    values = {originals[node["key"]]: node["value"] for node in nodes}
    return {key: values[key] for key in sorted(values)}


async def get_many(scope: Scope, keys: Iterable[str]) -> dict[str, Any]:
    """Returns the values of those keys that have an entry, in the order of the keys."""
    stored = {key: KEYS.name(key).stored for key in keys}
    found = {node["key"]: node["value"] for node in await _of_keys(scope, _documents.VALUES, list(stored.values()))}
    return {key: found[place] for key, place in stored.items() if place in found}


def entries(
    scope: Scope,
    prefix: str | None,
    where: Iterable[Condition] | None,
    at: Revision | None,
    at_least: Revision | None,
) -> Pages[Entry]:
    """Reads the entries that begin with a prefix, sorted by key as Baton sorts. The prefix can match more."""
    variables = {
        "namespace": scope.namespace.stored,
        "keyPrefix": KEYS.prefix(prefix),
        "where": where_input(where),
        **_as_of(at, at_least),
    }
    return Pages(scope.connection, _documents.ENTRIES, variables, entry_of)


def _as_of(at: Revision | None, at_least: Revision | None) -> dict[str, str]:
    given = {"at": at, "atLeast": at_least}
    return {name: str(revision) for name, revision in given.items() if revision is not None}


def search(scope: Scope, text: str, namespace_prefix: str | None, limit: int | None) -> Pages[SearchResult]:
    """Reads the entries that contain a text, the last written first."""
    variables = {"text": text, "namespacePrefix": NAMESPACES.prefix(namespace_prefix)}
    size = _SEARCH_PAGE_SIZE if limit is None else max(1, min(limit, _SEARCH_PAGE_SIZE))
    return Pages(scope.connection, _documents.SEARCH, variables, search_result_of, max_page_size=size)


def _pages(scope: Scope, document: str, prefix: str | None) -> Pages[Any]:
    variables = {"namespace": scope.namespace.stored, "keyPrefix": KEYS.prefix(prefix)}
    return Pages(scope.connection, document, variables, _as_it_is)


def _as_it_is(node: T) -> T:
    return node


async def _of_keys(scope: Scope, document: str, keys: list[str]) -> list[Any]:
    nodes: list[Any] = []
    size = (await scope.connection.limits())["maxPageSize"]
    for at in range(0, len(keys), size):
        variables = {"namespace": scope.namespace.stored, "keys": keys[at : at + size]}
        nodes.extend(await Pages(scope.connection, document, variables, _as_it_is).all())
    return nodes


async def _originals(scope: Scope, stored: list[str]) -> dict[str, str]:
    """Returns the original of each stored key. Those of hashed keys are read from their metadata."""
    originals = {key: KEYS.original(key) for key in stored}
    hashed = [key for key in stored if is_hashed(key)]
    for node in await _of_keys(scope, _documents.METADATA, hashed) if hashed else ():
        originals[node["key"]] = KEYS.original(node["key"], node["metadata"])
    return originals


async def _namespace(scope: Scope, stored: str) -> str:
    if not is_hashed(stored):
        return NAMESPACES.original(stored)
    variables = {"namespace": stored}
    pages = Pages(scope.connection, _documents.METADATA, variables, _as_it_is, max_page_size=1)
    return NAMESPACES.original(stored, next((node["metadata"] for node in await pages.next() or ()), None))
