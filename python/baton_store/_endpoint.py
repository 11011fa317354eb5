"""The server's address and the caller's identity, which every request contains."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import BadUserInputError

_PATH = "/graphql"


@dataclass(frozen=True)
class Endpoint:
    """The address of the API and the headers of a request to it."""

    name: str
    is_tls: bool
    host: str
    port: int
    path: str
    headers: Mapping[str, str]


def endpoint(url: str | None, token: str | None, agent: str | None) -> Endpoint:
    """Creates the endpoint of an address, a token and an agent's name.

    The defaults of ``url`` and ``token`` are the environment variables ``BATON_URL`` and ``BATON_TOKEN``. If
    ``BATON_URL`` is not set, ``http://127.0.0.1:4000`` is used. Raises BadUserInputError for invalid arguments.
    """
    address = url or os.environ.get("BATON_URL") or "http://127.0.0.1:4000"
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and re.fullmatch(r"[!-~]+", address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        is_valid, port = False, 0
    if not is_valid:
        raise _bad("url", "Must be a URL such as http://host:port.")
    if parts.username is not None or parts.password is not None:
        raise _bad("url", "A URL with a user name or password is not accepted. Pass the token as `token`.")
    base = parts.path.rstrip("/").removesuffix(_PATH)
    return Endpoint(
        name=f"Baton at {parts.scheme}://{parts.netloc}{base}",
        is_tls=parts.scheme == "https",
        host=str(parts.hostname),
        port=port,
        path=base + _PATH,
        headers={"Host": parts.netloc, "Content-Type": "application/json", **_credentials(token, agent)},
    )


def _credentials(token: str | None, agent: str | None) -> dict[str, str]:
    headers: dict[str, str] = {}
    word = (os.environ.get("BATON_TOKEN") if token is None else token) or ""
    word = word.strip()
    if word:
        # The message does not show the token.
        if not re.fullmatch("[!-~]+", word):
            raise _bad("token", "Not a valid token: it contains spaces or non-ASCII characters.")
        headers["Authorization"] = f"Bearer {word}"
    if agent:
        if re.search("[\x00-\x1f\x7f-\x9f]", agent):
            raise _bad("agent", "An agent name must not contain control characters, such as line breaks.")
        try:
            # ``http.client`` writes a header as Latin-1, so the UTF-8 bytes of the name are passed as such characters.
            headers["Baton-Agent"] = agent.encode().decode("latin-1")
        except UnicodeEncodeError:
            raise _bad("agent", "An agent name must not contain halves of surrogate pairs.") from None
    return headers


def _bad(argument: str, message: str) -> BadUserInputError:
    return BadUserInputError(f"{argument}: {message}", {"argument": argument})
