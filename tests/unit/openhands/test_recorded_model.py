from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

SERVER = Path(__file__).parents[3] / "examples" / "recorded_model" / "server.py"
PROMPT = "Working directory: /copies/7\nOutput file: `tests/test_area_spec.py`\n"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    steps = [
        {"create": {"path": "tests/test_area_spec.py", "file": "area.py"}},
        {"delay": 0},
        {"error": 429},
        {"on_message": 2},
        {"message": "Sorry."},
        {"loop": "ls"},
    ]
    (tmp_path / "test_area_spec.json").write_text(json.dumps(steps))
    (tmp_path / "area.py").write_text("def test_area(): pass\n")
    return tmp_path


@pytest.fixture
def model(answers):
    command = [sys.executable, str(SERVER), "--answers", str(answers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        with httpx.Client(base_url=process.stdout.readline().strip()) as client:
            yield client
        process.kill()


def user(text: str) -> dict:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


DONE = {"role": "assistant", "content": "x"}


def ask(model: httpx.Client, *messages: dict, name: str = "recorded-demo") -> httpx.Response:
    return model.post("/chat/completions", json={"model": name, "messages": list(messages)})


def said(response: httpx.Response) -> dict:
    return response.json()["choices"][0]["message"]


def called(response: httpx.Response) -> tuple[str, dict]:
    function = said(response)["tool_calls"][0]["function"]
    return function["name"], json.loads(function["arguments"])


def test_the_output_file_of_the_prompt_selects_the_recording(model):
    answer = ask(model, user(PROMPT))
    assert called(answer) == (
        "file_editor",
        {
            "command": "create",
            "path": "/copies/7/tests/test_area_spec.py",
            "file_text": "def test_area(): pass\n",
        },
    )
    assert answer.json()["usage"]["total_tokens"] > 0


def test_the_same_conversation_gets_the_same_answer(model):
    for _ in range(3):
        assert ask(model, user(PROMPT), DONE).status_code == 429


def test_a_further_message_has_steps_of_its_own(model):
    assert said(ask(model, user(PROMPT), DONE, user("again")))["content"] == "Sorry."
    looping = [user(PROMPT), DONE, user("again"), DONE]
    for _ in range(3):
        assert called(ask(model, *looping)) == ("terminal", {"command": "ls"})
        looping.append(DONE)


def test_past_the_end_the_agent_finishes(model):
    assert called(ask(model, user(PROMPT), DONE, DONE))[0] == "finish"


def test_no_real_model_is_ever_answered_for(model):
    refused = ask(model, user(PROMPT), name="gpt-5")
    assert refused.status_code == 400
    assert "recorded-" in refused.json()["error"]["message"]


@pytest.mark.parametrize("prompt", ["no lines", "Output file: tests/test_other.py"])
def test_a_prompt_without_a_recording_is_refused_with_the_reason(model, prompt):
    refused = ask(model, user(prompt))
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]
