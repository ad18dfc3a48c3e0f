"""A proxy that passes HTTP on and, now and then, does what networks and servers do at worst."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)
_TOGETHER_S = 2
_ABSENT_S = 1


@dataclass(frozen=True)
class Exchange:
    """A request on its way: ``forward`` has the server answer it, as it came or changed."""

    proxy: FaultyProxy
    client: socket.socket
    request: bytes

    def forward(self, change: Callable[[bytes], bytes] = lambda body: body) -> bytes:
        head, _, body = self.request.partition(b"\r\n\r\n")
        body = change(body)
        own = (b"connection", b"content-length")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(own)]
        length = [b"Content-Length: %d" % len(body)] if body else []
        if head.startswith(b"POST /api/conversations "):
            with suppress(ValueError):  # it was changed on purpose
                self.proxy.created.add(json.loads(body)["conversation_id"])
        with socket.create_connection(self.proxy.upstream) as server:
            server.sendall(b"\r\n".join([*lines, *length, b"Connection: close", b"", body]))
            return b"".join(iter(lambda: server.recv(65536), b""))


Fault = Callable[[Exchange], None]


@dataclass
class FaultyProxy:
    """Listens on loopback and speaks to one server.

    ``strike`` arms a fault for the next requests whose first line matches, or for all of them.
    ``skew_s`` is by how much the machine's clock has jumped. ``created`` are the conversations
    that the server was asked to begin.
    """

    upstream: tuple[str, int]
    listener: socket.socket
    skew_s: float = 0
    struck: int = 0
    created: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    _fault: Fault | None = None
    _where: re.Pattern[str] = re.compile("")
    _left: float = 0
    _held: list[tuple[bytes, threading.Event]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return "http://{}:{}".format(*self.listener.getsockname())

    def strike(self, fault: Fault, where: str, times: float = math.inf) -> None:
        self._fault, self._where, self._left = fault, re.compile(where), times

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_message(client)
            if not request:
                return
            line = request.split(b"\r\n", 1)[0].decode()
            self.seen.append(line)
            fault = self._armed(line)
            exchange = Exchange(self, client, request)
            if fault is None:
                client.sendall(exchange.forward())
            else:
                fault(exchange)

    def accept(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def vanish(self, seconds: float) -> None:
        """Refuse every connection for a while."""
        host, port = self.listener.getsockname()
        with self._lock:
            self._hang_up()
        if not self._closed.wait(seconds):
            self._listen_again(host, port)

    def close(self) -> None:
        """Take no connection any more."""
        with self._lock:
            self._closed.set()
            self._hang_up()

    def _hang_up(self) -> None:
        with suppress(OSError):  # it has just vanished
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _listen_again(self, host: str, port: int) -> None:
        with self._lock:
            if self._closed.is_set():
                return
            self.listener = socket.create_server((host, port), backlog=128)
        threading.Thread(target=self.accept, daemon=True).start()

    def swap(self, answer: bytes) -> bytes:
        """Another answer that is on its way at the same time, if there is one soon."""
        with self._lock:
            if self._held:
                other, taken = self._held.pop()
                self._held.append((answer, taken))
                taken.set()
                return other
            taken = threading.Event()
            self._held.append((answer, taken))
        taken.wait(_TOGETHER_S)
        with self._lock:
            return self._held.pop()[0]

    def _armed(self, line: str) -> Fault | None:
        with self._lock:
            if self._left and self._where.search(line):
                self._left -= 1
                self.struck += 1
                return self._fault
            return None


@contextmanager
def faulty_proxy(host: str, port: int) -> Iterator[FaultyProxy]:
    """A proxy to a server, on a free port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    proxy = FaultyProxy((host, port), listener)
    threading.Thread(target=proxy.accept, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()


def _read_message(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


# --- faults ----------------------------------------------------------------------------------


def reset(exchange: Exchange) -> None:
    """Hang up without having taken the request."""
    exchange.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def refused(exchange: Exchange) -> None:
    """Hang up, and take no connection for a while."""
    reset(exchange)
    exchange.client.close()
    exchange.proxy.vanish(_ABSENT_S)


def lost_reply(exchange: Exchange) -> None:
    """The server did it, and its answer never arrives."""
    exchange.forward()
    reset(exchange)


def reset_in_body(exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.client.sendall(answer[: answer.index(b"\r\n\r\n") + 5])
    reset(exchange)


def black_hole(exchange: Exchange) -> None:
    """Nothing comes back until the client hangs up."""
    exchange.client.recv(1)


def slow_drip(exchange: Exchange) -> None:
    answer = exchange.forward()
    for start in range(0, len(answer), 512):
        exchange.client.sendall(answer[start : start + 512])
        time.sleep(0.02)


def twice(exchange: Exchange) -> None:
    """The request arrives two times."""
    exchange.forward()
    exchange.client.sendall(exchange.forward())


def answered_twice(exchange: Exchange) -> None:
    """The answer arrives two times."""
    exchange.client.sendall(2 * exchange.forward())


def reordered(exchange: Exchange) -> None:
    """Two requests at the same time get each other's answers."""
    exchange.client.sendall(exchange.proxy.swap(exchange.forward()))


def clock_jump(exchange: Exchange) -> None:
    """A day passes on the machine's clock."""
    exchange.proxy.skew_s += 86_400
    exchange.client.sendall(exchange.forward())


def answer(
    status: int,
    body: str = '{"detail": "injected"}',
    kind: str = "application/json",
    header: str = "Connection: close",
) -> Fault:
    """The proxy answers in the server's place."""

    def give(exchange: Exchange) -> None:
        content = body.encode()
        exchange.client.sendall(
            f"HTTP/1.1 {status} Injected\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\n{header}\r\n\r\n".encode()
            + content
        )

    return give


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """The server's answer arrives with another body."""

    def give(exchange: Exchange) -> None:
        body = change(exchange.forward().partition(b"\r\n\r\n")[2])
        answer(200, body.decode("utf-8", "replace"))(exchange)

    return give


def asked_otherwise(change: Callable[[bytes], bytes]) -> Fault:
    """The server is asked something else."""
    return lambda exchange: exchange.client.sendall(exchange.forward(change))


def _status(word: bytes) -> Fault:
    pattern = rb'"execution_status": ?"\w+"'
    return rewritten(lambda body: re.sub(pattern, b'"execution_status":"%s"' % word, body))


FULL_DISK = "[Errno 28] No space left on device"

FAULTS: dict[str, Fault] = {
    "reset": reset,
    "refused": refused,
    "lost reply": lost_reply,
    "reset in body": reset_in_body,
    "black hole": black_hole,
    "slow drip": slow_drip,
    "twice": twice,
    "answered twice": answered_twice,
    "reordered": reordered,
    "clock jump": clock_jump,
    **{str(status): answer(status) for status in (401, 404, 409, 422, 429, 500, 502, 503)},
    "full disk": answer(
        500, f'{{"detail": "Internal Server Error", "exception": "{FULL_DISK}", "error_id": "0"}}'
    ),
    "truncated": rewritten(lambda body: body[: len(body) // 2]),
    "HTML": answer(200, "<html><body>Sign in</body></html>", "text/html"),
    "wrong types": answer(200, '{"id": 7, "success": "maybe", "items": 3}'),
    "unknown status": _status(b"musing"),
    "idle": _status(b"idle"),
}

LASTING: dict[str, Fault] = {
    "302": answer(302, header="Location: /sign-in"),
    "403": answer(403),
    "429": answer(429, header="Retry-After: 1"),
    "500": answer(500),
    "503": answer(503),
    "504": answer(504),
    "black hole": black_hole,
}
"""What stays as it is for the rest of a run."""
