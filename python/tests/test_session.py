"""Sessions of the OpenAI Agents SDK: its contract, a comparison with its session in SQLite, and an agent."""

from __future__ import annotations

import asyncio
import itertools
import random
import unittest
from typing import Any

from baton_store import AsyncDataStore, ConflictError
from baton_store._adapter.large_value import storable
from baton_store.sessions import BatonSession

from .agent_sdks import echo_agent, needs_openai_agents
from .server import shared_server

_ids = (f"session-{number}" for number in itertools.count(1))


def _user(content: str) -> dict[str, Any]:
    return {"role": "user", "content": content}


class SessionTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        server = shared_server()
        self.store = AsyncDataStore(server.url, server.token)
        self.addAsyncCleanup(self.store.close)

    def session(self, session_id: str | None = None, **options: Any) -> BatonSession:
        return BatonSession(next(_ids) if session_id is None else session_id, self.store, **options)

    async def test_items_are_added_read_from_the_end_popped_and_cleared_by_any_process(self) -> None:
        session = self.session()
        self.assertEqual(await session.get_items(), [])
        self.assertIsNone(await session.pop_item())
        items = [_user(text) for text in "abc"]
        await session.add_items(items[:2])
        await session.add_items([])
        await self.session(session.session_id).add_items(items[2:])
        self.assertEqual(await session.get_items(), items)
        self.assertEqual(await session.get_items(2), items[1:])
        self.assertEqual(await session.get_items(limit=9), items)
        self.assertEqual(await session.get_items(0), [])
        self.assertEqual(await session.pop_item(), items[2])
        await session.clear_session()
        self.assertEqual(await session.get_items(), [])
        await session.add_items(items)
        self.assertEqual(await session.get_items(), items)

    async def test_the_limit_of_the_settings_applies_unless_a_call_has_another_limit(self) -> None:
        session = self.session(session_settings={"limit": 1})
        await session.add_items([_user("a"), _user("b")])
        self.assertEqual(await session.get_items(), [_user("b")])
        self.assertEqual(len(await session.get_items(2)), 2)

    async def test_ids_are_any_strings_and_a_session_without_an_id_gets_a_new_one(self) -> None:
        ids = ["a:b", "a", "ü", "%", "", "x\n"]
        for number, session_id in enumerate(ids):
            await self.session(session_id).add_items([_user(str(number))])
        for number, session_id in enumerate(ids):
            self.assertEqual(await self.session(session_id).get_items(), [_user(str(number))])
        self.assertNotEqual(BatonSession(None, self.store).session_id, BatonSession(None, self.store).session_id)

    async def test_many_items_of_any_size_and_form_are_kept_complete_and_in_order(self) -> None:
        session = self.session()
        items = [_user("x" * 1_500_000 if number == 250 else str(number)) for number in range(410)]
        items += [{"parts": {"id": "a", "count": 1}}, {"parts": [1]}, {"n": 2**70, "f": 1.0}]
        await session.add_items(items)
        self.assertEqual(await session.get_items(), items)
        self.assertEqual(await session.pop_item(), items[-1])

    async def test_the_parts_of_a_large_item_are_deleted_with_it(self) -> None:
        session = self.session()
        namespace = self.store.use_namespace(f"openai-python:sessions:{session.session_id}")
        large = _user("x" * 1_500_000)
        await session.add_items([_user("a"), large])
        self.assertEqual(len(await namespace.list_keys("part/")), 3)
        self.assertEqual(await session.pop_item(), large)
        self.assertEqual(await namespace.list_keys("part/"), [])
        self.assertEqual(await session.get_items(), [_user("a")])

    async def test_a_write_that_is_refused_after_its_parts_were_written_leaves_no_parts(self) -> None:
        value = storable("k", {"text": "x" * 9_000_000})
        with self.assertRaises(ConflictError):
            await self.session()._entries.write("refused", [value], revisions={"k": "1"})
        self.assertEqual(await self.store.use_namespace("refused").list_keys(), [])

    async def test_items_that_several_processes_add_at_the_same_time_are_all_stored_and_popped_once(self) -> None:
        session = self.session()
        others = [self.session(session.session_id) for _ in range(6)]
        adding = (other.add_items([_user(f"{n}.1"), _user(f"{n}.2")]) for n, other in enumerate(others))
        await asyncio.gather(*adding)
        contents = [item["content"] for item in await session.get_items()]
        self.assertEqual(len(contents), 12)
        for n in range(6):
            self.assertEqual(contents.index(f"{n}.2"), contents.index(f"{n}.1") + 1)
        popped = await asyncio.gather(*(other.pop_item() for other in others))
        self.assertEqual(sorted(item["content"] for item in popped), sorted(contents[-6:]))

    @needs_openai_agents
    async def test_it_behaves_as_the_session_in_sqlite_does(self) -> None:
        from agents import SQLiteSession
        from agents.memory import Session

        self.assertIsInstance(self.session(), Session)
        seed = random.randrange(2**32)
        choices = random.Random(seed)
        ours, theirs = self.session(), SQLiteSession("other")
        for _ in range(60):
            method = choices.choice(["add_items", "add_items", "pop_item", "get_items", "clear_session"])
            arguments: list[Any] = []
            if method == "add_items":
                arguments = [[_user(choices.choice("abc")) for _ in range(choices.randrange(4))]]
            elif method == "get_items":
                arguments = [choices.choice([None, 1, 2, 5])]
            with self.subTest(seed=seed, method=method, arguments=arguments):
                returned = [await getattr(session, method)(*arguments) for session in (ours, theirs)]
                self.assertEqual(returned[0], returned[1])
                self.assertEqual(await ours.get_items(), await theirs.get_items())

    @needs_openai_agents
    async def test_an_agent_continues_the_conversation_of_another_process(self) -> None:
        from agents import RunConfig, Runner

        agent = echo_agent()
        first = self.session()
        config = RunConfig(tracing_disabled=True)
        await Runner.run(agent, "one", session=first, run_config=config)
        result = await Runner.run(agent, "two", session=self.session(first.session_id), run_config=config)
        self.assertEqual(result.final_output, "one two")
        self.assertEqual(len(await first.get_items()), 4)
