"""What the gateway adds to one request for the model, in milliseconds.

The same client asks the same server on loopback, directly and through the gateway, in turns.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from pydantic import SecretStr

from spec_to_production.gateway import Gateway, Purse, find_provider

ROUNDS = 300
# As large as a prompt in the middle of a job.
QUESTION = {"model": "x", "messages": [{"role": "user", "content": "word " * 10_000}]}
ANSWER = json.dumps({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()


class _Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def added_ms() -> tuple[float, float]:
    """Milliseconds that the client waits: for the server itself, and more through the gateway."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Provider) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        provider = find_provider("openai/x", address)
        assert provider is not None
        with (
            closing(Gateway(provider, SecretStr("real-key"), Purse())) as gateway,
            httpx.Client(trust_env=False) as client,
        ):
            headers = {"Authorization": f"Bearer {gateway.key.get_secret_value()}"}
            taken: dict[str, list[float]] = {address: [], gateway.address: []}
            for _ in range(ROUNDS):
                for base, times in taken.items():
                    started = time.perf_counter()
                    client.post(f"{base}/chat/completions", json=QUESTION, headers=headers)
                    times.append((time.perf_counter() - started) * 1000)
            direct, through = (statistics.median(times) for times in taken.values())
        server.shutdown()
    return direct, through - direct
