"""Checks whether the agent SDKs are installed. Tests that need one are skipped if it is not."""

from __future__ import annotations

import importlib.util
import pathlib
import unittest
from typing import Any

_REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")
HAS_OPENAI_AGENTS = importlib.util.find_spec("agents") is not None
HAS_CLAUDE_AGENT_SDK = importlib.util.find_spec("claude_agent_sdk") is not None

_install = f"is not installed: pip install -r {_REQUIREMENTS.relative_to(_REQUIREMENTS.parents[2])}"
needs_openai_agents = unittest.skipUnless(HAS_OPENAI_AGENTS, f"The OpenAI Agents SDK {_install}")
needs_claude_agent_sdk = unittest.skipUnless(HAS_CLAUDE_AGENT_SDK, f"The Claude Agent SDK {_install}")


def echo_agent() -> Any:
    """An agent of the OpenAI Agents SDK that repeats all user messages, to show the content of its session."""
    from agents import Agent, ModelResponse, Usage
    from agents.models.interface import Model
    from openai.types.responses import ResponseOutputMessage, ResponseOutputText

    class Echo(Model):
        async def get_response(self, system_instructions: Any, input: Any, *_: Any, **__: Any) -> ModelResponse:
            given = [{"role": "user", "content": input}] if isinstance(input, str) else input
            said = " ".join(item["content"] for item in given if item.get("role") == "user")
            text = ResponseOutputText(type="output_text", text=said, annotations=[])
            message = ResponseOutputMessage(
                id="m", type="message", role="assistant", status="completed", content=[text]
            )
            return ModelResponse(output=[message], usage=Usage(), response_id=None)

        def stream_response(self, *_: Any, **__: Any) -> Any:
            raise NotImplementedError

    return Agent(name="echo", model=Echo())
