"""Client of Baton, the shared data store through which agents hand work to one another.

>>> from baton_store import DataStore
>>> data_store = DataStore()  # BATON_URL and BATON_TOKEN
>>> data_store.set("raw", {"rows": 3})
>>> data_store.get("raw")
{'rows': 3}
"""

from .async_claim import AsyncClaim
from .async_data_store import AsyncDataStore
from .async_watch import AsyncWatch
from .claim import Claim
from .data_store import DataStore
from .errors import (
    BadResponseError,
    BadUserInputError,
    BatonError,
    ClaimLostError,
    ConflictError,
    ForbiddenError,
    InternalError,
    InvalidValueError,
    LimitExceededError,
    PayloadTooLargeError,
    RateLimitedError,
    RevisionCompactedError,
    UnauthenticatedError,
    UnavailableError,
    WaitTimeoutError,
)
from .records import Change, Entry, OperationResult, SearchResult
from .transaction import Transaction
from .watch import Watch

__all__ = [
    "AsyncClaim",
    "AsyncDataStore",
    "AsyncWatch",
    "BadResponseError",
    "BadUserInputError",
    "BatonError",
    "Change",
    "Claim",
    "ClaimLostError",
    "ConflictError",
    "DataStore",
    "Entry",
    "ForbiddenError",
    "InternalError",
    "InvalidValueError",
    "LimitExceededError",
    "OperationResult",
    "PayloadTooLargeError",
    "RateLimitedError",
    "RevisionCompactedError",
    "SearchResult",
    "Transaction",
    "UnauthenticatedError",
    "UnavailableError",
    "WaitTimeoutError",
    "Watch",
]
