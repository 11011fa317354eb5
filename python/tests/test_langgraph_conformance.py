"""LangGraph's own conformance suite for checkpointers: each of its cases, with asyncio and synchronously."""

from __future__ import annotations

import itertools
import unittest
from collections.abc import Callable, Coroutine
from typing import Any

from .langgraph_packages import HAS_LANGGRAPH, needs_langgraph
from .server import shared_server

_prefixes = (f"conformance-{number}:" for number in itertools.count(1))


@needs_langgraph
class AsyncConformanceTest(unittest.IsolatedAsyncioTestCase):
    async def test_every_capability_is_supported(self) -> None:
        from langgraph.checkpoint.conformance.capabilities import DetectedCapabilities

        self.assertEqual(DetectedCapabilities.from_instance(_saver()).missing, frozenset())


@needs_langgraph
class SyncConformanceTest(unittest.IsolatedAsyncioTestCase):
    """The suite calls the asynchronous methods, which call the synchronous ones here."""


def _saver() -> Any:
    from baton_store.langgraph import BatonSaver

    server = shared_server()
    return BatonSaver(server.url, server.token, namespace_prefix=next(_prefixes))


def _sync_saver() -> Any:
    from baton_store.langgraph import BatonSaver

    class SyncSaver(BatonSaver):
        async def alist(self, *args: Any, **options: Any) -> Any:
            for one in self.list(*args, **options):
                yield one

    def calling(name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(self: Any, *args: Any, **options: Any) -> Any:
            return getattr(self, name)(*args, **options)

        return call

    names = ("get_tuple", "put", "put_writes", "delete_thread", "delete_for_runs", "copy_thread", "prune")
    for name in names:
        setattr(SyncSaver, f"a{name}", calling(name))
    server = shared_server()
    return SyncSaver(server.url, server.token, namespace_prefix=next(_prefixes))


def _add_cases() -> None:
    import importlib

    from langgraph.checkpoint.conformance.capabilities import Capability

    def test_of(case: Callable[[Any], Coroutine[Any, Any, None]], make: Callable[[], Any]) -> Any:
        async def test(self: Any) -> None:
            saver = make()
            self.addCleanup(saver.close)
            await case(saver)

        return test

    for capability in Capability:
        spec = importlib.import_module(f"langgraph.checkpoint.conformance.spec.test_{capability.value}")
        for case in getattr(spec, f"ALL_{capability.name}_TESTS"):
            setattr(AsyncConformanceTest, case.__name__, test_of(case, _saver))
            setattr(SyncConformanceTest, case.__name__, test_of(case, _sync_saver))


if HAS_LANGGRAPH:
    _add_cases()
