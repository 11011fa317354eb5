"""Stores any string as a key or a namespace.

Baton refuses the empty name, control characters, halves of surrogate pairs, and names that are too long. This module
escapes them so that the original can be restored:

1. Each such character becomes ``␛`` (U+241B) and its code in four hexadecimal digits. So does ``␛`` itself.
2. The empty name becomes a single ``␛``.
3. If the result is too long, it becomes its beginning, ``␛sha256:`` and the hash of the original. The original is
   stored in the entry's metadata, as ``baton:key`` or ``baton:namespace``.

All other names are stored unchanged. Each character is escaped separately, so a prefix selects the same names as
before.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ESCAPE = "\u241b"
_REJECTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff" + _ESCAPE + "]")
_ESCAPED = re.compile(_ESCAPE + "([0-9A-F]{4})")
_HASHED = re.compile(_ESCAPE + "sha256:[0-9a-f]{64}$")
_HASH_BYTES = len(f"{_ESCAPE}sha256:".encode()) + 64
# Metadata is limited to 16 KiB, so a longer original is compressed.
_MAX_PLAIN_BYTES = 8_192


@dataclass(frozen=True)
class Name:
    """A key or a namespace: the caller's name, the stored name, and the metadata that keeps the original."""

    original: str
    stored: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Naming:
    """The rules for one kind of name."""

    kind: str
    max_bytes: int

    def name(self, original: str) -> Name:
        """Returns the stored form of a name. Raises TypeError if it is not a string."""
        if not isinstance(original, str):
            raise TypeError(f"A {self.kind} must be a string, not {type(original).__name__}.")
        stored = escape(original) or _ESCAPE
        if len(stored) * 4 <= self.max_bytes or len(stored.encode()) <= self.max_bytes:
            return Name(original, stored, {})
        digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()
        return Name(original, f"{self._beginning(stored)}{_ESCAPE}sha256:{digest}", self._kept(original))

    def prefix(self, original: str | None) -> str | None:
        """Returns a prefix of stored names. It can match more names: filter the originals. None: every name."""
        return self._beginning(escape(original)) if original else None

    def original(self, stored: str, metadata: Mapping[str, Any] | None = None) -> str:
        """Returns the original of a stored name. That of a hashed name is in the entry's metadata, if it has one."""
        if _ESCAPE not in stored:
            return stored
        if is_hashed(stored):
            return self._restored(metadata or {}) or stored
        return "" if stored == _ESCAPE else _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stored)

    def without_kept(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the metadata without the members that keep the original."""
        return {key: value for key, value in metadata.items() if key not in (self._plain, self._compressed)}

    @property
    def _plain(self) -> str:
        return f"baton:{self.kind}"

    @property
    def _compressed(self) -> str:
        return f"baton:{self.kind}:zlib"

    def _beginning(self, stored: str) -> str:
        return stored.encode()[: self.max_bytes - _HASH_BYTES].decode(errors="ignore")

    def _kept(self, original: str) -> dict[str, str]:
        text = escape(original)
        data = text.encode()
        if len(data) <= _MAX_PLAIN_BYTES:
            return {self._plain: text}
        return {self._compressed: base64.b64encode(zlib.compress(data, 9)).decode()}

    def _restored(self, metadata: Mapping[str, Any]) -> str | None:
        try:
            text = metadata.get(self._plain)
            if text is None:
                text = zlib.decompress(base64.b64decode(metadata[self._compressed])).decode()
            return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        except (KeyError, TypeError, ValueError, zlib.error):
            return None


def escape(text: str) -> str:
    """Escapes the characters that Baton refuses."""
    return _REJECTED.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04X}", text)


def is_hashed(stored: str) -> bool:
    """Whether a stored name does not contain its complete original."""
    return _ESCAPE in stored and _HASHED.search(stored) is not None


KEYS = Naming("key", 1_024)
NAMESPACES = Naming("namespace", 256)
