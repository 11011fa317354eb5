"""BatonStore: cases of LangGraph's SQLite and PostgreSQL stores, and random operations compared with memory."""

from __future__ import annotations

import asyncio
import itertools
import random
import unittest
from typing import Any

from baton_store import DataStore, LimitExceededError

from .langgraph_packages import HAS_LANGGRAPH, needs_langgraph
from .server import shared_server

if HAS_LANGGRAPH:
    from langgraph.store.base import (
        GetOp,
        InvalidNamespaceError,
        Item,
        ListNamespacesOp,
        MatchCondition,
        PutOp,
        SearchOp,
    )
    from langgraph.store.memory import InMemoryStore

    from baton_store.langgraph import BatonStore

_prefixes = (f"items-{number}:" for number in itertools.count(1))


def _new_store(**options: Any) -> Any:
    server = shared_server()
    return BatonStore(server.url, server.token, namespace_prefix=next(_prefixes), **options)


def _keys(items: Any) -> list[str]:
    return sorted(item.key for item in items)


@needs_langgraph
class StoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = _new_store()
        self.addCleanup(self.store.close)

    def test_an_item_is_put_replaced_and_deleted_and_keeps_the_time_of_its_creation(self) -> None:
        namespace = ("test", "documents")
        self.assertIsNone(self.store.get(namespace, "doc1"))
        self.store.put(namespace, "doc1", {"title": "Test", "big": 2**70, "one": 1.0})
        first = self.store.get(namespace, "doc1")
        self.assertEqual((first.namespace, first.key), (namespace, "doc1"))
        self.assertEqual(repr(first.value), repr({"title": "Test", "big": 2**70, "one": 1.0}))
        self.store.put(namespace, "doc1", {"title": "Updated"})
        second = self.store.get(namespace, "doc1")
        self.assertEqual(second.value, {"title": "Updated"})
        self.assertEqual(second.created_at, first.created_at)
        self.assertGreaterEqual(second.updated_at, first.updated_at)
        self.assertIsNone(self.store.get(("test", "other"), "doc1"))
        self.store.delete(namespace, "doc1")
        self.assertIsNone(self.store.get(namespace, "doc1"))

    def test_a_batch_reads_the_state_before_it_and_writes_in_one_transaction(self) -> None:
        self.store.put(("test", "foo"), "key1", {"data": "value1"})
        self.store.put(("test", "bar"), "key2", {"data": "value2"})
        results = self.store.batch(
            [
                GetOp(("test", "foo"), "key1"),
                PutOp(("test", "bar"), "key2", {"data": "changed"}),
                SearchOp(("test",), filter={"data": "value1"}, limit=10, offset=0),
                ListNamespacesOp(match_conditions=None, max_depth=None, limit=10, offset=0),
                GetOp(("test",), "key3"),
                PutOp(("test",), "key3", {"data": "value3"}),
                PutOp(("test",), "key3", None),
                GetOp(("test", "bar"), "key2"),
            ]
        )
        self.assertEqual(results[0].value, {"data": "value1"})
        self.assertIsNone(results[1])
        self.assertEqual(_keys(results[2]), ["key1"])
        self.assertEqual(results[3], [("test", "bar"), ("test", "foo")])
        self.assertIsNone(results[4])
        self.assertEqual(results[7].value, {"data": "value2"})
        self.assertEqual(self.store.get(("test", "bar"), "key2").value, {"data": "changed"})
        self.assertIsNone(self.store.get(("test",), "key3"))
        with self.assertRaises(LimitExceededError):
            self.store.batch([PutOp(("a",), "fits", {}), PutOp(("a",), "large", {"text": "x" * 2_000_000})])
        self.assertIsNone(self.store.get(("a",), "fits"))

    def test_namespaces_are_listed_by_prefix_and_suffix_with_wildcards_to_a_depth_in_pages(self) -> None:
        namespaces = list(itertools.product("ab", ("docs", "images"), ("private", "public")))
        for namespace in [*namespaces, ("a",)]:
            self.store.put(namespace, "k", {"n": 1})
        listed = self.store.list_namespaces
        self.assertEqual(listed(), [("a",), *namespaces])
        self.assertEqual(listed(prefix=("a", "docs")), namespaces[:2])
        self.assertEqual(len(listed(prefix=("*", "images"))), 4)
        self.assertEqual(len(listed(suffix=("public",))), 4)
        self.assertEqual(
            listed(suffix=("docs", "*"), prefix=("b",)), [("b", "docs", "private"), ("b", "docs", "public")]
        )
        self.assertEqual(listed(prefix=("a",), suffix=("a",)), [("a",)])
        self.assertEqual(listed(max_depth=1), [("a",), ("b",)])
        self.assertEqual(listed(max_depth=2, limit=2, offset=1), [("a", "docs"), ("a", "images")])

    def test_a_search_reads_a_namespace_and_those_below_it_in_pages(self) -> None:
        self.store.put(("test", "docs"), "doc1", {"n": 1})
        self.store.put(("test", "docs", "deep"), "doc2", {"n": 2})
        self.store.put(("test", "docs2"), "doc3", {"n": 3})
        self.assertEqual(_keys(self.store.search(("test", "docs"))), ["doc1", "doc2"])
        self.assertEqual(_keys(self.store.search(())), ["doc1", "doc2", "doc3"])
        self.store.batch([PutOp(("many", str(n % 3)), f"k{n}", {"n": n}) for n in range(250)])
        self.assertEqual(len(self.store.search(("many",))), 10)
        pages = [self.store.search(("many",), limit=100, offset=offset) for offset in (0, 100, 200, 300)]
        self.assertEqual(len({item.key for page in pages for item in page}), 250)

    def test_filters_select_by_equality_by_operators_and_inside_of_objects(self) -> None:
        docs: list[dict[str, Any]] = [
            {"title": "JavaScript", "level": 1, "tags": ["a", "b"], "meta": {"lang": "en", "stars": 5}},
            {"title": "TypeScript", "level": 2, "tags": [], "meta": {"lang": "en"}},
            {"title": "Python", "level": 2.5, "meta": {"lang": "fr"}, "draft": True},
            {"title": "none", "level": None, "meta": {}},
        ]
        for doc in docs:
            self.store.put(("docs",), doc["title"], doc)
        cases: list[tuple[Any, list[str]]] = [
            ({}, ["JavaScript", "Python", "TypeScript", "none"]),
            ({"title": "Python"}, ["Python"]),
            ({"level": 2, "title": "TypeScript"}, ["TypeScript"]),
            ({"level": None}, ["none"]),
            ({"draft": None}, ["JavaScript", "TypeScript", "none"]),
            ({"draft": {"$ne": None}}, ["Python"]),
            ({"level": {"$eq": 2}}, ["TypeScript"]),
            ({"level": {"$ne": 2}}, ["JavaScript", "Python", "none"]),
            ({"draft": {"$ne": True}}, ["JavaScript", "TypeScript", "none"]),
            ({"level": {"$gt": 1, "$lt": 2.5}}, ["TypeScript"]),
            ({"level": {"$gte": 2}}, ["Python", "TypeScript"]),
            ({"level": {"$lte": 2}}, ["JavaScript", "TypeScript"]),
            ({"tags": ["a", "b"]}, ["JavaScript"]),
            ({"meta": {"lang": "en"}}, ["JavaScript", "TypeScript"]),
            ({"meta": {"lang": "en", "stars": {"$gt": 4}}}, ["JavaScript"]),
            ({"meta": {}}, ["JavaScript", "Python", "TypeScript", "none"]),
        ]
        for wanted, keys in cases:
            with self.subTest(wanted):
                self.assertEqual(_keys(self.store.search(("docs",), filter=wanted)), keys)
        with self.assertRaises(ValueError):
            self.store.search(("docs",), filter={"level": {"$near": 1}})

    def test_namespaces_and_keys_are_any_strings_that_langgraph_accepts(self) -> None:
        labels = ["a b", "a/b", "a:b", "%3A", "**", "\u241b0000", "\ud800", "\u00e9\U0001f600", "\x7f"]
        for label in labels:
            for key in [*labels, "", "a.b", "\x00"]:
                self.store.put(("n", label), key, {"n": 1})
                item = self.store.get(("n", label), key)
                self.assertEqual((item.namespace, item.key), (("n", label), key))
            self.assertEqual(len(self.store.search(("n", label), limit=99)), 12)
            self.assertEqual(self.store.list_namespaces(prefix=("n", label)), [("n", label)])
        self.assertEqual(set(self.store.list_namespaces(suffix=("*", "*"))), {("n", label) for label in labels})
        for namespace in [(), ("",), ("a.b",), ("a\x00",), ("langgraph", "a")]:
            with self.assertRaises(InvalidNamespaceError):
                self.store.put(namespace, "k", {})
        with self.assertRaises(InvalidNamespaceError):
            self.store.batch([GetOp(("a.b",), "k")])
        with self.assertRaisesRegex(ValueError, "'store:'"):
            BatonStore(namespace_prefix="store")

    def test_items_expire_after_their_minutes_and_a_read_extends_their_life(self) -> None:
        prefix = next(_prefixes)
        server = shared_server()
        entries = DataStore(server.url, server.token, namespace=f"{prefix}t")
        store = BatonStore(server.url, server.token, namespace_prefix=prefix, ttl={"default_ttl": 5})
        self.addCleanup(entries.close)
        self.addCleanup(store.close)
        store.put(("t",), "default", {"n": 1})
        store.put(("t",), "own", {"n": 2}, ttl=1 / 60)
        store.put(("t",), "forever", {"n": 3}, ttl=None)

        def lives_for(key: str) -> float | None:
            entry = entries.entry(key)
            assert entry is not None
            return entry.expires_at and (entry.expires_at - entry.updated_at).total_seconds()

        def revision() -> int:
            entry = entries.entry("default")
            assert entry is not None
            return entry.revision

        self.assertEqual([lives_for("default"), lives_for("forever")], [300, None])
        before = revision()
        store.get(("t",), "default", refresh_ttl=False)
        store.search(("t",), refresh_ttl=False)
        self.assertEqual(revision(), before)
        store.get(("t",), "default")
        after = revision()
        self.assertGreater(after, before)
        self.assertEqual(lives_for("default"), 300)
        store.search(("t",), filter={"n": 1})
        self.assertGreater(revision(), after)
        for change in entries.watch(key="own", snapshot=True):
            if change.kind == "EXPIRED" or (change.kind == "CAUGHT_UP" and entries.entry("own") is None):
                break
        self.assertIsNone(store.get(("t",), "own"))
        self.assertEqual(_keys(store.search(("t",))), ["default", "forever"])
        store.put(("t",), "default", {"n": 4}, ttl=None)
        self.assertIsNone(lives_for("default"))


@needs_langgraph
class StoreModelTest(unittest.TestCase):
    def test_batches_of_any_operations_return_the_same_as_in_memory(self) -> None:
        for seed in range(25):
            with self.subTest(seed=seed):
                chosen = random.Random(seed)
                store = _new_store()
                live: dict[Any, PutOp] = {}
                try:
                    for turn in range(4):
                        ops = [_operation(chosen) for _ in range(chosen.randint(1, 12))]
                        is_async = chosen.random() < 0.5
                        found = asyncio.run(store.abatch(ops)) if is_async else store.batch(ops)
                        self.assertEqual([_shown(result) for result in found], _expected(live, ops), (turn, ops))
                        for op in ops:
                            if isinstance(op, PutOp):
                                live.pop((op.namespace, op.key), None)
                                if op.value is not None:
                                    live[op.namespace, op.key] = op
                finally:
                    store.close()


def _expected(live: dict[Any, Any], ops: list[Any]) -> list[Any]:
    """Returns the result of the store in memory.

    That store keeps a namespace when its last item is deleted, and creates one when a key is read. So each operation
    uses a new store. It lists items in the order of their first put; BatonStore sorts by namespace and key.
    """
    in_order = [live[place] for place in sorted(live, key=lambda place: (":".join(place[0]), place[1]))]
    results = []
    for op in ops:
        memory = InMemoryStore()
        memory.batch(in_order)
        results += memory.batch([op])
    return [_shown(result) for result in results]


