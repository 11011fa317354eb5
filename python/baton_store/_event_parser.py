"""Parses server-sent events in the form that GraphQL uses: ``event``, and ``data`` of one line."""

from __future__ import annotations

from collections.abc import Iterator


class EventParser:
    """Receives bytes and returns the events that are complete. None stands for a comment, which is a heartbeat."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._event = b""
        self._data = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes] | None]:
        """Returns the events that end in this chunk."""
        if b"\n" not in chunk:
            self._rest.append(chunk)
            return
        *lines, rest = b"".join([*self._rest, chunk]).split(b"\n")
        self._rest = [rest]
        for line in lines:
            field, _, value = line.rstrip(b"\r").partition(b":")
            if line.startswith(b":"):
                yield None
            elif field == b"event":
                self._event = value.strip()
            elif field == b"data":
                self._data = value.strip()
            elif not field and self._event:
                yield self._event.decode(), self._data
                self._event = self._data = b""
