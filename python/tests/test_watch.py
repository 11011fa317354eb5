"""Watches: the changes that they deliver, and lost connections, which cause neither a gap nor a repetition."""

from __future__ import annotations

import itertools
import threading
import unittest
from collections.abc import Iterable

from baton_store import BadUserInputError, Change, DataStore, RevisionCompactedError
from baton_store._io import run

from .proxy import Proxy
from .server import Server, new_namespace, new_store, shared_server


def take(changes: Iterable[Change], count: int) -> list[Change]:
    return list(itertools.islice(changes, count))


class WatchTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = new_store()
        self.addCleanup(self.store.close)

    def test_a_snapshot_delivers_the_current_entries_and_then_later_changes(self) -> None:
        self.store.set_many({"a": 1, "b": None})
        with self.store.watch(snapshot=True) as watch:
            begun = take(watch, 3)
            self.assertEqual(
                [(c.kind, c.key) for c in begun], [("EXISTING", "a"), ("EXISTING", "b"), ("CAUGHT_UP", None)]
            )
            self.store.set("a", 2)
            self.store.delete("b")
            self.store.clear()
            came = take(watch, 3)
        self.assertEqual([c.kind for c in came], ["SET", "DELETED", "NAMESPACE_CLEARED"])
        assert came[0].entry is not None
        self.assertEqual((came[0].entry.value, came[1].key, came[1].entry), (2, "b", None))
        self.assertEqual([c.revision for c in came], sorted({c.revision for c in came}))

    def test_after_a_revision_every_later_change_is_delivered(self) -> None:
        first = self.store.increment("n").revision
        self.store.increment("n")
        self.store.set("other", 1)
        self.assertEqual([c.key for c in take(self.store.watch(after=first), 2)], ["n", "other"])
        self.assertEqual([c.key for c in take(self.store.watch(after=first, key="other"), 1)], ["other"])
        self.assertEqual([c.key for c in take(self.store.watch(after=str(first), prefix="ot"), 1)], ["other"])

    def test_across_namespaces(self) -> None:
        prefix = new_namespace()
        for name in ("a", "b"):
            self.store.use_namespace(f"{prefix}:{name}").set("k", name)
        seen = take(self.store.watch(namespace_prefix=f"{prefix}:", snapshot=True), 3)
        self.assertEqual([c.namespace for c in seen], [f"{prefix}:a", f"{prefix}:b", None])

    def test_without_a_start_it_begins_with_later_changes(self) -> None:
        self.store.set("before", 1)
        watch = self.store.watch()
        begun = threading.Event()
        seen: list[Change] = []

        def follow() -> None:
            for change in watch:
                seen.append(change)
                begun.set()
                if change.key == "last":
                    return

        thread = threading.Thread(target=follow)
        thread.start()
        while not begun.is_set():
            self.store.increment("n")
        self.store.set("last", 1)
        thread.join()
        self.assertNotIn("before", [c.key for c in seen])
        revisions = [c.revision for c in seen]
        self.assertEqual(revisions, list(range(revisions[0], revisions[0] + len(revisions))))

    def test_the_originals_of_escaped_or_hashed_names_are_delivered(self) -> None:
        keys = ["", "line\nend", "é" * 600]
        there = self.store.use_namespace(new_namespace() + "n" * 300)
        start = self.store.increment("n").revision
        for key in keys:
            there.set(key, 1)
            there.delete(key)
        there.clear()
        seen = take(there.watch(after=start), 6)
        self.assertEqual([c.key for c in seen], [key for key in keys for _ in range(2)])
        self.assertEqual({c.namespace for c in seen}, {there.namespace})
        self.assertEqual(len(take(there.watch(after=start, key=keys[2]), 2)), 2)

    def test_a_quiet_watch_advances_only_past_changes_that_do_not_match(self) -> None:
        start = self.store.increment("n").revision
        follower = self.store.watch(after=start, key="other")._follower
        head = self.store.increment("n").revision

        async def step() -> None:
            await follower._take(await (await follower._open()).next())

        # The server reports how far it has read.
        while int(follower._after or 0) < head:
            run(step())
        self.assertFalse(follower._ready)
        self.store.set("other", 1)
        while not follower._ready:
            run(step())
        self.assertEqual(follower._ready[0].key, "other")
        follower.close()

    def test_a_watch_with_wrong_arguments_is_refused(self) -> None:
        with self.assertRaises(BadUserInputError):
            self.store.watch(after=0, snapshot=True)
        with self.assertRaises(BadUserInputError):
            next(self.store.watch(after="none"))

    def test_closing_ends_it_in_another_thread(self) -> None:
        for close_of in ("watch", "store"):
            with new_store() as store:
                store.set("k", 1)
                watch = store.watch(snapshot=True)
                caught_up = threading.Event()

                def follow() -> None:
                    for change in watch:
                        if change.kind == "CAUGHT_UP":
                            caught_up.set()

                thread = threading.Thread(target=follow)
                thread.start()
                caught_up.wait()
                (watch if close_of == "watch" else store).close()
                thread.join(10)
                self.assertFalse(thread.is_alive(), close_of)


