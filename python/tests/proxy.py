"""A TCP proxy in front of the server, which breaks connections."""

from __future__ import annotations

import socket
import threading


class Proxy:
    """Forwards bytes. ``drop`` breaks every connection. While ``is_losing``, responses do not reach the client."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self.opened = 0
        #: The number of requests that clients have sent.
        self.requests = 0
        self._is_closed = False
        #: The number of next responses that are lost.
        self.losses = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._pairs)

    def drop(self) -> None:
        """Breaks every connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _break(pair)

    def close(self) -> None:
        self._is_closed = True
        # Wakes the thread that accepts connections, so that it accepts none after the drop.
        _break((self._listener, self._listener))
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            with self._lock:
                if self._is_closed:
                    _break(pair)
                    return
                self._pairs.append(pair)
                self.opened += 1
            threading.Thread(target=self._pump, args=(client, server, pair), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, pair), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        try:
            while data := source.recv(65_536):
                if source is pair[0]:
                    self._count(data)
                elif self._loses():
                    break
                sink.sendall(data)
        except OSError:
            pass
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        _break(pair)

    def _count(self, data: bytes) -> None:
        with self._lock:
            self.requests += data.count(b"POST /graphql HTTP/1.1\r\n")

    def _loses(self) -> bool:
        with self._lock:
            if self.losses == 0:
                return False
            self.losses -= 1
            return True


def _break(pair: tuple[socket.socket, socket.socket]) -> None:
    for each in pair:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        each.close()
