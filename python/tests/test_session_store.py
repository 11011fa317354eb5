"""Transcripts of the Claude Agent SDK: its conformance suite, and behaviour that the suite does not test."""

from __future__ import annotations

import asyncio
import itertools
import json
import unittest
from typing import Any

from baton_store import AsyncDataStore
from baton_store.sessions import BatonSessionStore

from .agent_sdks import needs_claude_agent_sdk
from .server import REPOSITORY, shared_server

_prefixes = (f"transcripts-{number}:" for number in itertools.count(1))
_KEY = {"project_key": "p:1", "session_id": "s/1"}


def _entry(uuid: str | None = None, **members: Any) -> dict[str, Any]:
    return {"type": "user", **({} if uuid is None else {"uuid": uuid}), **members}


class SessionStoreTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        server = shared_server()
        self.data = AsyncDataStore(server.url, server.token)
        self.addAsyncCleanup(self.data.close)
        self.store = self.new_store()

    def new_store(self, **options: Any) -> BatonSessionStore:
        return BatonSessionStore(self.data, namespace_prefix=next(_prefixes), **options)

    async def test_entries_with_a_uuid_are_stored_once_and_others_each_time(self) -> None:
        entries = [_entry("a"), _entry(), _entry("b", n=2**70)]
        await self.store.append(_KEY, entries)
        await self.store.append(_KEY, entries)
        self.assertEqual(await self.store.load(_KEY), [*entries, _entry()])
        self.assertIsNone(await self.store.load({**_KEY, "session_id": "other"}))
        with self.assertRaises(ValueError):
            await self.store.append({**_KEY, "subpath": ""}, entries)

    async def test_entries_of_any_size_and_form_are_kept_and_batches_of_several_writers_are_not_mixed(self) -> None:
        large = _entry("large", text="x" * 1_200_000)
        await self.store.append(_KEY, [large, {"parts": {"id": "a", "count": 2}}])
        batches = [[_entry(f"{n}.{m}") for m in range(3)] for n in range(5)]
        await asyncio.gather(*(self.store.append(_KEY, batch) for batch in batches))
        loaded = await self.store.load(_KEY) or []
        self.assertEqual(loaded[:2], [large, {"parts": {"id": "a", "count": 2}}])
        for batch in batches:
            at = loaded.index(batch[0])
            self.assertEqual(loaded[at : at + 3], batch)

    async def test_sessions_and_subagents_are_listed_and_deleted(self) -> None:
        sub = {**_KEY, "subpath": "subagents/agent-1"}
        await self.store.append(_KEY, [_entry("a")])
        await self.store.append(sub, [_entry("b")])
        await self.store.append({**sub, "subpath": "subagents/agent-2"}, [_entry("c")])
        (listed,) = await self.store.list_sessions("p:1")
        self.assertEqual(listed["session_id"], "s/1")
        self.assertGreater(listed["mtime"], 1_600_000_000_000)
        await self.store.delete(sub)
        self.assertIsNone(await self.store.load(sub))
        self.assertEqual(await self.store.list_subkeys(_KEY), ["subagents/agent-2"])
        await self.store.append(sub, [_entry("b")])
        self.assertEqual(await self.store.load(sub), [_entry("b")])
        await self.store.delete(_KEY)
        self.assertEqual(await self.store.list_sessions("p:1"), [])
        self.assertIsNone(await self.store.load(sub))
        self.assertFalse(hasattr(self.store, "list_session_summaries"))

    async def test_the_javascript_package_continues_a_session_of_python_and_vice_versa(self) -> None:
        keys = [_KEY, {"project_key": "ü:%", "session_id": "␛", "subpath": "subagents/agent-1"}]
        large = _entry("large", text="x" * 1_100_000)
        for key in keys:
            await self.store.append(key, [_entry("a", n=1), large])
        program = """
            import { createDataStore } from "baton-store";
            import { BatonSessionStore } from "baton-store/sessions";
            const [url, token, namespacePrefix, keys] = process.argv.slice(1);
            const store = new BatonSessionStore(createDataStore({ url, token }), { namespacePrefix });
            for (const { project_key: projectKey, session_id: sessionId, ...rest } of JSON.parse(keys)) {
              const key = { projectKey, sessionId, ...rest };
              const loaded = await store.load(key);
              await store.append(key, [{ type: "user", uuid: "a" }, { type: "user", uuid: "b", n: loaded.length }]);
            }
            """
        server = shared_server()
        arguments = [server.url, server.token, self.store._prefix, json.dumps(keys)]
        done = await asyncio.create_subprocess_exec(
            "node", "--input-type=module", "-e", program, *arguments, cwd=REPOSITORY, stderr=asyncio.subprocess.PIPE
        )
        _, complaints = await done.communicate()
        self.assertEqual(done.returncode, 0, complaints)
        for key in keys:
            self.assertEqual(await self.store.load(key), [_entry("a", n=1), large, _entry("b", n=2)])

    @needs_claude_agent_sdk
    async def test_the_conformance_suite_of_the_sdk(self) -> None:
        from claude_agent_sdk import fold_session_summary
        from claude_agent_sdk.testing import run_session_store_conformance

        await run_session_store_conformance(self.new_store)
        await run_session_store_conformance(lambda: self.new_store(fold_session_summary=fold_session_summary))

    @needs_claude_agent_sdk
    async def test_the_sdk_lists_renames_and_reads_sessions_in_the_store(self) -> None:
        from claude_agent_sdk import (
            fold_session_summary,
            get_session_messages_from_store,
            list_sessions_from_store,
            project_key_for_directory,
        )

        directory = "/work/project"
        key = {
            "project_key": project_key_for_directory(directory),
            "session_id": "0b7f2bd6-92a1-4a2e-bb7e-0d6f5a8f2c11",
        }
        said = {"role": "user", "content": "Where were we?"}
        entry = _entry(
            "5d1f7c1c-7a38-4d0f-9d0f-1d2a3b4c5d6e",
            message=said,
            sessionId=key["session_id"],
            parentUuid=None,
            timestamp="2026-01-02T03:04:05.000Z",
        )
        for options in ({}, {"fold_session_summary": fold_session_summary}):
            store: Any = self.new_store(**options)
            await store.append(key, [entry])
            (listed,) = await list_sessions_from_store(store, directory=directory)
            self.assertEqual((listed.session_id, listed.first_prompt), (key["session_id"], "Where were we?"))
            messages = await get_session_messages_from_store(store, key["session_id"], directory=directory)
            self.assertEqual([message.message for message in messages], [said])
