"""Lost responses, unavailable servers, responses that are not from Baton, and the classes of errors."""

from __future__ import annotations

import http.server
import multiprocessing
import os
import ssl
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from baton_store import (
    BadResponseError,
    BadUserInputError,
    BatonError,
    DataStore,
    LimitExceededError,
    PayloadTooLargeError,
    UnauthenticatedError,
    UnavailableError,
)

from .proxy import Proxy
from .server import REPOSITORY, Server, new_namespace, new_store, shared_server


class LostAnswerTest(unittest.TestCase):
    def setUp(self) -> None:
        server = shared_server()
        self.proxy = Proxy(server.port)
        self.addCleanup(self.proxy.close)
        self.store = DataStore(self.proxy.url, server.token, new_namespace())
        self.addCleanup(self.store.close)

    def test_g12_every_write_happens_once_even_if_it_is_sent_again(self) -> None:
        store = self.store
        for count in range(1, 4):
            self.proxy.losses = 2
            self.assertEqual(store.increment("n").value, count)
            self.proxy.losses = 1
            self.assertEqual(len(store.append("list", count).value), count)
        self.proxy.losses = 1
        store.set("k", 1, if_revision=0)
        self.proxy.losses = 1
        self.assertTrue(store.delete("k"))
        self.proxy.losses = 1
        self.assertEqual(store.set_many({f"task:{number}": number for number in range(3)}), 3)
        self.proxy.losses = 1
        self.assertEqual(store.delete_many(["task:2"]), 1)
        self.proxy.losses = 1
        with store.transact() as transaction:
            transaction.require("once", exists=False)
            transaction.set("once", True)
        self.proxy.losses = 1
        with store.claim("task:") as first, store.claim("task:") as second:
            assert first is not None and second is not None
            self.assertEqual((first.key, second.key), ("task:0", "task:1"))
            self.proxy.losses = 1
            first.also.increment("done")
            first.complete("done")
            self.proxy.losses = 1
        self.assertEqual(store.get("done"), 1)
        self.proxy.losses = 1
        self.assertEqual(store.clear(), 6)

    def test_reads_and_waits_are_repeated(self) -> None:
        self.store.set("k", 1)
        self.proxy.losses = 2
        self.assertEqual(self.store.get_all(), {"k": 1})
        self.proxy.losses = 1
        self.assertEqual(self.store.wait_for("k").value, 1)

    def test_the_callers_own_operation_is_sent_once(self) -> None:
        self.proxy.losses = 1
        with self.assertRaises(UnavailableError):
            self.store.graphql("{ viewer { user } }")
        self.proxy.losses = 1
        self.assertEqual(self.store.graphql("{ viewer { user } }", repeat=True)["viewer"], {"user": "local"})

    def test_an_idle_connection_that_was_closed_is_not_used_again(self) -> None:
        self.store.set("k", 1)
        before = self.proxy.opened
        self.assertEqual(self.store.graphql("{ viewer { user } }")["viewer"], {"user": "local"})
        self.assertEqual(self.proxy.opened, before)
        self.proxy.drop()
        self.assertEqual(self.store.graphql("{ viewer { user } }")["viewer"], {"user": "local"})
        self.assertEqual(self.proxy.opened, before + 1)


