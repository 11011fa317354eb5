"""Any string is a valid key and a valid namespace."""

from __future__ import annotations

import random
import unittest

from baton_store._names import KEYS, NAMESPACES

from .server import new_namespace, new_store

_STRINGS = [
    "",
    " ",
    "\x00",
    "line\nend",
    "\x7f\x9f",
    "\ud800",
    "\udfff tail \ud800\udc00",
    "␛",
    "␛000A",
    "␛sha256:" + "0" * 64,
    "é" * 512,
    "é" * 513,
    "x" * 1_025,
    "x" * 1_026,
    "\n" * 200,
    "long\x00" * 1_000,
    "y" * 100_000,
    "😀" * 300,
]


class NamesTest(unittest.TestCase):
    def test_any_string_is_a_key(self) -> None:
        with new_store() as store:
            self.assertEqual(store.set_many({key: index for index, key in enumerate(_STRINGS)}), len(_STRINGS))
            for index, key in enumerate(_STRINGS):
                self.assertEqual(store.get(key), index, key[:40])
            self.assertEqual(store.list_keys(), sorted(_STRINGS))
            self.assertEqual(store.get_all(), {key: index for index, key in enumerate(_STRINGS)})
            self.assertEqual(len(store.get_many(_STRINGS)), len(_STRINGS))
            self.assertEqual({entry.key for entry in store.entries()}, set(_STRINGS))
            self.assertTrue(all(entry.metadata == {} for entry in store.entries()))
            store.set("é" * 513, "again", {"mine": 1})
            entry = store.entry("é" * 513)
            assert entry is not None
            self.assertEqual((entry.key, entry.metadata), ("é" * 513, {"mine": 1}))
            self.assertEqual(store.delete_many(_STRINGS), len(_STRINGS))

    def test_prefixes_find_escaped_and_hashed_keys(self) -> None:
        with new_store() as store:
            store.set_many({key: 0 for key in _STRINGS})
            for key in _STRINGS:
                for prefix in {key[:1], key[: len(key) // 2], key[:-1], key}:
                    expected = sorted(other for other in _STRINGS if other.startswith(prefix))
                    self.assertEqual(store.list_keys(prefix), expected, prefix[:40])

    def test_any_string_is_a_namespace(self) -> None:
        name = new_namespace()
        names = [name + string for string in _STRINGS if len(string) < 10_000]
        with new_store() as store:
            for index, each in enumerate(names):
                there = store.use_namespace(each)
                there.set("k", index)
                self.assertEqual((there.get("k"), there.namespace), (index, each))
            self.assertEqual([each for each in store.list_namespaces() if each.startswith(name)], sorted(names))
            empty = store.use_namespace("")
            empty.set("k", 1)
            self.assertIn("", store.list_namespaces())
            self.assertEqual(empty.clear(), 1)

    def test_ordinary_names_are_stored_unchanged(self) -> None:
        for name in ("raw", "file:a/b.py", "é", "a b", "x" * 1_024):
            self.assertEqual(KEYS.name(name).stored, name)
        self.assertEqual(NAMESPACES.name("pipeline:job-123").stored, "pipeline:job-123")

    def test_different_strings_are_stored_differently_and_restored(self) -> None:
        alphabet = ["a", "0", "␛", "\n", "\ud800", "é", "A", "sha256:"]
        chance = random.Random(7)
        strings = {"".join(chance.choices(alphabet, k=chance.randrange(6))) for _ in range(3_000)}
        self.assertEqual(len({KEYS.name(string).stored for string in strings}), len(strings))
        for string in strings:
            name = KEYS.name(string)
            self.assertEqual(KEYS.original(name.stored, name.metadata), string)

    def test_a_key_must_be_a_string(self) -> None:
        with new_store() as store, self.assertRaises(TypeError):
            store.set(7, 1)  # type: ignore[arg-type]
