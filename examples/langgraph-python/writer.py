"""A graph in another process that writes a summary of the reader's notes."""

import asyncio
from typing import TypedDict

from baton_store import AsyncDataStore
from baton_store.langgraph import BatonStore
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore


class State(TypedDict, total=False):
    titles: list[str]
    summary: str


async def recall(state: State, *, store: BaseStore) -> State:
    found = await store.asearch(("library-python", "notes"), filter={"words": {"$gt": 0}}, limit=100)
    return {"titles": [item.value["title"] for item in found]}


async def write(state: State, *, store: BaseStore) -> State:
    summary = f"{len(state['titles'])} pages: {', '.join(state['titles'])}"
    await store.aput(("library-python", "results"), "summary", {"summary": summary})
    return {"summary": summary}


async def main() -> None:
    # LangGraph's memory consists of ordinary entries: an agent without LangGraph can read, watch or wait for them.
    async with AsyncDataStore(namespace="langgraph:store:library-python:results", agent="writer") as data_store:
        await data_store.wait_for("read")
    builder = StateGraph(State)
    builder.add_node("recall", recall)
    builder.add_node("write", write)
    builder.add_edge(START, "recall")
    builder.add_edge("recall", "write")
    builder.add_edge("write", END)
    graph = builder.compile(store=BatonStore(agent="writer"))
    print((await graph.ainvoke({}))["summary"], flush=True)


asyncio.run(main())
