"""The names of threads and the keys of their data, in the same form as in the JavaScript adapter."""

from __future__ import annotations

from .._adapter.name_part import name_part
from .._names import escape

THREADS_PREFIX = "langgraph:threads:"
CHECKPOINTS_PREFIX = "checkpoint/"


def namespace_prefix(ns: str) -> str:
    """Returns the prefix of the checkpoints of one checkpoint namespace."""
    return f"{CHECKPOINTS_PREFIX}{name_part(ns, '/')}/"


def checkpoint_key(ns: str, checkpoint_id: str) -> str:
    """Returns the key of a checkpoint.

    The latest id has the first key. So a list of keys begins with the latest checkpoint, and each checkpoint is
    followed by its writes.
    """
    return namespace_prefix(ns) + descending(checkpoint_id)


def writes_key(ns: str, checkpoint_id: str, task_id: str, special_index: int | None) -> str:
    """Returns the key of a task's writes to a checkpoint: the special write with a negative index, or all others."""
    last = "writes" if special_index is None else str(special_index)
    return f"{checkpoint_key(ns, checkpoint_id)}/{name_part(task_id, '/')}/{last}"


def channel_key(ns: str, channel: str, version: str | float) -> str:
    """Returns the key of one version of a channel's value."""
    return f"channel/{name_part(ns, '/')}/{name_part(channel, '/')}/{name_part(str(version), '/')}"


def descending(text: str) -> str:
    """Encodes a text so that the order is reversed.

    The result is the complement of each byte in hexadecimal digits, and an end that is greater than any digit, so that
    a text is sorted before its prefixes.
    """
    return "".join(f"{255 - byte:02x}" for byte in escape(text).encode()) + "~"
