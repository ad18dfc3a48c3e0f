from spec_to_production.generation.durations import Durations
from spec_to_production.results import Job


def job(name, seconds):
    return Job(
        task_id=name,
        kind="test_generation",
        module=f"{name}.py",
        requirement_ids=("FR-1",),
        status="succeeded",
        submitted_ms=1000.0,
        answered_ms=1000.0 + seconds * 1000 if seconds else None,
        ended_ms=90_000.0,
    )


def test_durations_are_learned_from_jobs_that_did_their_work(tmp_path):
    learned = Durations({"a": 10}).learn([job("a", 20), job("b", 4), job("c", None)])
    learned.write(tmp_path / "new")

    assert Durations.read(tmp_path / "new").root == {"a": 15, "b": 4}
