"""Checks whether LangGraph is installed. Tests that need it are skipped if it is not."""

from __future__ import annotations

import importlib.util
import pathlib
import unittest

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
HAS_LANGGRAPH = importlib.util.find_spec("langgraph") is not None

needs_langgraph = unittest.skipUnless(
    HAS_LANGGRAPH, f"LangGraph is not installed: pip install -r {REQUIREMENTS.relative_to(REQUIREMENTS.parents[2])}"
)
