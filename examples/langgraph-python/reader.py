"""A graph that reads each page when it is handed over, and stores a note about it.

Each page is a step of the graph, and each step is a checkpoint in Baton. A reader that was killed is started again with
the same thread, and continues with the current page.
"""

import pathlib
import sys
from typing import TypedDict

from baton_store import DataStore
from baton_store.langgraph import BatonSaver, BatonStore
from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 5
THREAD = {"configurable": {"thread_id": "library-python"}}

data_store = DataStore(namespace="library-python:pages", agent="reader")


class State(TypedDict):
    pages: int
    words: int


def read(state: State, *, store: BaseStore) -> State:
    number = state["pages"] + 1
    print(f"waits for page {number}", flush=True)
    file = data_store.wait_for(str(number)).value["file"]
    text = pathlib.Path(file).read_text(encoding="utf-8")
    note = {"title": text.split("\n", 1)[0].lstrip("# "), "words": len(text.split())}
    store.put(("library-python", "notes"), file, note)
    return {"pages": number, "words": state["words"] + note["words"]}


def finish(state: State, *, store: BaseStore) -> None:
    store.put(("library-python", "results"), "read", {"pages": state["pages"], "words": state["words"]})


builder = StateGraph(State)
builder.add_node("read", read)
builder.add_node("finish", finish)
builder.add_edge(START, "read")
builder.add_conditional_edges("read", lambda state: "read" if state["pages"] < COUNT else "finish")
builder.add_edge("finish", END)
graph = builder.compile(checkpointer=BatonSaver(agent="reader"), store=BatonStore(agent="reader"))

state = graph.get_state(THREAD)
if state.next:
    print(f"resumes after page {state.values['pages']}", flush=True)
given = None if state.next else {"pages": 0, "words": 0}
# "sync": a step begins when the previous checkpoint is stored. Otherwise it is stored during the step.
for step in graph.stream(given, THREAD, stream_mode="updates", durability="sync"):
    if step.get("read"):
        print(f"read page {step['read']['pages']}: {step['read']['words']} words so far", flush=True)
