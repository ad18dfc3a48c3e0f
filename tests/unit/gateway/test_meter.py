"""What an answer costs, read from it as it passes."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.gateway.meter import Meter, Used

OPENAI = {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20}}
ANTHROPIC = {
    "content": [],
    "usage": {
        "input_tokens": 50,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 30,
        "output_tokens": 20,
    },
}
GEMINI = {
    "candidates": [],
    "usageMetadata": {
        "promptTokenCount": 100,
        "candidatesTokenCount": 15,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 120,
    },
}


def stream(*events):
    return b"".join(b"event: x\ndata: %b\n\n" % json.dumps(each).encode() for each in events)


OPENAI_STREAM = stream({"choices": [{}], "usage": None}, OPENAI) + b"data: [DONE]\n\n"
RESPONSES_STREAM = stream(
    {"type": "response.created", "response": {"usage": None}},
    {
        "type": "response.completed",
        "response": {"usage": {"input_tokens": 100, "output_tokens": 20}},
    },
)
ANTHROPIC_STREAM = stream(
    {"type": "message_start", "message": {"usage": {"input_tokens": 100, "output_tokens": 1}}},
    {"type": "message_delta", "usage": {"output_tokens": 12}},
    {"type": "message_delta", "usage": {"output_tokens": 20}},
)
GEMINI_STREAM = stream({"usageMetadata": {"promptTokenCount": 100}}, GEMINI)


@pytest.mark.parametrize("answer", [OPENAI, ANTHROPIC, GEMINI, [{"candidates": []}, GEMINI]])
def test_an_answer_says_what_it_cost(answer):
    meter = Meter(10, streamed=False)
    meter.feed(json.dumps(answer).encode())

    assert meter.used().tokens == 120


@pytest.mark.parametrize(
    "answer", [OPENAI_STREAM, RESPONSES_STREAM, ANTHROPIC_STREAM, GEMINI_STREAM]
)
@given(cuts=st.lists(st.integers(0, 400)))
def test_a_stream_says_what_it_cost_however_it_is_cut(answer, cuts):
    meter = Meter(10, streamed=True)
    edges = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    for start, end in itertools.pairwise(edges):
        meter.feed(answer[start:end])

    assert meter.used().tokens == 120


@pytest.mark.parametrize("streamed", [True, False])
@given(answer=st.binary())
def test_an_answer_that_does_not_say_costs_by_its_size(answer, streamed):
    meter = Meter(40, streamed=streamed)
    meter.feed(answer)

    assert meter.used().tokens >= (40 + len(answer)) / 4


@pytest.mark.parametrize(
    ("usage", "used"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "cost": 0.5},
            Used(prompt=100, completion=20, cost_usd=0.5),
        ),
        (
            {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60}},
            Used(prompt=40, cached=60),
        ),
        (
            {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}},
            Used(prompt=40, cached=60),
        ),
        (ANTHROPIC["usage"], Used(prompt=50, cached=30, kept=20, completion=20)),
    ],
)
def test_what_came_from_a_cache_is_told_apart(usage, used):
    meter = Meter(10, streamed=False)
    meter.feed(json.dumps({"usage": usage}).encode())

    assert meter.used() == used
