"""No form of a secret survives."""

import base64
import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_to_production.redaction import HIDDEN, Redaction
from spec_to_production.results import Problem
from support.results import make_result

SECRET = "sk-Ab+/=%&\"'<\\ geheim\u00e9-0123456789"
secrets = st.text(st.characters(codec="utf-8"), min_size=8, max_size=60)
around = st.text(alphabet="xyz ", max_size=7)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
        html.escape(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_a_secret_goes_however_it_is_written(text):
    assert Redaction.of([SECRET]).text(f"<{text}>").count(HIDDEN) == 1


@given(before=around, after=around)
def test_a_secret_goes_from_the_middle_of_something_encoded(before, after):
    encoded = base64.b64encode(f"{before}{SECRET}{after}".encode()).decode()

    left = Redaction.of([SECRET]).text(encoded)

    assert HIDDEN in left
    assert len(left) < len(encoded) - len(SECRET)


@given(secret=secrets, before=around, after=around)
def test_no_secret_is_left(secret, before, after):
    redaction = Redaction.of([secret])

    assert secret not in redaction.text(f"{before}{secret}{after}")
    assert secret.encode() not in redaction.content(f"{before}{secret}{after}".encode())


def test_each_line_of_a_secret_is_one():
    key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----\n"

    assert "MIIEpAIBAAKCAQEA" not in Redaction.of([key]).text("x MIIEpAIBAAKCAQEA y")


def test_short_values_are_left_alone():
    assert Redaction.of(["on", "", None]).text("on and on") == "on and on"


@pytest.mark.parametrize("kind", [tuple, list, set, frozenset])
def test_every_kind_of_container_is_cleaned(kind):
    assert Redaction.of([SECRET]).value({"names": kind([SECRET])}) == {"names": kind([HIDDEN])}


def test_keys_and_bytes_are_cleaned():
    assert Redaction.of([SECRET]).value({SECRET: SECRET.encode()}) == {HIDDEN: HIDDEN.encode()}


def test_a_secret_may_be_called_as_a_field_is():
    problem = Problem(stage=None, message="the message", hint="")

    assert Redaction.of(["the message", "message"]).value(problem).message == HIDDEN
    assert Redaction.of(["problems"]).value(make_result(problems=(problem,))).problems == (problem,)


def test_what_could_hold_a_secret_unseen_is_refused():
    with pytest.raises(TypeError, match="out of a generator"):
        Redaction.of([SECRET]).value(text for text in [SECRET])


def test_a_value_is_cleaned_in_every_text():
    told = f"told {SECRET}"
    before = make_result(problems=(Problem(stage=None, message=told, hint=SECRET),))

    after = Redaction.of([SECRET]).value(before)

    assert after.problems == (Problem(stage=None, message="told ***", hint="***"),)
    assert after.model_copy(update={"problems": before.problems}) == before
    assert SECRET not in after.model_dump_json()
