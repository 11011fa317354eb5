"""Strings as parts of names, in the same form as in the JavaScript adapters."""

from __future__ import annotations

import re
from typing import Literal

from .._names import escape

_ESCAPED = re.compile("\u241b([0-9A-F]{4})")
_ENCODED = re.compile("%([0-9A-F]{2})")


def original_text(text: str) -> str:
    """Reverses ``escape``."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def name_part(text: str, separator: Literal[":", "/"]) -> str:
    """Encodes a string as one part of a name whose parts are joined by a separator: ``a:b`` becomes ``a%3Ab``.

    The separator and ``%`` become ``%`` and their code in two hexadecimal digits. Other characters
    that Baton refuses are escaped.
    """
    reserved = "[%:]" if separator == ":" else "[%/]"
    return escape(re.sub(reserved, lambda match: f"%{ord(match[0]):02X}", text))


def original_part(part: str) -> str:
    """Reverses ``name_part``."""
    return _ENCODED.sub(lambda match: chr(int(match[1], 16)), original_text(part))
