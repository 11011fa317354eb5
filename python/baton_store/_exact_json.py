"""JSON that keeps integers of any size.

Python refuses to convert an integer of more than 4,300 digits to or from text, unless a setting of the whole process is
changed. ``decimal`` converts such numbers without that limit, so that the setting can stay unchanged.
"""

from __future__ import annotations

import json
import re
import uuid
from decimal import Decimal
from typing import Any

from .errors import InvalidValueError


def encode(value: Any, *, argument: str = "value") -> bytes:
    """Encodes a value as JSON in UTF-8.

    Raises InvalidValueError if JSON cannot represent it: NaN, Infinity, a set, bytes, a circular reference.
    """
    text = encode_text(value, argument=argument)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair: it is sent as an escape, and the server's error says where it is.
        return _dumps(value, argument, ascii_only=True).encode()


def encode_text(value: Any, *, argument: str = "value") -> str:
    """Like ``encode``, but returns text, which can contain halves of surrogate pairs."""
    return _dumps(value, argument, ascii_only=False)


def decode(text: bytes) -> Any:
    """Decodes JSON in UTF-8. Raises ValueError if it is not JSON."""
    try:
        return json.loads(text.decode())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:
        return json.loads(text.decode(), parse_int=_large_int)


def _dumps(value: Any, argument: str, *, ascii_only: bool) -> str:
    try:
        try:
            return _plain(value, ascii_only)
        except ValueError as error:
            if "digits" not in str(error):
                raise
            return _with_large_integers(value, ascii_only)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValueError(f"JSON cannot represent it: {error}.", {"argument": argument}) from error


def _plain(value: Any, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"))


def _with_large_integers(value: Any, ascii_only: bool) -> str:
    """Encodes a mark instead of each large integer, then replaces the marks with the digits."""
    mark = uuid.uuid4().hex
    digits: list[str] = []

    def marked(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: marked(member) for key, member in part.items()}
        if isinstance(part, (list, tuple)):
            return [marked(item) for item in part]
        if isinstance(part, int) and part.bit_length() > 2048:
            digits.append(format(Decimal(part), "f"))
            return f"{mark}{len(digits) - 1}"
        return part

    text = _plain(marked(value), ascii_only)
    return re.sub(f'"{mark}([0-9]+)"', lambda match: digits[int(match[1])], text)


def _large_int(text: str) -> int:
    return int(text) if len(text) < 1000 else int(Decimal(text))
