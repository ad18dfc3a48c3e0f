"""What holds for conversations wherever they run: the real agent server, a recorded model."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from spec_to_production.errors import ApiError, OpenHandsError
from spec_to_production.openhands import RemoteServer

pytestmark = pytest.mark.integration


def creates(path: str, file: str) -> dict:
    return {"create": {"path": path, "file": file}}


def test_several_jobs_at_once_each_change_their_own_copy(jobs, recorded_model):
    outputs = [
        recorded_model.record(
            {"terminal": "echo one > note.txt"},
            creates("tests/test_new.py", f"answer-{n}"),
            {"finish": "done"},
            files={f"answer-{n}": f"def test_{n}(): pass\n"},
        )
        for n in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        started = list(pool.map(jobs.start, outputs))
    for number, job in enumerate(started):
        assert jobs.ended(job).status == "finished"
        patch = jobs.server.patch(job)
        assert f"+def test_{number}(): pass\n" in patch
        assert "b/note.txt" in patch
        jobs.server.delete(job)
    assert jobs.server.states(started) == dict.fromkeys(started)


def test_tokens_are_counted_and_an_unknown_price_is_not_zero(jobs, recorded_model):
    job = jobs.start(recorded_model.record({"finish": "done"}))
    usage = jobs.ended(job).usage
    assert usage.prompt_tokens > 0
    assert usage.completion_tokens > 0
    assert usage.cost_usd is None


@pytest.mark.parametrize(
    ("status", "cause"), [(401, "auth"), (429, "rate_limit"), (500, "transient")]
)
def test_a_model_that_refuses_is_told_by_its_cause(jobs, recorded_model, status, cause):
    job = jobs.start(recorded_model.record({"error": status}))
    assert jobs.ended(job).status == "error"
    failure = jobs.server.failure(job)
    assert failure.cause == cause
    assert failure.message


def test_an_agent_that_repeats_itself_is_stuck(jobs, recorded_model):
    job = jobs.start(recorded_model.record({"loop": "echo again"}))
    assert jobs.ended(job).status == "stuck"
    assert jobs.server.failure(job).cause == "stuck"


def test_an_agent_that_does_not_come_to_an_end_runs_out_of_steps(jobs, recorded_model):
    output = recorded_model.record(*({"terminal": f"echo {n}"} for n in range(9)))
    job = jobs.start(output, max_iterations=3)
    assert jobs.ended(job).status == "error"
    assert jobs.server.failure(job).cause == "max_iterations"


def test_a_plain_answer_finishes_without_work(jobs, recorded_model):
    job = jobs.start(recorded_model.record({"message": "I would rather not."}))
    assert jobs.ended(job).status == "finished"
    assert jobs.server.patch(job) == ""


def test_a_further_message_lets_the_agent_go_on(jobs, recorded_model):
    output = recorded_model.record(
        {"message": "What shall I do?"},
        {"on_message": 2},
        creates("tests/test_new.py", "late"),
        {"finish": "done"},
        files={"late": "def test_late(): pass\n"},
    )
    job = jobs.start(output)
    assert jobs.ended(job).status == "finished"
    jobs.server.say(job, "Write the file, please.")
    assert jobs.ended(job).status == "finished"
    assert "+def test_late(): pass" in jobs.server.patch(job)


def test_an_interrupt_ends_a_long_command_and_keeps_the_files(jobs, recorded_model, until):
    output = recorded_model.record(
        creates("tests/test_new.py", "kept"),
        {"terminal": "sleep 300"},
        files={"kept": "def test_kept(): pass\n"},
    )
    job = jobs.start(output)
    until(lambda: "test_kept" in jobs.server.patch(job))
    jobs.server.interrupt(job)
    assert jobs.ended(job).status == "paused"
    assert "+def test_kept(): pass" in jobs.server.patch(job)


def test_creating_twice_starts_once(jobs, recorded_model):
    assignment = jobs.assignment(
        recorded_model.record({"terminal": "echo x >> count.txt"}, {"finish": "done"})
    )
    jobs.server.create(assignment, jobs.base)
    jobs.server.create(assignment, jobs.base)
    jobs.ended(assignment.conversation_id)
    jobs.server.create(assignment, jobs.base)
    assert jobs.ended(assignment.conversation_id).status == "finished"
    assert jobs.server.patch(assignment.conversation_id).count("+x\n") == 1


def test_a_conversation_outlives_the_client_that_began_it(agent_server, on, recorded_model):
    http = agent_server._client._http
    key = SecretStr(http.headers["X-Session-API-Key"])
    first, later, last = (on(RemoteServer(str(http.base_url), key)) for _ in range(3))
    steps = [{"terminal": "sleep 2"}, creates("tests/test_new.py", "kept"), {"finish": "done"}]
    left = first.start(recorded_model.record(*steps, files={"kept": "def test(): pass\n"}))
    first.server._client.close()

    assert later.server.attach(left, later.base)
    later.ended(left)
    assert "+def test(): pass" in later.server.patch(left)
    later.server.close()
    assert not last.server.attach(left, last.base)
    last.server.close()


def test_changes_are_found_though_the_agent_commits_or_removes_the_repository(jobs, recorded_model):
    identity = "-c user.name=a -c user.email=a@b"
    for end in (f"git add -A && git {identity} commit -qm mine", "rm -rf .git"):
        output = recorded_model.record(
            {"terminal": f"echo 'a = 1' > new.py; chmod 600 new.py; rm area.py; {end}"},
            {"finish": "done"},
        )
        job = jobs.start(output)
        assert jobs.ended(job).status == "finished"
        patch = jobs.server.patch(job)
        assert "+a = 1\n" in patch
        assert "deleted file mode 100644\n" in patch


def test_the_agent_can_run_the_tests_that_it_writes(jobs, recorded_model):
    output = recorded_model.record(
        {"terminal": "python -m pytest -q tests > result.txt"}, {"finish": "done"}
    )
    job = jobs.start(output)
    jobs.ended(job)
    assert "1 passed" in jobs.server.patch(job)


def test_a_job_that_was_never_created_has_no_state_and_no_patch(jobs):
    nobody = uuid.uuid4()
    assert jobs.server.states([nobody]) == {nobody: None}
    with pytest.raises(OpenHandsError, match=str(nobody)):
        jobs.server.patch(nobody)
    with pytest.raises(ApiError, match=r"404|400"):
        jobs.server.interrupt(nobody)
    jobs.server.delete(nobody)
