"""The asynchronous data store: the same calls, many calls at the same time, and cancellation."""

from __future__ import annotations

import asyncio
import inspect
import unittest
from typing import Any

from baton_store import AsyncDataStore, Change, ClaimLostError, DataStore, UnavailableError, WaitTimeoutError

from .proxy import Proxy
from .server import Server, new_namespace, shared_server


async def until_no_more_than(proxy: Proxy, count: int) -> None:
    while proxy.open_connections > count:
        await asyncio.sleep(0.01)


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        # The machine of the tests is slow, which is not a defect of the loop.
        asyncio.get_running_loop().slow_callback_duration = 60
        server = shared_server()
        self.proxy = Proxy(server.port)
        self.addCleanup(self.proxy.close)
        self.store = AsyncDataStore(self.proxy.url, server.token, new_namespace(), "tester é")
        self.addAsyncCleanup(self.store.close)

    def test_it_has_every_method_of_the_synchronous_one_with_the_same_arguments(self) -> None:
        public = [name for name in vars(DataStore) if not name.startswith("_")]
        self.assertEqual(public, [name for name in vars(AsyncDataStore) if not name.startswith("_")])
        for name in [name for name in public if name != "namespace"]:
            of_sync, of_async = (inspect.signature(vars(each)[name]).parameters for each in (DataStore, AsyncDataStore))
            self.assertEqual(str(of_sync), str(of_async), name)

    async def test_every_method(self) -> None:
        store = self.store
        self.assertEqual(await store.get("k", 7), 7)
        await store.set("k", None, {"m": 1}, ttl_seconds=600)
        self.assertIsNone(await store.get("k", 7))
        self.assertTrue(await store.delete("k"))
        self.assertEqual(await store.set_many({f"k{number:04}": 10**30 for number in range(1_100)}), 1_100)
        self.assertEqual(len(await store.list_keys("k0")), 1_000)
        self.assertEqual(len(await store.get_all()), 1_100)
        self.assertEqual(await store.get_many(["k0001", "no", ""]), {"k0001": 10**30})
        self.assertEqual(len([entry async for entry in store.entries("k0")]), 1_000)
        self.assertEqual(await store.delete_many(["k0001", "no"]), 1)
        self.assertIn(store.namespace, await store.list_namespaces())
        self.assertEqual(await store.clear(), 1_099)
        self.assertEqual((await store.increment("n", 2)).value, 2)
        self.assertEqual((await store.patch("o", {"a": 1})).value, {"a": 1})
        self.assertEqual((await store.append("l", "é" * 100_000)).value, ["é" * 100_000])

        async def change(value: Any) -> Any:
            await asyncio.sleep(0)
            return value + 1

        entry = await store.update("n", change)
        self.assertEqual((entry.value, entry.updated_by), (3, "tester é"))
        self.assertEqual((await store.update("m", lambda value: value, default=0)).value, 0)
        async with store.transact() as transaction:
            transaction.require("n", revision=entry.revision)
            transaction.use_namespace(store.namespace).delete("o")
        self.assertTrue(transaction.results[0].deleted)
        read = await store.entry("n")
        assert read is not None
        self.assertEqual(await store.wait_for("n", timeout_seconds=0), read)
        self.assertEqual((await store.graphql("{ viewer { user } }"))["viewer"]["user"], "local")
        word = f"needle{new_namespace()}"
        await store.set_many({f"{word}{number}": number for number in range(30)})
        self.assertEqual(len([found async for found in store.search(word)]), 30)
        self.assertEqual(len([found async for found in store.search(word, limit=21)]), 21)

    async def test_a_thousand_calls_and_a_hundred_waits_at_a_time(self) -> None:
        waits = [asyncio.create_task(self.store.wait_for("go")) for _ in range(100)]
        await asyncio.gather(*(self.store.increment("n") for _ in range(1_000)))
        self.assertEqual(await self.store.get("n"), 1_000)
        self.assertLess(self.proxy.opened, 500)
        await self.store.set("go", "now")
        self.assertEqual({entry.value for entry in await asyncio.gather(*waits)}, {"now"})

    async def test_a_wait_that_is_cancelled_closes_its_connection(self) -> None:
        waits = [asyncio.create_task(self.store.wait_for("never")) for _ in range(3)]
        # The first request of a wait is answered immediately, and its connection stays open. Its second request waits.
        while self.proxy.requests < 6:
            await asyncio.sleep(0.01)
        for wait in waits:
            wait.cancel()
        for result in await asyncio.gather(*waits, return_exceptions=True):
            self.assertIsInstance(result, asyncio.CancelledError)
        await asyncio.wait_for(until_no_more_than(self.proxy, 0), 10)
        await self.store.set("never", 1)
        self.assertEqual((await self.store.wait_for("never")).value, 1)

    async def test_no_cancellation_is_lost_even_just_before_a_response(self) -> None:
        for turns in range(150):
            wait = asyncio.create_task(self.store.wait_for("never"))
            for _ in range(turns):
                await asyncio.sleep(0)
            wait.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await wait

    async def test_a_wait_times_out(self) -> None:
        with self.assertRaises(WaitTimeoutError):
            await self.store.wait_for("never", timeout_seconds=0.2)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.store.wait_for("never"), 0.2)

    async def test_g3_a_watch_continues_after_lost_connections_and_cancelled_waits(self) -> None:
        start = (await self.store.increment("n")).revision
        direct = AsyncDataStore(shared_server().url, shared_server().token, self.store.namespace)
        self.addAsyncCleanup(direct.close)

        async def write() -> None:
            for _ in range(200):
                await direct.increment("n")

        writing = asyncio.create_task(write())
        values: list[Any] = []
        async with self.store.watch(key="n", after=start) as watch:
            while len(values) < 200:
                try:
                    change = await asyncio.wait_for(watch.__anext__(), 0.02 if len(values) % 10 else 30)
                except asyncio.TimeoutError:
                    continue
                assert change.entry is not None
                values.append(change.entry.value)
                if len(values) % 50 == 0:
                    self.proxy.drop()
        await writing
        self.assertEqual(values, list(range(2, 202)))
        await asyncio.wait_for(until_no_more_than(self.proxy, 1), 10)

    async def test_g4_a_snapshot_and_the_later_changes(self) -> None:
        await self.store.set_many({"a": 1, "b": 2})
        seen: list[Change] = []
        async for change in self.store.watch(snapshot=True):
            seen.append(change)
            if change.kind == "CAUGHT_UP":
                await self.store.set("c", "v" * 500_000)
            if change.key == "c":
                break
        self.assertEqual([change.kind for change in seen], ["EXISTING", "EXISTING", "CAUGHT_UP", "SET"])

    async def test_closing_ends_watches_and_waits(self) -> None:
        await self.store.set("k", 1)
        watch = self.store.watch(snapshot=True)
        self.assertEqual((await watch.__anext__()).key, "k")
        following = asyncio.create_task(_rest(watch))
        waiting = asyncio.create_task(self.store.wait_for("never"))
        await asyncio.sleep(0)
        await self.store.close()
        self.assertLessEqual(len(await following), 1)
        with self.assertRaises(UnavailableError):
            await waiting

    async def test_a_claim_is_renewed_completed_and_released(self) -> None:
        await self.store.set("task:1", "a")
        with self.assertRaises(ZeroDivisionError):
            async with self.store.claim("task:") as task:
                _ = 1 / 0
        async with self.store.claim("task:", lease_seconds=1) as task:
            assert task is not None
            async with self.store.claim("task:", wait_seconds=2.5) as other:
                self.assertIsNone(other)
            task.check()
            task.result = "done"
            task.also.increment("count")
        self.assertEqual((task.attempt, await self.store.get("task:1"), await self.store.get("count")), (2, "done", 1))
        async with self.store.claim("task:") as nothing:
            self.assertIsNone(nothing)

    async def test_a_cancelled_worker_releases_its_entry(self) -> None:
        await self.store.set("task:1", "a")
        taken = asyncio.Event()

        async def work() -> None:
            async with self.store.claim("task:"):
                taken.set()
                await asyncio.Event().wait()

        working = asyncio.create_task(work())
        await taken.wait()
        working.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await working
        async with self.store.claim("task:", wait_seconds=10) as task:
            assert task is not None
            self.assertEqual(task.attempt, 2)
            self.assertFalse(await task.fail("why"))
            with self.assertRaises(ClaimLostError):
                await task.complete()

    async def test_g12_a_call_whose_response_is_lost_is_repeated(self) -> None:
        self.proxy.losses = 2
        self.assertEqual((await self.store.increment("n")).value, 1)

    async def test_calls_continue_after_a_crash_and_a_restart_of_the_server(self) -> None:
        server = Server()
        self.addCleanup(server.close)
        async with AsyncDataStore(server.url, server.token) as store:
            await store.set("k", 1)
            waiting = asyncio.create_task(store.wait_for("later"))
            server.kill()
            setting = asyncio.create_task(store.set("later", 2))
            await asyncio.to_thread(server.start, server.port)
            await setting
            self.assertEqual((await waiting).value, 2)


class LoopTest(unittest.TestCase):
    def test_one_store_serves_one_loop_after_another(self) -> None:
        server = shared_server()
        store = AsyncDataStore(server.url, server.token, new_namespace())
        values = [asyncio.run(_increment(store)) for _ in range(3)]
        self.assertEqual(values, [1, 2, 3])


async def _increment(store: AsyncDataStore) -> Any:
    return (await store.increment("n")).value


async def _rest(changes: Any) -> list[Change]:
    return [change async for change in changes]
