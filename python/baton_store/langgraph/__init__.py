"""LangGraph's checkpointer on Baton.

>>> from baton_store.langgraph import BatonSaver
>>> graph = builder.compile(checkpointer=BatonSaver())  # BATON_URL and BATON_TOKEN

It needs the package ``langgraph-checkpoint``, which LangGraph brings along: ``pip install baton-store[langgraph]``.
"""

from .saver import BatonSaver

__all__ = ["BatonSaver"]
