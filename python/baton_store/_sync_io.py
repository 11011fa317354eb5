"""Blocking input and output: ``http.client`` connections that are kept open, and threads."""

from __future__ import annotations

import collections
import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from ._endpoint import Endpoint
from ._io import Answer, Background, Source, run

_MAX_IDLE_CONNECTIONS = 64


class SyncIo:
    """Sends requests of any number of threads. A thread has its own connection until it receives the response."""

    def __init__(self, endpoint: Endpoint):
        self._idle: collections.deque[http.client.HTTPConnection] = collections.deque()
        self._endpoint = endpoint
        self._context = ssl.create_default_context() if endpoint.is_tls else None
        self._process = os.getpid()
        self._busy: dict[http.client.HTTPConnection, socket.socket] = {}
        # The garbage collector can close a watch while its thread holds the lock.
        self._lock = threading.RLock()
        self._closed = threading.Event()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    async def post(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float, is_long: bool) -> Answer:
        connection = self._take(timeout_seconds)
        try:
            self._open(connection)
            response = self._send(connection, body, {**caller, "Accept": "application/json"})
            answer = _answer(response, response.read())
        except BaseException:
            connection.close()
            raise
        finally:
            self._release(connection)
        # Without a socket: the server has announced that it closes the connection.
        if connection.sock is not None and len(self._idle) < _MAX_IDLE_CONNECTIONS and not self.is_closed:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def stream(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float) -> Answer | Source:
        connection = self._connection(timeout_seconds)
        is_followed = False
        try:
            sock = self._open(connection)
            response = self._send(connection, body, {**caller, "Accept": "text/event-stream"})
            is_followed = response.headers.get_content_type() == "text/event-stream"
            if is_followed:
                return _Stream(self, connection, response, sock)
            return _answer(response, response.read())
        finally:
            if not is_followed:
                self._release(connection)
                connection.close()

    async def sleep(self, seconds: float) -> None:
        self._closed.wait(seconds)

    def background(self, work: Callable[[Background], Coroutine[Any, Any, None]]) -> Background:
        return _Thread(work)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            busy = list(self._busy.values())
        for sock in busy:
            _shut_down(sock)
        self._close_idle()

    def __del__(self) -> None:
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self, timeout_seconds: float) -> http.client.HTTPConnection:
        """Returns an idle connection that the server has not closed, or a new one."""
        if self._process != os.getpid():
            # A child process inherits its parent's sockets, and both would read from them.
            self._process, self._lock, self._busy = os.getpid(), threading.RLock(), {}
            self._close_idle()
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return self._connection(timeout_seconds)
            if not _has_ended(connection.sock):
                connection.sock.settimeout(timeout_seconds)
                return connection
            connection.close()

    def _connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        host, port = self._endpoint.host, self._endpoint.port
        if self._context is not None:
            return http.client.HTTPSConnection(host, port, timeout=timeout_seconds, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=timeout_seconds)

    def _open(self, connection: http.client.HTTPConnection) -> socket.socket:
        if connection.sock is None:
            connection.connect()
        sock: socket.socket = connection.sock
        with self._lock:
            self._busy[connection] = sock
        if self.is_closed:
            raise ConnectionAbortedError("closed")
        return sock

    def _send(
        self, connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        try:
            connection.request("POST", self._endpoint.path, body, {**self._endpoint.headers, **headers})
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses a large body responds before it has read it.
            return connection.getresponse()
        return connection.getresponse()

    def _release(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._busy.pop(connection, None)


class _Stream:
    """A thread that is not reading can close it: that ends the read, and the reader closes the rest."""

    def __init__(
        self,
        io: SyncIo,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        sock: socket.socket,
    ):
        self._io, self._connection, self._response, self._sock = io, connection, response, sock
        self._lock = threading.Lock()
        self._is_reading = self._is_closed = False

    async def read(self, timeout_seconds: float) -> bytes:
        with self._lock:
            if self._is_closed:
                raise ConnectionAbortedError("closed")
            self._is_reading = True
        try:
            self._sock.settimeout(max(timeout_seconds, 0.001))
            return self._response.read1(65_536)
        finally:
            with self._lock:
                self._is_reading = False
                if self._is_closed:
                    self._connection.close()

    def close(self) -> None:
        self._io._release(self._connection)
        with self._lock:
            self._is_closed = True
            _shut_down(self._sock)
            if not self._is_reading:
                self._connection.close()


class _Thread:
    def __init__(self, work: Callable[[Background], Coroutine[Any, Any, None]]):
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: run(work(self)), name="baton-store", daemon=True)
        self._thread.start()

    async def sleep(self, seconds: float) -> bool:
        return self._ended.wait(max(seconds, 0))

    def stop(self) -> None:
        self._ended.set()


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    return Answer(response.status, response.headers.get_content_type(), response.headers.get("Location"), body)


def _has_ended(sock: socket.socket) -> bool:
    """Whether an idle connection has data to read: its end, or data that was not requested."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _shut_down(sock: socket.socket) -> None:
    try:
        # Not the TLS socket, which another thread can be reading.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass
