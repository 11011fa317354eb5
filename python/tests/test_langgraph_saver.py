"""Behaviour of BatonSaver that the conformance suite does not test."""

from __future__ import annotations

import itertools
import threading
import unittest
from typing import Any

from baton_store import DataStore, LimitExceededError

from .langgraph_packages import HAS_LANGGRAPH, needs_langgraph
from .server import shared_server

if HAS_LANGGRAPH:
    from langgraph.checkpoint.base import empty_checkpoint
    from langgraph.checkpoint.serde.types import _DeltaSnapshot

    from baton_store.langgraph import BatonSaver

_prefixes = (f"saver-{number}:" for number in itertools.count(1))
_METADATA: Any = {"source": "loop", "step": 1, "parents": {}}


@needs_langgraph
class SaverTest(unittest.TestCase):
    def setUp(self) -> None:
        server = shared_server()
        self.prefix = next(_prefixes)
        self.saver = BatonSaver(server.url, server.token, namespace_prefix=self.prefix)
        self.store = DataStore(server.url, server.token)
        self.addCleanup(self.saver.close)
        self.addCleanup(self.store.close)

    def put(
        self, thread: str, checkpoint_id: str, values: dict[str, Any], parent: str | None = None, **more: Any
    ) -> Any:
        versions = {channel: checkpoint_id for channel in values}
        checkpoint: Any = {
            **empty_checkpoint(),
            "id": checkpoint_id,
            "channel_values": values,
            "channel_versions": {**more.pop("inherited", {}), **versions},
        }
        config: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": more.pop("ns", "")}}
        if parent:
            config["configurable"]["checkpoint_id"] = parent
        return self.saver.put(config, checkpoint, {**_METADATA, **more}, versions)

    def test_names_are_any_strings_and_are_returned_unchanged(self) -> None:
        names = ["a:b", "a/b", "%3A", "\u241b0000", "\x00", "\ud800", "\udfff", "~", "é\U0001f600", "a*", ""]
        for thread, ns in itertools.product([name for name in names if name], ["", *names[:6]]):
            # LangGraph's own serializer refuses halves of surrogate pairs, also in the id and the channels.
            plain = thread.encode(errors="replace").decode()
            config = self.put(thread, plain, {plain: [len(ns)]}, ns=ns)
            self.saver.put_writes(config, [(plain, len(ns))], thread, ns)
            self.assertEqual(config["configurable"], {"thread_id": thread, "checkpoint_ns": ns, "checkpoint_id": plain})
            for where in (config, {"configurable": {"thread_id": thread, "checkpoint_ns": ns}}):
                found = self.saver.get_tuple(where)
                assert found is not None
                self.assertEqual(found.config, config)
                self.assertEqual(found.checkpoint["channel_values"], {plain: [len(ns)]})
                self.assertEqual(found.pending_writes, [(thread, plain, len(ns))])
        self.assertEqual(len(list(self.saver.list(None))), 10 * 7)
        self.saver.delete_thread("a:b")
        self.assertEqual(len(list(self.saver.list(None))), 9 * 7)

    def test_values_larger_than_a_request_are_stored_copied_and_deleted(self) -> None:
        values = {"text": '\u00fc"\\' * 300_000, "lists": [b"\xff\x00" * 2_000_000] * 2}
        config = self.put("large", "1", values)
        self.saver.put_writes(config, [("text", values["text"])], "task")
        self.saver.copy_thread("large", "copy")
        for thread in ("large", "copy"):
            found = self.saver.get_tuple({"configurable": {"thread_id": thread}})
            assert found is not None
            self.assertEqual(found.checkpoint["channel_values"], values)
            self.assertEqual(found.pending_writes, [("task", "text", values["text"])])
        self.put("large", "2", {"text": "short"}, "1")
        self.saver.prune(["large"])
        keys = self.store.use_namespace(f"{self.prefix}large").list_keys()
        self.assertEqual(len(keys), 2, keys)

    def test_a_checkpoint_is_stored_with_all_its_values_or_not_at_all(self) -> None:
        with self.assertRaises(LimitExceededError):
            self.put("whole", "1", {"short": 1, "n" * 1_100: 2})
        self.assertEqual(self.store.use_namespace(f"{self.prefix}whole").list_keys(), [])

    def test_if_a_task_writes_twice_at_the_same_time_the_first_write_of_each_index_stays(self) -> None:
        config = self.put("race", "1", {})

        def race(racer: int) -> None:
            self.saver.put_writes(config, [("channel", (racer, index)) for index in range(racer + 1)], "task")

        racers = [threading.Thread(target=race, args=(racer,)) for racer in range(8)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        found = self.saver.get_tuple(config)
        assert found is not None and found.pending_writes is not None
        self.assertEqual([value[1] for _, _, value in found.pending_writes], list(range(8)))
        self.saver.put_writes(config, [("channel", "again"), ("__error__", "first")], "task")
        self.saver.put_writes(config, [("__error__", "second")], "task")
        again = self.saver.get_tuple(config)
        assert again is not None
        self.assertEqual(again.pending_writes, [("task", "__error__", "second"), *found.pending_writes])

    def test_pruning_keeps_the_ancestors_that_rebuild_a_delta_channel(self) -> None:
        counters = {"counters_since_delta_snapshot": {"messages": [1, 1]}}
        self.put("delta", "1", {"messages": _DeltaSnapshot(["old"])})
        self.put("delta", "2", {"messages": _DeltaSnapshot(["a"])}, "1")
        self.saver.put_writes(self._config("delta", "2"), [("messages", ["b"])], "task")
        self.put("delta", "3", {"other": 1}, "2", inherited={"messages": "none"}, **counters)
        self.saver.put_writes(self._config("delta", "3"), [("messages", ["c"])], "task")
        last = self.put("delta", "4", {}, "3", inherited={"messages": "none", "other": "3"}, **counters)
        before = self.saver.get_delta_channel_history(config=last, channels=["messages"])
        self.saver.prune(["delta"])
        self.assertEqual(self.saver.get_delta_channel_history(config=last, channels=["messages"]), before)
        self.assertEqual([write[2] for write in before["messages"]["writes"]], [["b"], ["c"]])
        self.assertEqual([found.checkpoint["id"] for found in self.saver.list(self._config("delta"))], ["4", "3", "2"])
        found = self.saver.get_tuple(last)
        assert found is not None
        self.assertEqual(found.checkpoint["channel_values"], {"other": 1})

    def _config(self, thread: str, checkpoint_id: str | None = None) -> Any:
        place = {"thread_id": thread, "checkpoint_ns": ""}
        return {"configurable": {**place, **({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}}
