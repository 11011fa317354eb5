"""Claims: one worker per entry, renewed while it works, completed once, released after an error."""

from __future__ import annotations

import threading
import unittest

from baton_store import BadUserInputError, ClaimLostError, ConflictError, DataStore

from .proxy import Proxy
from .server import new_store, shared_server


class ClaimTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = new_store()
        self.addCleanup(self.store.close)

    def test_the_end_of_the_block_completes_the_entry(self) -> None:
        self.store.set_many({"task:1": "a", "task:2": "b", "other": 0})
        with self.store.claim("task:") as task:
            assert task is not None
            self.assertEqual((task.key, task.value, task.attempt), ("task:1", "a", 1))
            task.result = {"words": 3}
            task.also.increment("meta", path="/completed")
        with self.store.claim("task:") as task:
            assert task is not None
            self.assertEqual(task.complete(None, metadata={"m": 1}).value, None)
        with self.store.claim("task:") as nothing:
            self.assertIsNone(nothing)
        self.assertEqual(
            self.store.get_all(), {"task:1": {"words": 3}, "task:2": None, "other": 0, "meta": {"completed": 1}}
        )

    def test_a_block_without_a_result_keeps_the_value(self) -> None:
        self.store.set("task", "value")
        with self.store.claim():
            pass
        self.assertEqual(self.store.get("task"), "value")

    def test_an_error_releases_the_entry(self) -> None:
        self.store.set("task:1", "a")
        for attempt in (1, 2):
            with self.assertRaises(ZeroDivisionError), self.store.claim("task:") as task:
                assert task is not None
                self.assertEqual(task.attempt, attempt)
                _ = 1 / 0
        with self.assertRaises(TypeError), self.store.claim("task:") as task:
            assert task is not None
            task.result = {1, 2}
        with self.assertRaises(ConflictError), self.store.claim("task:") as task:
            assert task is not None
            task.also.require("missing", exists=True)
        with self.store.claim("task:", wait_seconds=10) as task:
            assert task is not None
            self.assertEqual(task.attempt, 5)
            task.release()
            with self.assertRaises(ClaimLostError):
                task.complete()

    def test_failed_work_is_tried_again_and_then_becomes_a_dead_letter(self) -> None:
        self.store.set("task:1", "a")
        with self.store.claim("task:", max_attempts=2) as task:
            assert task is not None
            self.assertFalse(task.fail("why", delay_seconds=0))
        with self.store.claim("task:", wait_seconds=10) as task:
            assert task is not None
            self.assertEqual((task.attempt, task.error), (2, "why"))
            self.assertTrue(task.fail({"again": True}))
        with self.store.claim("task:") as nothing:
            self.assertIsNone(nothing)
        with self.store.transact() as transaction:
            transaction.requeue("task:1")
        with self.store.claim("task:") as task:
            assert task is not None
            task.fail(retry=False)

    def test_a_worker_waits_for_work(self) -> None:
        taken: list[object] = []

        def work() -> None:
            with self.store.claim("task:", wait_seconds=60) as task:
                assert task is not None
                taken.append(task.value)

        thread = threading.Thread(target=work)
        thread.start()
        self.store.set("task:1", "a")
        thread.join()
        self.assertEqual(taken, ["a"])

    def test_g11_workers_complete_every_task_once(self) -> None:
        self.store.set_many({f"task:{number:02}": number for number in range(40)})

        def work() -> None:
            while True:
                with self.store.claim("task:") as task:
                    if task is None:
                        return
                    task.result = task.value + 100
                    task.also.increment("done")

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.store.get("done"), 40)
        self.assertEqual(self.store.get("task:39"), 139)

    def test_a_lease_is_renewed_for_as_long_as_the_block_runs(self) -> None:
        self.store.set("task:1", "a")
        with self.store.claim("task:", lease_seconds=1) as task:
            assert task is not None
            # Other workers wait for longer than the lease, without success.
            with self.store.claim("task:", wait_seconds=2.5) as other:
                self.assertIsNone(other)
            task.check()
            self.assertFalse(task.is_lost)
            task.result = "done"
        self.assertEqual(self.store.get("task:1"), "done")

    def test_a_claim_that_cannot_be_renewed_is_lost_and_another_worker_claims_the_entry(self) -> None:
        server = shared_server()
        proxy = Proxy(server.port)
        self.addCleanup(proxy.close)
        cut_off = DataStore(proxy.url, server.token, self.store.namespace, retry_seconds=0)
        self.addCleanup(cut_off.close)
        self.store.set("task:1", "a")
        with self.assertRaises(ClaimLostError), cut_off.claim("task:", lease_seconds=1) as task:
            assert task is not None
            proxy.close()
            with self.store.claim("task:", wait_seconds=30) as other:
                assert other is not None
                self.assertEqual(other.attempt, 2)
                other.result = "by the other"
            # The thread that renews ends when it has noticed the loss.
            task._keeping._thread.join(30)  # type: ignore[attr-defined]
            self.assertTrue(task.is_lost)
            task.result = "by the first"
        self.assertEqual(self.store.get("task:1"), "by the other")

    def test_a_deleted_entry_is_a_lost_claim(self) -> None:
        self.store.set("task:1", "a")
        with self.assertRaises(ClaimLostError), self.store.claim("task:") as task:
            assert task is not None
            self.store.delete("task:1")

    def test_wrong_arguments_are_refused(self) -> None:
        with self.assertRaises(BadUserInputError), self.store.claim(lease_seconds=0):
            pass
