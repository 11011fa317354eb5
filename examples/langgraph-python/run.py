"""Two graphs in two processes share memory. The reader is killed in the middle, and resumes from its checkpoint.

    python3 examples/langgraph-python/run.py

It needs a server at BATON_URL, its token in BATON_TOKEN, and baton-store[langgraph] and langgraph installed.
"""

import pathlib
import subprocess
import sys

from baton_store import DataStore
from baton_store.langgraph import BatonSaver

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs"
FILES = [str(DOCS / f"{name}.md") for name in ("quick-start", "coordination", "mcp", "search", "scaling")]


def start(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(HERE / f"{name}.py")], stdout=subprocess.PIPE, text=True)


def lines(name: str, process: subprocess.Popen[str], last: str | None = None) -> list[str]:
    """Returns the lines of a process until one begins with the given text, or until its end."""
    found = []
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{name:12} | {line}", end="", flush=True)
        found.append(line.rstrip("\n"))
        if last is not None and line.startswith(last):
            return found
    assert last is None, f"The {name} ended without saying: {last}"
    assert process.wait() == 0, f"The {name} failed."
    return found


pages = DataStore(namespace="library-python:pages", agent="run")
# Removes the data of earlier runs.
for namespace in [pages.namespace, *pages.list_namespaces("langgraph:store:library-python:")]:
    pages.use_namespace(namespace).clear()
BatonSaver().delete_thread("library-python")

writer = start("writer")
reader = start("reader")
try:
    pages.set_many({str(number): {"file": file} for number, file in enumerate(FILES[:2], 1)})
    lines("reader", reader, "waits for page 3")
    reader.kill()  # In the middle of a step.
    reader.wait()
    print("run          | killed the reader", flush=True)

    pages.set_many({str(number): {"file": file} for number, file in enumerate(FILES, 1)})
    reader = start("reader")
    said = lines("reader", reader)
    assert said[0] == "resumes after page 2", said
    assert [line.split(":")[0] for line in said if line.startswith("read")] == [
        "read page 3",
        "read page 4",
        "read page 5",
    ], said
    lines("writer", writer)
    print("run          | no page was read twice", flush=True)
finally:
    reader.kill()
    writer.kill()
