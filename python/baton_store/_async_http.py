"""An HTTP/1.1 connection on asyncio streams, with the features that a client of GraphQL needs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

from ._endpoint import Endpoint

_READ_BYTES = 65_536


async def opened(endpoint: Endpoint, context: ssl.SSLContext | None) -> Link:
    """Opens a connection."""
    return Link(*await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context))


class Link:
    """A connection. It sends one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer
        self._response: Response | None = None

    @property
    def is_reusable(self) -> bool:
        """Whether the last response was read completely, and the connection is still open."""
        has_ended = self._writer.is_closing() or self._reader.at_eof()
        return not has_ended and self._response is not None and self._response.leaves_open

    async def request(self, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Response:
        """Sends a request and reads the head of its response."""
        self._response = None
        fields = {**endpoint.headers, **headers, "Content-Length": str(len(body))}
        lines = [f"POST {endpoint.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        try:
            await self._writer.drain()
        except ConnectionError:
            # A server that refuses a large body responds before it has read it.
            pass
        head = await self._reader.readuntil(b"\r\n\r\n")
        self._response = Response(self._reader, head)
        return self._response

    def close(self) -> None:
        """Closes the connection without waiting for requests in progress."""
        try:
            self._writer.transport.abort()
        except RuntimeError:
            # Its event loop has ended.
            pass


class Response:
    """The head of a response, and its body as a stream."""

    def __init__(self, reader: asyncio.StreamReader, head: bytes):
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        version, status, *_ = first.split(" ", 2)
        fields = (line.partition(":") for line in lines)
        self.headers: Mapping[str, str] = {name.strip().lower(): value.strip() for name, _, value in fields}
        self.status = int(status)
        self.content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        self._reader = reader
        self._is_chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length")
        self._left = None if self._is_chunked or length is None else int(length)
        self._is_whole = False
        self._is_kept = version == "HTTP/1.1" and self.headers.get("connection", "").lower() != "close"

    @property
    def leaves_open(self) -> bool:
        """Whether the connection can send another request."""
        return self._is_whole and self._is_kept and (self._is_chunked or self._left == 0)

    async def read(self) -> bytes:
        """Reads a part of the body. Empty at its end."""
        part = b"" if self._is_whole else await self._part()
        if not part:
            self._is_whole = True
        return part

    async def _part(self) -> bytes:
        if self._is_chunked:
            return await self._chunk()
        if self._left is None:
            return await self._reader.read(_READ_BYTES)
        if self._left == 0:
            return b""
        part = await self._reader.read(min(self._left, _READ_BYTES))
        if not part:
            raise EOFError
        self._left -= len(part)
        return part

    async def _chunk(self) -> bytes:
        line = await self._reader.readline()
        if not line:
            raise EOFError
        size = int(line.partition(b";")[0], 16)
        if size:
            return (await self._reader.readexactly(size + 2))[:-2]
        while (await self._reader.readline()).strip():
            pass
        return b""
