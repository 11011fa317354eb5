"""The server's address."""

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
    """The address of the API, and the headers of a request that do not depend on its caller."""

    name: str
    is_tls: bool
    host: str
    port: int
    path: str
    headers: Mapping[str, str]


def endpoint(url: str | None) -> Endpoint:
    """Creates the endpoint of an address.

    The default is the environment variable ``BATON_URL``, or ``http://127.0.0.1:4000``. Raises BadUserInputError if the
    address is invalid.
    """
    address = url or os.environ.get("BATON_URL") or "http://127.0.0.1:4000"
    try:
        parts = urlsplit(address)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and re.fullmatch(r"[!-~]+", address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        is_valid, port = False, 0
    if not is_valid:
        raise bad_argument("url", "Must be a URL such as http://host:port.")
    if parts.username is not None or parts.password is not None:
        raise bad_argument("url", "A URL with a user name or password is not accepted. Pass the token as `token`.")
    base = parts.path.rstrip("/").removesuffix(_PATH)
    return Endpoint(
        name=f"Baton at {parts.scheme}://{parts.netloc}{base}",
        is_tls=parts.scheme == "https",
        host=str(parts.hostname),
        port=port,
        path=base + _PATH,
        headers={"Host": parts.netloc, "Content-Type": "application/json"},
    )


def bad_argument(argument: str, message: str) -> BadUserInputError:
    """Creates the error of an argument of the constructor."""
    return BadUserInputError(f"{argument}: {message}", {"argument": argument})
