"""The installed package: a wheel, in an environment without other packages."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import venv

from .server import shared_server

_PACKAGE = pathlib.Path(__file__).resolve().parents[1]

# Written for the `data_store` that it receives, as agents that know nothing of Baton are.
_AGENT = """
async def run(input_dict: dict, tools: dict) -> dict:
    files = data_store.use_namespace(f"files:{input_dict['repo']}")
    stored = files.set_many({"a.py": "x = 1", "b.py": {"lines": 2}}, metadata={"batch": "1"})
    seen = [name for name in data_store.list_namespaces() if name.startswith("files:")]
    found = {key: files.get(key) for key in files.list_keys(prefix="a")}
    kept = files.get_many(["a.py", "missing"])
    config = data_store.get("config", default={"timeout": 30})
    everything = files.get_all()
    gone = [files.delete("b.py"), files.delete("b.py")]
    try:
        files.set("wrong", {1, 2})
    except TypeError:
        gone.append("TypeError")
    return [stored, seen, found, kept, config, everything, gone, files.clear()]
"""

_HOST = """
import asyncio, json, pathlib, sys
import baton_store
names = {"data_store": baton_store.DataStore()}
exec(compile(pathlib.Path(sys.argv[1]).read_text(), "agent", "exec"), names)
print(json.dumps(asyncio.run(names["run"]({"repo": "wheel"}, {}))))
assert pathlib.Path(baton_store.__file__).with_name("py.typed").exists()
assert pathlib.Path(baton_store.__file__).is_relative_to(sys.prefix), baton_store.__file__
"""


@unittest.skipUnless(os.environ.get("CI"), "It builds the wheel with pip, from the package registry: set CI=1.")
class WheelTest(unittest.TestCase):
    def test_an_agent_runs_unmodified_on_the_wheel_in_an_empty_environment(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
            _run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(_PACKAGE)])
            (wheel,) = folder.glob("baton_store-*-py3-none-any.whl")
            venv.create(folder / "empty", with_pip=False, symlinks=True)
            python = str(folder / "empty" / "bin" / "python")
            _run([*pip, "--python", python, "install", "--no-index", str(wheel)])
            agent = folder / "agent.py"
            agent.write_text(_AGENT)
            server = shared_server()
            place = {"BATON_URL": server.url, "BATON_TOKEN": server.token}
            shown = _run([python, "-c", _HOST, str(agent)], cwd=name, env={**os.environ, **place, "PYTHONPATH": ""})
        self.assertEqual(
            shown,
            '[2, ["files:wheel"], {"a.py": "x = 1"}, {"a.py": "x = 1"}, {"timeout": 30},'
            ' {"a.py": "x = 1", "b.py": {"lines": 2}}, [true, false, "TypeError"], 1]\n',
        )


def _run(command: list[str], **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise AssertionError(f"{command[:4]} failed: {done.stderr}")
    return str(done.stdout)
