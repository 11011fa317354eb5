"""Filters of items: the part that the server applies, and the part that is applied here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_ORDERED = {"$gt": "GT", "$gte": "GTE", "$lt": "LT", "$lte": "LTE"}


@dataclass
class ItemFilter:
    """Conditions of Baton's filter by value, and tests of the values that match it."""

    where: list[dict[str, Any]] = field(default_factory=list)
    tests: list[Callable[[Any], bool]] = field(default_factory=list)

    def is_wanted(self, value: Any) -> bool:
        return all(test(value) for test in self.tests)


def item_filter(given: Mapping[str, Any] | None) -> ItemFilter:
    """Converts a filter of LangGraph's stores: members with values for equality, or with operators.

    Numbers compare with numbers and strings with strings. An object selects the values that contain its members. None
    is equal to a missing member. Raises ValueError for an unknown operator.
    """
    found = ItemFilter()
    for name, wanted in (given or {}).items():
        _add(found, [name], wanted)
    return found


def _add(found: ItemFilter, path: list[str], wanted: Any) -> None:
    if isinstance(wanted, Mapping) and any(str(name).startswith("$") for name in wanted):
        for operator, value in wanted.items():
            _add_operator(found, path, operator, value)
    elif isinstance(wanted, Mapping):
        if not wanted:
            found.tests.append(lambda value: isinstance(_part(value, path), dict))
        for name, inner in wanted.items():
            _add(found, [*path, name], inner)
    else:
        _add_operator(found, path, "$eq", wanted)


def _add_operator(found: ItemFilter, path: list[str], operator: str, value: Any) -> None:
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)
    if operator == "$eq" and value is None:
        found.tests.append(lambda item: _part(item, path) is None)
    elif operator == "$eq":
        found.where.append({"path": pointer, "op": "EQ", "value": value})
    elif operator == "$ne":
        found.where.append({"path": pointer, "op": "NE", "value": value})
        if value is None:
            found.where.append({"path": pointer, "op": "EXISTS", "value": True})
    elif operator in _ORDERED:
        found.where.append({"path": pointer, "op": _ORDERED[operator], "value": value})
    else:
        raise ValueError(f"Unsupported operator {operator}. Use $eq, $ne, $gt, $gte, $lt or $lte.")


def _part(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
