"""Independent clients of the Model Context Protocol, over HTTP and `baton mcp`, in both versions of the protocol."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import os
import pathlib
import re
import textwrap
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest import mock

from .agent_sdks import needs_openai_agents
from .server import COMMAND, new_namespace, new_store, shared_server

_HAS_MCP = importlib.util.find_spec("mcp") is not None
_PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/mcp.md"


@contextlib.asynccontextmanager
async def _over_http(**options: Any) -> AsyncIterator[Any]:
    from httpx2 import AsyncClient
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    server = shared_server()
    headers = {"Authorization": f"Bearer {server.token}"}
    async with AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(f"{server.url}/mcp", http_client=http), **options) as client:
            yield client


@contextlib.asynccontextmanager
async def _over_stdio(**options: Any) -> AsyncIterator[Any]:
    from mcp import Client, StdioServerParameters

    server = shared_server()
    place = {"BATON_URL": server.url, "BATON_TOKEN": server.token, "PATH": os.environ["PATH"]}
    command, *args = COMMAND
    async with Client(StdioServerParameters(command=command, args=[*args, "mcp"], env=place), **options) as client:
        yield client


@unittest.skipUnless(_HAS_MCP, "The package mcp is not installed: pip install -r python/tests/requirements.txt")
class McpClientTest(unittest.IsolatedAsyncioTestCase):
    async def agent(self, connect: Callable[..., Any], mode: str) -> None:
        from mcp.types import Implementation

        namespace = new_namespace()
        store = new_store(namespace=namespace)
        told: asyncio.Queue[str] = asyncio.Queue()

        async def hear(message: Any) -> None:
            if (uri := getattr(getattr(message, "params", None), "uri", None)) is not None:
                await told.put(str(uri))

        info = Implementation(name="pythonista", version="1")
        async with connect(mode=mode, client_info=info, message_handler=hear) as client:
            self.assertEqual(client.protocol_version >= "2026", mode == "auto")

            async def call(tool: str, **arguments: Any) -> Any:
                answer = await client.call_tool(f"baton_{tool}", {"namespace": namespace, **arguments})
                return answer.structured_content

            names = [tool.name for tool in (await client.list_tools()).tools]
            self.assertIn("baton_wait_for", names)
            value = {"n": 2**70, "f": 1.0, "text": "ü\u2028"}
            self.assertTrue((await call("set", key="a b", value=value))["isNew"])
            self.assertEqual(repr((await call("get", key="a b"))["value"]), repr(value))
            entry = store.entry("a b")
            self.assertEqual((entry and entry.value, entry and entry.updated_by), (value, "pythonista"))
            refused = await client.call_tool("baton_get", {"namespace": namespace})
            self.assertTrue(refused.is_error)
            self.assertEqual(refused.structured_content["error"]["code"], "BAD_USER_INPUT")

            # It waits for a write of another client, and does other work at the same time.
            waiting = asyncio.create_task(call("wait_for", key="signal"))
            task = await call("claim_task", keyPrefix="a")
            self.assertEqual((task["claimed"], task["key"]), (True, "a b"))
            held = {"key": task["key"], "token": task["token"]}
            self.assertEqual((await call("finish_task", **held, outcome="complete"))["outcome"], "complete")
            self.assertFalse(waiting.done())
            await asyncio.to_thread(store.set, "signal", "go")
            self.assertEqual((await waiting)["value"], "go")

            uri = f"baton://{namespace}/signal"
            resources = [str(one.uri) for one in (await client.list_resources()).resources]
            # Only the first page: entries of other tests are listed, too.
            self.assertRegex(resources[0], r"^baton://[^/]+/.")
            (contents,) = (await client.read_resource(uri)).contents
            self.assertEqual(contents.text, '"go"')
            if mode == "legacy":
                await client.subscribe_resource(uri)
                await asyncio.to_thread(store.set, "signal", "again")
                self.assertEqual(await told.get(), uri)
            else:
                async with client.listen(resource_subscriptions=[uri]) as changes:
                    await asyncio.to_thread(store.set, "signal", "again")
                    self.assertEqual(str((await anext(aiter(changes))).uri), uri)

    async def test_the_official_client_over_http_by_the_stateless_protocol(self) -> None:
        await self.agent(_over_http, "auto")

    async def test_the_official_client_over_http_by_a_version_of_2025(self) -> None:
        await self.agent(_over_http, "legacy")

    async def test_the_official_client_over_stdio_by_the_stateless_protocol(self) -> None:
        await self.agent(_over_stdio, "auto")

    async def test_the_official_client_over_stdio_by_a_version_of_2025(self) -> None:
        await self.agent(_over_stdio, "legacy")

    def test_the_program_of_the_page_connects(self) -> None:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), _token():
            exec(_code("Others"), {})
        self.assertIn("namespaces", shown.getvalue())

    @needs_openai_agents
    async def test_an_agent_of_the_openai_agents_sdk_waits_longer_than_its_default(self) -> None:
        namespace = new_namespace()
        baton = (await _program("OpenAI Agents SDK"))["baton"]
        self.assertGreater(baton.client_session_timeout_seconds, 60)
        async with baton:
            self.assertEqual(len(await baton.list_tools()), 12)
            place = {"namespace": namespace, "key": "k"}
            await baton.call_tool("baton_set", {**place, "value": "agent"})
            answer = await baton.call_tool("baton_wait_for", place)
            self.assertIn('"value":"agent"', answer.content[0].text)


_HAS_LANGCHAIN = importlib.util.find_spec("langchain_mcp_adapters") is not None


@unittest.skipUnless(_HAS_LANGCHAIN, "langchain-mcp-adapters is not installed. It requires an earlier version of mcp.")
class LangChainTest(unittest.IsolatedAsyncioTestCase):
    async def test_an_agent_of_langchain_has_the_tools(self) -> None:
        namespace = new_namespace()
        client = (await _program("LangChain"))["client"]
        tools = {tool.name: tool for tool in await client.get_tools()}
        self.assertEqual(len(tools), 12)
        place = {"namespace": namespace, "key": "k"}
        await tools["baton_set"].ainvoke({**place, "value": {"n": 1}})
        self.assertEqual(new_store(namespace=namespace).get("k"), {"n": 1})
        ((_, text),) = [(part["type"], part["text"]) for part in await tools["baton_get"].ainvoke(place)]
        self.assertIn('"value":{"n":1}', text)


def _code(heading: str) -> str:
    """Returns the Python code under a heading of the page, for the shared server."""
    section = _PAGE.read_text().split(f"### {heading}\n")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1].replace("http://127.0.0.1:4000", shared_server().url)


def _token() -> Any:
    return mock.patch.dict(os.environ, {"BATON_TOKEN": shared_server().token})


async def _program(heading: str) -> dict[str, Any]:
    """Runs code that can await, and returns its definitions."""
    names: dict[str, Any] = {}
    with _token():
        exec(f"async def program():\n{textwrap.indent(_code(heading), '    ')}\n    return locals()", names)
        defined: dict[str, Any] = await names["program"]()
    return defined
