"""Asynchronous input and output: HTTP/1.1 on asyncio streams, on connections that are kept open, and tasks."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from ._async_http import Link, Response, opened
from ._endpoint import Endpoint
from ._io import Answer, Background, Source

T = TypeVar("T")

_MAX_IDLE_CONNECTIONS = 64
# The maximum number of calls in progress. Each needs a connection, and a process can open only a few.
_MAX_CALLS = 64


class AsyncIo:
    """Sends requests of any number of tasks of one event loop at a time.

    A task that sends a request has its own connection until it receives the response. If the task is cancelled before,
    the connection is closed, so that the server stops the work for it.
    """

    def __init__(self, endpoint: Endpoint):
        self._endpoint = endpoint
        self._context = ssl.create_default_context() if endpoint.is_tls else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[Link] = []
        self._slots: asyncio.Semaphore
        self._busy: set[Link] = set()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    async def post(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float, is_long: bool) -> Answer:
        if is_long:
            return await _within(timeout_seconds, self._post(body, caller))
        async with self._slots_of_loop():
            return await _within(timeout_seconds, self._post(body, caller))

    async def stream(self, body: bytes, caller: Mapping[str, str], timeout_seconds: float) -> Answer | Source:
        return await _within(timeout_seconds, self._stream(body, caller))

    async def sleep(self, seconds: float) -> None:
        if self._is_closed:
            return
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, sleeper)
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleepers.discard(sleeper)

    def background(self, work: Callable[[Background], Coroutine[Any, Any, None]]) -> Background:
        return _Task(work)

    def close(self) -> None:
        self._is_closed = True
        for link in [*self._busy, *self._idle]:
            link.close()
        self._idle.clear()
        for sleeper in self._sleepers:
            _wake(sleeper)

    async def _post(self, body: bytes, caller: Mapping[str, str]) -> Answer:
        link = await self._take()
        try:
            answer = await self._whole(await link.request(self._endpoint, body, {**caller, "Accept": "application/json"}))
        except BaseException:
            link.close()
            raise
        finally:
            self._busy.discard(link)
        if link.is_reusable and len(self._idle) < _MAX_IDLE_CONNECTIONS and not self._is_closed:
            self._idle.append(link)
        else:
            link.close()
        return answer

    async def _stream(self, body: bytes, caller: Mapping[str, str]) -> Answer | Source:
        link = await self._open()
        is_followed = False
        try:
            response = await link.request(self._endpoint, body, {**caller, "Accept": "text/event-stream"})
            is_followed = response.content_type == "text/event-stream"
            return _Stream(self, link, response) if is_followed else await self._whole(response)
        finally:
            if not is_followed:
                self._busy.discard(link)
                link.close()

    async def _take(self) -> Link:
        self._slots_of_loop()
        while self._idle:
            link = self._idle.pop()
            if link.is_reusable:
                self._busy.add(link)
                return link
            link.close()
        return await self._open()

    def _slots_of_loop(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # The connections of an event loop that has ended cannot be used by another one.
            self._loop, self._idle, self._slots = loop, [], asyncio.Semaphore(_MAX_CALLS)
        return self._slots

    async def _open(self) -> Link:
        if self._is_closed:
            raise ConnectionAbortedError("closed")
        link = await opened(self._endpoint, self._context)
        self._busy.add(link)
        return link

    async def _whole(self, response: Response) -> Answer:
        parts: list[bytes] = []
        while part := await response.read():
            parts.append(part)
        return Answer(response.status, response.content_type, response.headers.get("location"), b"".join(parts))


class _Stream:
    def __init__(self, io: AsyncIo, link: Link, response: Response):
        self._io, self._link, self._response = io, link, response

    async def read(self, timeout_seconds: float) -> bytes:
        return await _within(timeout_seconds, self._response.read())

    def close(self) -> None:
        self._io._busy.discard(self._link)
        self._link.close()


class _Task:
    def __init__(self, work: Callable[[Background], Coroutine[Any, Any, None]]):
        self._task = asyncio.create_task(work(self))

    async def sleep(self, seconds: float) -> bool:
        await asyncio.sleep(max(seconds, 0))
        return False

    def stop(self) -> None:
        self._task.cancel()


async def _within(timeout_seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Waits for a result until the timeout. Failures are an OSError or an HTTPException, as with ``http.client``.

    It does not use ``asyncio.wait_for``, which before Python 3.12 loses a cancellation that arrives with the result.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(timeout_seconds, 0.001))
    except BaseException:
        _abandon(task)
        raise
    if not task.done():
        _abandon(task)
        raise TimeoutError("timed out")
    try:
        return task.result()
    except EOFError as error:
        raise ConnectionResetError("The connection was closed.") from error
    except (ValueError, asyncio.LimitOverrunError) as error:
        raise http.client.HTTPException(f"not HTTP: {error}") from error


def _abandon(task: asyncio.Task[Any]) -> None:
    """Cancels work whose result is not needed any more."""

    def end(ended: asyncio.Task[Any]) -> None:
        if not ended.cancelled() and ended.exception() is None and isinstance(ended.result(), _Stream):
            ended.result().close()

    task.cancel()
    task.add_done_callback(end)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
