"""The methods that programs written for a ``data_store`` use, with their arguments and results."""

from __future__ import annotations

import math
import unittest

from baton_store import BadUserInputError, ConflictError, DataStore, InvalidValueError

from .server import new_namespace, new_store, shared_server


class DataStoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = new_store()
        self.addCleanup(self.store.close)

    def test_get_returns_the_default_only_if_there_is_no_entry(self) -> None:
        self.assertIsNone(self.store.get("k"))
        self.assertEqual(self.store.get("k", default={"a": 1}), {"a": 1})
        self.assertEqual(self.store.get("k", 7), 7)
        self.assertIsNone(self.store.set("k", None))
        self.assertIsNone(self.store.get("k", 7))
        self.assertEqual(self.store.list_keys(), ["k"])

    def test_set_replaces_the_value_and_merges_the_metadata(self) -> None:
        self.store.set("k", {"a": 1}, {"format": "csv", "n": 1})
        self.store.set("k", [1, (2, 3)], metadata={"n": 2})
        self.assertEqual(self.store.get("k"), [1, [2, 3]])
        self.store.set("k", "text")
        entry = self.store.entry("k")
        assert entry is not None
        self.assertEqual((entry.value, entry.metadata), ("text", {"format": "csv", "n": 2}))

    def test_delete_returns_whether_there_was_an_entry(self) -> None:
        self.store.set("k", 0)
        self.assertIs(self.store.delete("k"), True)
        self.assertIs(self.store.delete("k"), False)

    def test_many_keys(self) -> None:
        self.assertEqual(self.store.set_many({"b": 2, "a": None, "c": 3}, metadata={"batch": 1}), 3)
        self.assertEqual(self.store.get_many(["c", "missing", "a", "c"]), {"c": 3, "a": None})
        self.assertEqual(list(self.store.get_all().items()), [("a", None), ("b", 2), ("c", 3)])
        self.assertEqual(self.store.delete_many(["a", "missing", "a", "b"]), 2)
        self.assertEqual(self.store.list_keys(), ["c"])
        self.assertEqual(self.store.clear(), 1)
        self.assertEqual(self.store.clear(), 0)
        self.assertEqual(self.store.get_all(), {})
        self.assertEqual((self.store.set_many({}), self.store.get_many([]), self.store.delete_many([])), (0, {}, 0))

    def test_keys_are_sorted_and_found_by_prefix(self) -> None:
        self.store.set_many({key: 0 for key in ("file:b", "file:a", "filf", "é", "Z")})
        self.assertEqual(self.store.list_keys(), ["Z", "file:a", "file:b", "filf", "é"])
        self.assertEqual(self.store.list_keys(prefix="file:"), ["file:a", "file:b"])
        self.assertEqual(self.store.list_keys("none"), [])

    def test_entries_changes_and_claims_by_their_values(self) -> None:
        for key, state, size in (("a", "open", 2**60), ("b", "done", 2**60 + 1), ("c", "open", 1)):
            self.store.set(key, {"state": state, "size": size})
        is_open = ("/state", "EQ", "open")
        self.assertEqual([e.key for e in self.store.entries(where=[is_open])], ["a", "c"])
        self.assertEqual([e.key for e in self.store.entries(where=[("/size", "GT", 2**60)])], ["b"])
        self.assertEqual([e.key for e in self.store.entries(where=[("/none", "EXISTS")])], [])
        with self.store.watch(where=[is_open], snapshot=True) as changes:
            self.assertEqual([next(changes).key for _ in range(3)], ["a", "c", None])
            self.store.patch("c", {"state": "done"})
            change = next(changes)
            self.assertEqual((change.kind, change.key, change.entry), ("UNMATCHED", "c", None))
        with self.store.claim(where=[("/state", "NE", "open")]) as task:
            self.assertEqual(task and task.entry.key, "b")

    def test_entries_as_of_a_revision(self) -> None:
        self.store.set("k", 1)
        first = self.store.entry("k")
        assert first is not None
        self.store.set_many({"k": 2, "l": 3})
        then = self.store.entry("k", at=first.revision)
        self.assertEqual(then and then.value, 1)
        self.assertIsNone(self.store.entry("l", at=str(first.revision)))
        self.assertEqual([e.value for e in self.store.entries(at=first.revision)], [1])
        self.assertEqual([e.value for e in self.store.entries(at_least=first.revision)], [2, 3])

    def test_create_chooses_the_keys(self) -> None:
        created = [self.store.create(value, "e\n:", metadata={"n": value}) for value in range(3)]
        self.assertEqual([entry.value for entry in created], [0, 1, 2])
        self.assertEqual(self.store.list_keys("e\n:"), [entry.key for entry in created])
        self.assertTrue(all(entry.key.startswith("e\n:000") for entry in created))
        self.assertEqual(self.store.delete_many([created[0].key, "none", created[2].key, created[0].key]), 2)
        self.assertEqual(self.store.list_keys(), [created[1].key])

    def test_namespaces_by_their_segments_in_full_or_shortened(self) -> None:
        root = self.store.namespace
        for name in ("ann:memories", "ann:notes", "bob:me\nmories"):
            self.store.use_namespace(f"{root}:{name}").set("k", 1)
        names = self.store.list_namespaces
        self.assertEqual(names(segments=[root, "*", "me\nmories"]), [f"{root}:bob:me\nmories"])
        self.assertEqual(names(f"{root}:", depth=2), [f"{root}:ann", f"{root}:bob"])
        self.assertEqual(names(segments=[root, "**"], suffix=["ann", "*"]), [f"{root}:ann:memories", f"{root}:ann:notes"])

    def test_namespaces_are_separate_and_listed_while_they_contain_an_entry(self) -> None:
        first, second = new_namespace(), new_namespace()
        there = self.store.use_namespace(first)
        there.set("k", 1)
        self.assertIsNone(self.store.get("k"))
        self.store.use_namespace(second).set("k", 2)
        self.assertEqual((there.get("k"), there.namespace), (1, first))
        names = self.store.list_namespaces()
        self.assertEqual(names, sorted(names))
        self.assertLessEqual({first, second}, set(names))
        there.clear()
        self.assertNotIn(first, self.store.list_namespaces())

    def test_the_default_namespace_is_used_without_a_name(self) -> None:
        server = shared_server()
        with DataStore(server.url, server.token) as store:
            store.set("k", 1)
            self.assertEqual(store.use_namespace("default").get("k"), 1)
            store.clear()

    def test_numbers_are_kept_exactly(self) -> None:
        numbers = [0, -1, 2**53 + 1, -(2**64), 10**400, 0.1, -0.0, 1.0, 5e-324, 1.7976931348623157e308, 1e22]
        self.store.set("k", numbers)
        self.assertEqual([repr(number) for number in self.store.get("k")], [repr(number) for number in numbers])

    def test_integers_beyond_the_default_limit_of_python_are_kept(self) -> None:
        value = {"n": [7**9_000, -(10**5_000)], "text": "digits"}
        self.store.set("k", value)
        self.assertTrue(self.store.get("k") == value)

    def test_a_value_that_json_cannot_represent_raises_a_type_error(self) -> None:
        circle: list[object] = []
        circle.append(circle)
        for value in (math.nan, math.inf, -math.inf, {1, 2}, b"bytes", object(), circle, {"a": [math.nan]}):
            with self.assertRaises(TypeError) as caught:
                self.store.set("k", value)
            self.assertIsInstance(caught.exception, InvalidValueError)
        with self.assertRaises(BadUserInputError):
            self.store.set("k", "half \ud800")
        self.assertEqual(self.store.list_keys(), [])

    def test_text_is_kept(self) -> None:
        text = "".join(map(chr, range(0x20))) + '\x7f\u2028 é 😀 \\ " </script>'
        self.store.set("k", {text: text})
        self.assertEqual(self.store.get("k"), {text: text})
        self.store.set("pair", "\ud83d\ude00")
        self.assertEqual(self.store.get("pair"), "😀")

    def test_if_revision_is_a_condition(self) -> None:
        self.store.set("k", 1, if_revision=0)
        entry = self.store.entry("k")
        assert entry is not None
        with self.assertRaises(ConflictError) as caught:
            self.store.set("k", 2, if_revision=0)
        self.assertEqual((caught.exception.current_revision, caught.exception.current_value), (entry.revision, 1))
        self.store.set("k", 2, if_revision=entry.revision)
        with self.assertRaises(ConflictError):
            self.store.delete("k", if_revision=entry.revision)

    def test_entries_are_read_page_by_page(self) -> None:
        self.store.set_many({f"k{number:04}": number for number in range(1_203)})
        found = list(self.store.entries("k0"))
        self.assertEqual([entry.value for entry in found], list(range(1_000)))
        self.assertEqual(len(self.store.get_many(f"k{number:04}" for number in range(1_300))), 1_203)

    def test_the_caller_can_send_its_own_query(self) -> None:
        self.assertEqual(self.store.graphql("{ viewer { user } }"), {"viewer": {"user": "local"}})


class LargeNamespaceTest(unittest.TestCase):
    def test_a_namespace_of_130_000_records(self) -> None:
        items = {f"file:{number:06}": {"n": number, "path": f"src/{number}.py"} for number in range(130_000)}
        with new_store() as store:
            self.assertEqual(store.set_many(items, metadata={"batch": 1}), 130_000)
            self.assertEqual(store.list_keys(), list(items))
            self.assertEqual(len(store.list_keys("file:12")), 10_000)
            self.assertEqual(store.get_all(), items)
            self.assertEqual(store.delete_many(list(items)[:2_500]), 2_500)
            self.assertEqual(store.clear(), 127_500)

    def test_a_batch_of_large_values_is_split(self) -> None:
        items = {f"k{number}": "v" * 900_000 for number in range(14)}
        with new_store() as store:
            self.assertEqual(store.set_many(items), 14)
            self.assertEqual(store.get_all(), items)
            self.assertEqual(store.get_many(items), items)
            store.clear()
