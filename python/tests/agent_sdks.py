"""Whether SDKs of agents are installed: tests that need one are skipped where it is not."""

from __future__ import annotations

import importlib.util
import pathlib
import unittest

_REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
HAS_OPENAI_AGENTS = importlib.util.find_spec("agents") is not None
HAS_CLAUDE_AGENT_SDK = importlib.util.find_spec("claude_agent_sdk") is not None

_install = f"is not installed: pip install -r {_REQUIREMENTS.relative_to(_REQUIREMENTS.parents[2])}"
needs_openai_agents = unittest.skipUnless(HAS_OPENAI_AGENTS, f"The OpenAI Agents SDK {_install}")
needs_claude_agent_sdk = unittest.skipUnless(HAS_CLAUDE_AGENT_SDK, f"The Claude Agent SDK {_install}")
