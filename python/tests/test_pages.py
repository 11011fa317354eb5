"""Runs the Python programs of the README and of the pages in docs."""

from __future__ import annotations

import asyncio
import os
import pathlib
import re
import textwrap
import unittest
from typing import Any
from unittest import mock

from baton_store import DataStore

from .agent_sdks import echo_agent, needs_claude_agent_sdk, needs_openai_agents
from .langgraph_packages import needs_langgraph
from .server import Server

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(page: str, heading: str) -> list[str]:
    """The Python code of a page under a heading of the second level."""
    section = (_ROOT / page).read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


async def run(code: str, **names: Any) -> dict[str, Any]:
    """Runs code that can await, and returns all its names."""
    names["asyncio"] = asyncio
    exec(f"async def program():\n{textwrap.indent(code, '    ')}\n    globals().update(locals())", names)
    await names["program"]()
    return names


class PagesTest(unittest.IsolatedAsyncioTestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        # A separate server, because the pages use the default namespace.
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        place = {"BATON_URL": cls.server.url, "BATON_TOKEN": cls.server.token}
        environment = mock.patch.dict(os.environ, place)
        environment.start()
        cls.addClassCleanup(environment.stop)

    async def test_the_data_store_and_how_to_work_together(self) -> None:
        (first,) = blocks("python/README.md", "The data store")
        names = await run(first)
        self.assertEqual(names["data_store"].get("raw"), {"rows": 3})
        data_store: DataStore = names["data_store"]
        data_store.set_many({"ready": "yes", "meta": {"completed": 0}})
        names["jobs"].set("meta", {"completed": 0})
        names["jobs"].set("open", {"state": "open", "size": 11})
        data_store.set("found", "a token refresh")
        (second,) = blocks("python/README.md", "Work together")
        # It follows without an end.
        endless = "    print(change.kind, change.key, change.entry and change.entry.value)\n"
        self.assertIn(endless, second)
        shown: list[str] = []
        names["print"] = lambda *what: shown.append(" ".join(map(str, what)))
        names["parse"] = lambda name: {"parsed": name}
        stopped = f"{endless}    if change.kind == 'CAUGHT_UP':\n        break\n"
        names = await run(second.replace(endless, stopped), **names)
        self.assertEqual(names["status"], "yes")
        self.assertEqual(names["jobs"].get("task:1"), {"parsed": "a.md"})
        self.assertEqual(names["jobs"].get("meta"), {"completed": 2})
        self.assertEqual(data_store.get("owner"), "planner")
        self.assertEqual(data_store.use_namespace("stats").get("planned"), 1)
        self.assertIn("CAUGHT_UP None None", shown)
        self.assertIn("open {'state': 'open', 'size': 11}", shown)
        self.assertIn("default found", "\n".join(shown))
        names["jobs"].close()

    @needs_langgraph
    async def test_a_graph_keeps_its_checkpoints_and_its_memory(self) -> None:
        from langgraph.graph import START, MessagesState, StateGraph

        def reply(state: MessagesState) -> Any:
            return {"messages": [("ai", f"{len(state['messages'])}")]}

        for page, heading in (("python/README.md", "LangGraph"), ("docs/langgraph.md", "Python")):
            builder = StateGraph(MessagesState).add_node(reply).add_edge(START, "reply")
            (code,) = blocks(page, heading)
            names = await run(code, builder=builder)
            config = {"configurable": {"thread_id": heading}}
            for count in (1, 3):
                done = await names["graph"].ainvoke({"messages": [("user", "hi")]}, config)
                self.assertEqual(done["messages"][-1].content, str(count))
            names["graph"].checkpointer.close()
            names["graph"].store.close()

    @needs_openai_agents
    @needs_claude_agent_sdk
    async def test_the_sdks_accept_the_sessions(self) -> None:
        import agents
        from claude_agent_sdk import ClaudeAgentOptions

        agents.set_tracing_disabled(True)
        given = {"Runner": agents.Runner, "agent": echo_agent(), "prompt": "hi", "session_id": "s"}
        (code,) = blocks("python/README.md", "Sessions of agent SDKs")
        names = await run(code, **given, ClaudeAgentOptions=ClaudeAgentOptions)
        self.assertEqual(names["result"].final_output, "Where were we?")
        await names["options"].session_store.append({"project_key": "p", "session_id": "s"}, [{"type": "user"}])
        await names["options"].session_store.close()

        (code,) = blocks("docs/sessions.md", "OpenAI Agents SDK")
        names = await run(code, **given)
        self.assertEqual(names["result"].final_output, "Where were we? Where were we?")

        (code,) = blocks("docs/sessions.md", "Claude Agent SDK")
        # The effects on a session need the program that the SDK installs.
        names = await run(code.replace("query(prompt=prompt, options=", "options = ("), **given)
        self.assertEqual((await names["options"].session_store.list_session_summaries("p"))[0]["session_id"], "s")
        await names["session_store"].close()