def _shown(result: Any) -> Any:
    """The item without its times, which are from another clock."""
    if isinstance(result, Item):
        return (result.namespace, result.key, result.value)
    if isinstance(result, list):
        return [_shown(one) for one in result]
    return result


def _operation(chosen: random.Random) -> Any:
    labels = ["a", "b", "bb", "c"]

    def namespace(least: int = 1) -> tuple[str, ...]:
        return tuple(chosen.choices(labels, k=chosen.randint(least, 3)))

    def number() -> Any:
        return chosen.choice([-1, 0.5, 2, 3, 1e21])

    def scalar() -> Any:
        return chosen.choice([number(), "x", "", None])

    def value() -> dict[str, Any]:
        # Values with an order in memory are numbers there, or raise an error.
        members = {"n": number(), "s": scalar(), "a/~": {"deep": scalar(), "list": [1, "x"]}}
        return {name: member for name, member in members.items() if name == "n" or chosen.random() < 0.7}

    def wanted() -> Any:
        members = {
            "n": chosen.choice([number(), {chosen.choice(["$gt", "$gte", "$lt", "$lte", "$ne"]): number()}]),
            "s": chosen.choice([scalar(), {"$eq": scalar()}, {"$ne": scalar()}]),
            "a/~": chosen.choice([None, {}, {"deep": scalar()}, {"list": [1, "x"]}, {"deep": {"$ne": scalar()}}]),
        }
        return {name: member for name, member in members.items() if chosen.random() < 0.4} or None

    limit, offset, key = chosen.randint(0, 5), chosen.randint(0, 4), chosen.choice(["k1", "k2", "k3"])
    match chosen.choice(["put", "put", "put", "get", "search", "list"]):
        case "put":
            return PutOp(namespace(), key, value() if chosen.random() < 0.8 else None)
        case "get":
            return GetOp(namespace(), key)
        case "search":
            return SearchOp(namespace(0), filter=wanted(), limit=limit, offset=offset)
        case _:
            path = [*labels, "*"]
            conditions = tuple(
                MatchCondition(chosen.choice(["prefix", "suffix"]), tuple(chosen.choices(path, k=chosen.randint(1, 3))))  # type: ignore[arg-type]
                for _ in range(chosen.randint(0, 3))
            )
            return ListNamespacesOp(conditions, chosen.choice([None, 1, 2, 3]), limit, offset)
