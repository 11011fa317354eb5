"""Values of any size. Baton's limit is 1 MiB, so a large value is stored in parts."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Values whose JSON has more bytes are stored in parts.
_MAX_INLINE_BYTES = 1_000_000
# The bytes of one part, before base64 makes 4 bytes of 3.
_PART_BYTES = 720_000


@dataclass(frozen=True)
class StorableValue:
    """A value to store: its entry, and the parts that must be written first."""

    key: str
    value: Any
    parts: Mapping[str, str] = field(default_factory=dict)


def storable(key: str, value: Mapping[str, Any]) -> StorableValue:
    """Prepares a value of any size for a key. Its parts have their own keys in the same namespace."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    # A value that looks like a reference to parts is stored in parts, so that it is not confused with one.
    if len(data) <= _MAX_INLINE_BYTES and _reference(value) is None:
        return StorableValue(key, value)
    part_id = str(uuid.uuid4())
    slices = [data[at : at + _PART_BYTES] for at in range(0, len(data), _PART_BYTES)]
    parts = {_part_key(part_id, index): base64.b64encode(part).decode() for index, part in enumerate(slices)}
    return StorableValue(key, {"parts": {"id": part_id, "count": len(parts)}}, parts)


def part_keys(value: Any) -> list[str]:
    """Returns the keys of the parts of a stored value. Empty if it is not stored in parts."""
    reference = _reference(value)
    if reference is None:
        return []
    part_id, count = reference
    return [_part_key(part_id, index) for index in range(count)]


def restored(value: Any, parts: Mapping[str, Any]) -> Any:
    """Returns the original value. None if a part is missing, because its thread was deleted at the same time."""
    if _reference(value) is None:
        return value
    keys = part_keys(value)
    if not all(key in parts for key in keys):
        return None
    return json.loads(b"".join(base64.b64decode(parts[key]) for key in keys))


def _reference(value: Any) -> tuple[str, int] | None:
    """Returns the id and the number of the parts of a value. None for a value that is not stored in parts."""
    if not isinstance(value, dict) or value.keys() != {"parts"} or not isinstance(value["parts"], dict):
        return None
    part_id, count = value["parts"].get("id"), value["parts"].get("count")
    return (part_id, count) if isinstance(part_id, str) and isinstance(count, int) else None


def _part_key(part_id: str, index: int) -> str:
    return f"part/{part_id}/{index:06}"
