"""What earlier runs left: answers in the cache, and conversations of a run that died."""

import uuid

import pytest

from spec_to_production.generation.journal import Journal, Line
from spec_to_production.openhands.interface import Failure
from spec_to_production.results import GeneratedFile
from support.openhands import Script, StandInOpenHands
from support.scripted_jobs import TEST, done, failing, task, verdict


def test_known_answers_are_judged_together_and_each_gets_its_own_verdicts(run):
    judged = []

    def judge(files):
        judged.append([file.path for file in files])
        return [
            verdict("test_x", "accepted"),
            verdict("test_x", "rejected", "tests/test_b_spec.py"),
        ]

    answers = {
        name: [GeneratedFile(path=f"tests/test_{name}_spec.py", content="def test_x(): pass\n")]
        for name in "ab"
    }
    jobs, _, _ = run({"a": done("a"), "b": done("b")}, answers=answers, judge=judge)

    assert judged == [["tests/test_a_spec.py", "tests/test_b_spec.py"]]
    assert [job.status for job in jobs.values()] == ["succeeded"] * 2
    assert list(run.kept) == ["a"]


def test_a_known_answer_is_judged_and_nothing_is_sent(run):
    file = GeneratedFile(path="tests/test_a_spec.py", content=TEST)
    jobs, openhands, _ = run(
        {"a": done("a")},
        answers={"a": [file]},
        judge=lambda _: [verdict("test_x", "rejected"), verdict("test_y", "accepted")],
        repair_rounds=1,
    )

    assert openhands.created == []
    assert (jobs["a"].status, jobs["a"].from_cache) == ("succeeded", True)
    assert jobs["a"].files == (file,)
    assert run.kept == {"a": (file,)}


@pytest.mark.parametrize(
    ("result", "kept"), [("accepted", ["a"]), ("disputed", ["a"]), ("rejected", [])]
)
def test_an_answer_that_proved_something_is_kept(run, result, kept):
    run({"a": done("a")}, judge=lambda _: [verdict("test_x", result)])

    assert list(run.kept) == kept


def test_what_a_failed_job_left_is_not_kept(run):
    script = done("a", statuses=["stuck"], failure=Failure("stuck", "again"))
    run({"a": script}, judge=lambda _: [verdict("test_x", "accepted")])

    assert run.kept == {}


@pytest.fixture
def journal(tmp_path):
    """Opens the journal of a run over the tasks named."""
    opened = []

    def journal(names="ab"):
        tasks = [task(name) for name in names]
        opened.append(Journal.open(tmp_path / "kept", tasks, "c0ffee", print))
        return opened[-1]

    yield journal
    for each in opened:
        each.close()


def test_a_conversation_that_still_runs_is_taken_up_and_not_begun_again(run, journal):
    died = journal()
    left = uuid.uuid4()
    died.began(task("a"), left)
    died.close()

    class Left(StandInOpenHands):
        def __init__(self, scripts):
            super().__init__(scripts)
            self.running[left] = done("a")
            self.files[left] = dict(done("a").files)

    jobs, openhands, told = run({"a": done("a"), "b": done("b")}, openhands=Left, journal=journal())

    assert openhands.created == ["b"]
    assert {job.status for job in jobs.values()} == {"succeeded"}
    assert jobs["a"].conversation_id == str(left)
    assert (jobs["a"].answered_ms, jobs["b"].answered_ms is None) == (None, False)
    assert left in openhands.deleted
    assert any("goes on where an earlier run" in line for line in told)


def test_a_conversation_that_is_gone_begins_anew(run, journal):
    died = journal()
    died.began(task("a"), uuid.uuid4())
    died.close()

    jobs, openhands, _ = run({"a": done("a"), "b": done("b")}, journal=journal())

    assert sorted(openhands.created) == ["a", "b"]
    assert {job.status for job in jobs.values()} == {"succeeded"}


def test_of_a_conversation_that_is_gone_the_answer_is_taken(run, journal):
    file = GeneratedFile(path="tests/test_a_spec.py", content=TEST)
    died = journal("a")
    died.answered(task("a"), uuid.uuid4(), [file])
    died.close()
    later = journal("a")

    jobs, openhands, _ = run({"a": done("a")}, journal=later, answers=later.answers([task("a")]))

    assert openhands.created == []
    assert (jobs["a"].files, jobs["a"].from_cache) == ((file,), True)


def test_the_journal_has_the_answers_of_jobs_that_ended(run, journal):
    first = journal()
    run({"a": done("a"), "b": failing("stuck")}, journal=first)
    first.close()

    assert list(journal().answers([task("a"), task("b")])) == ["a"]


def test_the_journal_has_what_was_collected_before_it_is_judged(run, journal, tmp_path):
    kept = []

    def judge(files):
        (path,) = (tmp_path / "kept").iterdir()
        last = Line.model_validate_json(path.read_bytes().split(b"\n")[-1])
        kept.append((files[0].path, last.files[-1].path))
        return [verdict("test_x", "rejected")]

    repair = "tests/test_a_spec_repair1.py"
    script = done("a", replies=[Script(files={repair: TEST})])
    run({"a": script}, judge=judge, journal=journal("a"), repair_rounds=1)

    assert kept == [("tests/test_a_spec.py", "tests/test_a_spec.py"), (repair, repair)]


def test_an_interrupted_run_keeps_what_was_not_judged_yet(run, journal):
    first = journal()

    def interrupted(_):
        run.jobs.cancel()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run({"a": done("a")}, judge=interrupted, journal=first)
    first.close()

    assert list(journal().answers([task("a")])) == ["a"]
