"""LangGraph's checkpointer and store on Baton.

>>> from baton_store.langgraph import BatonSaver, BatonStore
>>> graph = builder.compile(checkpointer=BatonSaver(), store=BatonStore())  # BATON_URL and BATON_TOKEN

They need the package ``langgraph-checkpoint``, which LangGraph installs: ``pip install baton-store[langgraph]``.
"""

from .saver import BatonSaver
from .store import BatonStore

__all__ = ["BatonSaver", "BatonStore"]
