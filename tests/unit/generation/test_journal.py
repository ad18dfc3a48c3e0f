import json
import uuid

import pytest

from spec_to_production.generation.cache import LARGEST_FILE
from spec_to_production.generation.journal import Journal
from spec_to_production.results import GeneratedFile, Task


def task(name):
    return Task(
        id=name,
        kind="test_generation",
        module=f"{name}.py",
        requirement_ids=("FR-1",),
        prompt=name,
        output_path=f"tests/test_{name}.py",
        priority=1,
        content_key=f"key of {name}",
    )


A, B = task("a"), task("b")
ANSWER = (GeneratedFile(path="tests/test_a.py", content="def test(): pass\n"),)


@pytest.fixture
def told():
    return []


@pytest.fixture
def begin(tmp_path, told):
    """Opens the journal of a run; what is still open at the end is closed."""
    opened = []

    def begin(tasks=(A, B), commit="c0ffee", **more):
        opened.append(Journal.open(tmp_path / "kept", tasks, commit, told.append, **more))
        return opened[-1]

    yield begin
    for journal in opened:
        journal.close()


def path_of(tmp_path):
    (path,) = (tmp_path / "kept").iterdir()
    return path


def test_what_had_begun_and_what_had_ended_is_known_to_the_next_run(begin):
    conversation = uuid.uuid4()
    died, other = begin(), uuid.uuid4()
    died.began(A, uuid.uuid4())
    died.answered(A, other, ANSWER)
    died.began(B, uuid.uuid4())
    died.began(B, conversation)
    died.close()

    later = begin()

    assert later.answers([A, B]) == {"a": ANSWER}
    assert (later.conversation(A), later.conversation(B)) == (other, conversation)


def test_what_failed_begins_anew(begin):
    died = begin()
    died.began(A, uuid.uuid4())
    died.failed(A)
    died.close()

    later = begin()

    assert later.answers([A]) == {}
    assert later.conversation(A) is None


def test_a_run_that_came_to_its_end_leaves_no_journal(begin, tmp_path):
    journal = begin()
    journal.began(A, uuid.uuid4())
    journal.remove()
    journal.close()

    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize("other", [{"tasks": (A,)}, {"commit": "other"}, {"resume": False}])
def test_another_plan_other_code_or_a_new_beginning_knows_nothing(begin, other):
    died = begin()
    died.began(A, uuid.uuid4())
    died.close()

    assert begin(**other).conversation(A) is None


def test_after_a_new_beginning_nobody_takes_up_what_was_before_it(begin):
    died = begin()
    died.began(A, uuid.uuid4())
    died.close()
    begin(resume=False).close()

    assert begin().conversation(A) is None


def test_two_runs_at_once_do_not_share_a_journal(begin, told, tmp_path):
    first, second = begin(), begin()
    second.began(A, uuid.uuid4())
    second.remove()

    assert "another run is at work" in told[0]
    assert path_of(tmp_path).read_bytes() == b""
    first.began(A, uuid.uuid4())
    assert path_of(tmp_path).read_bytes()


def test_a_line_that_was_cut_off_costs_itself_only(begin, tmp_path):
    conversation = uuid.uuid4()
    died = begin()
    died.began(A, conversation)
    died.began(B, uuid.uuid4())
    died.close()
    path = path_of(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])

    second = begin()
    second.answered(B, conversation, [GeneratedFile(path="tests/test_b.py", content="x = 1\n")])
    second.close()
    third = begin()

    assert third.conversation(A) == conversation
    assert list(third.answers([A, B])) == ["b"]


@pytest.mark.parametrize(
    "file",
    [
        {"path": "conftest.py", "content": "evil"},
        {"path": "../../etc/passwd", "content": "evil"},
        {"path": "tests/test_a.py", "content": "x" * (LARGEST_FILE + 1)},
    ],
)
def test_an_answer_that_the_job_may_not_give_is_left_aside(begin, tmp_path, file):
    begin().close()
    line = {"format": 1, "content_key": A.content_key, "files": [file]}
    path_of(tmp_path).write_text(json.dumps(line))

    assert begin().answers([A]) == {}


def test_a_link_is_not_followed(begin, tmp_path, told):
    begin().close()
    path, elsewhere = path_of(tmp_path), tmp_path / "elsewhere"
    elsewhere.write_text("")
    path.unlink()
    path.symlink_to(elsewhere)

    begin().began(A, uuid.uuid4())

    assert elsewhere.read_text() == ""
    assert "no journal" in told[0]


def test_a_folder_that_cannot_be_written_costs_only_the_journal(begin, tmp_path, told):
    (tmp_path / "kept").write_text("in the way")

    begin().began(A, uuid.uuid4())

    assert "no journal" in told[0]
