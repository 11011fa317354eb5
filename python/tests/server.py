"""A real Baton server for the tests, from the built repository."""

from __future__ import annotations

import atexit
import functools
import itertools
import pathlib
import re
import shutil
import subprocess
import tempfile
from typing import Any

from baton_store import DataStore

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# The command `baton`.
COMMAND = ["node", str(REPOSITORY / "dist/cli/baton.js")]
_names = itertools.count(1)


class Server:
    """A server in its own process, with its own database. It can be killed and started again."""

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self.data_dir = tempfile.mkdtemp(prefix="baton-python-")
        self.start()

    def start(self, port: int = 0) -> None:
        program = REPOSITORY / "dist/cli/baton.js"
        if not program.exists():
            raise RuntimeError("Build the server first: npm ci")
        serve = ["serve", "--port", str(port), "--data-dir", self.data_dir, "--log-level", "error", *self._flags]
        self._process = subprocess.Popen(["node", str(program), *serve], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"API +(http://\S+:(\d+))/graphql", line):
                self.url, self.port = found[1], int(found[2])
                break
        else:
            raise RuntimeError("The server did not start.")
        self.token = pathlib.Path(self.data_dir, "local.token").read_text().strip()

    def kill(self) -> None:
        """Kills the server, as a crash does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.data_dir, ignore_errors=True)


@functools.cache
def shared_server() -> Server:
    """The server of all tests that need no special one."""
    server = Server()
    atexit.register(server.close)
    return server


def new_store(**options: Any) -> DataStore:
    """A store of the shared server, with a namespace that no other test uses."""
    server = shared_server()
    given = {"url": server.url, "token": server.token, "namespace": new_namespace(), **options}
    return DataStore(**given)


def new_namespace() -> str:
    return f"test-{next(_names)}"
