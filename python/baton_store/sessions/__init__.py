"""Sessions of agent SDKs in Baton.

>>> from baton_store.sessions import BatonSession
>>> await Runner.run(agent, "Where were we?", session=BatonSession("ann-1"))  # BATON_URL and BATON_TOKEN

They need no other package. Each has the methods that its SDK requires.
"""

from .session import BatonSession
from .session_store import BatonSessionStore

__all__ = ["BatonSession", "BatonSessionStore"]
