import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_to_production.generation.cache import Cache
from spec_to_production.generation.intake import LARGEST_FILE
from spec_to_production.results import GeneratedFile, Task

ANSWER = (
    GeneratedFile(path="tests/test_a_spec.py", content="def test(): pass\n"),
    GeneratedFile(path="tests/test_a_spec_repair1.py", content="def test(): ...\n"),
)


def task(key="a" * 64):
    return Task(
        id="a",
        kind="test_generation",
        module="a.py",
        requirement_ids=("FR-1",),
        prompt="",
        output_path="tests/test_a_spec.py",
        priority=1,
        content_key=key,
    )


@pytest.fixture
def told():
    return []


@pytest.fixture
def cache(tmp_path, told):
    return Cache(tmp_path, told.append)


def entry(tmp_path):
    (path,) = (tmp_path / "answers").iterdir()
    return path


def test_an_answer_is_found_by_its_key_only(cache, told):
    cache.keep(task(), ANSWER)

    assert cache.find(task()) == ANSWER
    assert cache.find(task("b" * 64)) is None
    assert told == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda e: e.update(content_key="b" * 64), "another task"),
        (lambda e: e.update(more=1), "not an answer"),
        (lambda e: e.update(format=2), "not an answer"),
        (lambda e: e["files"][0].update(path="conftest.py"), "not those of the task"),
        (lambda e: e["files"][1].update(path="../../etc/passwd"), "not those of the task"),
        (lambda e: e["files"][1].update(path="tests/test_a_spec.py"), "not those of the task"),
        (lambda e: e.update(files=[]), "not those of the task"),
        (lambda e: e["files"][0].update(content="x" * (LARGEST_FILE + 1)), "too large"),
        (lambda e: e["files"][0].update(content="x" * (9 * LARGEST_FILE)), "too large"),
    ],
)
def test_a_foreign_entry_is_left_aside_and_told(cache, told, tmp_path, change, why):
    cache.keep(task(), ANSWER)
    content = json.loads(entry(tmp_path).read_text())
    change(content)
    entry(tmp_path).write_text(json.dumps(content))

    assert cache.find(task()) is None
    assert why in told[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(content=st.binary(max_size=300))
def test_no_content_of_an_entry_breaks_a_run(cache, tmp_path, content):
    cache.keep(task(), ANSWER)
    entry(tmp_path).write_bytes(content)

    assert cache.find(task()) is None


def endless(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, endless])
def test_an_entry_that_is_no_file_is_left_aside_and_told(cache, told, tmp_path, make):
    cache.keep(task(), ANSWER)
    path = entry(tmp_path)
    path.unlink()
    make(path)

    assert cache.find(task()) is None
    assert "is ignored" in told[0]


def test_a_cache_that_may_only_be_read_is_used(cache, told, monkeypatch):
    cache.keep(task(), ANSWER)

    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.find(task()) == ANSWER
    assert told == []


def test_a_folder_among_the_answers_stays_and_keeps_no_answer_out(tmp_path, told):
    (tmp_path / "answers" / "folder").mkdir(parents=True)
    cache = Cache(tmp_path, told.append, most_bytes=1)

    cache.keep(task(), ANSWER)

    assert told == []
    assert [path.name for path in (tmp_path / "answers").iterdir()] == ["folder"]


def test_two_runs_at_once_never_see_half_an_entry(cache, tmp_path, told):
    other = Cache(tmp_path, told.append)
    with ThreadPoolExecutor(8) as pool:
        for one in [cache, other] * 20:
            pool.submit(one.keep, task(), ANSWER)
        found = {pool.submit(cache.find, task()).result() for _ in range(40)}

    assert found <= {ANSWER, None}
    assert cache.find(task()) == ANSWER
    assert told == []


def test_beyond_its_bound_the_longest_unused_goes(tmp_path, told):
    cache = Cache(tmp_path, told.append, most_bytes=900)
    keys = [letter * 64 for letter in "abc"]
    for age, key in zip((300, 200, 100), keys, strict=True):
        cache.keep(task(key), ANSWER)
        path = tmp_path / "answers" / f"{key}.json"
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    assert cache.find(task(keys[0])) == ANSWER  # used: now it is the youngest

    cache.keep(task("d" * 64), ANSWER)

    assert [cache.find(task(key)) is not None for key in keys] == [True, False, True]


def test_a_folder_that_cannot_be_written_is_told_and_costs_nothing_else(tmp_path, told):
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file", told.append)

    cache.keep(task(), ANSWER)

    assert "could not be kept" in told[0]
