"""What earlier runs measured: taken only with this user's seal, and only for the same content."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.attestation import Attestations, Findings, key_of
from spec_to_production.results import Baseline, TestVerdict, Verification

KEY, OTHER = key_of("this"), key_of("that")
FINDINGS = Findings(
    measured_at="2026-01-01T00:00:00.000+00:00",
    baseline=Baseline(status="no_tests"),
    verification=Verification(tests=(TestVerdict(id="t.py::test_a", verdict="rejected"),)),
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def kept(tmp_path, told):
    attestations = Attestations(tmp_path, "the key", told.append)
    attestations.keep(KEY, FINDINGS)
    return attestations


def file_of(tmp_path, key=KEY):
    return tmp_path / "attestations" / key


def test_findings_come_back_for_the_same_content_only(kept, told):
    assert kept.find(KEY) == FINDINGS
    assert kept.find(OTHER) is None
    assert told == []


def test_nobody_without_the_key_can_leave_findings_or_change_them(kept, told, tmp_path):
    Attestations(tmp_path, "another key", told.append).keep(OTHER, FINDINGS)
    seal, body = file_of(tmp_path).read_bytes().split(b"\n")
    better = json.loads(body)
    better["verification"]["tests"][0]["verdict"] = "accepted"
    file_of(tmp_path).write_bytes(seal + b"\n" + json.dumps(better).encode())

    assert kept.find(OTHER) is None
    assert kept.find(KEY) is None
    assert [line.partition(": ")[2] for line in told] == ["its seal is not of this user's key"] * 2


def test_findings_cannot_be_moved_to_other_content(kept, told, tmp_path):
    file_of(tmp_path).rename(file_of(tmp_path, OTHER))

    assert kept.find(OTHER) is None
    assert "its seal" in told[0]


def test_findings_of_another_form_are_left_aside(kept, told, tmp_path):
    body = b'{"measured_at": "then"}'
    file_of(tmp_path).write_bytes(kept._seal(KEY, body) + b"\n" + body)

    assert kept.find(KEY) is None
    assert "of another form" in told[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(content=st.binary(max_size=300))
def test_whatever_lies_there_is_left_aside(kept, told, tmp_path, content):
    told.clear()
    file_of(tmp_path).write_bytes(content)

    assert kept.find(KEY) is None
    assert len(told) == 1


def test_who_keeps_findings_learns_that_they_cannot_be_written(tmp_path, told):
    (tmp_path / "attestations").write_text("in the way")

    with pytest.raises(FileExistsError):
        Attestations(tmp_path, "the key", told.append).keep(KEY, FINDINGS)


@given(st.lists(st.text()), st.lists(st.text()))
def test_other_facts_have_another_key(these, those):
    assert (key_of(*these) == key_of(*those)) == (these == those)
