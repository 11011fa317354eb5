"""Operations in one step: counters, merges, lists, updates, transactions, expiry; and the search."""

from __future__ import annotations

import asyncio
import threading
import unittest

from baton_store import BadUserInputError, ConflictError, WaitTimeoutError

from .server import new_namespace, new_store


class CoordinationTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = new_store(agent="tester é")
        self.addCleanup(self.store.close)

    def test_increment_adds_to_a_number(self) -> None:
        self.assertEqual(self.store.increment("n").value, 1)
        self.assertEqual(self.store.increment("n", -3).value, -2)
        self.assertEqual(
            self.store.increment("meta", 2, path="/totals/done", metadata={"m": 1}).value, {"totals": {"done": 2}}
        )
        self.store.set("large", 10**30)
        self.assertEqual(self.store.increment("large").value, 10**30 + 1)
        self.store.set("text", "no number")
        with self.assertRaises(BadUserInputError):
            self.store.increment("text")

    def test_increments_of_many_threads_are_all_counted(self) -> None:
        def work() -> None:
            for _ in range(25):
                self.store.increment("n")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.store.get("n"), 200)

    def test_patch_merges(self) -> None:
        self.store.set("meta", {"phase": "parse", "error": "x", "totals": {"a": 1}})
        entry = self.store.patch("meta", {"error": None, "totals": {"b": 2}})
        self.assertEqual(entry.value, {"phase": "parse", "totals": {"a": 1, "b": 2}})

    def test_append_keeps_the_newest(self) -> None:
        for number in range(5):
            entry = self.store.append("recent", number, max_length=3)
        self.assertEqual(entry.value, [2, 3, 4])
        self.assertEqual((entry.updated_by, entry.created_by), ("tester é", "tester é"))

    def test_updates_of_many_threads_are_all_kept(self) -> None:
        def work(name: int) -> None:
            for number in range(10):
                self.store.update("list", lambda items: [*items, (name, number)], default=[])

        threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.store.get("list")), 60)

    def test_an_update_gives_up_after_its_attempts(self) -> None:
        def change(value: int) -> int:
            self.store.increment("n")
            return value

        with self.assertRaises(ConflictError):
            self.store.update("n", change, default=0, attempts=2)
        self.assertEqual(self.store.get("n"), 2)

    def test_an_update_by_an_async_function_is_refused(self) -> None:
        async def change(value: object) -> object:
            await asyncio.sleep(0)
            return value

        with self.assertRaises(TypeError):
            self.store.update("n", change)

    def test_a_transaction_applies_completely_or_not_at_all(self) -> None:
        other = new_namespace()
        self.store.set("inbox", "job-17")
        with self.store.transact() as transaction:
            transaction.require("owner", exists=False)
            transaction.set("owner", "planner", {"m": 1}, ttl_seconds=600)
            transaction.increment("n", 2, path="/a")
            transaction.patch("n", {"b": 1})
            transaction.append("list", None)
            transaction.delete("inbox")
            transaction.use_namespace(other).set("k", 1)
            transaction.use_namespace(other).clear()
        self.assertEqual([result.deleted for result in transaction.results], [None, None, None, None, True, None, None])
        self.assertEqual(transaction.results[-1].cleared_count, 1)
        patched = transaction.results[2].entry
        assert patched is not None and transaction.revision is not None
        self.assertEqual(patched.value, {"a": 2, "b": 1})
        self.assertGreaterEqual(transaction.revision, patched.revision)
        with self.assertRaises(RuntimeError):
            transaction.set("late", 1)

        with self.assertRaises(ConflictError) as caught, self.store.transact() as again:
            again.set("n", 0)
            again.require("owner", revision=0)
        self.assertEqual(caught.exception.current_value, "planner")
        self.assertEqual(self.store.get("n"), {"a": 2, "b": 1})

    def test_a_block_that_raises_sends_nothing(self) -> None:
        with self.assertRaises(KeyError), self.store.transact() as transaction:
            transaction.set("k", 1)
            raise KeyError("on purpose")
        self.assertIsNone(self.store.get("k"))

    def test_entries_expire(self) -> None:
        self.store.set("k", 1, ttl_seconds=1)
        self.store.set_many({"a": 1}, ttl_seconds=600)
        entry, other = self.store.entry("k"), self.store.entry("a")
        assert entry is not None and entry.expires_at is not None and other is not None and other.expires_at is not None
        self.assertLessEqual((entry.expires_at - entry.updated_at).total_seconds(), 1)
        kinds = []
        for change in self.store.watch(key="k", after=entry.revision):
            kinds.append(change.kind)
            break
        self.assertEqual((kinds, self.store.get("k", "gone")), (["EXPIRED"], "gone"))
        self.store.set("a", 2)
        kept = self.store.entry("a")
        assert kept is not None
        self.assertIsNone(kept.expires_at)

    def test_search_finds_the_text_in_keys_and_values(self) -> None:
        word = f"needle{new_namespace()}"
        self.store.set_many({f"k{number:02}": {"text": f"a {word.upper()} in {number}"} for number in range(45)})
        self.store.use_namespace(new_namespace()).set(word, 1)
        found = list(self.store.search(word))
        self.assertEqual(len(found), 46)
        self.assertEqual((found[0].entry.key, found[0].path), (word, None))
        self.assertEqual((found[1].entry.value["text"], found[1].path), (found[1].snippet, "/text"))
        self.assertEqual(len(list(self.store.search(word, limit=21))), 21)
        self.assertEqual(len(list(self.store.search(word, namespace_prefix=self.store.namespace))), 45)

    def test_wait_for_returns_an_existing_entry_and_a_later_one(self) -> None:
        with self.assertRaises(WaitTimeoutError):
            self.store.wait_for("k", timeout_seconds=0)
        with self.assertRaises(TimeoutError):
            self.store.wait_for("k", timeout_seconds=0.2)
        waiter = threading.Thread(target=lambda: seen.append(self.store.wait_for("k").value))
        seen: list[object] = []
        waiter.start()
        self.store.set("k", "first")
        waiter.join()
        entry = self.store.wait_for("k", timeout_seconds=5)
        self.assertEqual((seen, entry.value), (["first"], "first"))
        waiter = threading.Thread(target=lambda: seen.append(self.store.wait_for("k", after=entry.revision).value))
        waiter.start()
        self.store.set("k", "second")
        waiter.join()
        self.assertEqual(seen, ["first", "second"])
