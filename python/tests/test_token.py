"""Tokens from a function, which replace each other while a program runs."""

from __future__ import annotations

import asyncio
import traceback
import unittest
from typing import Any

from baton_store import AsyncDataStore, BadUserInputError, DataStore, UnauthenticatedError, UnavailableError

from .server import new_namespace, new_store, shared_server

_CREATE = "mutation ($input: CreateTokenInput!) { payload: createToken(input: $input) { secret token { tokenId } } }"
_REVOKE = "mutation ($input: RevokeTokenInput!) { payload: revokeToken(input: $input) { token { revokedAt } } }"
_GRANTS = [{"scopes": ["READ", "WRITE", "CLAIM"], "namespacePattern": "*"}]


class Source:
    """Returns tokens of the shared server. Like a cache, it returns a revoked token once more."""

    def __init__(self) -> None:
        self.operator = new_store()
        self.addresses = {"url": shared_server().url, "namespace": self.operator.namespace}
        self.calls = 0
        self._current = self._next = self._create()

    def get(self) -> str:
        self.calls += 1
        secret, self._current = self._current[0], self._next
        return secret

    async def get_later(self) -> str:
        await asyncio.sleep(0)
        return self.get()

    def replace(self) -> str:
        """Revokes the current token, waits until the server refuses it, and returns it."""
        self._next = self._create()
        secret, token_id = self._current
        self.operator.graphql(_REVOKE, {"input": {"tokenId": token_id}})
        with DataStore(token=secret, **self.addresses) as refused:
            while True:
                try:
                    refused.get("k")
                except UnauthenticatedError:
                    return secret

    def _create(self) -> tuple[str, str]:
        payload: dict[str, Any] = self.operator.graphql(_CREATE, {"input": {"grants": _GRANTS}})["payload"]
        return payload["secret"], payload["token"]["tokenId"]


class TokenFunctionTest(unittest.TestCase):
    def setUp(self) -> None:
        self.source = Source()
        self.addCleanup(self.source.operator.close)

    def test_calls_continue_with_a_new_token_when_the_first_is_revoked(self) -> None:
        source = self.source
        with DataStore(token=source.get, **source.addresses) as store:
            store.set("k", 1)
            self.assertEqual((store.get("k"), source.calls), (1, 2))
            source.replace()
            # The first attempt is refused. It had no effect, so one increment remains.
            self.assertEqual((store.increment("k").value, source.calls), (2, 4))

    def test_a_watch_continues_with_a_new_token_when_the_first_is_revoked(self) -> None:
        source = self.source
        source.operator.set("k", 1)
        with DataStore(token=source.get, **source.addresses) as store:
            changes = store.watch(snapshot=True)
            self.addCleanup(changes.close)
            self.assertEqual([next(changes).kind, next(changes).kind], ["EXISTING", "CAUGHT_UP"])
            source.replace()
            source.operator.set("k", 2)
            change = next(changes)
            self.assertEqual((change.kind, change.entry and change.entry.value), ("SET", 2))

    def test_an_asynchronous_store_awaits_its_function(self) -> None:
        async def work() -> None:
            source = self.source
            for function in (source.get_later, source.get):
                async with AsyncDataStore(token=function, **source.addresses) as store:
                    await store.set("k", 1)
                    source.replace()
                    self.assertEqual((await store.increment("k")).value, 2)

        asyncio.run(work())

    def test_a_token_that_is_refused_again_ends_the_call(self) -> None:
        source = self.source
        revoked = source.replace()
        with DataStore(token=lambda: revoked, **source.addresses) as store:
            self.assertRaises(UnauthenticatedError, store.get, "k")

    def test_a_function_that_fails_is_unavailable_and_its_result_must_be_a_token(self) -> None:
        def fail() -> str:
            raise RuntimeError("no key")

        with DataStore(token=fail, retry_seconds=0, **self.source.addresses) as store:
            self.assertRaisesRegex(UnavailableError, "The token function failed: no key", store.get, "k")
        for invalid in ("two words", None):
            with DataStore(token=lambda: invalid, **self.source.addresses) as store:  # type: ignore[arg-type,return-value]
                self.assertRaisesRegex(BadUserInputError, "token: ", store.get, "k")


class UnreachableTest(unittest.TestCase):
    def test_the_error_of_an_unreachable_server_does_not_show_the_inside_of_the_transport(self) -> None:
        async def call() -> None:
            async with AsyncDataStore("http://127.0.0.1:9", "t", new_namespace(), retry_seconds=0) as store:
                await store.get("k")

        store = DataStore("http://127.0.0.1:9", "t", new_namespace(), retry_seconds=0)
        for work in (lambda: store.get("k"), lambda: asyncio.run(call())):
            with self.assertRaisesRegex(UnavailableError, "cannot be reached: ") as caught:
                work()
            shown = "".join(traceback.format_exception(caught.exception))
            # Python writes "The above exception …" and "During handling of the above exception …" between tracebacks.
            self.assertNotIn("above exception", shown)
            self.assertNotIn("in attempt", shown)