class ConnectionTest(unittest.TestCase):
    def test_threads_share_one_store(self) -> None:
        with new_store() as store, ThreadPoolExecutor(16) as threads:
            keys = [f"k{number}" for number in range(400)]
            list(threads.map(lambda key: store.set(key, key), keys))
            self.assertEqual(list(threads.map(store.get, keys)), keys)

    def test_a_forked_process_opens_its_own_connections(self) -> None:
        with new_store() as store:
            store.set("k", 0)
            fork = multiprocessing.get_context("fork")
            children = [fork.Process(target=_increment, args=(store,)) for _ in range(3)]
            for child in children:
                child.start()
            _increment(store)
            for child in children:
                child.join()
            self.assertEqual(store.get("k"), 4 * 50)

    def test_a_call_fails_with_unavailable_after_retry_seconds(self) -> None:
        server = Server()
        server.close()
        with DataStore(server.url, server.token, retry_seconds=0.3) as store:
            with self.assertLogs("baton_store", "WARNING") as logs:
                for _ in range(2):
                    with self.assertRaises(UnavailableError) as caught:
                        store.get("k")
            self.assertIn(server.url, str(caught.exception))
            self.assertEqual(len(logs.output), 1)
            self.assertIn("retries for up to 0.3 seconds (retry_seconds)", logs.output[0])
            with self.assertRaises(UnavailableError):
                next(store.watch(snapshot=True))
            with self.assertRaises(UnavailableError), store.claim():
                pass

    def test_a_refused_token_is_explained(self) -> None:
        server = shared_server()
        for token, message in (
            ("", "set BATON_TOKEN"),
            (lambda: "\n", "requires a token. The function `token` returned an empty text."),
            ("wrong", f"not known by Baton at {server.url}. Pass a valid"),
        ):
            with DataStore(server.url, token) as store, self.assertRaises(UnauthenticatedError) as caught:
                store.get("k")
            self.assertIn(message, caught.exception.message)

    def test_an_untrusted_certificate_is_explained(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(REPOSITORY / "test/tls/first.cert.pem", REPOSITORY / "test/tls/first.key.pem")
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            # The client refuses the certificate, so the server handles no request.
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with DataStore(f"https://127.0.0.1:{server.server_port}", "any", retry_seconds=0) as store:
                with self.assertRaises(UnavailableError) as caught:
                    store.get("k")
            thread.join()
        self.assertIn("SSL_CERT_FILE", caught.exception.message)

    def test_closing_ends_calls_of_other_threads(self) -> None:
        store = new_store()
        store.set("k", 1)
        errors: list[BatonError] = []

        def wait() -> None:
            try:
                store.wait_for("never", timeout_seconds=60)
            except BatonError as error:
                errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        store.close()
        thread.join(10)
        self.assertEqual([error.code for error in errors], ["UNAVAILABLE"])
        with self.assertRaises(UnavailableError):
            store.get("k")

    def test_address_and_token_come_from_the_environment(self) -> None:
        server = shared_server()
        environment = {"BATON_URL": f"{server.url}/graphql/", "BATON_TOKEN": f" {server.token}\n"}
        with mock.patch.dict(os.environ, environment), DataStore() as store:
            self.assertEqual((store.get("missing", "none"), store.namespace), ("none", "default"))

    def test_an_agent_is_recorded(self) -> None:
        with new_store(agent="Zoë 😀") as store:
            store.set("k", 1)
            entry = store.entry("k")
            assert entry is not None
            self.assertEqual(entry.updated_by, "Zoë 😀")

    def test_arguments_that_cannot_be_sent_are_refused(self) -> None:
        for given in (
            {"url": "no address"},
            {"url": "ftp://host"},
            {"url": "http://user:secret@host"},
            {"url": "http://host:99999"},
            {"token": "two words"},
            {"agent": "a\r\nb"},
        ):
            with self.assertRaises(BadUserInputError) as caught:
                DataStore(**given)  # type: ignore[arg-type]
            self.assertNotIn("secret", str(caught.exception))


class ErrorTest(unittest.TestCase):
    def test_each_code_has_a_class(self) -> None:
        server = shared_server()
        with DataStore(server.url, "wrong") as store, self.assertRaises(UnauthenticatedError):
            store.get("k")
        with new_store() as store:
            with self.assertRaises(LimitExceededError) as limit:
                store.set("k", "v" * 1_100_000)
            self.assertEqual((limit.exception.limit, limit.exception.max), ("maxValueBytes", 1_048_576))
            with self.assertRaises(PayloadTooLargeError):
                store.set("k", "v" * 11_000_000)
            with self.assertRaises(BadUserInputError) as input_:
                store.set("k", 1, ttl_seconds=-1)
            self.assertEqual(input_.exception.argument, "input.ttlSeconds")
            self.assertEqual(str(input_.exception), f"[BAD_USER_INPUT] {input_.exception.message}")
            with self.assertRaises(LimitExceededError):
                nested: object = 1
                for _ in range(100):
                    nested = [nested]
                store.set("k", nested)

    def test_json_that_is_not_from_baton_is_a_response_that_can_be_retried(self) -> None:
        answers: list[tuple[int, str]] = []

        class Gateway(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                status, text = answers.pop() if answers else (200, '{"data":{"entry":null}}')
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        self.addCleanup(gateway.server_close)
        self.addCleanup(gateway.shutdown)
        url = f"http://127.0.0.1:{gateway.server_port}"
        for status, text in (
            (200, '{"errors":"x"}'),
            (200, '{"errors":"x","data":{"entry":{"value":1}}}'),
            (200, '{"errors":[]}'),
            (200, '{"errors":[null]}'),
            (200, '{"errors":[{"message":"m","extensions":"x"}]}'),
            (200, '{"errors":[{"message":"m","extensions":{"code":["x"]}}]}'),
            (200, '{"data":{}}'),
            (200, '{"data":[]}'),
            (200, "[]"),
            (429, '{"errors":[{"message":"slow down"}]}'),
        ):
            with self.subTest(text), DataStore(url) as store:
                answers.append((status, text))
                if status == 200:
                    # It was not reached before, so the address is possibly wrong.
                    with self.assertRaises(BadResponseError):
                        store.get("k")
                self.assertIsNone(store.get("k"))
                answers.append((status, text))
                self.assertIsNone(store.get("k"))
                self.assertEqual(answers, [])

    def test_a_response_that_is_not_from_baton_is_a_bad_response(self) -> None:
        class Page(http.server.BaseHTTPRequestHandler):
            status = 200

            def do_POST(self) -> None:
                body = b"<html>a page</html>"
                self.send_response(self.status)
                self.send_header("Location", "http://elsewhere/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=page.serve_forever, daemon=True).start()
        self.addCleanup(page.server_close)
        self.addCleanup(page.shutdown)
        with DataStore(f"http://127.0.0.1:{page.server_port}", retry_seconds=0.2) as store:
            for status, expected in (
                (200, BadResponseError),
                (302, BadResponseError),
                (404, BadResponseError),
                (502, UnavailableError),
            ):
                Page.status = status
                with self.assertRaises(expected):
                    store.get("k")
                with self.assertRaises(expected):
                    next(store.watch(after=0))


def _increment(store: DataStore) -> None:
    for _ in range(50):
        store.increment("k")
