"""The caller's identity, which every request contains."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Union

from ._endpoint import bad_argument
from .errors import BatonError, UnavailableError

# A token, or a function that returns the current one.
Token = Union[str, Callable[[], str], None]
AsyncToken = Union[str, Callable[[], Union[str, Awaitable[str]]], None]


class Credentials:
    """The caller's token, or the function that returns it, and agent name."""

    def __init__(self, token: AsyncToken, agent: str | None):
        """The default of ``token`` is the environment variable ``BATON_TOKEN``.

        Raises BadUserInputError for invalid arguments.
        """
        self._agent = _agent_headers(agent)
        self._token = token if callable(token) else None
        self._fixed = {} if callable(token) else self._headers(os.environ.get("BATON_TOKEN") if token is None else token)

    @property
    def is_renewable(self) -> bool:
        """Whether a new token can be obtained after one is refused."""
        return self._token is not None

    async def headers(self) -> Mapping[str, str]:
        """Returns the headers that identify the caller. Calls the token function.

        Raises UnavailableError if the function fails, and BadUserInputError if it returns no valid token.
        """
        if self._token is None:
            return self._fixed
        try:
            token = self._token()
            if inspect.isawaitable(token):
                token = await token
        except BatonError:
            raise
        except Exception as error:
            raise UnavailableError(f"The token function failed: {error or type(error).__name__}.") from error
        if not isinstance(token, str):
            raise bad_argument("token", "The token function must return a string.")
        return self._headers(token)

    def _headers(self, token: str | None) -> Mapping[str, str]:
        word = (token or "").strip()
        # The message does not show the token.
        if word and not re.fullmatch("[!-~]+", word):
            raise bad_argument("token", "Not a valid token: it contains spaces or non-ASCII characters.")
        return {**({"Authorization": f"Bearer {word}"} if word else {}), **self._agent}


def _agent_headers(agent: str | None) -> Mapping[str, str]:
    if not agent:
        return {}
    if re.search("[\x00-\x1f\x7f-\x9f]", agent):
        raise bad_argument("agent", "An agent name must not contain control characters, such as line breaks.")
    try:
        # ``http.client`` writes a header as Latin-1, so the UTF-8 bytes of the name are passed as such characters.
        return {"Baton-Agent": agent.encode().decode("latin-1")}
    except UnicodeEncodeError:
        raise bad_argument("agent", "An agent name must not contain halves of surrogate pairs.") from None