class DropTest(unittest.TestCase):
    def setUp(self) -> None:
        self.server = shared_server()
        self.proxy = Proxy(self.server.port)
        self.addCleanup(self.proxy.close)
        self.namespace = new_namespace()
        self.direct = DataStore(self.server.url, self.server.token, self.namespace)
        self.store = DataStore(self.proxy.url, self.server.token, self.namespace)
        self.addCleanup(self.direct.close)
        self.addCleanup(self.store.close)

    def test_g3_every_change_is_delivered_once_despite_lost_connections(self) -> None:
        start = self.direct.increment("n").revision

        # The second half of each 40 is written after a lost connection, so that only another connection can deliver it.
        dropped = threading.Semaphore()

        def write() -> None:
            for number in range(300):
                if number % 40 == 20:
                    dropped.acquire()
                self.direct.increment("n")

        dropped.acquire()
        writer = threading.Thread(target=write)
        writer.start()
        values = []
        for change in self.store.watch(key="n", after=start):
            assert change.entry is not None
            values.append(change.entry.value)
            if len(values) % 40 == 20:
                self.proxy.drop()
                dropped.release()
            if len(values) == 300:
                break
        writer.join()
        self.assertEqual(values, list(range(2, 302)))
        self.assertGreater(self.proxy.opened, 7)

    def test_g4_a_snapshot_whose_connection_breaks_delivers_each_entry_and_deletion_once(self) -> None:
        self.direct.set_many({f"k{number:04}": "v" * 4_000 for number in range(1_500)})
        state: dict[str | None, object] = {}
        shown: list[str | None] = []
        for change in self.store.watch(snapshot=True):
            if change.kind == "CAUGHT_UP":
                break
            if change.kind == "EXISTING":
                shown.append(change.key)
            if change.entry:
                state[change.key] = change.entry.value
            else:
                del state[change.key]
            if len(shown) in (3, 400):
                self.direct.delete(f"k{len(shown) - 3:04}")
                self.direct.set(f"k{len(shown):04}", len(shown))
                self.proxy.drop()
        # An entry that was written again can be delivered again.
        unchanged = [key for key in shown if key not in ("k0003", "k0400")]
        self.assertEqual(len(unchanged), len(set(unchanged)))
        self.assertEqual(state, self.direct.get_all())

    def test_g3_a_crash_and_a_restart_of_the_server(self) -> None:
        server = Server()
        self.addCleanup(server.close)
        store = DataStore(server.url, server.token)
        self.addCleanup(store.close)
        watch = store.watch(after=0)
        store.set("a", 1)
        self.assertEqual(next(watch).key, "a")
        seen: list[Change] = []
        follower = threading.Thread(target=lambda: seen.append(next(watch)))
        waited: list[object] = []
        waiter = threading.Thread(target=lambda: waited.append(store.wait_for("b").value))
        follower.start()
        waiter.start()
        server.kill()
        setter = threading.Thread(target=lambda: store.set("b", 2))
        setter.start()
        server.start(server.port)
        for thread in (setter, waiter, follower):
            thread.join()
        self.assertEqual(([c.key for c in seen], waited), (["b"], [2]))

    def test_a_log_that_is_too_short_raises_an_error(self) -> None:
        with self.assertRaises((RevisionCompactedError, BadUserInputError)):
            next(self.store.watch(after=10**15))

    def test_a_revision_of_another_epoch_raises_an_error(self) -> None:
        self.store.set("a", 1)
        with self.store.watch(snapshot=True) as watch:
            caught_up = take(watch, 2)[-1]
        self.store.set("b", 2)
        after = caught_up.revision
        with self.store.watch(after=after, epoch=caught_up.epoch) as watch:
            self.assertEqual(next(watch).key, "b")
        with self.assertRaises(RevisionCompactedError) as raised:
            next(self.store.watch(after=after, epoch="another"))
        self.assertEqual((raised.exception.reason, raised.exception.epoch), ("EPOCH", caught_up.epoch))
        with self.assertRaises(RevisionCompactedError):
            self.store.wait_for("b", after=after, epoch="another", timeout_seconds=5)
