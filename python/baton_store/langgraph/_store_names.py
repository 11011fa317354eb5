"""Namespaces and keys of items as Baton's names, in the same form as in the JavaScript adapter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._adapter.name_part import name_part, original_part, original_text
from .._names import escape

ITEMS_PREFIX = "langgraph:store:"
# Represents the empty key, as in the package itself.
_EMPTY_KEY = "\u241b"


def stored_key(key: str) -> str:
    """Returns the stored form of an item's key."""
    return escape(key) or _EMPTY_KEY


def original_key(stored: str) -> str:
    """Returns the original of an item's key."""
    return "" if stored == _EMPTY_KEY else original_text(stored)


class StoreNames:
    """A prefix, such as ``langgraph:store:``, followed by the labels of a namespace, separated by colons."""

    def __init__(self, prefix: str):
        if not prefix.endswith(":"):
            raise ValueError(f"namespace_prefix must end with a colon, as in {prefix + ':'!r}.")
        self.prefix = prefix
        self.root = prefix[:-1].split(":")

    def name_of(self, labels: Iterable[str]) -> str:
        return self.prefix + ":".join(_segment(label) for label in labels)

    def labels_of(self, name: str) -> tuple[str, ...]:
        labels = name.split(":")[len(self.root) :]
        return () if labels == [""] else tuple(original_part(label) for label in labels)

    def query(self, conditions: Iterable[Any], max_depth: int | None) -> dict[str, Any] | None:
        """Returns the arguments for Baton's list of namespaces. None if no namespace can match."""
        begin: list[str | None] = []
        end: list[str | None] = []
        for condition in conditions:
            labels = [None if label == "*" else _segment(label) for label in condition.path]
            is_prefix = condition.match_type == "prefix"
            merged = _merge(begin, labels) if is_prefix else _merge(end, labels[::-1])
            if merged is None:
                return None
            begin, end = (merged, end) if is_prefix else (begin, merged)
        # A suffix must be after the root: the namespace needs at least that many labels.
        begin += [None] * (len(end) - len(begin))
        return {
            "prefix": self.prefix,
            "segments": [*self.root, *(label or "*" for label in begin), "**"],
            "suffix": [label or "*" for label in end[::-1]] or None,
            "depth": None if max_depth is None else len(self.root) + max_depth,
        }


def _segment(label: str) -> str:
    # ``**`` would be a wildcard in Baton, but it is a plain label in LangGraph.
    return "%2A%2A" if label == "**" else name_part(label, ":")


def _merge(a: Sequence[str | None], b: Sequence[str | None]) -> list[str | None] | None:
    """Returns labels that match both. None is any label."""
    merged: list[str | None] = []
    for at in range(max(len(a), len(b))):
        one = a[at] if at < len(a) else None
        other = b[at] if at < len(b) else None
        if one is not None and other is not None and one != other:
            return None
        merged.append(other if one is None else one)
    return merged
