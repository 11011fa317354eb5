"""A program from LangGraph's documentation, for a saver and a store that are context managers and need a setup."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from .langgraph_packages import HAS_LANGGRAPH, needs_langgraph
from .server import shared_server

if HAS_LANGGRAPH:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.store.base import BaseStore
    from langgraph.store.memory import InMemoryStore
    from langgraph.types import Command, interrupt

    from baton_store.langgraph import BatonSaver, BatonStore


@needs_langgraph
class ProgramTest(unittest.TestCase):
    def builder(self) -> Any:
        def remember(state: MessagesState, config: RunnableConfig, *, store: BaseStore) -> Any:
            namespace = ("memories", config["configurable"]["user_id"])
            text = str(state["messages"][-1].content)
            if text.startswith("remember "):
                store.put(namespace, "name", {"data": text.removeprefix("remember ")})
            known = [item.value["data"] for item in store.search(namespace, query=text, limit=3)]
            return {"messages": [{"role": "assistant", "content": f"I know: {', '.join(known)}"}]}

        def approve(state: MessagesState) -> Any:
            return {"messages": [{"role": "assistant", "content": f"approved by {interrupt('by whom?')}"}]}

        builder = StateGraph(MessagesState)
        builder.add_node(remember)
        builder.add_node(approve)
        builder.add_edge(START, "remember")
        builder.add_edge("remember", "approve")
        return builder

    def program(self, store: Any, checkpointer: Any) -> list[Any]:
        graph = self.builder().compile(checkpointer=checkpointer, store=store)

        def said(result: Any) -> list[str]:
            return [str(message.content) for message in result["messages"]]

        shown: list[Any] = []
        config: Any = {"configurable": {"thread_id": "1", "user_id": "ann"}}
        interrupted = graph.invoke({"messages": [{"role": "user", "content": "remember Ann"}]}, config)
        shown += [interrupted["__interrupt__"][0].value, graph.get_state(config).next]
        shown.append(said(graph.invoke(Command(resume="Bob"), config)))

        other: Any = {"configurable": {"thread_id": "2", "user_id": "ann"}}
        shown.append(said(graph.invoke({"messages": [{"role": "user", "content": "who am I?"}]}, other)))

        before = next(state for state in graph.get_state_history(config) if state.next == ("approve",))
        shown.append(said(graph.invoke(Command(resume="Eve"), before.config)))
        message = {"messages": [{"role": "user", "content": "changed"}]}
        forked = graph.update_state(before.config, message, as_node="remember")
        shown.append(graph.invoke(None, forked)["__interrupt__"][0].value)
        shown.append(said(graph.invoke(Command(resume="Eve"), config)))
        for state in graph.get_state_history(config):
            shown.append((state.next, said(state.values) if state.values else None, state.metadata["source"]))
        return shown

    def test_threads_are_interrupted_resumed_and_forked_and_share_memory_as_with_the_ones_in_memory(self) -> None:
        server = shared_server()
        with (
            BatonStore(server.url, server.token, namespace_prefix="programs:") as store,
            BatonSaver(server.url, server.token, namespace_prefix="programs-threads:") as checkpointer,
        ):
            store.setup()
            checkpointer.setup()
            shown = self.program(store, checkpointer)
        self.assertEqual(shown, self.program(InMemoryStore(), InMemorySaver()))
        self.assertEqual(shown[2], ["remember Ann", "I know: Ann", "approved by Bob"])
        self.assertEqual(shown[3][-1], "I know: Ann")

    def test_the_maintenance_methods_of_other_stores_do_nothing(self) -> None:
        server = shared_server()
        with BatonStore(server.url, server.token, ttl={"default_ttl": 1}) as store:
            store.start_ttl_sweeper(sweep_interval_minutes=1)
            self.assertEqual(store.sweep_ttl(), 0)
            self.assertTrue(store.stop_ttl_sweeper(timeout=5))

    def test_the_same_objects_serve_asyncio(self) -> None:
        async def main() -> list[str]:
            server = shared_server()
            async with (
                BatonStore(server.url, server.token, namespace_prefix="async-programs:") as store,
                BatonSaver(server.url, server.token, namespace_prefix="async-threads:") as checkpointer,
            ):
                await store.setup()
                await checkpointer.setup()
                await store.start_ttl_sweeper()
                assert (await store.sweep_ttl(), await store.stop_ttl_sweeper()) == (0, True)

                async def echo(state: MessagesState, *, store: BaseStore) -> Any:
                    count = (item.value["n"] if (item := await store.aget(("n",), "k")) else 0) + 1
                    await store.aput(("n",), "k", {"n": count})
                    return {"messages": [{"role": "assistant", "content": f"{count}"}]}

                builder = StateGraph(MessagesState)
                builder.add_node(echo)
                builder.add_edge(START, "echo")
                graph = builder.compile(checkpointer=checkpointer, store=store)
                config: Any = {"configurable": {"thread_id": "1"}}
                for _ in range(2):
                    done = await graph.ainvoke({"messages": [{"role": "user", "content": "hi"}]}, config)
                found = [state async for state in graph.aget_state_history(config)]
                assert found[0].values == done
                return [str(message.content) for message in done["messages"]]

        self.assertEqual(asyncio.run(main()), ["hi", "1", "hi", "2"])
