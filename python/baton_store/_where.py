"""Conditions on values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Union

#: A path, an operator and a value to compare with. ``EXISTS`` needs no value.
Condition = Union[tuple[str, str], tuple[str, str, Any]]


def where_input(where: Iterable[Condition] | None) -> list[dict[str, Any]] | None:
    """Returns the conditions in the form that is sent. Raises TypeError for a condition of another form."""
    return None if where is None else [_condition(*condition) for condition in where]


def _condition(path: str, op: str, *value: Any) -> dict[str, Any]:
    if len(value) > 1:
        raise TypeError("A condition consists of a path, an operator and a value.")
    return {"path": path, "op": op, **({"value": value[0]} if value else {})}
