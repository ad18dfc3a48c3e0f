"""A model that answers from a recording: an OpenAI-compatible server on loopback.

It stands where a language model would stand, so that everything around it (the agent server,
its tools, the collection of files) is real. It answers only models whose name starts with
``recorded-``, so that nothing it says can be mistaken for a model's work.

The prompt chooses the recording. A line ``Output file: tests/test_area_spec.py`` in the first
user message selects ``test_area_spec.json`` in the folder of answers: a list of steps, one for
each call of the model::

    {"create": {"path": "tests/test_area_spec.py", "file": "test_area_spec.py"}}
    {"replace": {"path": "tests/test_area_spec.py", "file": "second.py"}}
    {"terminal": "python -m pytest -q"}
    {"message": "a reply in plain text"}
    {"finish": "what the agent says at the end"}
    {"error": 429}
    {"loop": "echo again"}

``path`` is relative to the line ``Working directory: /…`` of the prompt, ``file`` to the folder
of answers. ``{"delay": 0.5}`` waits before the step that follows it. ``{"on_message": 2}`` begins
the steps that answer the second user message. Past the last step the agent finishes.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shlex
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

MODEL_PREFIX = "recorded-"
Json = dict[str, Any]


class UnknownRequestError(Exception):
    """The request is for no recording; the text says what was expected."""


@dataclass(frozen=True)
class Answers:
    """A folder of recorded answers."""

    folder: Path

    def reply(self, request: Json) -> tuple[int, Json]:
        """The HTTP status and body that answer one chat completion."""
        try:
            step, prompt = self._step(request)
        except UnknownRequestError as error:
            return 400, {"error": {"message": str(error), "type": "invalid_request_error"}}
        if "error" in step:
            message = "The recording asks for this error."
            return step["error"], {"error": {"message": message, "type": "recorded"}}
        return 200, _completion(request, self._message(step, prompt))

    def _step(self, request: Json) -> tuple[Json, str]:
        if not request.get("model", "").startswith(MODEL_PREFIX):
            raise UnknownRequestError(
                f"This server only answers models whose name starts with {MODEL_PREFIX!r}."
            )
        messages = request["messages"]
        spoken = [at for at, message in enumerate(messages) if message["role"] == "user"]
        if not spoken:
            raise UnknownRequestError("There is no user message.")
        prompt = _text(messages[spoken[0]])
        given = sum(message["role"] == "assistant" for message in messages[spoken[-1] :])
        return _at(self._turn(prompt, len(spoken)), given), prompt

    def _turn(self, prompt: str, number: int) -> list[Json]:
        name = PurePosixPath(_line(prompt, "Output file")).stem
        path = self.folder / f"{name}.json"
        if not path.is_file():
            raise UnknownRequestError(f"There is no recording {path.name}.")
        turns: dict[int, list[Json]] = {}
        turn = turns.setdefault(1, [])
        for step in json.loads(path.read_text("utf-8")):
            if "on_message" in step:
                turn = turns.setdefault(step["on_message"], [])
            else:
                turn.append(step)
        return turns.get(number, [])

    def _message(self, step: Json, prompt: str) -> Json:
        kind, value = next(iter(step.items()))
        match kind:
            case "create":
                text = (self.folder / value["file"]).read_text("utf-8")
                path = str(PurePosixPath(_line(prompt, "Working directory"), value["path"]))
                return _call("file_editor", command="create", path=path, file_text=text)
            case "replace":
                encoded = base64.b64encode((self.folder / value["file"]).read_bytes()).decode()
                path = str(PurePosixPath(_line(prompt, "Working directory"), value["path"]))
                command = f"echo {encoded} | base64 -d > {shlex.quote(path)}"
                return _call("terminal", command=command)
            case "terminal" | "loop":
                return _call("terminal", command=value)
            case "message":
                return {"role": "assistant", "content": value}
            case "finish":
                return _call("finish", message=value)
            case _:
                raise ValueError(f"Unknown step {kind!r} in a recording.")


def _at(steps: Sequence[Json], index: int) -> Json:
    position = 0
    for step in steps:
        if "delay" in step:
            if position == index:
                time.sleep(step["delay"])
        elif position == index or "loop" in step:
            return step
        else:
            position += 1
    return {"finish": "The recording ends here."}


def _line(prompt: str, label: str) -> str:
    found = re.search(rf"^{label}:[ \t]*`?([^`\n]+?)`?[ \t]*$", prompt, re.MULTILINE)
    if found is None:
        raise UnknownRequestError(f"The first user message has no line '{label}: …'.")
    return found[1]


def _text(message: Json) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _call(tool: str, **arguments: str) -> Json:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    call = {"id": f"call_{time.time_ns():x}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _completion(request: Json, message: Json) -> Json:
    """A chat completion; the tokens are a plain count of four characters each."""
    prompt_tokens = len(json.dumps(request["messages"])) // 4
    completion_tokens = len(json.dumps(message)) // 4
    return {
        "id": f"recorded-{time.time_ns():x}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: Answers
    latency_s: float

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(self.latency_s)
        if self.path.rstrip("/").endswith("/chat/completions"):
            self._send(*self.answers.reply(json.loads(body)))
        else:
            self._send(404, {"error": {"message": f"There is no {self.path} here."}})

    def _send(self, status: int, answer: Json) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal belongs to the run."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """An agent that is interrupted hangs up in the middle of an answer; that is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(folder: Path, *, port: int = 0, latency_s: float = 0) -> Iterator[str]:
    """Serve a folder of answers on loopback; gives the base URL (``http://…/v1``)."""
    handler = type("Handler", (_Handler,), {"answers": Answers(folder), "latency_s": latency_s})
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()


def main() -> None:
    """Serve until interrupted; the first line of output is the base URL."""
    parser = argparse.ArgumentParser(description="Answer as a model would, from recordings.")
    parser.add_argument("--answers", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0, help="seconds before each answer")
    options = parser.parse_args()
    with serving(options.answers, port=options.port, latency_s=options.latency) as address:
        print(address, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
