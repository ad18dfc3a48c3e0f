"""A proxy that passes HTTP on and, now and then, does what networks and servers do at worst."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)
Forward = Callable[[], bytes]
Fault = Callable[[socket.socket, Forward], None]


@dataclass
class FaultyProxy:
    """Listens on loopback and speaks to one server.

    ``strike`` arms a fault for the next requests whose first line matches.
    """

    upstream: tuple[str, int]
    address: str = ""
    struck: int = 0
    seen: list[str] = field(default_factory=list)
    _fault: Fault | None = None
    _where: re.Pattern[str] = re.compile("")
    _left: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def strike(self, fault: Fault, where: str, times: int) -> None:
        self._fault, self._where, self._left = fault, re.compile(where), times

    def serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _read_message(client)
            if not request:
                return
            line = request.split(b"\r\n", 1)[0].decode()
            self.seen.append(line)
            fault = self._armed(line)
            forward = lambda: self._forward(request)  # noqa: E731
            if fault is None:
                client.sendall(forward())
            else:
                fault(client, forward)

    def _armed(self, line: str) -> Fault | None:
        with self._lock:
            if self._left and self._where.search(line):
                self._left -= 1
                self.struck += 1
                return self._fault
            return None

    def _forward(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection")]
        with socket.create_connection(self.upstream) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close", b"", body]))
            return b"".join(iter(lambda: server.recv(65536), b""))


@contextmanager
def faulty_proxy(host: str, port: int) -> Iterator[FaultyProxy]:
    """A proxy to a server, on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        proxy = FaultyProxy((host, port), f"http://127.0.0.1:{listener.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=[client], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)


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


def reset(client: socket.socket, _: Forward) -> None:
    """Hang up without having taken the request."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def lost_reply(client: socket.socket, forward: Forward) -> None:
    """The server did it, and its answer never arrives."""
    forward()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def reset_in_body(client: socket.socket, forward: Forward) -> None:
    answer = forward()
    client.sendall(answer[: answer.index(b"\r\n\r\n") + 5])
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def black_hole(client: socket.socket, _: Forward) -> None:
    """Nothing comes back until the client hangs up."""
    client.recv(1)


def slow_drip(client: socket.socket, forward: Forward) -> None:
    answer = forward()
    for start in range(0, len(answer), 512):
        client.sendall(answer[start : start + 512])
        time.sleep(0.02)


def twice(client: socket.socket, forward: Forward) -> None:
    """The request arrives two times."""
    forward()
    client.sendall(forward())


def answer(
    status: int, body: str = '{"detail": "injected"}', kind: str = "application/json"
) -> Fault:
    """The proxy answers in the server's place."""

    def give(client: socket.socket, _: Forward) -> None:
        content = body.encode()
        client.sendall(
            f"HTTP/1.1 {status} Injected\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
            + content
        )

    return give


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """The server's answer arrives with another body."""

    def give(client: socket.socket, forward: Forward) -> None:
        body = change(forward().partition(b"\r\n\r\n")[2])
        answer(200, body.decode("utf-8", "replace"))(client, forward)

    return give


FAULTS: dict[str, Fault] = {
    "reset": reset,
    "lost reply": lost_reply,
    "reset in body": reset_in_body,
    "black hole": black_hole,
    "slow drip": slow_drip,
    "twice": twice,
    **{str(status): answer(status) for status in (401, 404, 409, 422, 429, 500, 502, 503)},
    "truncated": rewritten(lambda body: body[: len(body) // 2]),
    "HTML": answer(200, "<html><body>Sign in</body></html>", "text/html"),
    "wrong types": answer(200, '{"id": 7, "success": "maybe", "items": 3}'),
    "unknown status": rewritten(
        lambda body: re.sub(rb'"execution_status": ?"\w+"', b'"execution_status":"musing"', body)
    ),
}
