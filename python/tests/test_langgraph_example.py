"""The example of two graphs in two processes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import unittest

from baton_store import DataStore

from .langgraph_packages import needs_langgraph
from .server import shared_server

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


@needs_langgraph
class ExampleTest(unittest.TestCase):
    def test_a_graph_that_is_killed_resumes_from_its_checkpoint_and_another_reads_its_memory(self) -> None:
        server = shared_server()
        place = {"BATON_URL": server.url, "BATON_TOKEN": server.token, "PYTHONPATH": str(_REPOSITORY / "python")}
        program = str(_REPOSITORY / "examples/langgraph-python/run.py")
        done = subprocess.run(
            [sys.executable, "-B", program], capture_output=True, text=True, check=False, env={**os.environ, **place}
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.endswith("no page was read twice\n"), done.stdout)
        with DataStore(server.url, server.token, "langgraph:store:library-python:results") as results:
            self.assertRegex(results.get("summary")["summary"], "^5 pages: ")
